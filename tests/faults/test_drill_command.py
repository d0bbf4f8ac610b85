"""The command `pacing drill` before it harms anything: what it refuses, and what it asks."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

from pacing_node.cli.app import build_app

MEMBER = {"name": "node-1", "http": "127.0.0.1:1", "clustering": "127.0.0.1:1", "version": "0", "reachable": True}
CLUSTER = {
    "cluster": "prod",
    "mode": "zookeeper",
    "master": "node-1",
    "epoch": 7,
    "members": [MEMBER, MEMBER | {"name": "node-2"}],
}


def run(*words, answer=None):
    return CliRunner().invoke(build_app(), ["drill", *words], input=answer)


@pytest.fixture
def node():
    """A node that tells a cluster page, and counts who asked."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(self.server.page).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.page = dict(CLUSTER)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_unknown_drill_is_refused_with_those_there_are():
    result = run("earthquake")
    assert result.exit_code == 2
    assert "there is no drill earthquake" in result.output
    assert "rolling-restart" in result.output


@pytest.mark.parametrize("drill", ["kill", "freeze", "isolate", "zookeeper-leader", "rolling-restart", "all"])
def test_a_running_cluster_is_not_harmed_from_outside(drill, node):
    result = run(drill, "--cluster", node.url, "--yes")
    assert result.exit_code == 2
    assert f"the drill {drill} needs somebody who operates the machines" in result.output


def test_a_running_cluster_is_asked_about_first_and_no_means_no(node):
    result = run("graceful", "--cluster", node.url, answer="n\n")
    assert result.exit_code == 2
    assert "cluster prod: master node-1, epoch 7, 2 members" in result.output
    assert "Ask node-1 to resign now?" in result.output
    assert "was asked to resign" not in result.output


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mode": "standalone"}, "runs alone"),
        ({"master": None}, "there is no master now"),
        ({"members": [MEMBER]}, "nobody to hand over to"),
    ],
)
def test_a_cluster_that_cannot_hand_over_is_left_alone(node, change, said):
    node.page |= change
    result = run("graceful", "--cluster", node.url, "--yes")
    assert result.exit_code == 1
    assert said in result.output


def test_a_cluster_that_does_not_answer_is_one_line():
    result = run("graceful", "--cluster", "http://127.0.0.1:1")
    assert result.exit_code == 1
    assert "no good answer from http://127.0.0.1:1/cluster" in result.output
