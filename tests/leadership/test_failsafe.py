"""Going on without ZooKeeper by the promises of the others: what each rule prevents, with clocks that differ."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from cluster.election.events import (
    Acquire,
    AskPromises,
    Claim,
    Connected,
    ElectionRead,
    ElectionRecord,
    MasterObserved,
    Promised,
    PromiseMissing,
    ReadElection,
    ReadMaster,
    Started,
    State,
    Suspended,
)
from cluster.election.failsafe import Failsafe
from cluster.election.failsafe_lease import FailsafeLease
from cluster.election.failsafe_members import (
    Admission,
    FailsafeList,
    FailsafeMember,
    decode_failsafe_list,
    encode_failsafe_list,
    not_addressed,
)
from cluster.election.state_machine import Leadership
from cluster.election.wait import Wait
from cluster.errors import DamagedStateError, RefusedError, UnavailableError
from cluster.mastership import EndCause
from cluster.member import ClusterMember
from cluster.records import MemberInfo
from simulator.harness.zookeeper import Ensemble
from tests.leadership.conftest import Members
from tests.leadership.model import COOLDOWN_SECONDS, FAILSAFE_SECONDS, TERMS, ModelNode, World
from tests.support.waiting import PATIENCE_SECONDS, still, until

A, B, C = (FailsafeMember(name, f"{name}:7800", f"process of {name}") for name in "abc")
HOLD = Claim(3, 5, 7, 99)


@pytest.fixture
def world() -> World:
    """Three members, one of them master with a failsafe list of all three; a fourth has not joined."""
    made = World(4, FAILSAFE_SECONDS)
    for node in made.nodes[:3]:
        made.connect(node)
    made.live(1.0)
    made.write_failsafe_list(master(made))
    made.live(1.0)
    return made


def master(world: World) -> ModelNode:
    return next(node for node in world.nodes if node.machine.claim is not None)


def standbys(world: World) -> list[ModelNode]:
    return [node for node in world.nodes[:3] if node.machine.claim is None]


def cut_off(world: World, *nodes: ModelNode) -> None:
    for node in nodes:
        world.disconnect(node)


class TestAnOutageForEverybody:
    def test_the_master_goes_on_and_keeps_its_term(self, world: World) -> None:
        before, claim = master(world), master(world).machine.claim
        world.zookeeper_goes()
        for _ in range(20):
            world.live(0.5)
            assert world.acting() == [before]
            assert before.machine.state is State.FAILSAFE
        world.zookeeper_returns()
        for node in world.nodes[:3]:
            world.connect(node)
        world.live(1.0)
        assert before.machine.claim == claim
        assert before.machine.state is State.SERVING

    def test_one_that_does_not_answer_ends_it_within_the_lease(self, world: World) -> None:
        silent = standbys(world)[0].name
        world.zookeeper_goes()
        world.live(TERMS.session_timeout_seconds, frozenset({silent}))
        assert world.acting() == []

    def test_it_ends_when_its_longest_time_is_over(self, world: World) -> None:
        world.zookeeper_goes()
        world.live(FAILSAFE_SECONDS - 1.0)
        assert len(world.acting()) == 1
        world.live(1.0)
        assert world.acting() == []

    def test_without_the_option_the_master_falls_silent(self) -> None:
        world = World(3)
        world.calm(1.0)
        world.zookeeper_goes()
        world.live(0.5)
        assert world.acting() == []


class TestAnOutageForSome:
    def test_a_standby_that_is_connected_refuses_and_takes_over(self, world: World) -> None:
        before = master(world)
        cut_off(world, before, standbys(world)[0])
        world.live(TERMS.session_timeout_seconds + 1.0)
        assert len(world.acting()) == 1
        assert world.acting() != [before]

    def test_a_promise_binds_whoever_finds_zookeeper_again(self, world: World) -> None:
        before, other = master(world), standbys(world)[0]
        cut_off(world, *world.nodes[:3])
        world.live(TERMS.session_timeout_seconds + 2.0)
        assert world.master is None  # its session is over, and it acts by promise alone
        world.connect(other)
        world.live(1.0)
        assert world.acting() == [before]
        world.live(TERMS.session_timeout_seconds)
        assert world.acting() == [other]

    def test_a_restart_takes_no_promise_back(self, world: World) -> None:
        before, other = master(world), standbys(world)[0]
        cut_off(world, *world.nodes[:3])
        world.live(TERMS.session_timeout_seconds + 2.0)
        world.restart(other)
        world.connect(other)
        world.live(1.0)
        assert world.acting() == [before]
        world.live(TERMS.session_timeout_seconds)
        assert world.acting() == [other]

    def test_one_who_joins_during_the_outage_waits_until_no_term_can_bridge_it(self, world: World) -> None:
        before, late = master(world), world.nodes[3]
        cut_off(world, *world.nodes[:3])
        world.live(TERMS.session_timeout_seconds + 1.0)
        world.connect(late)
        began = world.now
        while world.now < began + FAILSAFE_SECONDS:
            world.live(0.25)
            assert world.acting() in ([before], [])
        world.live(2.0)
        assert world.acting() == [late]

    def test_an_attempt_on_a_vacancy_that_is_over_changes_nobodys_failsafe_list_later(self, world: World) -> None:
        """Else it could take effect after the master's session, and let somebody contend whom the master never asks."""
        before, (other, third), late = master(world), standbys(world), world.nodes[3]
        world.live(TERMS.session_timeout_seconds)
        world.connect(late)  # the master has not written it down yet
        at = other.clock(world.now)
        world.post(other, MasterObserved(at, at, other.session, 0, None, 0))  # from before the master's acquisition
        world.answer(next(each for each in other.requests if isinstance(each.action, ReadElection)))
        attempts = [each for each in other.requests if isinstance(each.action, Acquire)]
        for attempt in attempts:
            world.time_out(attempt)
        cut_off(world, before, other, third)
        while world.master is not None:
            world.touched[other.session] = world.now
            world.live(0.25)
        assert world.acting() == [before]
        for attempt in attempts:
            world.apply(attempt)
        world.live(TERMS.session_timeout_seconds + 2.0)
        assert world.acting() == [before]


