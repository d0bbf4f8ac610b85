"""What a container engine is asked for, where no ZooKeeper is installed: this machine's own server, and findable."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from simulator.harness.container_guard import ContainerGuard
from simulator.harness.zookeeper_container import container_members


class Engine(ThreadingHTTPServer):
    """As much of a container engine as starts a container."""

    created: dict[str, object]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body: object, status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        self.answer({"ApiVersion": "1.44", "Id": "x", "Config": {"Image": "x"}, "State": {"Status": "running"}})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.partition("?")[0].endswith("/containers/create"):
            self.server.created = json.loads(body)  # type: ignore[attr-defined]
        self.answer({"Id": "x"}, 201)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    server = Engine(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(ContainerGuard, "start", lambda self: None)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


# The Docker client leaves its connections to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_its_port_is_published_on_the_loopback_interface_alone_and_its_label_finds_it(engine: Engine) -> None:
    (member,) = container_members("zookeeper:3.9", [12345])
    member.start()
    asked = engine.created
    assert asked["HostConfig"]["PortBindings"] == {"2181/tcp": [{"HostIp": "127.0.0.1", "HostPort": "12345"}]}
    assert asked["Labels"]["agent-pacing"] == "zookeeper"
    assert asked["Labels"]["agent-pacing.owner"] == member._shared.guard.name
    member._container._docker.client.close()
