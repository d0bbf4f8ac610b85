"""A hand-over to a chosen member: it and no other takes over, or nothing changes at all."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from cluster.election.candidacy import Candidacy
from cluster.election.failsafe_members import FailsafeMember
from cluster.election.successor import SuccessorGrace
from cluster.election.wait import Wait
from cluster.errors import RefusedError
from cluster.member import ClusterMember
from cluster.peers.readiness import newest_able
from cluster.zookeeper import paths
from tests.leadership.conftest import Members, order_step_down
from tests.leadership.test_state_machine import VACANT
from tests.support.waiting import PATIENCE_SECONDS, until


async def able() -> None:
    return None


async def trio(members: Members, **options) -> list[ClusterMember]:
    """Three members that know of each other; the first one is master."""
    first = await members.join("a", why_unable=able, **options)
    await first.mastership.wait_for_term()
    all_ = [first, *[await members.join(name, why_unable=able, **options) for name in ("b", "c")]]
    await until(lambda: all(each.status().master == "a" and len(each.members()) == 3 for each in all_))
    return all_


@pytest.mark.ensemble
async def test_the_chosen_member_takes_over_each_time(members: Members) -> None:
    all_ = {member.info.name: member for member in await trio(members)}
    epoch = 1
    for name in ("c", "b", "a", "b", "c", "a"):
        assert await order_step_down(all_["b"], "an operator", name) == epoch
        await asyncio.wait_for(all_[name].mastership.wait_for_term(), PATIENCE_SECONDS)
        epoch += 1
        assert all_[name].status().epoch == epoch, "the next term after the one that ended"
        await until(lambda name=name: all(each.status().master == name for each in all_.values()))


@pytest.mark.ensemble
async def test_an_order_that_names_a_member_that_cannot_is_refused_and_nothing_changes(members: Members) -> None:
    async def unable() -> str:
        return "its way to the platform is closed"

    a = await members.join("a", why_unable=able)
    term = await a.mastership.wait_for_term()
    b = await members.join("b", why_unable=unable)
    c = await members.join("c", why_unable=able)
    await until(lambda: all(each.status().master == "a" and len(each.members()) == 3 for each in (a, b, c)))
    await c._server.stop()
    for successor, why in (
        ("b", "b cannot take over: its way to the platform is closed"),
        ("c", "c cannot be reached"),
        ("d", "d is not a member now; members are a, b, c"),
        ("a", "a is the master already"),
    ):
        for asked in (a, b):
            with pytest.raises(RefusedError, match=why):
                await asked.step_down("an operator", successor)
    assert a.mastership.term is term
    assert not term.ended.is_set()


@pytest.mark.ensemble
async def test_a_successor_that_does_not_come_is_waited_for_and_then_replaced(members: Members) -> None:
    a, b, c = await trio(members, cooldown_seconds=3.0)
    c.mastership.set_candidate(candidate=False)
    began = asyncio.get_running_loop().time()
    await a.step_down("an operator", "c")
    master = await members.master()
    waited = asyncio.get_running_loop().time() - began
    assert master in {a, b}
    assert waited >= 2.5


@pytest.mark.ensemble
async def test_one_step_down_after_the_other_leaves_no_cluster_without_a_master(members: Members) -> None:
    all_ = await trio(members, cooldown_seconds=60.0, session_timeout_seconds=4.0)
    for epoch in range(1, 8):
        (master,) = [each for each in all_ if each.mastership.term is not None]
        assert master.status().epoch == epoch
        # Not by order: those are kept apart by a cooldown.
        assert await master.mastership.step_down()
        # A third of what each of them would sit out.
        await until(lambda: any(each.mastership.term for each in all_), seconds=20.0)
        await until(lambda: len({each.status().master for each in all_}) == 1)


def test_others_wait_from_when_they_first_saw_the_name_and_no_longer() -> None:
    grace = SuccessorGrace(10.0)
    assert grace.check("c", "c", (7, 1), 100.0, 60.0) is None
    assert grace.check("b", "", (7, 1), 100.0, 60.0) is None
    for now in (100.0, 109.9):
        assert grace.check("b", "c", (7, 1), now, 60.0) == Wait(110.0, "c was named as successor")
    assert grace.check("b", "c", (7, 1), 110.0, 60.0) is None
    assert grace.check("b", "c", (8, 3), 111.0, 60.0) is not None


def test_others_wait_no_longer_than_a_session_lasts() -> None:
    grace = SuccessorGrace(10.0)
    assert grace.check("b", "c", (7, 1), 100.0, 4.0) == Wait(104.0, "c was named as successor")
    assert grace.check("b", "c", (7, 1), 104.0, 4.0) is None


@pytest.mark.parametrize(
    ("members", "waits"), [({"b", "c"}, True), ({"b"}, False), (None, True)], ids=["joined", "left", "unknown"]
)
def test_a_successor_that_has_left_is_not_waited_for(members: set[str] | None, waits: bool) -> None:
    record = replace(VACANT, successor="c")
    known = frozenset(members) if members is not None else None
    wait = Candidacy(10.0).judge(record, FailsafeMember("b", "b:7800", "1"), 100.0, 4.0, known)
    assert (wait is not None) == waits


@pytest.mark.parametrize(("data", "successor"), [(b"7 a", ""), (b"7 a c", "c"), (b"", ""), (b"7 a b c", "")])
def test_a_successor_is_the_third_word_beside_the_epoch(data: bytes, successor: str) -> None:
    assert paths.decode_successor(data) == successor
    if successor:
        assert paths.encode_epoch(7, "a", successor) == data
        assert paths.decode_epoch(data, "/epoch") == 7


@pytest.mark.ensemble
async def test_a_master_that_stops_leaves_it_to_the_member_that_started_last(members: Members) -> None:
    """As in a rolling update: the one that was replaced last is not replaced again."""
    first, second, third = await trio(members)
    await first.stop()
    await asyncio.wait_for(third.mastership.wait_for_term(), PATIENCE_SECONDS)
    fourth = await members.join("d", why_unable=able)
    await until(lambda: fourth.status().master == "c")
    # Each must know the other: a member answers nobody whom it has not yet seen among the members.
    await until(lambda: all({"c", "d"} <= {each.name for each in known.members()} for known in (third, fourth)))
    await third.stop()
    await asyncio.wait_for(fourth.mastership.wait_for_term(), PATIENCE_SECONDS)
    assert fourth.status().epoch == 3, "two hand-overs, and nobody in between"
    await until(lambda: second.status().epoch == 3, "the one that stayed follows it")


@pytest.mark.ensemble
async def test_a_master_that_stops_names_nobody_who_cannot_or_does_not_answer(members: Members) -> None:
    async def unable() -> str:
        return "its way to the platform is closed"

    first = await members.join("a", why_unable=able)
    await first.mastership.wait_for_term()
    second = await members.join("b", why_unable=able)
    third = await members.join("c", why_unable=unable)
    await until(lambda: all(len(each.members()) == 3 for each in (first, second, third)))
    own, all_, client = first.info, first.members(), first._client

    assert await newest_able(own, all_, client, PATIENCE_SECONDS) == ""
    assert await newest_able(own, [each for each in all_ if each.name != "c"], client, PATIENCE_SECONDS) == "b"
    assert await newest_able(third.info, all_, client, PATIENCE_SECONDS) == ""
    await second._server.stop()
    assert await newest_able(own, [each for each in all_ if each.name != "c"], client, 0.1) == ""
