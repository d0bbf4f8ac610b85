"""Statistics from a pair of GMS servers: plain HTTP, one statistic for each request."""

from __future__ import annotations

import http.cookiejar
from typing import TYPE_CHECKING

import httpx

from pacing_node.statistics.columns import StatisticNames
from pacing_node.statistics.gms_session import GmsSession, GmsSettings, Turn
from pacing_node.statistics.gms_values import GmsDefinitions
from pacing_node.statistics.pair import PairStatistics

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from pydantic import SecretStr

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
    auth = httpx.BasicAuth(user, password.get_secret_value() if password else "") if user is not None else None

    def client() -> httpx.AsyncClient:
        return _client(auth, tls, chosen)

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
        [("primary", primary), *([("backup", backup)] if backup else [])],
        session,
        names=names or StatisticNames(),
        silence_seconds=chosen.silence_seconds,
        answer_seconds=chosen.answer_seconds,
        least_known_ratio=least_known_ratio,
    )


def _client(auth: httpx.BasicAuth | None, tls: ssl.SSLContext | None, settings: GmsSettings) -> httpx.AsyncClient:
    """A client that keeps no cookies and listens to no environment variables."""
    limits = httpx.Limits(max_connections=settings.concurrency, max_keepalive_connections=settings.concurrency)
    client = httpx.AsyncClient(
        auth=auth,
        verify=tls if tls is not None else True,
        trust_env=False,
        timeout=settings.request_seconds,
        limits=limits,
        headers={"Accept": "application/json"},
    )
    client.cookies.jar.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    return client
