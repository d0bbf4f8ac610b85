"""An operator pauses the cluster: its master goes on, and nobody takes over from it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from cluster.errors import ConflictError, RefusedError
from cluster.mastership import EndCause
from cluster.peers.channels import Channels
from cluster.peers.peer_client import PeerClient
from cluster.zookeeper.pause import decode_pause
from tests.leadership.test_alone import alone
from tests.support.waiting import PATIENCE_SECONDS, still, until

if TYPE_CHECKING:
    from pathlib import Path

    from cluster.member import ClusterMember
    from tests.leadership.conftest import Members

LONG_ENOUGH_SECONDS = 2.0
"""A standby that contends does it as soon as it sees that there is no master."""


async def pair(members: Members, **options) -> tuple[ClusterMember, ClusterMember]:
    """A master and a standby that know of each other."""
    a = await members.join("a", **options)
    await a.mastership.wait_for_term()
    b = await members.join("b", **options)
    await until(lambda: b.status().master == "a" and len(a.members()) == len(b.members()) == 2)
    return a, b


@pytest.mark.ensemble
async def test_a_paused_master_goes_on_and_every_member_shows_the_pause(members: Members) -> None:
    a, b = await pair(members)
    term = await a.mastership.wait_for_term()
    await b.pause("an operator")
    await until(lambda: a.paused is not None and b.paused is not None)
    assert a.mastership.term is term
    assert term.act_until(0.1) is not None
    assert (a.status().state, b.status().state) == ("serving", "paused")
    assert [status.paused for status in await a.ask_members()] == [True, True]


@pytest.mark.ensemble
async def test_nobody_takes_over_from_a_paused_master_that_left_until_the_cluster_is_resumed(members: Members) -> None:
    a, b = await pair(members)
    await b.pause("an operator")
    await members.leave(a)
    await until(lambda: b.status().master is None)
    await still(lambda: b.mastership.term is None, LONG_ENOUGH_SECONDS)
    assert b.status().state == "paused"
    assert await b.resume("an operator")
    term = await asyncio.wait_for(b.mastership.wait_for_term(), PATIENCE_SECONDS)
    assert term.epoch == 2
    assert not await b.resume("an operator")


@pytest.mark.ensemble
async def test_a_master_that_is_refused_during_a_pause_is_not_replaced_before_its_end_and_then_above_the_mark(
    members: Members,
) -> None:
    a, b = await pair(members)
    await b.pause("an operator")
    term = a.mastership.term
    assert term is not None
    term.fenced(None, 57, 1)
    await until(lambda: b.status().master is None)
    await still(lambda: not members.masters(), LONG_ENOUGH_SECONDS)
    assert {each.status().state for each in (a, b)} == {"paused"}
    assert (await b.history())[0].cause == "fenced"
    await b.resume("an operator")
    successor = await members.master()
    assert successor.status().epoch == 58


@pytest.mark.ensemble
async def test_a_node_that_joins_a_paused_cluster_without_a_master_does_not_contend(members: Members) -> None:
    a = await members.join("a")
    await members.master()
    await a.pause("an operator")
    await members.leave(a)
    b = await members.join("b")
    await until(lambda: b.paused is not None)
    await still(lambda: b.mastership.term is None, LONG_ENOUGH_SECONDS)
    assert b.status().epoch == 1, "that of the node that has left"


@pytest.mark.ensemble
async def test_an_acquisition_fails_if_the_cluster_was_paused_after_it_looked(members: Members) -> None:
    a = await members.join("a")
    a.mastership.set_candidate(candidate=False)
    await until(lambda: a.status().cluster_id)
    await a.mastership.step_down()
    transactions = a.mastership._transactions
    record = await transactions.read_election()
    assert record.paused_by is None
    await a.pause("an operator")
    with pytest.raises(ConflictError, match="BadVersion"):
        await transactions.acquire(record, None)
    assert (await transactions.read_election()).paused_by == "an operator"


@pytest.mark.ensemble
async def test_a_pause_and_a_step_down_at_the_same_time_leave_a_master(members: Members) -> None:
    a, b = await pair(members)
    for delay in (0.0, 0.002, 0.005, 0.01, 0.02, 0.0, 0.003, 0.008):
        master = await members.master()

        async def pause_soon(delay: float = delay) -> None:
            await asyncio.sleep(delay)
            await b.pause("an operator")

        await asyncio.gather(master.mastership.step_down(), pause_soon(), return_exceptions=True)
        assert await members.master(5.0) in {a, b}, (delay, master.info.name)
        await b.resume("an operator")
        await until(lambda: a.paused is None and b.paused is None)


@pytest.mark.ensemble
async def test_a_pause_for_a_time_ends_by_itself_and_somebody_takes_over(members: Members) -> None:
    a, b = await pair(members)
    pause = await a.pause("an operator", 1.5)
    assert pause.until == pause.began_at + 1.5
    await members.leave(a)
    await asyncio.wait_for(b.mastership.wait_for_term(), PATIENCE_SECONDS)
    assert time.time() >= pause.until
    assert b.paused is None


@pytest.mark.ensemble
async def test_a_paused_master_neither_steps_down_nor_gives_way(members: Members) -> None:
    async def able() -> None:
        return None

    async def unable() -> str:
        return "no way to the platform"

    a = await members.join("a", failures_allowed=1, why_unable=unable)
    term = await a.mastership.wait_for_term()
    b = await members.join("b", failures_allowed=1, why_unable=able)
    await until(lambda: b.status().master == "a" and len(a.members()) == 2)
    await a.pause("an operator")
    await until(lambda: a.paused is not None)
    for asked in (a, b):
        with pytest.raises(RefusedError, match="nobody would take over; resume first"):
            await asked.step_down("another operator")
    a.report_outcome(succeeded=False)
    await still(lambda: not term.ended.is_set(), 0.5)
    await b.resume("an operator")
    await until(lambda: a.paused is None)
    a.report_outcome(succeeded=False)
    await asyncio.wait_for(term.ended.wait(), PATIENCE_SECONDS)
    assert term.cause is EndCause.SELF_DEMOTION


@pytest.mark.ensemble
async def test_any_member_takes_the_orders_over_its_clustering_port(members: Members) -> None:
    a, b = await pair(members)
    client = PeerClient(5.0, Channels())
    pause = await client.pause(b.info, "an operator", 60.0, 5.0)
    assert pause.until == pause.began_at + 60.0
    await until(lambda: a.paused == pause)
    for wrong in (0.0, 86_401.0, float("inf")):
        with pytest.raises(RefusedError, match="allowed is above 0 to 86400"):
            await client.pause(b.info, "an operator", wrong, 5.0)
    assert await client.resume(b.info, "an operator", 5.0)
    assert not await client.resume(a.info, "an operator", 5.0)
    usual = await client.pause(b.info, "an operator", None, 5.0)
    assert usual.until == usual.began_at + 3600.0
    await client.close()


async def test_a_node_alone_goes_on_when_paused_and_does_not_lead_after_a_restart(tmp_path: Path) -> None:
    member = alone(tmp_path)
    await member.start()
    term = await member.mastership.wait_for_term()
    await member.pause("an operator")
    await still(lambda: term.act_until(0.1) is not None, 0.05)
    await member.stop()
    again = alone(tmp_path)
    await again.start()
    await until(lambda: again.paused is not None)
    assert again.paused.by == "an operator"
    await still(lambda: again.mastership.term is None, 0.3)
    assert again.status().state == "paused"
    assert await again.resume("an operator")
    later = await asyncio.wait_for(again.mastership.wait_for_term(), PATIENCE_SECONDS)
    assert later.epoch == term.epoch + 1
    await again.stop()


@pytest.mark.parametrize("data", [b"", b"[]", b'{"by": "x"}', b'{"by": "x", "began_at": "?", "until": null}'])
def test_a_document_that_cannot_be_read_is_no_pause(data: bytes) -> None:
    assert decode_pause(data) is None
