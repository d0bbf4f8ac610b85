"""Ports, clocks and web servers around a node, over real sockets."""

from __future__ import annotations

import json
import socket
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pacing_node.doctor.diagnosis import FindingSeverity
from pacing_node.doctor.surroundings import ANSWERS, ask, check_clock, check_port, own_context, who_answers
from pacing_node.http_client.client import HttpClient
from simulator.harness.ports import choose_quiet


class Page(BaseHTTPRequestHandler):
    """A node's cluster page."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"answered_by": "node-1"}).encode())

    def do_HEAD(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    running = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=running.serve_forever, args=(0.05,))
    thread.start()
    yield running.server_address[1]
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        yield listener.getsockname()[1]


def test_any_free_port_will_do():
    assert check_port("default", "127.0.0.1", 0, None, "node-1").severity is FindingSeverity.OK


def test_a_free_port_is_well(taken):
    (port,) = choose_quiet(1)
    assert check_port("default", "127.0.0.1", port, None, "node-1").severity is FindingSeverity.OK


@pytest.mark.parametrize(
    ("running", "severity", "text"),
    [
        ("node-1", FindingSeverity.OK, "in use by node-1, which is running"),
        ("node-2", FindingSeverity.ERROR, "in use by the node node-2"),
        (None, FindingSeverity.ERROR, "in use by another program"),
    ],
)
def test_a_taken_port_must_be_ours(taken, running, severity, text):
    diagnosis = check_port("default", "127.0.0.1", taken, running, "node-1")
    assert diagnosis.severity is severity
    assert text in diagnosis.found


def test_an_address_of_another_machine_is_an_error():
    diagnosis = check_port("default", "203.0.113.7", 8080, None, "node-1")
    assert diagnosis.severity is FindingSeverity.ERROR
    assert "bind" in diagnosis.remedy


async def test_the_node_that_answers_is_named(server):
    assert await who_answers(f"http://127.0.0.1:{server}", own_context(None)) == "node-1"


async def test_where_nobody_answers_nobody_is_named(taken):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        assert await who_answers(f"http://127.0.0.1:{probe.getsockname()[1]}", own_context(None)) is None


@pytest.mark.parametrize(
    ("seconds", "severity", "text"),
    [
        (0.0, FindingSeverity.OK, ""),
        (1.4, FindingSeverity.OK, ""),
        (30.0, FindingSeverity.WARNING, "behind"),
        (-30.0, FindingSeverity.WARNING, "ahead"),
    ],
)
def test_clocks_are_compared_by_the_date_of_an_answer(seconds, severity, text):
    now = time.time()
    diagnosis = check_clock("platform", {"date": formatdate(now + seconds, usegmt=True)}, now)
    assert diagnosis.severity is severity
    assert text in diagnosis.found


@pytest.mark.parametrize(
    ("seconds", "severity"),
    [(-40, FindingSeverity.ERROR), (40, FindingSeverity.ERROR), (10, FindingSeverity.WARNING)],
)
def test_clocks_too_far_apart_for_signed_calls_are_an_error(seconds, severity):
    now = time.time()
    diagnosis = check_clock("node-2", {"date": formatdate(now + seconds, usegmt=True)}, now, signed=True)
    assert diagnosis.severity is severity
    assert ("signed calls are refused" in diagnosis.remedy) == (severity is FindingSeverity.ERROR)


@pytest.mark.parametrize(
    "date", ["yesterday", "", "Mon, 99 Jan 99999 99:99:99 GMT", "1 Jan", ",,,", "\x00", "9" * 5000]
)
def test_an_answer_with_a_date_that_is_none_tells_nothing(date):
    assert check_clock("platform", {"date": date}, time.time()).severity is FindingSeverity.SKIPPED


@pytest.mark.parametrize("headers", [{}, {"date": "yesterday"}])
def test_an_answer_without_a_date_tells_nothing(headers):
    assert check_clock("platform", headers, time.time()).severity is FindingSeverity.SKIPPED


async def test_a_server_of_this_machine_has_its_clock(server):
    async with HttpClient(ANSWERS) as client:
        status, headers, asked_at = await ask(client, f"http://127.0.0.1:{server}/liveness")
    assert status == 200
    assert check_clock("node-1", headers, asked_at).severity is FindingSeverity.OK
