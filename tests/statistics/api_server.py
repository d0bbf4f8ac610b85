"""A small Statistics API v3 server: REST subscriptions and CometD, tied together by one cookie."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.waiting import until

UPDATES, SERVICE = "/statistics/v3/updates", "/statistics/v3/service"


class ApiServer:
    """``values`` by (object, definition); what is not there is 0, or an agent logged out."""

    def __init__(self):
        self.port = 0
        self.values = {}
        self.sessions = {}
        self.headers = []
        self.subscribed = 0
        self.deleted = []
        self.delete_status = 200
        self.failing = None
        self.silent = False
        self._serving = None

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}/statistics/v3"

    async def start(self):
        base = "/statistics/v3"
        app = Starlette(
            routes=[
                Route(f"{base}/notifications", self.notifications, methods=["POST"]),
                Route(f"{base}/subscriptions", self.subscribe, methods=["POST"]),
                Route(f"{base}/subscriptions/{{identity}}/statistic-values", self.peek, methods=["GET"]),
                Route(f"{base}/subscriptions/{{identity}}", self.delete, methods=["DELETE"]),
            ]
        )
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1, ws="none")
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        self._listener = listener
        await until(lambda: self._server.started, "the server listens")

    async def stop(self):
        for session in self.sessions.values():
            session["ready"].set()
        self.sessions.clear()
        self._server.should_exit = True
        self._server.force_exit = True
        await self._serving
        self._listener.close()

    def session(self, request):
        return self.sessions.get(request.cookies.get("STATISTICS_SESSIONID"))

    async def notifications(self, request):
        self.headers.append(dict(request.headers))
        if self.failing is not None:
            return self.failing
        answers, cookie = [], None
        for message in await request.json():
            if message["channel"] == "/meta/handshake":
                cookie = f"s{len(self.headers)}"
                self.sessions[cookie] = {"queue": [], "ready": asyncio.Event(), "subscriptions": {}, "channels": set()}
                answers.append(
                    {"channel": "/meta/handshake", "id": message["id"], "successful": True, "clientId": cookie}
                )
                continue
            session = self.session(request)
            if session is None:
                advice = {"reconnect": "handshake"}
                answers.append({"channel": message["channel"], "successful": False, "error": "402::", "advice": advice})
            elif message["channel"] == "/meta/subscribe":
                session["channels"].add(message["subscription"])
                answers.append(
                    {"channel": "/meta/subscribe", "successful": True, "subscription": message["subscription"]}
                )
            else:
                answers.extend(await self.connect(session, message))
        response = JSONResponse(answers)
        if cookie is not None:
            response.set_cookie("STATISTICS_SESSIONID", cookie)
        return response

    async def connect(self, session, message):
        wait = 60.0 if self.silent else message["advice"]["timeout"] / 1000
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(session["ready"].wait(), wait)
        session["ready"].clear()
        events, session["queue"] = session["queue"], []
        return [*events, {"channel": "/meta/connect", "successful": True, "advice": {"interval": 0, "timeout": 2000}}]

    async def subscribe(self, request):
        session = self.session(request)
        if session is None:
            return Response(status_code=401)
        entries = (await request.json())["data"]["statistics"]
        identity = f"sub-{self.subscribed}"
        self.subscribed += len(entries)
        session["subscriptions"][identity] = entries
        data = {"subscriptionId": identity, "statistics": []}
        return JSONResponse({"status": {"code": 0, "message": ""}, "operationId": "x", "data": data})

    async def peek(self, request):
        entries = self.session(request)["subscriptions"][request.path_params["identity"]]
        return JSONResponse({"status": {"code": 0}, "data": {"statistics": [self.shown(each) for each in entries]}})

    async def delete(self, request):
        self.deleted.append(request.path_params["identity"])
        self.session(request)["subscriptions"].pop(request.path_params["identity"])
        return JSONResponse({"status": {"code": 0}}, self.delete_status)

    def shown(self, entry):
        key = (entry["objectId"], entry.get("name", str(entry.get("definition"))))
        value = self.values.get(key, {"status": "LoggedOut", "media": []} if entry["objectType"] == "Agent" else 0)
        return {"statisticId": entry["statisticId"], "objectId": entry["objectId"], "timestamp": 1, "value": value}

    def set(self, object_id, name, value):
        self.values[object_id, name] = value
        for session in self.sessions.values():
            hits = [
                self.shown(entry)
                for entries in session["subscriptions"].values()
                for entry in entries
                if (entry["objectId"], entry.get("name")) == (object_id, name)
            ]
            if hits:
                self.tell(session, UPDATES, {"statistics": hits})

    def service(self, state):
        for session in self.sessions.values():
            self.tell(session, SERVICE, {"serviceState": state})

    def tell_all(self, channel, data):
        for session in self.sessions.values():
            self.tell(session, channel, data)

    def tell(self, session, channel, data):
        if channel in session["channels"]:
            session["queue"].append({"channel": channel, "data": data})
            session["ready"].set()


@asynccontextmanager
async def api_serving(count=1):
    servers = [ApiServer() for _ in range(count)]
    for server in servers:
        await server.start()
    try:
        yield servers
    finally:
        for server in servers:
            await server.stop()
