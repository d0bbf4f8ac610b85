"""Names with brackets, control characters and halves of surrogate pairs go through every command as they are."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from rich.console import Console
from typer.testing import CliRunner

from pacing_node.cli.app import build_app
from pacing_node.logs import configure_logs
from simulator.demo.narration import LineNarrator
from simulator.demo.terminal_view import Scene, draw
from simulator.harness.observation import Observation

NAMES = ("Sales [b2b]", "Hotline [/nord]", "[VIP] Sales", "red \x1b[31m\x9b31m", "half \ud83d", "turn \u202e")
SHOWN = ("Sales [b2b]", "Hotline [/nord]", "[VIP] Sales", "red \\x1b[31m\\x9b31m", "half \\ud83d", "turn \\u202e")
TARGET = {"invitations": 1, "inbound_portion": None, "reason": "agents_available", "ready": 2, "busy": 3}
TARGET |= {"logged_in": 5, "waiting": 0, "pending": 1, "goal_percent": 3.0, "error": ""}
MEMBER = {"role": "master", "state": "serving", "epoch": 1, "lease_left_seconds": 1.0, "zookeeper": "connected"}
MEMBER |= {"version": "1", "http": "[fd00::1]:7803", "clustering": "[fd00::1]:7800", "reachable": True, "error": None}


def pages() -> dict[str, Any]:
    lines = [f"about {name}" for name in NAMES]
    finding = {"severity": "error", "code": "x", "message": NAMES[3], "remedy": NAMES[1]}
    term = {"epoch": 1, "node": NAMES[1], "began_at": 0.0, "ended_at": 1.0, "cause": NAMES[3], "gap_seconds": 1.0}
    return {
        "/targets": {
            "targets": [{"name": name} | TARGET | {"error": name} for name in NAMES],
            "pushed": False,
            "push_error": NAMES[3],
            "algorithm": NAMES[1],
            "epoch": 1,
        },
        "/explain": {"name": NAMES[1], "reason": NAMES[3], "lines": lines, "findings": [finding]},
        "/cluster": {
            "cluster": NAMES[1],
            "mode": "zookeeper",
            "master": NAMES[1],
            "epoch": 1,
            "answered_by": NAMES[3],
            "members": [{"name": name} | MEMBER for name in NAMES],
            "history": [term | {"previous": NAMES[3]}],
        },
        "/history": {"history": [term | {"previous": NAMES[3]}]},
    }


@pytest.fixture
def url() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            self.send_response(200 if path in pages() else 404)
            self.end_headers()
            self.wfile.write(json.dumps(pages().get(path, {"error": NAMES[3]})).encode())

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build_app(), list(arguments))


@pytest.mark.parametrize("command", [("targets",), ("explain", "x"), ("list",), ("history",)])
@pytest.mark.parametrize("output", ["table", "json"])
def test_every_command_shows_them_and_no_control_character(url: str, command: tuple[str, ...], output: str) -> None:
    result = run(*command, "--url", url, "--output", output)

    assert result.exit_code == 0, result.output
    assert not any(each < " " and each != "\n" for each in result.output)
    assert "\x9b" not in result.output
    if output == "json":
        assert "Hotline [/nord]" in result.output
    elif command != ("history",):
        assert all(name in result.output for name in SHOWN)
        assert "[fd00::1]:7803" in result.output or command != ("list",)


def test_an_error_of_a_node_is_shown_the_same_way(url: str) -> None:
    result = run("list", "--url", f"{url}/none")

    assert result.exit_code == 4
    assert result.stderr == "pacing: red \\x1b[31m\\x9b31m\n"


def test_a_check_of_objects_shows_the_names_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "objects.yaml"
    path.write_text("""
virtual_queues:
  - {name: "[VIP] Sales", number: Q1, alias: Q1, switch: sw, annex: {pacing: {media: chat}}}
  - {name: "Sales [b2b]", number: Q2, alias: Q2, switch: sw, annex: {pacing: {media: chat}}}
  - {name: "Hotline [/nord]", number: Q3, alias: Q3, switch: sw, annex: {pacing: {media: chat}}}
agents: [{user_name: a, capacity_rule: r}]
capacity_rules: [{name: r, media: {chat: 1}}]
agent_groups: [{name: "Team [chat]", agents: [a], origination_dns: [Q1, Q2, Q3]}]
""")
    result = run("config", "check", str(path))

    assert result.exit_code == 0
    assert all(f"{name} - chat" in result.stdout for name in ("[VIP] Sales", "Sales [b2b]", "Hotline [/nord]"))
    assert "Team [chat]" in result.stdout


@pytest.mark.parametrize("width", [80, 200])
def test_the_view_of_the_demonstration_shows_them_in_the_width_there_is(width: int) -> None:
    seen = Observation()
    found = pages()
    seen.cluster, seen.targets = found["/cluster"], found["/targets"]
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None)
    console.print(draw(Scene(NAMES[1], [NAMES[0]], seen=seen, events=NAMES), width))
    LineNarrator(console).say(NAMES[3])

    text = out.getvalue()
    assert all(name in text for name in SHOWN)
    assert not any(each < " " and each != "\n" for each in text)
    assert "invitations" in text
    assert max(map(len, text.splitlines())) <= width


def test_a_log_in_text_holds_no_control_character(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        configure_logs("info", "text", "n1")
        logging.getLogger("test").warning("about %s", NAMES[3])
    finally:
        root.handlers, root.level = handlers, level
    assert "\\x1b[31m\\x9b31m" in capsys.readouterr().out
