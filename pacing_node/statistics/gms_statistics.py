"""Statistics from a pair of GMS servers: plain HTTP, one statistic for each request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pacing_node.http_client.client import ClientSettings, HttpClient
from pacing_node.statistics.gms_session import GmsSession, GmsSettings, Turn
from pacing_node.statistics.gms_values import GmsDefinitions
from pacing_node.statistics.pair import PairStatistics

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from pydantic import SecretStr

    from pacing_node.statistics.columns import StatisticNames
    from pacing_node.statistics.feed import Feed
    from pacing_node.statistics.registry import Registry


def gms_statistics(
    primary: str,
    backup: str | None = None,
    *,
    tenant: str = "Environment",
    user: str | None = None,
    password: SecretStr | None = None,
    tls: ssl.SSLContext | None = None,
    settings: GmsSettings | None = None,
    definitions: GmsDefinitions | None = None,
    names: StatisticNames | None = None,
    least_known_ratio: float = 0.5,
) -> PairStatistics:
    """A source over the statistic service of GMS.

    Everything is read from one server; the other only shows that it is alive, and is read when the first fails. So
    after a fail-over rows are not valid until their statistics were read once from the other server.

    Addresses are those requests are posted to, ``https://host/genesys/1/statistic``.
    """
    chosen = settings or GmsSettings()
    known = definitions or GmsDefinitions()
    turn = Turn()
    basic = (user, password.get_secret_value() if password else "") if user is not None else None

    def client() -> HttpClient:
        return _client(basic, tls, chosen)

    def session(feed: Feed, registry: Registry, on_change: Callable[[], object]) -> GmsSession:
        return GmsSession(
            feed,
            registry=registry,
            settings=chosen,
            definitions=known,
            tenant=tenant,
            client=client,
            turn=turn,
            on_change=on_change,
        )

    return PairStatistics(
        primary,
        backup,
        session,
        times=chosen,
        names=names,
        least_known_ratio=least_known_ratio,
    )


def _client(basic: tuple[str, str] | None, tls: ssl.SSLContext | None, settings: GmsSettings) -> HttpClient:
    bounds = ClientSettings(settings.max_reply_bytes, settings.request_seconds, connections=settings.concurrency)
    return HttpClient(bounds, basic=basic, tls=tls, headers={"Accept": "application/json"})
