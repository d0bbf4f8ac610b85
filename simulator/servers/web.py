"""Everything the simulator serves over HTTP, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Route

from simulator.servers.configuration.platform_configuration import PlatformConfiguration
from simulator.servers.control import ControlPages
from simulator.servers.engagement.bulk import BulkDialect
from simulator.servers.engagement.conditional import ConditionalResource
from simulator.servers.engagement.platform_targets import PlatformTargets
from simulator.servers.engagement.push_endpoint import PushEndpoint
from simulator.servers.engagement.webhook import CONDITIONAL_CLIENT, WebhookDialect
from simulator.servers.oauth import TokenOffice
from simulator.servers.statistics.gms import StatisticService
from simulator.servers.statistics.statistics_api import StatisticsApi
from simulator.servers.statistics.statistics_reading import StatisticsReading

if TYPE_CHECKING:
    from simulator.servers.configuration.configuration_document import ConfigurationDocument
    from simulator.servers.engagement.journal import Journal
    from simulator.servers.faults.fault_board import FaultBoard
    from simulator.servers.live_centre import LiveCentre
    from simulator.servers.simulator_options import SimulatorOptions
    from simulator.servers.statistics.statistics_pair import StatisticsPair

BULK_PATH = "/api/v2/journey/actiontargets/bulk"
WEBHOOK_PATH = "/webhook"
CONDITIONAL_PATH = "/webhook-conditional"
"""The webhook as a receiver offers it that checks no tokens but takes conditional writes."""
STATISTICS_PATH = "/statistics/v3"


class Web:
    """The application, and the part of it that works without being asked."""

    def __init__(self, live: LiveCentre, journal: Journal, board: FaultBoard, options: SimulatorOptions) -> None:
        self._board = board
        self._options = options
        self._office = TokenOffice(options.clients, options.token_lifetime_seconds, board)
        targets = PlatformTargets(live, board)
        signed = WebhookDialect(targets, options.webhook_bearer, options.webhook_signing_key)
        partials = options.partial_pushes
        self._bulk = PushEndpoint(BulkDialect(targets, self._office), journal, board, partials=partials)
        self._webhook = PushEndpoint(signed, journal, board, partials=partials)
        unaware = WebhookDialect(targets, options.webhook_bearer, options.webhook_signing_key, CONDITIONAL_CLIENT)
        self._conditional = PushEndpoint(unaware, journal, board, ConditionalResource(), partials=partials)
        self._pages = ControlPages(live, journal, board)

    def application(
        self, document: ConfigurationDocument, statistics: StatisticsPair
    ) -> tuple[Starlette, StatisticsApi]:
        """All routes; and the statistics API, whose ``run`` pushes updates."""
        reading = StatisticsReading(statistics)
        api = StatisticsApi(reading, self._office, self._board)
        records = PlatformConfiguration(document, self._options, self._board)
        gms = StatisticService(reading, self._options.users, self._board)
        routes = [
            Route("/oauth/token", self._office.answer, methods=["POST"]),
            Route(BULK_PATH, self._bulk.answer, methods=["POST"]),
            Route(BULK_PATH, self._bulk.head, methods=["HEAD"]),
            Route(WEBHOOK_PATH, self._webhook.answer, methods=["POST"]),
            Route(WEBHOOK_PATH, self._webhook.head, methods=["HEAD"]),
            Route(CONDITIONAL_PATH, self._conditional.answer, methods=["POST"]),
            Route(CONDITIONAL_PATH, self._conditional.show, methods=["GET"]),
            Route("/api/v2/platform/configuration/{kind}", records.answer, methods=["GET", "POST", "PUT"]),
            Route("/api/v2/platform/configuration/{kind}/{dbid}", records.answer, methods=["GET", "POST", "PUT"]),
            Route("/genesys/1/statistic", gms.answer, methods=["POST"]),
            Route(f"{STATISTICS_PATH}/subscriptions", api.subscribe, methods=["POST"]),
            Route(f"{STATISTICS_PATH}/subscriptions/{{name}}", api.unsubscribe, methods=["DELETE"]),
            Route(f"{STATISTICS_PATH}/subscriptions/{{name}}/statistic-values", api.values, methods=["GET"]),
            Route(f"{STATISTICS_PATH}/notifications", api.notifications, methods=["POST"]),
            Route(f"{STATISTICS_PATH}/notifications/{{kind:path}}", api.notifications, methods=["POST"]),
            *self._pages.routes,
        ]
        return Starlette(routes=routes), api
