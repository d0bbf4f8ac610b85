"""A master whose way to the platform is broken gives way, if somebody could do better."""

from __future__ import annotations

import asyncio

import pytest

from cluster.election.self_demotion import SelfDemotion
from cluster.mastership import EndCause
from tests.leadership.conftest import Members
from tests.support.cycle_parts import FakeTerm
from tests.support.waiting import PATIENCE_SECONDS, still, until


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
    # Both ways: a member answers the master only when it knows it as one.
    await until(lambda: len(master.members()) == len(standby.members()) == 2)
    return master, term, standby


def fail(master, times: int) -> None:
    for _ in range(times):
        master.report_outcome(succeeded=False)


async def causes(member, wanted: list[str | None]) -> bool:
    return [each.cause for each in await member.history()] == wanted


@pytest.mark.ensemble
async def test_a_failing_master_gives_way_to_a_standby_that_could_do_better(members: Members) -> None:
    master, term, standby = await master_and_standby(members, able)
    for _ in range(3):
        assert not term.ended.is_set()
        master.report_outcome(succeeded=False)
    assert (await asyncio.wait_for(standby.mastership.wait_for_term(), PATIENCE_SECONDS)).epoch == term.epoch + 1
    assert term.cause is EndCause.SELF_DEMOTION
    await until(lambda: causes(standby, [None, "self_demotion"]))


@pytest.mark.ensemble
async def test_one_that_could_act_itself_tries_once_more_first(members: Members) -> None:
    asked = asyncio.Event()

    async def able_again() -> str | None:
        asked.set()
        return None

    master, term, standby = await master_and_standby(members, able, own=able_again)
    fail(master, 3)
    await asyncio.wait_for(asked.wait(), PATIENCE_SECONDS)
    await still(lambda: master.mastership.term is term, 1.0)

    def fails_again() -> bool:
        fail(master, 1)
        return term.ended.is_set()

    await until(fails_again)
    assert (await asyncio.wait_for(standby.mastership.wait_for_term(), PATIENCE_SECONDS)).epoch == term.epoch + 1
    assert term.cause is EndCause.SELF_DEMOTION


@pytest.mark.parametrize("why_unable", [unable, never, None])
@pytest.mark.ensemble
async def test_it_stays_when_nobody_could(members: Members, why_unable) -> None:
    master, term, _ = await master_and_standby(members, why_unable)
    for _ in range(5):
        master.report_outcome(succeeded=False)
    await still(lambda: master.mastership.term is term, 1.0)


@pytest.mark.ensemble
async def test_a_success_in_between_starts_the_count_anew(members: Members) -> None:
    master, term, _ = await master_and_standby(members, able)
    for succeeded in (False, False, True, False, False):
        master.report_outcome(succeeded=succeeded)
    await still(lambda: master.mastership.term is term, 0.5)


@pytest.mark.ensemble
async def test_a_failing_master_without_standbys_stays(members: Members) -> None:
    master = await members.join("a", why_unable=able)
    term = await master.mastership.wait_for_term()
    for _ in range(5):
        master.report_outcome(succeeded=False)
    await still(lambda: master.mastership.term is term, 0.5)


# --- without an ensemble: what the master makes of each failure ------------------------------------------------------


class FailingMaster:
    """A master with a standby that always could act; ``own`` is what its own check says."""

    def __init__(self, own: str | None) -> None:
        self.own, self.resigned = own, False
        self.term = FakeTerm(epoch=1)
        self.demotion = SelfDemotion(3, self._ask, self._why_unable, self._resign)

    async def _ask(self) -> list[str]:
        return ["b"]

    async def _why_unable(self) -> str | None:
        return self.own

    async def _resign(self) -> bool:
        self.resigned = True
        return True

    async def report(self, *outcomes: bool) -> bool:
        """Report outcomes one after the other, each once what the one before has begun is over."""
        for succeeded in outcomes:
            self.demotion.report(self.term, succeeded=succeeded)  # type: ignore[arg-type]
            for _ in range(10):
                await asyncio.sleep(0)
        return self.resigned


async def test_one_whose_own_check_fails_too_gives_way_at_once() -> None:
    master = FailingMaster("no token")
    assert not await master.report(False, False)
    assert await master.report(False)


async def test_one_whose_own_check_is_well_gives_way_when_a_push_begun_after_it_fails() -> None:
    master = FailingMaster(None)
    assert not await master.report(False, False, False)
    assert not await master.report(False), "this one can have been under way"
    assert await master.report(False)


async def test_a_success_ends_the_run_of_failures_and_what_was_found_meanwhile() -> None:
    master = FailingMaster(None)
    assert not await master.report(False, False, False, False, True, False, False, False, False)
    assert await master.report(False)


async def test_one_whose_own_check_fails_later_gives_way_then() -> None:
    master = FailingMaster(None)
    assert not await master.report(False, False, False)
    master.own = "no token"
    assert await master.report(False)


async def test_another_term_begins_to_count_anew() -> None:
    master = FailingMaster(None)
    assert not await master.report(False, False, False, False)
    master.term = FakeTerm(epoch=2)
    assert not await master.report(False, False, False, False)
    assert await master.report(False)