class TestAPromise:
    def standby(self) -> Leadership:
        rules = Leadership(TERMS, COOLDOWN_SECONDS)
        rules.handle(Connected(9.0, 7, 4.0, 9.0))
        rules.handle(MasterObserved(9.1, 9.0, 7, 8, "other", 3))
        return rules

    def test_is_refused_by_a_node_that_is_connected(self) -> None:
        assert self.standby().promise(10.0, 3, 4.0) == "its own ZooKeeper session is connected"

    def test_is_refused_to_a_master_of_any_epoch_but_the_newest_it_has_seen(self) -> None:
        rules = self.standby()
        rules.handle(Suspended(9.5))
        for other in (2, 4, 2**64 - 1):
            assert rules.promise(10.0, other, 4.0) == "it has seen epoch 3"
        assert rules.promise(10.0, 3, 4.0) == ""

    def test_is_refused_while_an_acquisition_is_in_flight(self) -> None:
        rules = self.standby()
        assert isinstance(rules.handle(MasterObserved(9.2, 9.1, 7, 0, None, 3))[0], ReadElection)
        rules.handle(Suspended(9.5))
        assert rules.promise(10.0, 3, 4.0) == "it is acquiring"

    def test_keeps_a_node_from_contending_for_its_time(self) -> None:
        rules = self.standby()
        rules.handle(Suspended(9.5))
        assert rules.promise(10.0, 3, 4.0) == ""
        rules.handle(Connected(11.0, 7, 4.0, 11.0))
        assert rules.handle(MasterObserved(11.1, 11.0, 7, 0, None, 3)) == []
        assert rules.handle(MasterObserved(13.99, 13.9, 7, 0, None, 3)) == []
        assert isinstance(rules.handle(MasterObserved(14.0, 13.9, 7, 0, None, 3))[0], ReadElection)


class TestHowFarPromisesCarry:
    def test_they_count_from_the_asking_and_allow_for_clocks(self) -> None:
        failsafe_lease = FailsafeLease(100.0)
        failsafe_lease.proved(10.0)
        assert failsafe_lease.carries_until(12.0, 4.0) == pytest.approx(12.0 + 3.92)

    def test_no_longer_than_the_longest_time_after_the_last_proof(self) -> None:
        failsafe_lease = FailsafeLease(100.0)
        failsafe_lease.proved(10.0)
        failsafe_lease.proved(9.0)
        assert failsafe_lease.carries_until(107.0, 4.0) == pytest.approx(10.0 + 98.0)
        failsafe_lease.begin(108.5)
        assert failsafe_lease.next_ask() is None

    def test_an_answer_of_an_earlier_outage_counts_no_more(self, world: World) -> None:
        rules = master(world).machine
        clock = master(world).clock
        asked = rules.handle(Suspended(clock(world.now)))
        assert isinstance(asked[0], AskPromises)
        rules.handle(Connected(clock(world.now), master(world).session, 4.0, clock(world.now)))
        again = rules.handle(Suspended(clock(world.now)))
        assert isinstance(again[0], AskPromises)
        rules.handle(Promised(clock(world.now), asked[0].round, clock(world.now), 4.0))
        assert rules.state is State.SUSPENDED
        rules.handle(PromiseMissing(clock(world.now), again[0].round))
        assert rules.state is State.SUSPENDED


