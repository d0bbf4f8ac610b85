"""Requests of the feed for subscriptions, each made once for both servers of a pair: both are asked for the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from contact_center.v1 import statistics_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.statistics.registry import Registry

_MOST_KEPT = 8
"""Requests that wait for the other server: the sessions go at about the same pace, and a dead one takes none."""
_References: TypeAlias = "tuple[int, ...]"


class SubscriptionRequests:
    """Makes requests; of the newest, each is kept until it was asked for again."""

    def __init__(self, interval_milliseconds: int) -> None:
        self._interval_milliseconds = interval_milliseconds
        self._kept: dict[tuple[_References, _References], wire.SubscribeRequest] = {}

    def request(self, registry: Registry, added: Sequence[int], removed: Sequence[int]) -> wire.SubscribeRequest:
        """A request to add and to drop these references; it must not be changed."""
        key = tuple(added), tuple(removed)
        kept = self._kept.pop(key, None)
        if kept is not None:
            return kept
        made = self._kept[key] = self._made(registry, added, removed)
        if len(self._kept) > _MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return made

    def _made(self, registry: Registry, added: Sequence[int], removed: Sequence[int]) -> wire.SubscribeRequest:
        request = wire.SubscribeRequest(remove=removed, interval_milliseconds=self._interval_milliseconds)
        add = request.add.add
        for reference, subject in zip(added, registry.subjects(added), strict=True):
            if subject is None:
                continue  # dropped again while the order waited
            # Field by field, in place: half the time of messages that are made first and copied then.
            subscription = add()
            subscription.reference = reference
            subscription.object_type = wire.OBJECT_TYPE_AGENT if subject.agent else wire.OBJECT_TYPE_QUEUE
            subscription.object_id = subject.object_id
            subscription.statistic = subject.statistic
            subscription.filter = subject.filter
        return request
