"""Statistics from a pair of bridges in front of Stat Server, over gRPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pacing_node.statistics.bridge_session import BridgeSession, SessionSettings
from pacing_node.statistics.pair import PairStatistics
from pacing_node.statistics.subscription_requests import SubscriptionRequests

if TYPE_CHECKING:
    from collections.abc import Callable

    import grpc

    from pacing_node.statistics.columns import StatisticNames
    from pacing_node.statistics.feed import Feed
    from pacing_node.statistics.registry import Registry


def bridge_statistics(
    primary: str,
    backup: str | None = None,
    *,
    settings: SessionSettings | None = None,
    names: StatisticNames | None = None,
    credentials: Callable[[], grpc.ChannelCredentials | None] | None = None,
    least_known_ratio: float = 0.5,
) -> PairStatistics:
    """A source over this project's own feed, ``proto/contact_center/v1/statistics.proto``.

    Addresses are ``host:port``.

    ``credentials`` is asked anew for every connection, so that changed certificates take effect; None means plain
    text. A target is not valid while fewer than ``least_known_ratio`` of its agents have a known state; agents
    whose state is not known count as logged out.
    """
    chosen = settings or SessionSettings()
    requests = SubscriptionRequests(chosen.interval_milliseconds)

    def session(feed: Feed, registry: Registry, on_change: Callable[[], object]) -> BridgeSession:
        return BridgeSession(
            feed,
            registry=registry,
            settings=chosen,
            requests=requests,
            credentials=credentials or (lambda: None),
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
