"""What a hostile bridge for statistics sends: steady values, and those no contact centre has."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from contact_center.v1 import statistics_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Values = Callable[[Mapping[int, pb.Subscription], int], Iterator[pb.SubscribeResponse]]

_MOST = 2**32 - 1
_OTHER_KIND = {pb.OBJECT_TYPE_QUEUE: pb.OBJECT_TYPE_AGENT, pb.OBJECT_TYPE_AGENT: pb.OBJECT_TYPE_QUEUE}
_NUMBERS = (float("nan"), float("inf"), float("-inf"), 1.7e308, -1.7e308, -1.0, 2.0**53 + 2, 5e-324, -0.0, 1e18)
_TIMES = (float("nan"), float("inf"), -1.0, 1e300, 0.0)


def _numbers(subscriptions: Mapping[int, pb.Subscription], make: Callable[[int], float]) -> Iterator[pb.StatisticValue]:
    for reference, each in subscriptions.items():
        if each.object_type == pb.OBJECT_TYPE_QUEUE:
            yield pb.StatisticValue(reference=reference, number=make(reference))


def _agents(
    subscriptions: Mapping[int, pb.Subscription], make: Callable[[int], pb.AgentState]
) -> Iterator[pb.StatisticValue]:
    for reference, each in subscriptions.items():
        if each.object_type == pb.OBJECT_TYPE_AGENT:
            yield pb.StatisticValue(reference=reference, agent_state=make(reference))


def _answer(values: Iterator[pb.StatisticValue], server_time: float | None = None) -> pb.SubscribeResponse:
    taken = time.time() if server_time is None else server_time
    return pb.SubscribeResponse(values=pb.StatisticValues(server_time=taken, snapshot=True, values=values))


def _state(server_time: float | None = None, mode: int = pb.SERVER_MODE_PRIMARY) -> pb.SubscribeResponse:
    now = time.time() if server_time is None else server_time
    state = pb.ServerState(server="bridge", mode=pb.ServerMode.ValueType(mode), server_time=now, available=True)
    return pb.SubscribeResponse(server_state=state)


def _ready_agent(_: int) -> pb.AgentState:
    return pb.AgentState(status=pb.AGENT_STATUS_READY, media=_media(1, 0))


def steady(subscriptions: Mapping[int, pb.Subscription], batch: int) -> Iterator[pb.SubscribeResponse]:
    """Agents who are ready, queues that move a little."""
    yield _state()
    yield _answer(_numbers(subscriptions, lambda _: float(batch % 3)))
    yield _answer(_agents(subscriptions, _ready_agent))


def extreme_numbers(subscriptions: Mapping[int, pb.Subscription], batch: int) -> Iterator[pb.SubscribeResponse]:
    """Infinity, no number, the largest, the smallest and negative numbers, everywhere in turn."""
    yield _state()
    yield _answer(_numbers(subscriptions, lambda reference: _NUMBERS[(reference + batch) % len(_NUMBERS)]))
    yield _answer(_agents(subscriptions, _ready_agent))


def extreme_agents(subscriptions: Mapping[int, pb.Subscription], batch: int) -> Iterator[pb.SubscribeResponse]:
    """Agents with four thousand million hands, more in hand than they have, and states there are none of.

    One in two hundred has free hands: the simulated visitors of more would be a load of their own.
    """
    states = [
        pb.AgentState(status=pb.AGENT_STATUS_BUSY, media=_media(_MOST, _MOST) * 50),
        pb.AgentState(status=pb.AgentStatus.ValueType(77), media=_media(1, _MOST)),
        pb.AgentState(status=pb.AGENT_STATUS_BUSY, media=[pb.MediaCapacity(media="chat\x1b[2J\n" * 50, maximum=1)]),
        pb.AgentState(),
    ]
    free = pb.AgentState(status=pb.AGENT_STATUS_READY, media=_media(_MOST, 0))

    def state(reference: int) -> pb.AgentState:
        return states[(reference + batch) % len(states)] if reference % 200 else free

    yield _state()
    yield _answer(_agents(subscriptions, state))
    yield _answer(_numbers(subscriptions, lambda _: 1.0))


def _media(maximum: int, in_use: int) -> list[pb.MediaCapacity]:
    return [
        pb.MediaCapacity(media=name, maximum=maximum, in_use=in_use, routable=in_use < maximum)
        for name in ("chat", "voice")
    ]


def extreme_times(subscriptions: Mapping[int, pb.Subscription], batch: int) -> Iterator[pb.SubscribeResponse]:
    """Clocks that show no time, and modes there are none of."""
    yield _state(_TIMES[batch % len(_TIMES)], mode=batch % 5)
    yield _answer(_numbers(subscriptions, lambda _: 1.0), _TIMES[batch % len(_TIMES)])
    yield _state()
    yield from steady(subscriptions, batch)


def strange_references(subscriptions: Mapping[int, pb.Subscription], batch: int) -> Iterator[pb.SubscribeResponse]:
    """Values nobody has asked for, of the wrong kind, and none at all."""
    swapped = {
        reference: pb.Subscription(object_type=_OTHER_KIND[each.object_type])
        for reference, each in subscriptions.items()
        if each.object_type in _OTHER_KIND
    }
    yield _state()
    yield _answer(pb.StatisticValue(reference=_MOST - number, number=1.0) for number in range(1000))
    yield _answer(_numbers(swapped, lambda _: 1.0))
    yield _answer(_agents(swapped, _ready_agent))
    yield _answer(pb.StatisticValue(reference=reference) for reference in subscriptions)
    yield pb.SubscribeResponse()
    yield from steady(subscriptions, batch)


def flood(subscriptions: Mapping[int, pb.Subscription], batch: int) -> Iterator[pb.SubscribeResponse]:
    """Every value ten times in each breath."""
    for offset in range(10):
        yield from steady(subscriptions, batch + offset)


def oversized(subscriptions: Mapping[int, pb.Subscription], batch: int) -> Iterator[pb.SubscribeResponse]:
    """A message of 12 MB a second."""
    yield from steady(subscriptions, batch)
    if batch % 4 == 0:
        reason = pb.InvalidStatistic(reason="r" * 12_000_000)
        yield _answer(iter([pb.StatisticValue(reference=next(iter(subscriptions), 1), invalid=reason)]))


HOSTILE: dict[str, Values] = {
    values.__name__: values
    for values in (
        extreme_numbers,
        extreme_agents,
        extreme_times,
        strange_references,
        flood,
        oversized,
    )
}
"""What it can send, by name."""
