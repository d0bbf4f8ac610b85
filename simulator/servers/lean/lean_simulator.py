"""The lean peer as a whole: two statistics servers, token and bulk endpoints, and what became of the pushes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cluster import addresses
from cluster.tasks import cancel, spawn
from simulator.scenarios import Credentials, configuration_objects
from simulator.servers.engagement.journal import Journal
from simulator.servers.faults.fault_board import FaultBoard
from simulator.servers.lean.lean_centre import LeanCentre
from simulator.servers.lean.lean_pushes import LeanPushes
from simulator.servers.lean.lean_statistics import LeanStatistics
from simulator.servers.oauth import TokenOffice
from simulator.servers.web import BULK_PATH
from simulator.servers.web_server import WebServer, listen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.requests import Request

    from simulator.scenarios import Scenario
    from simulator.servers.lean.lean_centre import LeanAgent
    from simulator.servers.simulator_options import SimulatorOptions

TICK_SECONDS = 0.25
"""Time between two steps of the centre."""


class LeanSimulator:
    """``async with``: ports open, objects file and ready file written. No configuration server: objects are a file."""

    def __init__(self, scenario: Scenario, options: SimulatorOptions) -> None:
        self._scenario = scenario
        self._options = options
        self._journal = Journal()
        self._centre = LeanCentre(scenario, seed=options.seed)
        office = TokenOffice(options.clients, options.token_lifetime_seconds, FaultBoard())
        self._pushes = LeanPushes(office, self._journal)
        self._office = office
        self._statistics = {place: LeanStatistics(self._centre, place, options.host) for place in ("primary", "backup")}
        self._tasks: list[asyncio.Task[Any]] = []
        self._web = WebServer(self._application())
        self._http = ""

    @property
    def addresses(self) -> dict[str, Any]:
        """Where everything is, as the ready file says."""
        host, file = self._options.host, self._options.objects_file
        places = {place: addresses.join(host, each.port) for place, each in self._statistics.items()}
        return {"http": self._http, "statistics": places, "objects_file": str(file) if file else None}

    async def __aenter__(self) -> LeanSimulator:
        options = self._options
        listener = listen(options.host, options.http_port)
        self._http = f"http://{addresses.join(options.host, listener.getsockname()[1])}"
        await self._statistics["primary"].start(options.statistics_primary_port)
        await self._statistics["backup"].start(options.statistics_backup_port)
        if options.objects_file is not None:
            with options.objects_file.open("w", encoding="utf-8") as file:
                file.writelines(_as_yaml(self._objects()))
        self._tasks = [
            spawn("lean.http", self._web.serve(sockets=[listener]), finite=True),
            spawn("lean.centre", self._run()),
        ]
        if options.ready_file is not None:
            ready = options.ready_file.with_name(options.ready_file.name + ".new")
            ready.write_text(json.dumps(self.addresses, indent=2) + "\n", encoding="utf-8")
            ready.replace(options.ready_file)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._web.should_exit = True
        serving, running = self._tasks
        with contextlib.suppress(Exception):
            await serving
        await cancel(running)
        await asyncio.gather(*(each.stop() for each in self._statistics.values()))
        if self._options.ready_file is not None:
            self._options.ready_file.unlink(missing_ok=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._centre.advance(TICK_SECONDS, self._tell)

    def _tell(self, agent: LeanAgent, counted: Sequence[str]) -> None:
        for server in self._statistics.values():
            server.changed(agent, counted)

    def _application(self) -> Starlette:
        routes = [
            Route("/oauth/token", self._office.answer, methods=["POST"]),
            Route(BULK_PATH, self._pushes.answer, methods=["POST"]),
            Route("/simulator/status", self._status, methods=["GET"]),
            Route("/simulator/pushes/newest/{part:int}", self._newest, methods=["GET"]),
        ]
        return Starlette(routes=routes)

    async def _status(self, _: Request) -> Response:
        journal = self._journal
        return JSONResponse(
            {
                "pushes_accepted": journal.pushes_accepted,
                "pushes_refused": journal.pushes_refused,
                "accepted_out_of_order": journal.accepted_out_of_order,
            }
        )

    async def _newest(self, request: Request) -> Response:
        """A part of the newest push as it came."""
        wanted = request.path_params["part"]
        for name, body in self._pushes.newest.items():
            if name.startswith(f"{wanted}/"):
                return Response(body, media_type="application/json")
        return Response(status_code=404)

    def _objects(self) -> dict[str, Any]:
        client_id, password = next(iter(self._options.clients.items()))
        credentials = Credentials(f"{self._http}/oauth/token", f"{self._http}/api/", client_id, password)
        return configuration_objects(self._scenario.centre, credentials)


def _as_yaml(objects: dict[str, Any]) -> Iterator[str]:
    """Lines of a document with one object each, in YAML's form that is JSON's, too.

    PyYAML takes twenty times as long to write a document, half a minute of processor time for 100,000 targets, and
    holds all of it meanwhile. A node reads both in the same time.
    """
    for key, value in objects.items():
        if isinstance(value, list):
            yield f"{key}:\n"
            yield from (f"- {json.dumps(each, ensure_ascii=False)}\n" for each in value)
        else:
            yield f"{key}: {json.dumps(value, ensure_ascii=False)}\n"