class TestAdmission:
    MEMBERS = FailsafeList(frozenset({A, B}), 4.0, 600.0)
    SEEN = (3, 5, 7)

    def admission(self) -> Admission:
        made = Admission()
        made.started(100.0)
        return made

    def test_anybody_is_admitted_where_there_is_no_failsafe_list(self) -> None:
        assert self.admission().check(C, None, self.SEEN, 100.0) is None

    def test_a_member_of_it_waits_for_what_an_earlier_process_may_have_promised(self) -> None:
        admission = self.admission()
        assert admission.check(A, self.MEMBERS, self.SEEN, 100.0) == Wait(
            104.0, "an earlier process may have promised to wait"
        )
        assert admission.check(A, self.MEMBERS, self.SEEN, 104.0) is None

    def test_a_member_of_it_that_does_not_listen_yet_waits(self) -> None:
        assert Admission().check(A, self.MEMBERS, self.SEEN, 1e6) is not None

    def test_the_same_name_at_another_address_is_not_who_was_asked(self) -> None:
        wait = self.admission().check(FailsafeMember("a", "elsewhere:7800"), self.MEMBERS, self.SEEN, 200.0)
        assert wait is not None
        assert wait.until == 800.0

    def test_anybody_else_waits_for_the_longest_time_from_when_it_saw_this_vacancy(self) -> None:
        admission = self.admission()
        for now in (200.0, 500.0, 799.9):
            assert admission.check(C, self.MEMBERS, self.SEEN, now) == Wait(
                800.0, "a master that never asked it may be in failsafe"
            )
        wait = admission.check(C, self.MEMBERS, (4, 6, 8), 799.9)
        assert wait is not None
        assert wait.until == pytest.approx(1399.9)
        assert admission.check(C, self.MEMBERS, (4, 6, 8), 1400.0) is None


class TestANodeThatMustWait:
    """The state machine around it."""

    def waiting(self) -> Leadership:
        rules = Leadership(TERMS, COOLDOWN_SECONDS)
        rules.handle(Started(8.0))
        rules.handle(Connected(9.0, 7, 4.0, 9.0))
        rules.handle(MasterObserved(9.1, 9.0, 7, 0, None, 3))
        record = ElectionRecord(3, 5, "", False, 0, None, FailsafeList(frozenset({A, B}), 4.0, 20.0), 7, True)
        assert rules.handle(ElectionRead(9.1, 2, record, C)) == [ReadMaster()]
        rules.handle(MasterObserved(9.2, 9.1, 7, 0, None, 3))
        return rules

    def test_is_in_a_state_of_its_own_and_names_the_reason(self) -> None:
        rules = self.waiting()
        assert rules.state is State.WAITING
        assert rules.wait == Wait(29.1, "a master that never asked it may be in failsafe")

    def test_reads_again_every_second_and_is_not_polled_more_often(self) -> None:
        assert self.waiting().next_wake() == pytest.approx(10.1)

    def test_waits_no_longer_once_somebody_is_master(self) -> None:
        rules = self.waiting()
        rules.handle(MasterObserved(9.5, 9.4, 7, 8, "b", 4))
        assert rules.state is State.STANDBY
        assert rules.wait is None

    def test_waits_no_longer_once_it_is_disconnected_and_can_promise_then(self) -> None:
        rules = self.waiting()
        rules.handle(Suspended(9.5))
        assert rules.state is State.STANDBY
        assert rules.promise(9.6, 3, 4.0) == ""


class TestTheListsNode:
    def test_what_is_written_is_what_is_read(self) -> None:
        failsafe_list = FailsafeList(frozenset({A, B}), 4.0, 600.0)
        assert decode_failsafe_list(encode_failsafe_list(failsafe_list), "/x") == failsafe_list
        assert decode_failsafe_list(encode_failsafe_list(None), "/x") is None

    @pytest.mark.parametrize("damaged", [b"{", b"[]", b"{}", b'{"members": [{}]}', b'{"members": 1}', b"\xff"])
    def test_a_damaged_one_is_told_with_its_place(self, damaged: bytes) -> None:
        with pytest.raises(DamagedStateError, match="/pacing/x/failsafe: found"):
            decode_failsafe_list(damaged, "/pacing/x/failsafe")


