"""A small engagement platform over real sockets: OAuth, the bulk call, fencing, and scripted misbehaviour."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import json
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cluster.clock import boot_seconds
from cluster.token import Token
from pacing_node.engagement.engagement_settings import EngagementSettings
from pacing_node.engagement.platform import TargetPush
from pacing_node.targets import PacingTarget
from tests.support.listening import listening
from tests.support.waiting import until

PASSWORD = 's3cret-pass/word "quoted"'
CLIENT = "pacing-client"


@dataclass
class Platform:
    """What it was asked, and how it answers; ``script`` holds answers for the next bulk requests."""

    url: str = ""
    lifetime: float = 3600.0
    pending: int = 4
    script: list = field(default_factory=list)
    token_script: list = field(default_factory=list)
    tokens: list = field(default_factory=list)
    valid: set = field(default_factory=set)
    requests: list = field(default_factory=list)
    heads: int = 0
    mark: tuple | None = None
    answers: dict = field(default_factory=dict)

    async def token(self, request):
        if self.token_script:
            answer = self.token_script.pop(0)
            return answer if answer is None or isinstance(answer, Response) else await answer(request)
        expected = base64.b64encode(f"{CLIENT}:{PASSWORD}".encode()).decode()
        form = (await request.body()).decode()
        if request.headers.get("authorization") != f"Basic {expected}" or form != "grant_type=client_credentials":
            return JSONResponse({"error": "invalid_client"}, 401)
        token = f"access-token-{len(self.tokens)}-abcdef"
        self.tokens.append(token)
        self.valid.add(token)
        return JSONResponse({"access_token": token, "token_type": "bearer", "expires_in": self.lifetime})

    async def bulk(self, request):
        body = await request.body()
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        document = json.loads(body)
        self.requests.append((dict(request.headers), document))
        if self.script:
            answer = self.script.pop(0)
            answer = answer if answer is None or isinstance(answer, Response) else await answer(request)
            if answer is not None:
                return answer
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.valid:
            return JSONResponse({"status": 401, "code": "bad.credentials"}, 401)
        return self.fenced(request.headers, document)

    def fenced(self, headers, document):
        """P7: one compare per stream; replay of the same part; refusal of anything older."""
        cluster, epoch, sequence = (
            headers["pacing-cluster-id"],
            int(headers["pacing-epoch"]),
            int(headers["pacing-sequence"]),
        )
        key = headers["idempotency-key"]
        if key in self.answers:
            return JSONResponse(self.answers[key], headers={"Idempotency-Replayed": "true"})
        if self.mark is not None and (cluster != self.mark[0] or (epoch, sequence) < self.mark[1:]):
            code = "foreign_cluster" if cluster != self.mark[0] else "stale_token"
            mark = dict(zip(("clusterId", "epoch", "sequence"), self.mark, strict=True))
            return JSONResponse({"status": 409, "code": code, "message": "a newer push was seen", "mark": mark}, 409)
        self.mark = (cluster, epoch, sequence)
        self.answers[key] = self.results(document)
        return JSONResponse(self.answers[key])

    def results(self, document):
        extra = {"pendingInvitationCount": self.pending, "acceptanceRate": 0.25}
        return {"results": [{"entity": each | extra} for each in document["entities"]], "errorCount": 0}

    async def head(self, request):
        self.heads += 1
        known = request.headers.get("authorization", "").removeprefix("Bearer ") in self.valid
        return Response(status_code=405 if known else 401)


@asynccontextmanager
async def platform_running(context=None, **changes):
    """A platform on a free port; over TLS with the given context."""
    platform = Platform(**changes)
    app = Starlette(
        routes=[
            Route("/oauth/token", platform.token, methods=["POST"]),
            Route("/api/v2/journey/actiontargets/bulk", platform.bulk, methods=["POST"]),
            Route("/api/v2/journey/actiontargets/bulk", platform.head, methods=["HEAD"]),
        ]
    )
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    scheme = "http" if context is None else "https"
    platform.url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1, ws="none", date_header=False
    )
    config.load()
    config.ssl = context
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await until(lambda: server.started, "the server listens")
    try:
        yield platform
    finally:
        server.should_exit = True
        await serving
        listener.close()


@asynccontextmanager
async def raw_server(handle, *, whole=False):
    """A TCP server that answers every request with whatever bytes ``handle(path, writer)`` writes.

    With ``whole`` it is called as ``handle(path, writer, head, body)``.
    """

    async def connected(reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = next(
                    (
                        int(line.split(":")[1])
                        for line in head.split("\r\n")
                        if line.lower().startswith("content-length")
                    ),
                    0,
                )
                body = await reader.readexactly(length)
                await handle(head.split(" ")[1], writer, *((head, body) if whole else ()))
                await writer.drain()

    async with listening(connected) as server:
        yield server.url


def http_bytes(body, status="200 OK", *, length=None, headers=""):
    """A whole HTTP answer; ``length`` may lie."""
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\n{headers}\r\n".encode() + body


def token_bytes():
    return http_bytes(b'{"access_token":"raw-access-token","expires_in":3600}')


def settings(url, **changes):
    fields = {
        "base_auth_url": f"{url}/oauth/token",
        "base_service_url": f"{url}/api/",
        "client_id": CLIENT,
        "password": SecretStr(PASSWORD),
    }
    return EngagementSettings(**(fields | changes))


def within(seconds):
    """The deadline of a push that has so many seconds, on the clock of leases."""
    return boot_seconds() + seconds


def token(epoch=1, sequence=1, cluster="c-1"):
    return Token(cluster, epoch, sequence)


def pushes(count=1, **changes):
    return [push(f"Sales {index:05d}", **changes) for index in range(count)]


def push(queue="Sales", media="chat", groups=("G1", "G2"), **changes):
    target = PacingTarget(
        name=f"{queue} - {media}",
        queue=queue,
        number=queue,
        switch="sw",
        media=media,
        goal_percent=3.0,
        groups=groups,
        agents=("ann",),
    )
    fields = {
        "invitations": 7,
        "interval_seconds": 5.0,
        "inbound_portion": None,
        "estimated_wait_seconds": None,
        "logged_in": 9,
        "ready": 3,
        "waiting": 2,
        "accepted_total": 40,
        "abandoned_total": 1,
        "reason": "agents_available",
    }
    return TargetPush(target=target, **(fields | changes))
