"""Every command of the tutorial does what the page says, on a demonstration like the one it starts."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.waiting import until_blocking

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/tutorial.md").read_text()

pytestmark = [pytest.mark.ensemble, pytest.mark.slow]


class Tutorial:
    """A demonstration, and a second terminal beside it."""

    def __init__(self, directory: Path, output: Path) -> None:
        self.directory = directory
        self._output = output

    @property
    def said(self) -> str:
        return self._output.read_text()

    @property
    def url(self) -> str:
        return re.findall(r"node-\d is ready: (\S+),", self.said)[0]

    def run(self, section: str) -> str:
        """Run the commands of a section of the page as they stand there; what they printed."""
        text = PAGE.split(f"\n## {section}", 1)[1].split("\n## ", 1)[0]
        commands = re.findall(r"^    (\.venv/bin/pacing .*)$", text, re.MULTILINE)
        assert commands, section
        return "".join(map(self._typed, commands))

    def _typed(self, command: str) -> str:
        environment = os.environ | {"PACING_URL": self.url}
        done = subprocess.run(
            command, shell=True, cwd=self.directory, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (command, done.stderr)
        return f"$ {command}\n{done.stdout}"

    def kill_master(self) -> None:
        """As the demonstration does at its second."""
        master = httpx.get(f"{self.url}/cluster").json()["master"]
        process = re.findall(rf"{master} is ready: \S+, process (\d+)", self.said)[-1]
        os.kill(int(process), signal.SIGKILL)

    def newest_cause(self) -> str | None:
        """Why the newest term that has ended did so."""
        with contextlib.suppress(httpx.HTTPError):
            ended = [each["cause"] for each in httpx.get(f"{self.url}/history?limit=3").json()["history"]]
            return next(filter(None, ended), None)
        return None


@pytest.fixture
def tutorial(tmp_path: Path) -> Iterator[Tutorial]:
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    output = tmp_path / "output"
    command = [str(Path(sys.executable).parent / "pacing"), "demo", "--no-view"]
    with output.open("w") as file, subprocess.Popen(command, cwd=tmp_path, stdout=file, stderr=file) as demo:
        try:
            site = Tutorial(tmp_path, output)
            until_blocking(lambda: "accepted" in site.said.partition("first accepted push")[2], "it paces")
            yield site
        finally:
            demo.send_signal(signal.SIGTERM)
            demo.wait(60)


def test_the_page_leads_to_a_stopped_master_that_is_understood(tutorial: Tutorial) -> None:
    assert "dashboard: http://127.0.0.1:" in tutorial.said.splitlines()[0]
    shown = tutorial.run("2. Is it pacing?")
    assert "PACING · " in shown
    assert "no_agents_logged_in" in tutorial.run("3. Why so many")
    assert "held" in tutorial.run("4. Stop one target").split("pacing targets sales")[1].split("$ ")[0]
    assert "operator" in tutorial.run("5. Hand over")
    tutorial.kill_master()
    until_blocking(lambda: tutorial.newest_cause() == "process_died", "another took over")
    assert "process_died" in tutorial.run("6. Now the master dies")


def test_the_demonstration_is_started_as_the_page_says() -> None:
    words = re.findall(r"^    make (demo .*)$", PAGE, re.MULTILINE)[0].split()
    done = subprocess.run(["make", "-n", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "--kill-master-at 120" in done.stdout
