"""The simulator as a whole: one model, every server over it, started and stopped together."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import structlog

from cluster import addresses
from cluster.tasks import cancel, spawn
from simulator.model import ContactCentre
from simulator.scenarios import Credentials, configuration_objects
from simulator.servers.configuration.configuration_document import ConfigurationDocument
from simulator.servers.configuration.configuration_feed import ConfigurationServer
from simulator.servers.engagement.journal import Journal
from simulator.servers.environment import hook_environment
from simulator.servers.faults.fault_board import FaultBoard
from simulator.servers.live_centre import LiveCentre
from simulator.servers.statistics.statistics_pair import StatisticsPair
from simulator.servers.web import Web
from simulator.servers.web_server import WebServer, listen

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from simulator.scenarios import Scenario
    from simulator.servers.simulator_options import SimulatorOptions
    from simulator.servers.statistics.statistics_api import StatisticsApi

log = structlog.get_logger(__name__)


class Simulator:
    """``start``, then ``stop``; or ``async with``. All servers share the running event loop."""

    def __init__(self, scenario: Scenario, options: SimulatorOptions) -> None:
        self.scenario = scenario
        self.options = options
        self.board = FaultBoard()
        self.journal = Journal()
        self.live = LiveCentre(ContactCentre(scenario.centre, options.seed), options.speed)
        self.statistics = StatisticsPair(self.live, self.board, options.host)
        self.document: ConfigurationDocument | None = None
        self._configuration: ConfigurationServer | None = None
        self._web: WebServer | None = None
        self._statistics_api: StatisticsApi | None = None
        self._serving: asyncio.Task[Any] | None = None
        self._tasks: list[asyncio.Task[Any]] = []
        self._http = ""

    async def __aenter__(self) -> Simulator:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Open every port, write the objects file, and at last the ready file. Raises OSError when a port is taken."""
        options = self.options
        listener = listen(options.host, options.http_port)
        self._http = f"http://{addresses.join(options.host, listener.getsockname()[1])}"
        try:
            await self.statistics.start(options.statistics_primary_port, options.statistics_backup_port)
            document = self.document = ConfigurationDocument(self._objects(), options.objects_file)
            self._configuration = ConfigurationServer(document, options.host)
            await self._configuration.start(options.configuration_port)
        except BaseException:
            listener.close()
            await self.stop()
            raise
        hook_environment(self.board, self.live, document)
        web = Web(self.live, self.journal, self.board, options)
        application, statistics_api = web.application(document, self.statistics)
        self._statistics_api = statistics_api
        self.live.centre.observe(statistics_api)
        self._web = WebServer(application)
        self._serving = spawn("simulator.http", self._web.serve(sockets=[listener]), finite=True)
        self._tasks = [
            spawn("simulator.model", self.live.run()),
            spawn("simulator.statistics_api", statistics_api.run()),
        ]
        if options.ready_file is not None:
            pacing = self.scenario.pacing
            law = {} if pacing is None else {"pacing": pacing.options()}
            _write(options.ready_file, json.dumps(self.addresses | law, indent=2))
        log.info("simulator.ready", scenario=self.scenario.name, **self.addresses)

    async def stop(self) -> None:
        """Close every port and remove the ready file."""
        self.board.clear()
        await cancel(*self._tasks)
        if self._web is not None and self._serving is not None:
            self._web.should_exit = True
            if self._statistics_api is not None:
                self._statistics_api.release()
            with contextlib.suppress(Exception):
                await self._serving
        await self.statistics.stop()
        if self._configuration is not None:
            await self._configuration.stop()
        if self.options.ready_file is not None:
            self.options.ready_file.unlink(missing_ok=True)

    @property
    def addresses(self) -> dict[str, Any]:
        """Where everything is, as the ready file says."""
        host = self.options.host
        file = self.options.objects_file
        return {
            "http": self._http,
            "statistics": {
                "primary": addresses.join(host, self.statistics.primary.port),
                "backup": addresses.join(host, self.statistics.backup.port),
            },
            "configuration": addresses.join(host, self._configuration.port if self._configuration else 0),
            "objects_file": str(file) if file else None,
        }

    def _objects(self) -> dict[str, Any]:
        client_id, password = next(iter(self.options.clients.items()))
        credentials = Credentials(f"{self._http}/oauth/token", f"{self._http}/api/", client_id, password)
        return configuration_objects(self.scenario.centre, credentials)


def _write(path: Path, text: str) -> None:
    """Write a file so that every reader sees all of it."""
    written = path.with_name(path.name + ".new")
    written.write_text(text + "\n", encoding="utf-8")
    written.replace(path)
