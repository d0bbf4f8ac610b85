"""A command whose output is closed, on a full disk, or without a reader ends with one line and an exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

PACING = str(Path(sys.executable).with_name("pacing"))
CLOSED = "cannot write to the standard output: it is closed"
FULL = "cannot write to the standard output: No space left on device"


class _Cluster(BaseHTTPRequestHandler):
    """A node's page of a cluster without members."""

    def do_GET(self) -> None:
        page = {"cluster": "c", "mode": "zookeeper", "answered_by": "n1", "master": None, "epoch": 0, "members": []}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(page | {"history": []}).encode())

    def log_message(self, *_: object) -> None:
        """Nothing: the output of the test is not its place."""


@pytest.fixture
def node() -> Iterator[str]:
    """The address of a node."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Cluster) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def run(command: list[str], redirected: str) -> subprocess.CompletedProcess[str]:
    """Run a command with the shell's redirection."""
    shell = ["bash", "-c", f'"$@" {redirected}', "bash", *command]
    return subprocess.run(shell, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    ("command", "place", "reason"),
    [
        (["--version"], ">&-", CLOSED),
        (["--help"], ">/dev/full", FULL),
        (["benchmark", "calculation", "--targets", "1"], ">/dev/full", FULL),
    ],
    ids=["a line", "a help", "a drawn table"],
)
def test_the_reason_is_one_line(command: list[str], place: str, reason: str) -> None:
    done = run([PACING, *command], place)

    assert (done.returncode, done.stderr) == (1, f"pacing: {reason}\n")


@pytest.mark.parametrize(("place", "reason"), [(">&-", CLOSED), (">/dev/full", FULL)], ids=["closed", "full"])
@pytest.mark.parametrize("output", ["table", "json"])
def test_so_it_is_for_what_a_node_has_answered(node: str, output: str, place: str, reason: str) -> None:
    done = run([PACING, "list", "--url", node, "--output", output], place)

    assert (done.returncode, done.stderr) == (1, f"pacing: {reason}\n")


@pytest.mark.parametrize("module", ["simulator.soak", "simulator.drill.nemesis"])
def test_so_it_is_for_commands_of_make(module: str) -> None:
    done = run([sys.executable, "-m", module, "--help"], ">/dev/full")

    assert (done.returncode, done.stderr) == (1, f"{module.rpartition('.')[2]}: {FULL}\n")


def without_reader(command: list[str]) -> tuple[int, bytes]:
    """Exit status and complaints of a command whose reader has gone before it prints anything."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        done = subprocess.run(command, stdout=gone, stderr=subprocess.PIPE, timeout=120, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize("words", [["--version"], ["--help"]], ids=" ".join)
def test_a_reader_that_has_gone_is_no_fault(words: list[str]) -> None:
    assert without_reader([PACING, *words]) == (0, b"")


def test_a_verdict_counts_without_a_reader(tmp_path: Path) -> None:
    bad = tmp_path / "cluster.yaml"
    bad.write_text("pacing: {refreshPeriod: never}\n")
    assert without_reader([PACING, "config", "check", str(bad)]) == (2, b"")


def test_options_are_applied_without_a_reader(tmp_path: Path) -> None:
    node, options = tmp_path / "node.yaml", tmp_path / "cluster.yaml"
    node.write_text("{zookeeper: none, state_directory: state}\n")
    options.write_text(
        "configServer: {kind: file, path: objects.yaml}\nstatServer: {primary: '127.0.0.1:1'}\n"
        "pacingEndpoint: {kind: webhook, url: 'http://127.0.0.1:1/'}\n"
    )
    change = [PACING, "config", "apply", str(options), "-c", str(node), "--yes"]
    assert without_reader(change) == (0, b"")
    again = subprocess.run(change, capture_output=True, text=True, timeout=120, check=True)
    assert again.stdout.startswith("no difference; the options stay at version")


def test_what_is_watched_ends_with_its_reader(node: str) -> None:
    assert without_reader([PACING, "list", "--url", node, "--watch", "1"]) == (0, b"")


@pytest.mark.parametrize("place", ["2>/dev/full", ">&- 2>&-"])
def test_without_an_error_output_the_exit_status_still_tells(place: str) -> None:
    done = run([PACING, "no-such-command"], place)

    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


def test_the_number_of_a_closed_stream_goes_to_no_file() -> None:
    program = (
        "import sys; from terminal.standard_streams import prepare; prepare(); "
        "sys.exit(0 if open('/dev/null').fileno() > 2 else 1)"
    )

    assert run([sys.executable, "-c", program], "<&- >&- 2>&-").returncode == 0
