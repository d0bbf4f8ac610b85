"""Statistics from a pair of Statistics API v3 servers, over REST and CometD."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pacing_node.http_client.client import ClientSettings, HttpClient
from pacing_node.statistics.api_session import ApiSession, ApiSettings
from pacing_node.statistics.api_values import ApiDefinitions
from pacing_node.statistics.pair import PairStatistics

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from pydantic import SecretStr

    from pacing_node.statistics.api_session import StatisticsAuthority
    from pacing_node.statistics.columns import StatisticNames
    from pacing_node.statistics.feed import Feed
    from pacing_node.statistics.registry import Registry


def api_statistics(
    primary: str,
    backup: str | None = None,
    *,
    bearer_token: SecretStr | None = None,
    api_key: SecretStr | None = None,
    authority: StatisticsAuthority | None = None,
    tls: ssl.SSLContext | None = None,
    settings: ApiSettings | None = None,
    definitions: ApiDefinitions | None = None,
    names: StatisticNames | None = None,
    least_known_ratio: float = 0.5,
) -> PairStatistics:
    """A source over the documented HTTP interface.

    Addresses are base addresses, ``https://host/statistics/v3``.

    An access token is either fixed (``bearer_token``) or comes from an ``authority`` that renews it.

    Both servers' mode is unknown, so the first that answers is read, and the other when it fails.
    """
    chosen = settings or ApiSettings()
    known = definitions or ApiDefinitions()
    headers = _headers(bearer_token, api_key)

    bounds = ClientSettings(chosen.max_reply_bytes, chosen.silence_seconds, gzip=True, cookies=True)

    def client() -> HttpClient:
        return HttpClient(bounds, headers=headers, tls=tls)

    def session(feed: Feed, registry: Registry, on_change: Callable[[], object]) -> ApiSession:
        return ApiSession(
            feed,
            registry=registry,
            settings=chosen,
            definitions=known,
            client=client,
            authority=authority,
            on_change=on_change,
        )

    return PairStatistics(
        primary,
        backup,
        session,
        times=chosen,
        names=names,
        least_known_ratio=least_known_ratio,
        close=authority.close if authority is not None else None,
    )


def _headers(bearer_token: SecretStr | None, api_key: SecretStr | None) -> dict[str, str]:
    """What every request says, with the fixed credentials."""
    headers = {"Accept": "application/json"}
    if bearer_token is not None:
        headers["Authorization"] = f"Bearer {bearer_token.get_secret_value()}"
    if api_key is not None:
        headers["x-api-key"] = api_key.get_secret_value()
    return headers
