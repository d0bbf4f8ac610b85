"""The command as a process: ready file, ports, clean end, and clear refusals."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import typer
import yaml
from typer.testing import CliRunner

from simulator.cli import register
from tests.support.waiting import until_blocking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

PROGRAM = (
    "import typer; from simulator.cli import register; a = typer.Typer(); a.callback()(lambda: None); register(a); a()"
)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", PROGRAM, "simulator", *arguments]


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return CliRunner().invoke(app, ["simulator", *arguments])


@pytest.fixture
def process(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    ready = tmp_path / "ready.json"
    arguments = ["--ready-file", str(ready), "--objects-file", str(tmp_path / "objects.yaml"), "--speed", "5"]
    with subprocess.Popen(command(*arguments), stdout=subprocess.DEVNULL) as started:
        try:
            until_blocking(lambda: ready.exists() or started.poll() is not None, "the simulator is open")
            assert started.poll() is None
            yield started, json.loads(ready.read_text())
        finally:
            started.kill()


def test_the_ready_file_says_where_everything_is(process: tuple[subprocess.Popen[bytes], dict[str, Any]]) -> None:
    _, addresses = process
    assert set(addresses) == {"http", "statistics", "configuration", "objects_file"}
    status = httpx.get(f"{addresses['http']}/simulator/status").json()
    assert status["accepted_out_of_order"] == 0
    assert len(yaml.safe_load(Path(addresses["objects_file"]).read_text())["virtual_queues"]) == 11
    for address in (*addresses["statistics"].values(), addresses["configuration"]):
        host, _, port = address.rpartition(":")
        socket.create_connection((host, int(port)), timeout=30).close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(
    process: tuple[subprocess.Popen[bytes], dict[str, Any]], number: signal.Signals, tmp_path: Path
) -> None:
    started, _ = process
    started.send_signal(number)
    assert started.wait(timeout=60) == 0
    assert not (tmp_path / "ready.json").exists()


def test_scenarios_are_listed() -> None:
    listed = run("--list-scenarios")
    assert listed.exit_code == 0
    assert [line.split()[0] for line in listed.stdout.splitlines()] == [
        "demo",
        "goal",
        "inbound",
        "bank",
        "bank-day",
        "large",
    ]


def test_a_taken_port_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for option in ("--http-port", "--statistics-primary-port", "--configuration-port"):
            refused = run(option, port)
            assert refused.exit_code == 2, option
            assert f"cannot listen on 127.0.0.1:{port}" in refused.stderr


def test_an_unknown_scenario_is_told() -> None:
    refused = run("--scenario", "nonsense")
    assert refused.exit_code == 2
    assert "there are demo, goal, inbound, bank, bank-day, large" in refused.stderr
