"""The guide of a premises site: its `zoo.cfg` makes an ensemble, its commands bring options back from a backup."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from simulator.harness import ports
from simulator.harness.zookeeper import ProcessMember, find_zookeeper, properties_text
from tests.deployment.queries import DEPLOY, DOCS, ROOT
from tests.support.waiting import until_blocking

pytestmark = [pytest.mark.ensemble, pytest.mark.slow, pytest.mark.timeout(400)]
OPTIONS = "/etc/agent-pacing/node.yaml"
PORTS = (2181, 2888, 3888)


class Guide:
    """Three members by the file of the guide, and a node's options that name them."""

    def __init__(self, directory: Path) -> None:
        source = find_zookeeper()
        if source.classpath is None:
            pytest.skip(f"needs ZooKeeper's own program, has: {source.description}")
        self.directory = directory
        given = ports.choose_quiet(3 * len(PORTS))
        chosen = [dict(zip(PORTS, given[at : at + 3], strict=True)) for at in (0, 3, 6)]
        self.members = [self._member(number, chosen, source.classpath) for number in (1, 2, 3)]
        hosts = ",".join(f"127.0.0.1:{each[2181]}" for each in chosen)
        self.options = directory / "node.yaml"
        own = {"name": "node-1", "zookeeper": {"hosts": hosts, "tick_seconds": 0.5}}
        self.options.write_text(yaml.safe_dump(own | {"state_directory": str(directory / "state")}))

    def _member(self, number: int, chosen: list[dict[int, int]], classpath: str) -> ProcessMember:
        home = self.directory / f"zookeeper-{number}"
        (home / "data").mkdir(parents=True)
        (home / "data" / "myid").write_text(f"{number}\n")
        text = (DEPLOY / "zookeeper" / "zoo.cfg").read_text()
        text = text.replace("/var/lib/zookeeper", properties_text(str(home / "data")))
        text = text.replace("clientPort=2181", f"clientPort={chosen[number - 1][2181]}")
        for other, own in enumerate(chosen, 1):
            text = text.replace(f"node-{other}:2888:3888", f"127.0.0.1:{own[2888]}:{own[3888]}")
        (home / "zoo.cfg").write_text(text)
        port = chosen[number - 1][2181]
        return ProcessMember(home.name, port, home / "zoo.cfg", classpath, home / "server.log")

    def start(self) -> None:
        for member in self.members:
            member.start()
        until_blocking(
            lambda: self.modes() == ["follower", "follower", "leader"], "the ensemble serves", state=self.modes
        )

    def modes(self) -> list[str]:
        return sorted(str(member.mode()) for member in self.members)

    def lose_everything(self) -> None:
        """Members begin with empty directories, as new ones do."""
        for number, member in enumerate(self.members, 1):
            member.kill()
            data = self.directory / member.name / "data"
            shutil.rmtree(data)
            data.mkdir()
            (data / "myid").write_text(f"{number}\n")

    def run(self, script: str) -> str:
        """Run commands of the guide as they stand there, with the options of this site."""
        script = script.replace(OPTIONS, str(self.options))
        environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        command = ["bash", "-euc", script]
        done = subprocess.run(command, cwd=self.directory, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def guide(tmp_path: Path) -> Iterator[Guide]:
    made = Guide(tmp_path)
    try:
        made.start()
        yield made
    finally:
        for member in made.members:
            member.kill()


def commands(heading: str) -> list[str]:
    """Blocks of commands in a section of the page."""
    section = (DOCS / "operations.md").read_text().split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def test_the_options_come_back_from_a_backup_into_a_new_ensemble_by_the_commands_of_the_guide(guide: Guide) -> None:
    back_up, restore = commands("Backup and restore")
    # Placed there once by a site; with a secret, which a backup must hold.
    text = (ROOT / "examples" / "cluster.yaml").read_text() + "alarms:\n  webhook: https://alarms.example.com/pacing\n"
    (guide.directory / "ours.yaml").write_text(text + "  webhookToken: only-in-here\n")
    guide.run(f"pacing config apply ours.yaml --config {OPTIONS} --yes")
    guide.run(back_up)
    kept = (guide.directory / "options.yaml").read_text()
    assert "only-in-here" in kept
    guide.lose_everything()
    guide.start()
    guide.run(restore)
    restored = guide.run(back_up.partition(">")[0])
    assert (
        yaml.safe_load(restored) == yaml.safe_load(kept) == yaml.safe_load((guide.directory / "ours.yaml").read_text())
    )
