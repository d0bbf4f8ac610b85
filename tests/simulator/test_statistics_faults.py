"""The statistics pair in trouble: fail-over, totals that start anew, silence, lost sources, skewed clocks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import grpc
import pytest

from contact_center.v1 import statistics_pb2 as pb
from tests.simulator.conftest import entity
from tests.simulator.feeds import agent, queue, session

if TYPE_CHECKING:
    from simulator.servers import Simulator
    from tests.simulator.conftest import Platform

SALES = "VQ_Sales_Chat@chat-switch"


async def test_the_backup_becomes_primary_when_the_primary_fails_and_stays_it(
    simulator: Simulator, platform: Platform
) -> None:
    addresses = simulator.addresses["statistics"]
    async with session(addresses["primary"]) as primary, session(addresses["backup"]) as backup:
        await primary.read()
        await backup.read()
        assert backup.mode == pb.SERVER_MODE_BACKUP
        await platform.fault("statistics_down", server="primary", seconds=1.5, takeover_seconds=0.1)
        with pytest.raises(grpc.aio.AioRpcError) as broken:
            await primary.read_until(lambda: False)
        assert broken.value.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
        await backup.read_until(lambda: backup.mode == pb.SERVER_MODE_PRIMARY)
        async with session(addresses["primary"]) as returned:
            await returned.read()
            assert returned.mode == pb.SERVER_MODE_BACKUP
        await backup.read()
        assert backup.mode == pb.SERVER_MODE_PRIMARY


async def test_a_failed_backup_changes_nothing_for_the_primary(simulator: Simulator, platform: Platform) -> None:
    async with session(simulator.addresses["statistics"]["primary"]) as feed:
        await platform.fault("statistics_down", server="backup", seconds=0.5, takeover_seconds=0.0)
        await feed.for_seconds(1.2)
    assert {state.mode for state in feed.states} == {pb.SERVER_MODE_PRIMARY}
    async with session(simulator.addresses["statistics"]["backup"]) as feed:
        await feed.read()
        assert feed.mode == pb.SERVER_MODE_BACKUP


async def test_totals_count_from_each_servers_own_start(simulator: Simulator, platform: Platform) -> None:
    addresses = simulator.addresses["statistics"]
    await platform.push(1, 1, entities=[entity("Sales Chat - chat", 40, 1.0)])
    simulator.live.centre.run_until(simulator.live.centre.now + 60.0)
    entered = simulator.live.centre.targets[0].proactive.entered
    assert entered > 0
    totals = {}
    for place in ("primary", "backup"):
        async with session(addresses[place]) as feed:
            await feed.send(queue(1, SALES, "PACS_VQ_Entered"))
            await feed.read_until(lambda feed=feed: 1 in feed.values)
            totals[place] = feed.number(1)
    assert totals["primary"] == entered
    assert totals["backup"] != entered
    await platform.fault("statistics_down", server="primary", seconds=0.3)
    async with session(addresses["primary"]) as feed:
        await feed.send(queue(1, SALES, "PACS_VQ_Entered"))
        await feed.read_until(lambda: 1 in feed.values)
        assert feed.number(1) == 0.0


async def test_totals_jump_without_traffic(simulator: Simulator, platform: Platform) -> None:
    async with session(simulator.addresses["statistics"]["primary"]) as feed:
        await feed.send(queue(1, SALES, "PACS_VQ_Accepted"), queue(2, SALES, "PACS_VQ_Current"))
        await feed.read_until(lambda: len(feed.values) == 2)
        await platform.fault("totals_jump", server="primary", by=-40)
        await feed.read_until(lambda: feed.number(1) == -40.0)
        assert feed.number(2) == 0.0


async def test_a_silent_server_keeps_the_session_and_says_nothing_until_it_speaks_again(
    simulator: Simulator, platform: Platform
) -> None:
    async with session(simulator.addresses["statistics"]["primary"]) as feed:
        await feed.send(agent(1, "sales-01"))
        await feed.read_until(lambda: 1 in feed.values)
        began = time.monotonic()
        await platform.fault("statistics_silent", server="primary", seconds=2.0)
        gaps = []
        while time.monotonic() - began < 3.5:
            before = time.monotonic()
            await feed.read()
            gaps.append(time.monotonic() - before)
        assert max(gaps) > 1.5


async def test_a_server_without_sources_says_so_at_once_and_recovers(simulator: Simulator, platform: Platform) -> None:
    addresses = simulator.addresses["statistics"]
    async with session(addresses["primary"]) as feed, session(addresses["backup"]) as other:
        await feed.read()
        await platform.fault("statistics_unavailable", server="primary", seconds=0.8)
        await feed.read_until(lambda: not feed.states[-1].available)
        await other.for_seconds(0.5)
        await feed.read_until(lambda: feed.states[-1].available)
        assert all(state.available for state in other.states)


async def test_values_turn_invalid_and_valid_again(simulator: Simulator, platform: Platform) -> None:
    async with session(simulator.addresses["statistics"]["primary"]) as feed:
        await feed.send(agent(1, "sales-01"), agent(2, "sales-02"), queue(3, SALES, "PACS_VQ_Current"))
        await feed.read_until(lambda: len(feed.values) == 3)
        await platform.fault("statistics_invalid", objects=["sales-01", SALES], seconds=1.0)
        await feed.read_until(lambda: feed.values[1].HasField("invalid") and feed.values[3].HasField("invalid"))
        assert feed.values[1].invalid.reason == "source lost"
        assert feed.values[2].HasField("agent_state")
        await feed.read_until(lambda: feed.values[1].HasField("agent_state") and feed.number(3) is not None)


async def test_the_servers_clock_is_off(simulator: Simulator, platform: Platform) -> None:
    await platform.fault("clock_skew", skew_seconds=-3600.0)
    async with session(simulator.addresses["statistics"]["primary"]) as feed:
        await feed.send(agent(1, "sales-01"))
        await feed.read_until(lambda: 1 in feed.values)
        stamps = [m.values.server_time for m in feed.messages if m.HasField("values")]
        assert [*stamps, feed.states[-1].server_time] == pytest.approx(
            [time.time() - 3600.0] * (len(stamps) + 1), abs=30.0
        )


async def test_staff_leave_and_come_back(simulator: Simulator, platform: Platform) -> None:
    async with session(simulator.addresses["statistics"]["primary"]) as feed:
        await feed.send(agent(1, "loans-01"), agent(2, "sales-01"))
        await feed.read_until(lambda: len(feed.values) == 2)
        await platform.fault("staff_out", staff=["loans"], seconds=1.0)
        await feed.read_until(lambda: feed.values[1].agent_state.status == pb.AGENT_STATUS_LOGGED_OUT)
        assert feed.values[2].agent_state.status != pb.AGENT_STATUS_LOGGED_OUT
        await feed.read_until(lambda: feed.values[1].agent_state.status == pb.AGENT_STATUS_READY)


async def test_visitors_change_their_mind(simulator: Simulator, platform: Platform) -> None:
    await platform.fault("acceptance", factor=0.0)
    await platform.push(1, 1, entities=[entity("Sales Chat - chat", 50, 1.0)])
    centre = simulator.live.centre
    centre.run_until(centre.now + 60.0)
    counts = centre.targets[0].invitations
    assert (counts.refused, counts.accepted) == (50, 0)