class TestAddressee:
    """A promise binds the process that was asked, and no other one that is reached in its place."""

    def test_the_process_that_is_named_is_meant(self) -> None:
        assert not_addressed(A, A.name, A.incarnation) == ""

    @pytest.mark.parametrize(
        ("name", "incarnation", "why"),
        [
            ("b", "process of b", "b was asked, and this is a"),
            ("b", "process of a", "b was asked, and this is a"),
            ("a", "a process before", "an earlier process of a was asked"),
            ("", "", "nobody was asked, and this is a"),
            ("a", "", "an earlier process of a was asked"),
        ],
    )
    def test_another_member_an_earlier_process_and_a_master_that_names_nobody_are_refused(
        self, name: str, incarnation: str, why: str
    ) -> None:
        assert not_addressed(A, name, incarnation) == why

    def test_nobody_is_free_whose_address_leads_to_another_member(self, world: World) -> None:
        leader, (one, other) = master(world), standbys(world)
        world.leads_to[one.address] = other
        world.zookeeper_goes()
        for asking in list(world.promise_rounds):
            for failsafe_member in sorted(asking.open):
                world.promise_answered(asking, failsafe_member)
        assert leader.machine.state is State.SUSPENDED, "it goes on by no promise of the wrong one"


class TestUnanimity:
    """The asking itself, with members that answer as the test says."""

    @staticmethod
    def failsafe(answers: dict[str, str | BaseException | None]) -> Failsafe:
        infos = [MemberInfo(each.name, "", each.clustering, "1", 0.0, each.incarnation) for each in (A, B, C)]

        async def ask(failsafe_member: FailsafeMember, epoch: int, seconds: float) -> str | None:
            assert (epoch, seconds) == (HOLD.epoch, 4.0)
            answer = answers[failsafe_member[0]]
            if isinstance(answer, BaseException):
                raise answer
            return answer

        made = Failsafe("a", None, lambda: infos, ask, 600.0)  # type: ignore[arg-type] - nothing is written here
        made._claim, made._possible = HOLD, [FailsafeList.of(infos, 4.0, 600.0)]
        return made

    async def test_the_promise_of_all_others_is_needed_and_enough(self) -> None:
        assert await self.failsafe({"b": None, "c": None}).promised_seconds(HOLD) == 4.0

    @pytest.mark.parametrize("answer", ["its own ZooKeeper session is connected", UnavailableError("c: no answer")])
    async def test_one_refusal_or_one_missing_answer_is_enough_to_fail(self, answer: str | Exception) -> None:
        assert await self.failsafe({"b": None, "c": answer}).promised_seconds(HOLD) is None

    async def test_a_call_whose_channel_is_closed_under_it_is_no_promise_and_no_silence(self) -> None:
        cancelled = self.failsafe({"b": None, "c": asyncio.CancelledError()})
        with capture_logs() as logged:
            assert await cancelled.promised_seconds(HOLD) is None
        assert [each["refusals"] for each in logged] == [["c: CancelledError('')"]]

    async def test_another_term_has_no_promise(self) -> None:
        assert await self.failsafe({"b": None, "c": None}).promised_seconds(Claim(4, 6, 7, 100)) is None

    @pytest.mark.parametrize(("answer", "promised"), [(None, 4.0), ("it is acquiring", None)])
    async def test_where_two_failsafe_lists_may_stand_both_are_asked(
        self, answer: str | None, promised: float | None
    ) -> None:
        failsafe = self.failsafe({"b": None, "c": None, "d": answer})
        failsafe._possible.append(FailsafeList(frozenset({A, FailsafeMember("d", "d:7800")}), 4.0, 600.0))
        assert await failsafe.promised_seconds(HOLD) == promised


class TestWhatAnOperatorIsTold:
    @staticmethod
    def failsafe() -> Failsafe:
        return Failsafe("a", None, list, None, 600.0)  # type: ignore[arg-type] - nothing is written here

    def test_when_promises_begin_to_carry_the_term_and_when_they_are_over_once_each(self) -> None:
        made = self.failsafe()
        with capture_logs() as logged:
            for carrying in (False, True, True, False, False):
                made.log_transition(7, carrying=carrying)
        assert [(each["event"], each["log_level"], each["epoch"]) for each in logged] == [
            ("leadership.failsafe", "warning", 7),
            ("leadership.failsafe_over", "info", 7),
        ]


OUTAGE = {"failsafe_seconds": 60.0, "session_timeout_seconds": 4.0}
"""A session that a busy machine does not lose, and that does not last for ever either."""


def knows(member: ClusterMember, name: str) -> bool:
    """Whether a member has seen the entry of another one: before that it refuses the promise."""
    return any(each.name == name for each in member.members())


