"""`pacing label-pod`: the label of a pod follows its node, through failures of the API server and of the node."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from cluster.peers.health import Health, HealthPort
from cluster.tasks import spawn
from pacing_node.kubernetes.master_label import MASTER, SERVICE, STANDBY, keep_label, watch_master
from pacing_node.kubernetes.pod_labels import LABEL, LabelRefusedError, PodIdentity, PodIdentityError, PodLabels
from tests.support.waiting import until

HOST = "127.0.0.1"


class ApiServer:
    """One endpoint of the API server, over TLS; keeps what was asked, and refuses as often as it is told."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []
        self.refusals = 0

    @property
    def labels(self) -> list[str | None]:
        return [body["metadata"]["labels"][LABEL] for *_, body in self.asked]

    def handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_PATCH(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = 200
                if outer.refusals:
                    outer.refusals, status = outer.refusals - 1, 403
                else:
                    outer.asked.append(("PATCH", self.path, dict(self.headers), body))
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                return

        return Handler


@pytest.fixture
def api() -> ApiServer:
    return ApiServer()


@pytest.fixture
def pod(api: ApiServer, tmp_path: Path) -> Iterator[PodIdentity]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.crt"))
    (tmp_path / "token").write_text("of the pod\n")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    server = ThreadingHTTPServer((HOST, 0), api.handler())
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    variables = {"KUBERNETES_SERVICE_HOST": HOST, "KUBERNETES_SERVICE_PORT": str(server.server_address[1])}
    yield PodIdentity.of(variables | {"POD_NAMESPACE": "centre", "POD_NAME": "pacing-0"}, tmp_path)
    server.shutdown()
    thread.join()
    server.server_close()


@contextlib.asynccontextmanager
async def labelled(pod: PodIdentity, health: str) -> AsyncIterator[None]:
    labels = PodLabels(pod)
    task = spawn("label", keep_label(labels, watch_master(health)))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await labels.close()


async def test_the_label_follows_the_node_and_a_node_that_is_silent_is_no_master(
    api: ApiServer, pod: PodIdentity
) -> None:
    health = Health("node", SERVICE)
    port = HealthPort(health, HOST, 0)
    await port.start()
    async with labelled(pod, f"{HOST}:{port.port}"):
        await until(lambda: api.labels == [STANDBY], "standby")
        health.set(master=True)
        await until(lambda: api.labels == [STANDBY, MASTER], "master")
        await port.stop()
        await until(lambda: api.labels == [STANDBY, MASTER, STANDBY], "standby again")
    method, path, headers, _ = api.asked[0]
    assert (method, path) == ("PATCH", "/api/v1/namespaces/centre/pods/pacing-0")
    assert headers["Authorization"] == "Bearer of the pod"
    assert headers["Content-Type"] == "application/merge-patch+json"


async def test_a_label_that_was_refused_is_put_again(api: ApiServer, pod: PodIdentity) -> None:
    async def once() -> AsyncIterator[bool]:
        yield True
        await asyncio.Event().wait()

    api.refusals = 2
    labels = PodLabels(pod)
    with pytest.raises(LabelRefusedError, match="403"):
        await labels.put(MASTER)
    task = spawn("label", keep_label(labels, once()))
    await until(lambda: api.labels == [MASTER], "the label")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await labels.close()


def test_a_process_outside_of_a_pod_is_told_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(PodIdentityError, match=r"KUBERNETES_SERVICE_HOST, .*POD_NAME, .*token, .*ca\.crt"):
        PodIdentity.of({}, tmp_path)
