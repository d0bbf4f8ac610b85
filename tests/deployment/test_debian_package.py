"""The Debian package: installed, run, updated, removed and purged by the real dpkg, in a directory of its own.

PACING_TEST_DEB names a package that was built before, in place of building one (a minute on a quiet machine).
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from simulator.harness import ports
from tests.deployment.queries import ROOT
from tests.support.packages import program

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(os.geteuid() != 0, reason="dpkg installs as root, and /opt is bound in a mount namespace"),
]
OPTIONS = "etc/agent-pacing/node.yaml"
HOME = "opt/agent-pacing"


def build(directory: Path) -> Path:
    program("dpkg-deb", "dpkg")
    done = subprocess.run(["scripts/build_deb.sh", directory], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    given = os.environ.get("PACING_TEST_DEB")
    return Path(given) if given else build(tmp_path_factory.mktemp("deb"))


class Host:
    """A directory that dpkg takes for the root of a system; scripts of packages run outside, with DPKG_ROOT."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for directory in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "etc", "opt"):
            (root / directory).mkdir(parents=True)
        (root / "var/lib/dpkg/status").touch()
        (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
        (root / "etc/group").write_text("root:x:0:\n")

    def dpkg(self, *words: object) -> str:
        # What it depends on is on the machine, not in the directory.
        force = "--force-script-chrootless,depends,confold"
        command = ["dpkg", f"--root={self.root}", force, "--log=/dev/null", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def files(self, name: str) -> bool:
        return (self.root / name).exists()

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the installed command with the directory's /opt in the place of this machine's."""
        script = f'mount --bind "{self.root}/opt" /opt && exec /opt/agent-pacing/bin/pacing "$@"'
        command = ["unshare", "--mount", "sh", "-c", script, "pacing", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


@pytest.fixture(scope="module")
def host(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Host:
    made = Host(tmp_path_factory.mktemp("host"))
    made.dpkg("--install", package)
    return made


def test_everything_is_in_its_place_with_its_owner(host: Host) -> None:
    for name in ("bin/pacing", "bin/python3"):
        assert (host.root / HOME / name).is_symlink() or host.files(f"{HOME}/{name}")
    assert host.files("lib/systemd/system/agent-pacing.service")
    assert "agent-pacing" in (host.root / "etc/passwd").read_text()
    number = int(
        next(x for x in (host.root / "etc/passwd").read_text().splitlines() if x.startswith("agent-p")).split(":")[2]
    )
    state = (host.root / "var/lib/agent-pacing").stat()
    assert (state.st_uid, state.st_mode & 0o777) == (number, 0o700)
    options = (host.root / OPTIONS).stat()
    assert (options.st_uid, options.st_gid, options.st_mode & 0o777) == (0, number, 0o640)


def test_nothing_remembers_where_it_was_built(host: Host) -> None:
    lines = [
        *(host.root / HOME / "bin/pacing").read_text().splitlines()[:1],
        (host.root / HOME / "pyvenv.cfg").read_text(),
    ]
    assert lines[0] == "#!/opt/agent-pacing/bin/python3"
    assert "/tmp" not in lines[1]
    assert list((host.root / HOME).rglob("direct_url.json")) == []


def test_the_installed_command_runs_and_takes_the_options_that_came_with_it(host: Host) -> None:
    assert "list" in host.run("--help").stdout
    checked = host.run("node", "--config", str(host.root / OPTIONS), "--check")
    assert checked.returncode == 0, checked.stderr
    http, clustering = ports.choose_quiet(2)
    broken = host.root / "broken.yaml"
    broken.write_text(
        yaml.safe_dump({"zookeeper": "none", "ports": {"default": http, "clustering": clustering, "x": 1}})
    )
    assert host.run("node", "--config", str(broken), "--check").returncode == 2


def test_an_update_keeps_changed_options_and_only_a_purge_takes_them_away(host: Host, package: Path) -> None:
    options, state = host.root / OPTIONS, host.root / "var/lib/agent-pacing/node.epoch"
    options.write_text("cluster: ours\nzookeeper: none\n")
    state.write_text("7")
    host.dpkg("--install", package)
    assert options.read_text().startswith("cluster: ours")
    host.dpkg("--remove", "agent-pacing")
    assert not host.files(HOME)
    assert options.read_text().startswith("cluster: ours")
    assert state.exists()
    own = host.root / "etc/agent-pacing/secret"
    own.write_text("the site's own")
    host.dpkg("--purge", "agent-pacing")
    assert not options.exists()
    assert not state.parent.exists()
    assert own.exists()


def test_the_same_sources_make_the_same_package(package: Path, tmp_path: Path) -> None:
    assert build(tmp_path).read_bytes() == package.read_bytes()
