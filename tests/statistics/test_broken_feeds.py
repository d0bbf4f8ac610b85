"""Whatever a server sends, snapshots go on and other rows are not touched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster.clock import boot_seconds
from contact_center.v1 import statistics_pb2 as wire
from pacing_node.statistics.bridge_statistics import bridge_statistics
from tests.statistics.conftest import QUICK
from tests.statistics.server import Server, agent, number, serving, target, target_set
from tests.statistics.test_pure_parts import anything
from tests.support.waiting import still, until

COUNTS = ["logged_in", "capable", "ready", "busy", "waiting", "reactive_waiting"]
FLOWS = ["accepted", "abandoned", "completed", "reactive_entered"]


def referenced(reference, value):
    copy = wire.StatisticValue()
    copy.CopyFrom(value)
    copy.reference = reference
    return copy


messages = st.one_of(
    st.just(wire.SubscribeResponse()),
    st.builds(
        lambda mode, stamp, available: wire.SubscribeResponse(
            server_state=wire.ServerState(mode=mode, server_time=stamp, available=available)
        ),
        st.integers(-5, 5),
        st.floats(allow_nan=True, allow_infinity=True),
        st.booleans(),
    ),
    st.builds(
        lambda stamp, values: wire.SubscribeResponse(values=wire.StatisticValues(server_time=stamp, values=values)),
        st.floats(allow_nan=True, allow_infinity=True),
        st.lists(st.builds(referenced, st.integers(0, 30), anything), max_size=20),
    ),
)


def take(source, message):
    """What the session does with a message; it waits for nothing, so it needs no loop."""
    with pytest.raises(StopIteration):
        source._sessions[0]._take(message).send(None)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(messages, max_size=15))
def test_no_message_breaks_a_snapshot(sequence):
    """The feed as the session drives it, without the socket: thousands of messages in a second."""
    source = bridge_statistics("127.0.0.1:1", "127.0.0.1:2")
    source.watch(target_set(target("A"), target("B", "voice", agents=("ann",)), groups=(("G", ("ann",)),)))
    feed = source._feeds[0]
    feed.opened(boot_seconds())
    for message in sequence:
        take(source, message)
        snapshot = source.snapshot(10.0)
        for name in (*COUNTS, *FLOWS):
            column = getattr(snapshot, name)
            assert np.isfinite(column).all(), name
            assert (column >= 0).all(), name
        assert snapshot.valid.dtype == np.bool_
        assert not np.isinf(snapshot.handle_seconds).any()
        capacity = source.channel_capacity("chat", frozenset(), 10.0)
        assert capacity is None or capacity >= 0
        assert source.health[0].age_seconds >= 0


async def test_a_feed_of_rubbish_does_not_hide_the_good_values():
    async with serving(Server()) as (server,):
        source = bridge_statistics(server.address, settings=QUICK)
        await source.start()
        source.watch(target_set(target("A", agents=("ann",)), target("B", agents=("bob",))))
        await until(lambda: source.warmed_up)
        rubbish = wire.StatisticValues(server_time=float("nan"))
        for reference in range(1000):
            rubbish.values.add(reference=1_000_000 + reference, number=5)
        server.send(wire.SubscribeResponse(values=rubbish))
        server.set("A@sw", "PACS_VQ_Current", number(float("nan")), "PACS_Proactive_Interaction")
        server.set("ann", "AgentState", number(4))
        server.set("bob", "AgentState", agent(chat=(2, 0)))
        await until(lambda: source.snapshot(10.0).ready.tolist() == [0, 2])  # the newest; all others came before it
        snapshot = source.snapshot(10.0)
        await source.stop()
    assert snapshot.valid.tolist() == [False, True]
    assert snapshot.ready.tolist() == [0, 2]


async def test_a_statisticreferencedout_any_answer_is_waited_for_only_so_long():
    async with serving(Server()) as (server,):
        server.mute.add("ann")
        source = bridge_statistics(server.address, settings=replace(QUICK, answer_seconds=0.6))
        await source.start()
        source.watch(target_set(target("A", agents=("ann", "bob")), target("B", agents=("bob",))))
        await until(lambda: source.health[0].connected)
        await still(lambda: not source.warmed_up, 0.2)
        await until(lambda: source.warmed_up)
        assert source.snapshot(10.0).valid.tolist() == [True, True]
        await source.stop()
