"""The simulator as a whole: one model, every server over it, started and stopped together."""

from __future__ import annotations

import contextlib
import json
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from cluster.tasks import cancel, spawn
from simulator.model import ContactCentre
from simulator.scenarios import Credentials, configuration_objects
from simulator.servers.bulk import BulkDialect
from simulator.servers.configuration_document import ConfigurationDocument
from simulator.servers.configuration_feed import ConfigurationServer
from simulator.servers.control import ControlPages
from simulator.servers.environment import hook_environment
from simulator.servers.faults import FaultBoard
from simulator.servers.journal import Journal
from simulator.servers.live import LiveCentre
from simulator.servers.oauth import TokenOffice
from simulator.servers.platform import PlatformTargets
from simulator.servers.push_endpoint import PushEndpoint
from simulator.servers.statistics_pair import StatisticsPair
from simulator.servers.webhook import WebhookDialect

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator
    from pathlib import Path

    from simulator.scenarios import Scenario

log = structlog.get_logger(__name__)

BULK_PATH = "/api/v2/journey/actiontargets/bulk"
WEBHOOK_PATH = "/webhook"


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """Where the simulator serves. Port 0 is any free one."""

    host: str = "127.0.0.1"
    http_port: int = 0
    statistics_primary_port: int = 0
    statistics_backup_port: int = 0
    configuration_port: int = 0
    objects_file: Path | None = None
    ready_file: Path | None = None
    seed: int = 1
    speed: float = 1.0
    token_lifetime_seconds: float = 3600.0
    clients: dict[str, str] = field(default_factory=lambda: {"pacing": "simulated-secret"}, repr=False)
    """OAuth clients and their passwords; the first one stands in the configuration objects."""
    webhook_bearer: str | None = field(default=None, repr=False)
    """Bearer token the webhook asks for."""
    webhook_signing_key: str | None = field(default=None, repr=False)
    """Key of the signature the webhook asks for."""


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
        self._web: _WebServer | None = None
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
        listener = _listen(options.host, options.http_port)
        self._http = f"http://{options.host}:{listener.getsockname()[1]}"
        try:
            await self.statistics.start(options.statistics_primary_port, options.statistics_backup_port)
            self.document = ConfigurationDocument(self._objects(), options.objects_file)
            self._configuration = ConfigurationServer(self.document, options.host)
            await self._configuration.start(options.configuration_port)
        except BaseException:
            listener.close()
            await self.stop()
            raise
        hook_environment(self.board, self.live, self.document)
        self._web = _WebServer(self._application())
        self._tasks = [
            spawn("simulator.model", self.live.run()),
            spawn("simulator.http", self._web.serve(sockets=[listener]), finite=True),
        ]
        if options.ready_file is not None:
            _write(options.ready_file, json.dumps(self.addresses, indent=2))
        log.info("simulator.ready", scenario=self.scenario.name, **self.addresses)

    async def stop(self) -> None:
        """Close every port and remove the ready file."""
        self.board.clear()
        if self._web is not None:
            self._web.should_exit = True
            await cancel(*self._tasks[:1])
            for task in self._tasks[1:]:
                with contextlib.suppress(Exception):
                    await task
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
                "primary": f"{host}:{self.statistics.primary.port}",
                "backup": f"{host}:{self.statistics.backup.port}",
            },
            "configuration": f"{host}:{self._configuration.port if self._configuration else 0}",
            "objects_file": str(file) if file else None,
        }

    def _objects(self) -> dict[str, Any]:
        client_id, password = next(iter(self.options.clients.items()))
        credentials = Credentials(f"{self._http}/oauth/token", f"{self._http}/api/", client_id, password)
        return configuration_objects(self.scenario.centre, credentials)

    def _application(self) -> Starlette:
        office = TokenOffice(self.options.clients, self.options.token_lifetime_seconds, self.board)
        targets = PlatformTargets(self.live, self.board)
        bulk = PushEndpoint(BulkDialect(targets, office), self.journal, self.board)
        signed = WebhookDialect(targets, self.options.webhook_bearer, self.options.webhook_signing_key)
        webhook = PushEndpoint(signed, self.journal, self.board)
        pages = ControlPages(self.live, self.journal, self.board)
        routes = [
            Route("/oauth/token", office.answer, methods=["POST"]),
            Route(BULK_PATH, bulk.answer, methods=["POST"]),
            Route(WEBHOOK_PATH, webhook.answer, methods=["POST"]),
            *pages.routes,
        ]
        return Starlette(routes=routes)


class _WebServer(uvicorn.Server):
    """uvicorn without its own signal handling: the command decides when it ends."""

    def __init__(self, application: Starlette) -> None:
        config = uvicorn.Config(
            application,
            lifespan="off",
            log_config=None,
            access_log=False,
            ws="none",
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
        )
        super().__init__(config)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def _listen(host: str, port: int) -> socket.socket:
    # The protocol is named because asyncio switches Nagle's delay off only for sockets that say they are TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise OSError(f"HTTP server cannot listen on {host}:{port}: {error.strerror}") from error
    return listener


def _write(path: Path, text: str) -> None:
    """Write a file so that whoever sees it sees all of it."""
    written = path.with_name(path.name + ".new")
    written.write_text(text + "\n", encoding="utf-8")
    written.replace(path)
