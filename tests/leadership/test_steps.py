"""Every action of the machine has exactly one outcome, whatever is raised while it is carried out."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from cluster.election import events
from cluster.election.steps import Steps
from cluster.errors import ClusterError, ConflictError, OutcomeUnknownError
from cluster.mastership import ZooKeeperState
from cluster.settings import ClusterSettings
from tests.leadership.conftest import CLUSTER, Members
from tests.leadership.test_state_machine import HOLD, VACANT
from tests.support.waiting import still, until

if TYPE_CHECKING:
    from cluster.member import ClusterMember

ACTIONS = (
    (events.ReadMaster(), events.ObservationFailed(5.0, silent=False)),
    (events.ReadElection(3), events.AcquisitionFailed(5.0, 3, silent=False)),
    (events.Acquire(3, VACANT), events.AcquisitionFailed(5.0, 3, silent=False)),
    (events.ProveLease(HOLD, 4), events.ProofMissing(5.0, 4, silent=False)),
    (events.AskPromises(HOLD, 6), events.PromiseMissing(5.0, 6)),
    (events.Release(HOLD, 0, number=2), events.Released(5.0, 2, failed=True)),
    (events.Release(None, 0, number=2), events.Released(5.0, 2, failed=True)),
)


class Broken:
    """Raises whatever is called."""

    def __init__(self, failure: Exception) -> None:
        self._failure = failure

    def __getattr__(self, name: str):
        def fail(*_args, **_options):
            raise self._failure

        return fail


def steps(failure: Exception) -> Steps:
    broken = Broken(failure)
    change = SimpleNamespace(state=ZooKeeperState.CONNECTED, timeout_seconds=4.0)
    return Steps(
        ClusterSettings("a", CLUSTER, "127.0.0.1:1"),
        SimpleNamespace(change=change, session_id=7),  # type: ignore[arg-type] - nothing is asked of it
        broken,  # type: ignore[arg-type]
        broken,  # type: ignore[arg-type]
        on_master_changed=lambda: None,
        on_acquiring=lambda: None,
        on_cluster_id=lambda _: None,
        repair=asyncio.Event().wait,
        drain=None,
        ends_clean=lambda _: False,
        clock=lambda: 5.0,
    )


class TestAnActionThatRaises:
    @pytest.mark.parametrize(("action", "outcome"), ACTIONS, ids=lambda each: type(each).__name__)
    @pytest.mark.parametrize("failure", [TypeError("bytes"), ValueError("5000 digits"), KeyError("x"), ClusterError()])
    async def test_is_answered_with_its_failure(self, action, outcome, failure: Exception) -> None:
        assert await steps(failure).carry_out(action) == outcome

    async def test_is_logged_when_nobody_expected_it(self) -> None:
        with capture_logs() as logged:
            await steps(TypeError("bytes")).carry_out(events.ReadMaster())
            await steps(ConflictError()).carry_out(events.ReadMaster())
        assert [(each["event"], each["step"]) for each in logged] == [("leadership.step_failed", "ReadMaster")]

    async def test_is_silent_when_no_answer_came_on_a_connection_that_was_never_lost(self) -> None:
        outcome = await steps(OutcomeUnknownError()).carry_out(events.ReadMaster())
        assert outcome == events.ObservationFailed(5.0, silent=True)

    async def test_of_a_proof_tells_a_lost_claim_from_a_missing_answer(self) -> None:
        outcome = await steps(ConflictError()).carry_out(events.ProveLease(HOLD, 4))
        assert outcome == events.LeaseRefused(5.0, HOLD.epoch)


@pytest.mark.ensemble
class TestAnElectionOverDamagedNodes:
    @pytest.mark.parametrize(
        ("node", "damaged", "mended"),
        [
            ("pause", None, None),
            ("failsafe_list", None, None),
            ("epoch", b"9" * 5000 + b" a", b"7 a"),
            ("epoch", None, b"7 a"),
        ],
    )
    async def test_goes_on_once_they_are_mended(
        self, members: Members, node: str, damaged: bytes | None, mended: bytes | None
    ) -> None:
        a, b = await members.join("a"), await members.join("b")
        master = await members.master()
        session, paths = a._backend._session, a.mastership._transactions._paths
        path = getattr(paths, node)
        await session.delete(path)
        await session._call(lambda client: client.create_async(path, damaged), path)
        with capture_logs() as logged:
            await members.leave(master)
            other = next(each for each in (a, b) if each is not master)
            if mended is not None:
                await until(lambda: any(each["event"] == "leadership.acquisition_failed" for each in logged))
                await other._backend._session.set(path, mended)
        await asyncio.wait_for(other.mastership.wait_for_term(), 60.0)


@pytest.mark.ensemble
async def test_what_keeps_every_node_from_becoming_master_is_shown_until_it_is_mended(members: Members) -> None:
    a, b = await members.join("a"), await members.join("b")
    master = await members.master()
    other = next(each for each in (a, b) if each is not master)
    session, path = other._backend._session, other.mastership._transactions._paths.epoch
    await session.set(path, b"x a")
    await members.leave(master)
    await until(lambda: other.faults)
    (fault,) = other.faults
    assert "epoch: found" in fault
    await session.set(path, b"7 a")
    await asyncio.wait_for(other.mastership.wait_for_term(), 60.0)
    assert other.faults == ()


async def deleted_term(members: Members, master: ClusterMember) -> None:
    session, paths = master._backend._session, master.mastership._transactions._paths
    (term,) = await session.children(paths.terms)
    await session.delete(paths.term(term))


async def deleted_terms(members: Members, master: ClusterMember) -> None:
    await deleted_term(members, master)
    await master._backend._session.delete(master.mastership._transactions._paths.terms)


async def deleted_master(members: Members, master: ClusterMember) -> None:
    await master._backend._session.delete(master.mastership._transactions._paths.master)


async def overwritten_master(members: Members, master: ClusterMember) -> None:
    await master._backend._session.set(master.mastership._transactions._paths.master, b"not by a member", -1)


@pytest.mark.ensemble
class TestAMasterWhoseNodesWereTouched:
    """By somebody with a ZooKeeper client, say."""

    @pytest.mark.parametrize("touch", [deleted_term, deleted_terms, deleted_master, overwritten_master])
    async def test_gives_way_and_another_term_begins(self, members: Members, touch: Any) -> None:
        await members.join("a")
        await members.join("b")
        master = await members.master()
        epoch = master.mastership.term.epoch
        await touch(members, master)

        await until(
            lambda: any(each.mastership.term.epoch > epoch for each in members.masters()), "another term has begun"
        )

    async def test_does_not_try_a_failing_release_without_pause(self, members: Members) -> None:
        master = await members.join("a")
        await master.mastership.wait_for_term()

        async def refused(*_: object, **__: object) -> None:
            raise ConflictError

        with capture_logs() as logged:
            master.mastership._transactions.release = refused
            master.mastership._transactions.release_ghost = refused
            await master.step_down("a test")

            def failed() -> int:
                return sum(each["event"] == "leadership.release_failed" for each in logged)

            await until(lambda: failed() >= 2, "it is tried again")
            await still(lambda: failed() <= 8, 1.5)
