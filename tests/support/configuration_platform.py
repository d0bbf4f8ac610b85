"""A small platform configuration interface over real sockets, and a contact centre in its words."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.support.waiting import until

USER, PASSWORD = "pacing", "hush"


def records() -> dict[str, list[dict[str, Any]]]:
    """Two queues, a regular and a virtual group; numbers as text, annexes in both known forms."""
    pacing = [{"key": "pacing", "type": "kvlist", "value": [{"key": "media", "type": "str", "value": "chat"}]}]
    return {
        "switches": [{"DBID": "101", "name": "chat-switch", "type": "CFGMultimediaSwitch", "state": "CFGEnabled"}],
        "dns": [
            {"DBID": "201", "number": "VQ_Chat", "name": "VQ_Chat", "switchDBID": "101", "type": "CFGVirtQueue"}
            | {"state": "1", "userProperties": pacing},
            {"DBID": "202", "number": "VQ_Sales", "name": "VQ_Sales", "switchDBID": "101", "type": "CFGVirtQueue"}
            | {"state": "1", "userProperties": {"pacing": {"media": "chat", "optimizationGoal": 4}}},
            {"DBID": "203", "number": "7001", "name": "", "switchDBID": "101", "type": "CFGExtension", "state": "1"},
            {"DBID": "204", "number": "VQ_Old", "name": "VQ_Old", "switchDBID": "101", "state": "3"},
        ],
        "skills": [{"DBID": "301", "name": "Spanish"}],
        "scripts": [{"DBID": "401", "name": "two-chats", "type": "CFGCapacityRule"}],
        "persons": [
            {"DBID": "501", "userName": "ana", "employeeID": "1001", "isAgent": "2", "state": "1"}
            | {"agentInfo": {"capacityRuleDBID": "401", "skillLevels": [{"skillDBID": "301", "level": "7"}]}},
            {"DBID": "502", "userName": "ben", "employeeID": "1002", "isAgent": "2", "state": "1"}
            | {"agentInfo": {"capacityRuleDBID": "401", "skillLevels": []}},
            {"DBID": "503", "userName": "administrator", "isAgent": "1", "state": "1"},
            {"DBID": "504", "userName": "gone", "isAgent": "2", "state": "2", "agentInfo": {"capacityRuleDBID": "0"}},
        ],
        "agent-groups": [
            {"agentDBIDs": ["501", "502", "504"]}
            | {"groupInfo": {"DBID": "601", "name": "Chat", "routeDNDBIDs": ["201"], "state": "1"}},
            {"agentDBIDs": []}
            | {"groupInfo": {"DBID": "602", "name": "Spanish", "routeDNDBIDs": ["202"], "state": "1"}
               | {"userProperties": {"virtual": {"script": 'Skill("Spanish") > 5'}}}},
        ],
        "transactions": [
            {"DBID": "701", "name": "hybrid_integration", "type": "CFGTRTList"}
            | {"userProperties": {"general": {"base_auth_url": "https://login/oauth/token", "base_service_url": "https://api/"}
               | {}, "ewt": {"client_id": "c", "password": "hush"}}},
        ],
    }  # fmt: skip


class PlatformServer:
    """Serves records with paging and Basic authentication, and misbehaves on demand."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.context = context
        self.records = records()
        self.page_limit = 1000
        self.paging = True
        self.answer: Response | None = None
        """Sent instead of everything else."""
        self.requests: list[str] = []
        self.url = ""
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        app = Starlette(routes=[Route("/api/v2/platform/configuration/{kind}", self._get)])
        config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off", ws="none")
        config.load()
        config.ssl = self.context
        self._server = uvicorn.Server(config)
        self._task = asyncio.create_task(self._server.serve())
        await until(lambda: self._server.started, "the server listens")
        scheme = "http" if self.context is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            self._server.force_exit = True
            await self._task
            self._server = None

    async def _get(self, request: Request) -> Response:
        kind = request.path_params["kind"]
        self.requests.append(kind)
        if self.answer is not None:
            return self.answer
        expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("authorization") != expected:
            return PlainTextResponse("Unauthorized", 401)
        if kind not in self.records:
            return JSONResponse({"statusCode": 6, "statusMessage": f"no type {kind}"}, 404)
        items = self.records[kind]
        if self.paging:
            offset, limit = (int(request.query_params[name]) for name in ("offset", "limit"))
            items = items[offset : offset + min(limit, self.page_limit)]
        return JSONResponse({"statusCode": 0, kind: items})


@contextlib.asynccontextmanager
async def platform_server(context: ssl.SSLContext | None = None) -> AsyncIterator[PlatformServer]:
    server = PlatformServer(context)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
