"""`pacing config accept-objects` writes down an operator's word where the nodes that hold a change back find it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from pacing_node.assembly.object_acceptance import newest_acceptance
from pacing_node.cli import config
from pacing_node.options.node_options import load_node_options

HELD = {"change": "abc", "lost": [f"T{n} - chat" for n in range(30)], "known": 30, "since": 1.0, "due_at": 2.0}


@pytest.fixture
def page() -> dict[str, Any]:
    return {"source": None, "held": HELD | {"problem": "found a change"}}


@pytest.fixture
def url(page: dict[str, Any]) -> Iterator[str]:
    """A node that only answers `/objects`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(page).encode())

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def run(*arguments: object, say: str = "") -> tuple[int, str]:
    app = typer.Typer()
    config.register(app)
    result = CliRunner().invoke(app, ["config", "accept-objects", *map(str, arguments)], input=say)
    return result.exit_code, result.stdout


def node_file(directory: Path, zookeeper: str) -> Path:
    path = directory / "node.yaml"
    path.write_text(f"cluster: c1\nzookeeper: {zookeeper}\nstate_directory: {directory}\n")
    return path


def test_the_change_is_shown_and_accepted_when_the_operator_says_so(url: str, tmp_path: Path) -> None:
    node = node_file(tmp_path, "none")
    status, shown = run("--url", url, "--config", node, say="n\n")
    assert status == 1
    assert "takes away 30 of 30 targets" in shown
    assert "and 10 more" in shown
    options = load_node_options(node, {})
    assert asyncio.run(newest_acceptance(options)) is None

    assert run("--url", url, "--config", node, say="y\n")[0] == 0
    acceptance = asyncio.run(newest_acceptance(options))
    assert acceptance is not None
    assert acceptance.covers("abc", time.time())
    assert not acceptance.covers("abd", time.time())


def test_without_a_held_change_nothing_is_written(url: str, page: dict[str, Any], tmp_path: Path) -> None:
    page["held"] = None
    assert run("--url", url, "--config", node_file(tmp_path, "none"), "--yes") == (
        0,
        "no change of the objects is held back\n",
    )


@pytest.mark.ensemble
def test_it_reaches_the_nodes_through_a_real_ensemble(zookeeper_hosts: str, url: str, tmp_path: Path) -> None:
    hosts, _, base = zookeeper_hosts.partition("/")
    node = node_file(tmp_path, f"{{hosts: '{hosts}', root: /{base}}}")
    assert run("--url", url, "--config", node, "--yes")[0] == 0
    assert run("--url", url, "--config", node, "--yes")[0] == 0, "a second acceptance replaces the first"

    acceptance = asyncio.run(newest_acceptance(load_node_options(node, {})))
    assert acceptance is not None
    assert acceptance.change_id == "abc"
