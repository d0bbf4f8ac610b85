"""A master whose way to the platform is broken gives way, if somebody could do better."""

from __future__ import annotations

import asyncio

import pytest

from cluster.mastership import EndCause
from tests.leadership.conftest import Members
from tests.support.waiting import PATIENCE_SECONDS, still, until

pytestmark = pytest.mark.ensemble


async def able() -> str | None:
    return None


async def unable() -> str | None:
    return "no way to the platform"


async def never() -> str | None:
    await asyncio.sleep(60)
    return None


async def master_and_standby(members: Members, why_unable, own=unable):
    master = await members.join("a", why_unable=own)
    term = await master.mastership.wait_for_term()
    standby = await members.join("b", why_unable=why_unable)
    await until(lambda: len(master.members()) == 2)
    return master, term, standby


def fail(master, times: int) -> None:
    for _ in range(times):
        master.report_outcome(succeeded=False)


async def causes(member, wanted: list[str | None]) -> bool:
    return [each.cause for each in await member.history()] == wanted


async def test_a_failing_master_gives_way_to_a_standby_that_could_do_better(members: Members) -> None:
    master, term, standby = await master_and_standby(members, able)
    for _ in range(3):
        assert not term.ended.is_set()
        master.report_outcome(succeeded=False)
    assert (await asyncio.wait_for(standby.mastership.wait_for_term(), PATIENCE_SECONDS)).epoch == term.epoch + 1
    assert term.cause is EndCause.SELF_DEMOTION
    await until(lambda: causes(standby, [None, "self_demotion"]))


async def test_one_that_could_act_itself_tries_once_more_first(members: Members) -> None:
    asked = asyncio.Event()

    async def able_again() -> str | None:
        asked.set()
        return None

    master, term, standby = await master_and_standby(members, able, own=able_again)
    fail(master, 3)
    await asyncio.wait_for(asked.wait(), PATIENCE_SECONDS)
    await still(lambda: master.mastership.term is term, 1.0)
    fail(master, 1)
    assert (await asyncio.wait_for(standby.mastership.wait_for_term(), PATIENCE_SECONDS)).epoch == term.epoch + 1
    assert term.cause is EndCause.SELF_DEMOTION


async def test_one_whose_next_try_succeeds_stays_and_may_try_again_another_time(members: Members) -> None:
    rounds = 0

    async def able_again() -> str | None:
        nonlocal rounds
        rounds += 1
        return None

    master, term, _ = await master_and_standby(members, able, own=able_again)
    for round_number in (1, 2):
        fail(master, 3)
        await until(lambda wanted=round_number: rounds == wanted)
        await still(lambda: master.mastership.term is term, 0.5)
        master.report_outcome(succeeded=True)


@pytest.mark.parametrize("why_unable", [unable, never, None])
async def test_it_stays_when_nobody_could(members: Members, why_unable) -> None:
    master, term, _ = await master_and_standby(members, why_unable)
    for _ in range(5):
        master.report_outcome(succeeded=False)
    await still(lambda: master.mastership.term is term, 1.0)


async def test_a_success_in_between_starts_the_count_anew(members: Members) -> None:
    master, term, _ = await master_and_standby(members, able)
    for succeeded in (False, False, True, False, False):
        master.report_outcome(succeeded=succeeded)
    await still(lambda: master.mastership.term is term, 0.5)


async def test_a_failing_master_without_standbys_stays(members: Members) -> None:
    master = await members.join("a", why_unable=able)
    term = await master.mastership.wait_for_term()
    for _ in range(5):
        master.report_outcome(succeeded=False)
    await still(lambda: master.mastership.term is term, 0.5)