@pytest.mark.ensemble
class TestAWholeEnsemble:
    async def test_the_term_outlives_an_outage_and_a_member_that_left_before_is_not_missed(
        self, members: Members, three_members: Ensemble
    ) -> None:
        a = await members.join("a", **OUTAGE)
        await members.master()
        b, c = await members.join("b", **OUTAGE), await members.join("c", **OUTAGE)
        term = a.mastership.term
        assert term is not None
        await until(lambda: len(a.mastership.failsafe._others()) == 2)
        await until(lambda: knows(b, "a") and knows(c, "a"))
        elsewhere = FailsafeMember("b", c.info.clustering, b.info.incarnation)
        assert await a._ask_promise(elsewhere, term.epoch, 1.0) == "b was asked, and this is c"
        await members.leave(c)
        await until(lambda: a.mastership.failsafe._others() == [FailsafeMember.of(b.info)])
        for server in three_members.members:
            server.kill()
        await until(lambda: a.status().state == "failsafe")
        await still(lambda: term.act_until(0.5) is not None, 2 * OUTAGE["session_timeout_seconds"])
        with pytest.raises(RefusedError, match="ZooKeeper is lost to every member: nobody could take over"):
            await a.step_down("an operator")
        for server in three_members.members:
            server.start()
        await asyncio.to_thread(three_members.wait_ready)
        await until(lambda: a.status().state == "serving")
        assert a.mastership.term is term

    async def test_a_member_that_dies_in_the_outage_ends_it_with_the_lease(
        self, members: Members, three_members: Ensemble
    ) -> None:
        a = await members.join("a", **OUTAGE)
        await members.master()
        b = await members.join("b", **OUTAGE)
        term = a.mastership.term
        assert term is not None
        await until(lambda: a.mastership.failsafe._others() == [FailsafeMember.of(b.info)])
        await until(lambda: knows(b, "a"))
        for server in three_members.members:
            server.kill()
        await until(lambda: a.status().state == "failsafe")
        await members.leave(b)
        await until(term.ended.is_set)
        assert term.cause is EndCause.LEASE_EXPIRED

    async def test_who_resigns_leaves_the_way_free_for_anybody(self, members: Members) -> None:
        a = await members.join("a", failsafe_seconds=60.0)
        await members.master()
        await members.leave(a)
        b = await members.join("b", failsafe_seconds=60.0)
        await asyncio.wait_for(b.mastership.wait_for_term(), PATIENCE_SECONDS)

    async def test_an_attempt_made_too_late_does_not_count_what_it_reads_as_a_vacancy(self, members: Members) -> None:
        await members.join("a", failsafe_seconds=60.0)
        await members.master()
        b = await members.join("b", failsafe_seconds=60.0)
        await until(lambda: b.status().master == "a")
        record = await b.mastership._transactions.read_election()
        assert not record.vacant
        assert b.status().state == "standby"

    async def test_a_list_nobody_can_read_is_told_now_and_then_until_it_is_emptied(self, members: Members) -> None:
        a = await members.join("a")
        await members.master()
        session, path = a._backend._session, a.mastership._transactions._paths.failsafe_list
        a.mastership.set_candidate(candidate=False)
        await a.step_down("an operator")
        await session.set(path, b"{")
        with capture_logs() as logged:
            a.mastership.set_candidate(candidate=True)
            await until(lambda: any(each["event"] == "leadership.acquisition_failed" for each in logged))
            # Many attempts are made meanwhile.
            await still(lambda: sum(each["event"] == "leadership.acquisition_failed" for each in logged) <= 3, 1.5)
        told = [each for each in logged if each["event"] == "leadership.acquisition_failed"]
        assert "/failsafe: found b'{'" in told[0]["error"]
        await session.set(path, b"")
        assert await members.master() is a

    async def test_who_was_not_asked_waits_and_says_so(self, members: Members) -> None:
        a = await members.join("a", failsafe_seconds=60.0)
        await members.master()
        transactions, claim = a.mastership._transactions, a.mastership._machine.claim
        assert claim is not None
        other = FailsafeList(frozenset({FailsafeMember("x", "x:7800")}), 2.0, 60.0)
        await transactions.write_failsafe_list(claim, other, await transactions.failsafe_list_version())
        # The session ends as after a loss of the machine: nothing is released.
        await a._backend._session.stop(5.0)
        b = await members.join("b")
        await until(lambda: b.status().state == "waiting")
        assert b.mastership.term is None
        await b.mastership.stop()
        assert b.status().state == "stopped"
