"""A small GMS server: one statistic for each request, and the ways it can go wrong."""

from __future__ import annotations

import asyncio
import base64
import socket
import time
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.waiting import until

LOGGED_OUT = {"status": 23, "media": []}


class GmsServer:
    """``values`` by (object, what names the statistic, filter); what is not there is 0, or an agent logged out."""

    def __init__(self):
        self.port = 0
        self.values = {}
        self.unknown = set()
        self.asked = []
        self.headers = []
        self.answer = None
        self.delay = 0.0
        self.under_way = self.most_under_way = 0
        self.age = "0"
        self.asked_at = 0.0

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}/genesys/1/statistic"

    async def start(self):
        app = Starlette(routes=[Route("/genesys/1/statistic", self.statistic, methods=["POST"])])
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1, ws="none")
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        await until(lambda: self._server.started, "the server listens")

    async def stop(self):
        self._server.should_exit = True
        self._server.force_exit = True
        await self._serving
        self._listener.close()

    async def statistic(self, request):
        form = dict(parse_qsl((await request.body()).decode()))
        self.headers.append(dict(request.headers))
        self.asked.append(form)
        self.asked_at = time.monotonic()
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(self.delay)
        self.under_way -= 1
        if self.answer is not None:
            return self.answer if isinstance(self.answer, Response) else self.answer(form)
        if request.headers.get("authorization") != f"Basic {base64.b64encode(b'reader:secret').decode()}":
            return JSONResponse({"message": "who are you?"}, 401)
        if form.get("objectId") is None:
            return JSONResponse({"message": "objectId missing", "exception": "X"}, 403)
        name = form.get("metric") or form.get("statisticType")
        if name in self.unknown:
            return JSONResponse({"message": f"{name} is not defined", "exception": "X"}, 403)
        default = LOGGED_OUT if form["objectType"] == "Agent" else 0
        key = (form["objectId"], name, "all" if "statisticType" in form and "filter" not in form else "proactive")
        return JSONResponse({"value": self.values.get(key, default)}, headers={"Age": self.age})

    def queue(self, object_id, **values):
        """Proactive numbers of a queue: ``queue("Q@s", Accepted=5)``."""
        for name, value in values.items():
            self.values[object_id, f"PACS_VQ_{name}", "proactive"] = value

    def agent(self, name, maximum, in_use, status=4):
        media = [{"media": "chat", "maximum": maximum, "inUse": in_use, "routable": True}]
        self.values[name, "AgentState", "all"] = {"status": status, "media": media}


@asynccontextmanager
async def gms_serving(count=1):
    servers = [GmsServer() for _ in range(count)]
    for server in servers:
        await server.start()
    try:
        yield servers
    finally:
        for server in servers:
            await server.stop()
