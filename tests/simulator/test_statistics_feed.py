"""The statistics feed over gRPC: first values, updates, signs of life, and what cannot be had."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import grpc
import pytest

from contact_center.v1 import statistics_pb2 as pb
from tests.simulator.conftest import entity
from tests.simulator.feeds import PROACTIVE, agent, queue, session

if TYPE_CHECKING:
    from simulator.servers import Simulator
    from tests.simulator.conftest import Platform

SALES = "VQ_Sales_Chat@chat-switch"


async def test_the_first_message_says_who_serves_and_in_which_mode(simulator: Simulator) -> None:
    for place, mode in (("primary", pb.SERVER_MODE_PRIMARY), ("backup", pb.SERVER_MODE_BACKUP)):
        async with session(simulator.addresses["statistics"][place]) as feed:
            first = (await feed.read()).server_state
        assert (first.server, first.mode, first.available) == (f"statistics-{place}", mode, True)
        assert first.server_time == pytest.approx(time.time(), abs=5.0)


async def test_a_subscription_is_answered_with_current_values(simulator: Simulator) -> None:
    async with session(simulator.addresses["statistics"]["primary"]) as feed:
        await feed.send(
            agent(1, "sales-01"), agent(2, "night-01"), agent(3, "branch-01"), queue(4, SALES, "PACS_VQ_Current")
        )
        await feed.read_until(lambda: len(feed.values) == 4)
        assert [m.values.snapshot for m in feed.messages if m.HasField("values")] == [True]
        assert feed.values[1].agent_state.status in {
            pb.AGENT_STATUS_READY,
            pb.AGENT_STATUS_BUSY,
            pb.AGENT_STATUS_NOT_READY,
        }
        assert [(m.media, m.maximum) for m in feed.values[1].agent_state.media] == [("chat", 2)]
        assert feed.values[2].agent_state.status == pb.AGENT_STATUS_LOGGED_OUT
        assert [m.media for m in feed.values[3].agent_state.media] == ["voice"], "the built-in capacity rule"
        assert feed.number(4) == 0.0


@pytest.mark.parametrize(
    ("subscription", "reason"),
    [
        (agent(9, "nobody"), "unknown agent"),
        (queue(9, "VQ_None@chat-switch", "PACS_VQ_Current"), "unknown queue"),
        (queue(9, "VQ_Sales_Chat", "PACS_VQ_Current"), "unknown queue"),
        (queue(9, SALES, "PACS_VQ_Nonsense"), "not defined"),
        (queue(9, SALES, "AgentState", ""), "not defined"),
        (queue(9, SALES, "PACS_VQ_Current", "No_Filter"), "unknown filter"),
        (pb.Subscription(reference=9, object_id=SALES, statistic="PACS_VQ_Current"), "unknown object type"),
        (queue(9, "VQ_Night_Chat@chat-switch", "PACS_VQ_AverageHandleTime", ""), "no data yet"),
    ],
)
async def test_what_cannot_be_had_is_marked_invalid_and_the_rest_is_served(
    simulator: Simulator, subscription: pb.Subscription, reason: str
) -> None:
    async with session(simulator.addresses["statistics"]["primary"]) as feed:
        await feed.send(subscription, agent(1, "sales-01"))
        await feed.read_until(lambda: len(feed.values) == 2)
        assert reason in feed.values[9].invalid.reason
        assert feed.values[1].HasField("agent_state")


async def test_only_what_changed_is_sent_afterwards(simulator: Simulator, platform: Platform) -> None:
    async with session(simulator.addresses["statistics"]["primary"]) as feed:
        await feed.send(
            queue(1, SALES, "PACS_VQ_Entered"),
            queue(2, SALES, "PACS_VQ_Accepted"),
            queue(3, "VQ_Night_Chat@chat-switch", "PACS_VQ_Entered"),
            *(agent(10 + i, f"sales-{i:02d}") for i in range(1, 13)),
        )
        await feed.read_until(lambda: len(feed.values) == 15)
        first = len(feed.messages)
        await platform.push(1, 1, entities=[entity("Sales Chat - chat", 20, 1.0)])
        await feed.read_until(lambda: (feed.number(2) or 0.0) >= 1.0)
        assert feed.number(1) == feed.number(2), "everybody who accepted found a free agent"
        later = [value for message in feed.messages[first:] for value in message.values.values]
        assert 3 not in {value.reference for value in later}
        assert not any(message.values.snapshot for message in feed.messages[first:])
        numbers = [value.number for value in later if value.reference == 2]
        assert numbers == sorted(set(numbers)), "each update is a new value"


async def test_reactive_visitors_are_all_minus_proactive(simulator: Simulator) -> None:
    support = "VQ_Support_Chat@chat-switch"
    async with session(simulator.addresses["statistics"]["primary"]) as feed:
        await feed.send(queue(1, support, "PACS_VQ_Entered", ""), queue(2, support, "PACS_VQ_Entered", PROACTIVE))
        await feed.read_until(lambda: len(feed.values) == 2)
        simulator.live.centre.run_until(simulator.live.centre.now + 120.0)
        await feed.read_until(lambda: (feed.number(1) or 0.0) >= 1.0)
        assert feed.number(2) == 0.0


async def test_a_quiet_session_hears_a_sign_of_life_at_least_every_second(simulator: Simulator) -> None:
    async with session(simulator.addresses["statistics"]["backup"]) as feed:
        messages = await feed.for_seconds(3.2)
    assert len(messages) >= 4
    times = [message.server_state.server_time for message in messages]
    assert times == sorted(times)


async def test_updates_come_at_most_once_an_interval(simulator: Simulator, platform: Platform) -> None:
    async with session(simulator.addresses["statistics"]["primary"]) as feed:
        await feed.send(*(agent(i, f"sales-{i:02d}") for i in range(1, 13)), interval_milliseconds=1000)
        await feed.read_until(lambda: len(feed.values) == 12)
        await platform.push(1, 1, entities=[entity("Sales Chat - chat", 60, 3.0)])
        messages = await feed.for_seconds(3.5)
    assert 1 <= sum(message.HasField("values") for message in messages) <= 5


async def test_a_removed_subscription_is_silent_and_its_reference_can_be_used_again(
    simulator: Simulator, platform: Platform
) -> None:
    async with session(simulator.addresses["statistics"]["primary"]) as feed:
        await feed.send(queue(1, SALES, "PACS_VQ_Entered"), queue(2, SALES, "PACS_VQ_Entered"))
        await feed.read_until(lambda: len(feed.values) == 2)
        await feed.send(agent(2, "night-01"), remove=(1, 77))
        await feed.read_until(lambda: feed.values[2].HasField("agent_state"))
        await platform.push(1, 1, entities=[entity("Sales Chat - chat", 40, 0.5)])
        later = await feed.for_seconds(2.5)
    assert not {value.reference for message in later for value in message.values.values}


async def test_two_sessions_are_served_independently(simulator: Simulator) -> None:
    address = simulator.addresses["statistics"]["primary"]
    async with session(address) as one, session(address) as other:
        await one.send(agent(1, "sales-01"))
        await other.send(agent(1, "night-01"))
        await one.read_until(lambda: 1 in one.values)
        await other.read_until(lambda: 1 in other.values)
        assert one.values[1].agent_state.status != other.values[1].agent_state.status


async def test_a_whole_large_subscription_is_answered(simulator: Simulator) -> None:
    async with session(simulator.addresses["statistics"]["primary"]) as feed:
        await feed.send(*(agent(i, "sales-01") for i in range(1, 20_001)))
        async with asyncio.timeout(30.0):
            await feed.read_until(lambda: len(feed.values) == 20_000)
        assert all(len(message.values.values) <= 1000 for message in feed.messages)


async def test_sessions_end_with_the_simulator(simulator: Simulator) -> None:
    async with session(simulator.addresses["statistics"]["primary"]) as feed:
        await feed.read()
        await simulator.stop()
        with pytest.raises(grpc.aio.AioRpcError):
            await feed.read_until(lambda: False)
