"""The rules of mastership, one by one."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given

from cluster.election.cooldown import Cooldown
from cluster.election.events import (
    Accepted,
    Acquire,
    Acquired,
    AcquisitionFailed,
    BeginTerm,
    Claim,
    Connected,
    DropConnection,
    ElectionRead,
    ElectionRecord,
    EndTerm,
    Fenced,
    LeaseProved,
    LeaseRefused,
    MasterObserved,
    ObservationFailed,
    Paused,
    ProofMissing,
    ProveLease,
    ReadElection,
    ReadMaster,
    RebuildSession,
    Release,
    Released,
    ReportOverdue,
    SessionLost,
    State,
    StepDown,
    Stop,
    Suspended,
    Tick,
)
from cluster.election.state_machine import FOREIGN_COOLDOWN_SECONDS, HEALTH_GUARD_SECONDS, HIGHEST_MARK, Leadership
from cluster.lease import LeaseTimes
from cluster.mastership import EndCause

TERMS = LeaseTimes(session_timeout_seconds=4.0, heartbeat_seconds=0.5, tick_seconds=0.5)
ME, OTHER = 7, 8
HOLD = Claim(epoch=3, epoch_version=5, session_id=ME, zxid=99)
LEASE_END = 13.17
OWN = ("a", "a:7800")
VACANT = ElectionRecord(
    epoch=2,
    epoch_version=4,
    successor="",
    ended_clean=False,
    pause_version=0,
    paused_by=None,
    failsafe_list=None,
    failsafe_list_version=0,
    vacant=True,
)


def machine() -> Leadership:
    return Leadership(TERMS, cooldown_seconds=10.0)


def connected(at: float = 9.0) -> Leadership:
    rules = machine()
    assert rules.handle(Connected(at, ME, 4.0, at)) == [ReadMaster()]
    return rules


def acquiring(rules: Leadership, at: float) -> Leadership:
    """The mastership was seen vacant, all that could forbid its acquisition was read, and nothing does."""
    assert rules.handle(MasterObserved(at, at - 0.1, ME, 0, None, 2)) == [ReadElection(2)]
    assert rules.handle(ElectionRead(at, 2, VACANT, OWN)) == [Acquire(2, VACANT)]
    return rules


def serving() -> Leadership:
    """Acquired at 10.0 on a connection opened at 9.6."""
    rules = acquiring(connected(at=9.6), 10.0)
    assert rules.handle(Acquired(10.0, 2, 10.0, HOLD)) == [BeginTerm(HOLD)]
    assert rules.state is State.SERVING
    return rules


def test_a_vacant_mastership_is_contended_for_at_once() -> None:
    assert connected().handle(MasterObserved(9.1, 9.0, ME, 0, None, 2)) == [ReadElection(2)]


def test_a_standby_of_another_master_waits() -> None:
    rules = connected()
    assert rules.handle(MasterObserved(9.1, 9.0, ME, OTHER, "b", 2)) == []
    assert rules.master == "b"


def test_an_attempt_whose_answer_never_comes_is_given_up_after_two_session_timeouts() -> None:
    rules = connected()
    assert rules.handle(MasterObserved(9.1, 9.0, ME, 0, None, 2)) == [ReadElection(2)]
    assert rules.handle(Tick(10.1)) == [ReadMaster()]
    assert (rules.handle(Tick(17.0)), rules.state) == ([], State.ACQUIRING)
    assert rules.handle(Tick(17.1)) == [ReportOverdue("Acquire"), ReadMaster()]
    assert rules.state is State.STANDBY


def test_a_view_of_an_earlier_session_counts_for_nothing() -> None:
    assert connected().handle(MasterObserved(9.1, 9.0, OTHER, 0, None, 2)) == []


def test_a_term_may_act_until_its_lease_is_over_and_ends_just_before() -> None:
    rules = serving()
    assert rules.may_act(10.1)
    assert rules.lease_left(10.0) == pytest.approx(LEASE_END - 10.0)
    wake = LEASE_END - HEALTH_GUARD_SECONDS
    assert rules.handle(Tick(10.5)) == [ProveLease(HOLD, 1)]
    assert rules.next_wake() == pytest.approx(12.5)
    assert rules.handle(Tick(12.5)) == [ProveLease(HOLD, 2)], "the first one is never answered"
    assert rules.next_wake() == pytest.approx(wake)
    assert rules.handle(Tick(wake + 0.001)) == [EndTerm(HOLD, EndCause.LEASE_EXPIRED), Release(HOLD, 0)]
    assert not rules.may_act(wake + 0.001)


def test_a_lease_is_proved_every_heartbeat_and_counts_from_the_sending() -> None:
    rules = serving()
    assert rules.handle(Tick(10.5)) == [ProveLease(HOLD, 1)]
    assert rules.handle(Tick(10.6)) == []
    rules.handle(LeaseProved(12.0, 3, 1, 10.5))
    assert rules.lease_until == pytest.approx(10.5 + 3.17)


def test_nothing_is_started_while_the_connection_is_gone() -> None:
    rules = serving()
    rules.handle(Suspended(10.2))
    assert rules.state is State.SUSPENDED
    assert not rules.may_act(10.2)
    assert rules.lease_left(10.2) > 2.0


def test_after_a_reconnect_one_proof_is_needed_and_the_epoch_stays() -> None:
    rules = serving()
    rules.handle(Suspended(10.2))
    assert rules.handle(Connected(10.8, ME, 4.0, 10.7)) == [ProveLease(HOLD, 1)]
    assert not rules.may_act(10.8)
    rules.handle(LeaseProved(10.9, 3, 1, 10.8))
    assert rules.may_act(10.9)
    assert rules.claim == HOLD


def test_the_lease_runs_on_while_the_connection_is_gone() -> None:
    rules = serving()
    rules.handle(Suspended(10.2))
    assert rules.handle(Tick(13.2)) == [EndTerm(HOLD, EndCause.LEASE_EXPIRED)]
    assert rules.state is State.STANDBY


def test_a_shorter_session_granted_at_a_reconnect_shortens_the_lease_at_once() -> None:
    rules = serving()
    rules.handle(Suspended(10.2))
    rules.handle(Connected(10.8, ME, 1.0, 10.7))
    assert rules.lease_until == pytest.approx(10.7 + 0.98)
    assert EndTerm(HOLD, EndCause.LEASE_EXPIRED) in rules.handle(Tick(10.7 + 0.98))


@pytest.mark.parametrize("event", [SessionLost(10.3), Connected(10.3, OTHER, 4.0, 10.3)])
def test_an_epoch_is_never_carried_into_another_session(event: SessionLost | Connected) -> None:
    rules = serving()
    assert EndTerm(HOLD, EndCause.SESSION_LOST) in rules.handle(event)
    assert rules.claim is None


def test_a_refused_proof_ends_the_term() -> None:
    rules = serving()
    assert rules.handle(LeaseRefused(10.6, 3)) == [EndTerm(HOLD, EndCause.FENCED), ReadMaster()]


def test_a_silent_server_is_left_and_a_broken_connection_is_waited_for() -> None:
    rules = serving()
    rules.handle(Tick(10.5))
    assert rules.handle(ProofMissing(11.5, 1, silent=True)) == [DropConnection()]
    again = serving()
    again.handle(Tick(10.5))
    assert again.handle(ProofMissing(11.5, 1, silent=False)) == []


def test_a_late_word_about_an_earlier_proof_breaks_no_new_connection() -> None:
    rules = serving()
    rules.handle(Tick(10.5))
    rules.handle(Suspended(10.6))
    rules.handle(Connected(10.8, ME, 4.0, 10.7))
    assert rules.handle(ProofMissing(10.9, 1, silent=True)) == []


def test_a_lost_answer_is_reconciled_before_anything_else() -> None:
    rules = acquiring(connected(), 9.1)
    assert rules.handle(AcquisitionFailed(10.1, 2, silent=True)) == [DropConnection(), ReadMaster()]
    assert rules.handle(MasterObserved(10.2, 10.1, ME, ME, "a", 3)) == [Release(None, 0)]
    assert rules.handle(MasterObserved(10.3, 10.2, ME, ME, "a", 3)) == []
    assert rules.handle(Released(10.4, 1)) == [ReadMaster()]


def test_an_acquisition_that_comes_to_light_too_late_is_given_back() -> None:
    rules = acquiring(connected(at=9.0), 9.1)
    assert rules.handle(Acquired(13.5, 2, 9.1, HOLD)) == [Release(HOLD, 0)]
    assert rules.state is State.STANDBY


def test_a_receiver_with_a_higher_mark_has_the_epoch_raised_with_the_release() -> None:
    rules = serving()
    assert rules.handle(Fenced(10.1, 3, True, 57)) == [EndTerm(HOLD, EndCause.FENCED), Release(HOLD, 57)]


def test_a_receiver_with_a_lower_mark_raises_nothing() -> None:
    assert Release(HOLD, 0) in serving().handle(Fenced(10.1, 3, True, 2))


@pytest.mark.parametrize(("mark", "raised"), [(HIGHEST_MARK, HIGHEST_MARK), (HIGHEST_MARK + 1, 0), (2**53, 0)])
def test_a_mark_beyond_reason_raises_nothing(mark: int, raised: int) -> None:
    assert Release(HOLD, raised) in serving().handle(Fenced(10.1, 3, True, mark))


def test_a_refusal_of_an_earlier_term_is_old_news() -> None:
    assert serving().handle(Fenced(10.1, 2, True, 57)) == []


def test_a_receiver_of_another_cluster_is_left_alone_for_long() -> None:
    rules = serving()
    assert Release(HOLD, 0) in rules.handle(Fenced(10.1, 3, False, 57))
    rules.handle(Released(10.2, 1))
    assert rules.handle(MasterObserved(10.3, 10.2, ME, 0, None, 3)) == []
    assert rules.handle(MasterObserved(39.0, 38.9, ME, 0, None, 3)) == []
    assert rules.handle(Tick(10.1 + FOREIGN_COOLDOWN_SECONDS)) == [ReadMaster(), ReadElection(3)]


def fenced_again_and_again(rules: Leadership, times: int) -> list[float]:
    """How long the node keeps away after each of so many terms that the receiver refuses at once, without a mark."""
    pauses, at = [], 20.0
    for number in range(times):
        rules.handle(Connected(at, ME, 4.0, at))
        asked = rules.handle(MasterObserved(at, at, ME, 0, None, 2))
        attempt = next(each.attempt for each in asked if isinstance(each, ReadElection))
        rules.handle(ElectionRead(at, attempt, VACANT, OWN))
        claim = Claim(3 + number, 5 + number, ME, 99 + number)
        rules.handle(Acquired(at, attempt, at, claim))
        release = rules.handle(Fenced(at, claim.epoch, True, 0))[1]
        assert isinstance(release, Release)
        rules.handle(Released(at, release.number))
        until = rules._candidacy.at(4.0)
        pauses.append(round(until - at, 3))
        at = until
    return pauses


def test_a_receiver_that_refuses_every_term_is_tried_less_and_less_often() -> None:
    pauses = fenced_again_and_again(connected(), 12)
    assert pauses[:4] == [0.1, 0.2, 0.4, 0.8]
    assert pauses[-2:] == [30.0, 30.0]


def test_an_action_that_is_accepted_makes_the_next_refusal_the_first_one_again() -> None:
    rules = serving()
    assert rules.handle(Accepted(10.1, HOLD.epoch)) == []
    rules.handle(Fenced(10.2, HOLD.epoch, True, 0))
    rules.handle(Released(10.2, 1))
    rules.handle(MasterObserved(10.2, 10.2, ME, 0, None, 3))
    assert rules._candidacy.at(4.0) == pytest.approx(10.3)


def test_an_operators_word_ends_the_term_and_leaves_the_field_to_others() -> None:
    rules = serving()
    assert rules.handle(StepDown(10.1, EndCause.OPERATOR)) == [
        EndTerm(HOLD, EndCause.OPERATOR),
        Release(HOLD, 0, unless_paused=True),
    ]
    assert rules.state is State.RESIGNING
    rules.handle(Released(10.2, 1))
    for at in (10.3, 10.4):
        assert rules.handle(MasterObserved(at, at - 0.1, ME, 0, None, 3)) == []
    rules.handle(MasterObserved(10.5, 10.4, ME, OTHER, "b", 3))
    rules.handle(MasterObserved(19.5, 19.4, ME, 0, None, 3))
    assert ReadElection(3) in rules.handle(Tick(20.2))


def test_whoever_leaves_resigns_first() -> None:
    rules = serving()
    assert rules.handle(Stop(10.1)) == [EndTerm(HOLD, EndCause.RESIGNED), Release(HOLD, 0)]
    assert rules.state is State.RESIGNING
    assert rules.handle(Released(10.2, 1)) == []
    assert rules.state is State.STOPPED
    assert rules.handle(Connected(10.3, ME, 4.0, 10.3)) == []


def test_whoever_leaves_while_acquiring_gives_back_what_comes_of_it() -> None:
    rules = acquiring(connected(), 9.1)
    assert rules.handle(Stop(9.2)) == []
    assert rules.handle(Acquired(9.3, 2, 9.1, HOLD)) == [Release(HOLD, 0)]
    rules.handle(Released(9.4, 1))
    assert rules.state is State.STOPPED


def test_a_long_silence_has_the_client_rebuilt() -> None:
    rules = connected()
    rules.handle(Suspended(10.0))
    assert rules.next_wake() == 22.0
    assert rules.handle(Tick(21.9)) == []
    assert rules.handle(Tick(22.0)) == [RebuildSession()]
    assert rules.handle(Tick(22.1)) == []


def test_a_standby_looks_again_although_no_watch_has_fired() -> None:
    rules = connected()
    rules.handle(MasterObserved(9.1, 9.0, ME, OTHER, "b", 2))
    assert rules.next_wake() == pytest.approx(10.1)
    assert rules.handle(Tick(10.1)) == [ReadMaster()]
    assert rules.handle(ObservationFailed(11.1, silent=True)) == [DropConnection()]


def test_nobody_contends_while_paused_and_does_at_once_when_resumed() -> None:
    rules = connected()
    assert rules.handle(Paused(9.05, paused=True)) == []
    assert rules.handle(MasterObserved(9.1, 9.0, ME, 0, None, 2)) == []
    assert rules.handle(Tick(10.0)) == []
    assert rules.handle(Paused(10.05, paused=False)) == [ReadElection(2)]


def test_a_paused_master_keeps_its_lease_and_may_act() -> None:
    rules = serving()
    rules.handle(Paused(10.1, paused=True))
    assert rules.may_act(10.2)
    assert rules.handle(Tick(10.5)) == [ProveLease(HOLD, 1)]


def test_what_can_be_started_is_bounded_by_the_lease_of_the_moment() -> None:
    rules = serving()
    assert rules.lease_left(12.0) == pytest.approx(LEASE_END - 12.0)
    assert rules.lease_left(13.0) == pytest.approx(LEASE_END - 13.0)


def test_the_name_of_a_successor_goes_with_the_release() -> None:
    rules = serving()
    assert Release(HOLD, 0, "c", unless_paused=True) in rules.handle(StepDown(10.1, EndCause.OPERATOR, "c"))


def test_a_node_that_was_frozen_begins_no_term_that_would_end_before_it_is_proved() -> None:
    rules = connected(9.0)
    rules.handle(MasterObserved(9.1, 9.0, ME, OTHER, "b", 2))
    assert rules.handle(Tick(12.6)) == [ReadMaster()]
    assert rules.handle(MasterObserved(12.7, 12.6, ME, 0, None, 2)) == []
    known_at = 12.7 + 0.25 * 1.02
    assert rules.next_wake() == pytest.approx(known_at)
    assert rules.handle(Tick(known_at + 0.01)) == [ReadElection(2)]
    assert rules.handle(ElectionRead(13.0, 2, VACANT, OWN)) == [Acquire(2, VACANT)]
    assert rules.handle(Acquired(13.1, 2, 13.0, HOLD)) == [BeginTerm(HOLD)]
    assert rules.lease_left(13.1) > TERMS.heartbeat_seconds


def test_a_standby_that_was_not_frozen_contends_at_once() -> None:
    rules = connected(9.0)
    rules.handle(MasterObserved(9.1, 9.0, ME, OTHER, "b", 2))
    rules.handle(Tick(10.1))
    rules.handle(MasterObserved(10.2, 10.1, ME, OTHER, "b", 2))
    assert rules.handle(MasterObserved(11.0, 10.9, ME, 0, None, 2)) == [ReadElection(2)]


def test_the_epoch_shown_is_the_one_that_zookeeper_has_now_and_promises_remember_the_highest() -> None:
    rules = connected(9.0)
    rules.handle(MasterObserved(9.1, 9.0, ME, OTHER, "b", 57))
    rules.handle(SessionLost(9.2))
    rules.handle(Connected(9.3, ME + 10, 4.0, 9.3))
    rules.handle(MasterObserved(9.4, 9.3, ME + 10, OTHER, "b", 1))
    assert rules.epoch == 1
    rules.handle(Paused(9.5, paused=True))
    rules.handle(MasterObserved(9.5, 9.4, ME + 10, 0, None, 0))
    assert rules.epoch == 1, "a vacancy says nothing of epochs"
    rules.handle(Suspended(9.6))
    assert rules.promise(9.7, 1, 1.0) == "it has seen epoch 57"


def refused_release() -> Leadership:
    """Resigned by an order, and the cluster was paused before the release could take place."""
    rules = serving()
    rules.handle(StepDown(10.1, EndCause.OPERATOR))
    assert rules.handle(Released(10.2, 1, refused=True)) == [ReadElection(3)]
    return rules


PAUSED = replace(VACANT, epoch=HOLD.epoch, epoch_version=HOLD.epoch_version, paused_by="an operator", vacant=False)


class TestARefusedRelease:
    def test_is_followed_by_a_new_term_of_the_same_node(self) -> None:
        rules = refused_release()
        assert rules.handle(ElectionRead(10.3, 3, PAUSED, OWN)) == [Acquire(3, PAUSED, renews=HOLD)]
        again = replace(HOLD, epoch=4, epoch_version=6)
        assert rules.handle(Acquired(10.4, 3, 10.3, again)) == [BeginTerm(again)]
        assert rules.state is State.SERVING

    def test_is_not_followed_by_one_when_another_node_has_become_master(self) -> None:
        rules = refused_release()
        other = replace(PAUSED, epoch=4, epoch_version=6)
        assert rules.handle(ElectionRead(10.3, 3, other, OWN)) == [ReadMaster()]
        assert rules.handle(MasterObserved(10.4, 10.3, ME, OTHER, "b", 4)) == []

    def test_is_tried_again_a_few_times_and_given_up_as_a_ghost_then(self) -> None:
        rules, asked = refused_release(), []
        for attempt in range(3, 8):
            rules.handle(ElectionRead(10.3, attempt, PAUSED, OWN))
            rules.handle(AcquisitionFailed(10.4, attempt, silent=False))
            asked = rules.handle(MasterObserved(10.5, 10.4, ME, ME, "a", 3))
            if asked == [Release(None, 0)]:
                break
        assert asked == [Release(None, 0)]

    def test_of_an_earlier_session_is_of_no_account(self) -> None:
        rules = refused_release()
        rules.handle(SessionLost(10.25))
        rules.handle(Connected(10.3, OTHER, 4.0, 10.3))
        assert rules.handle(ElectionRead(10.4, 3, PAUSED, OWN)) == []


def stepped_down(at: float = 10.1) -> Leadership:
    """Released, and about to look who is master."""
    rules = serving()
    rules.handle(StepDown(at, EndCause.OPERATOR))
    assert rules.handle(Released(at, 1)) == [ReadMaster()]
    return rules


def test_a_node_that_cools_down_leaves_a_free_mastership_to_others() -> None:
    rules = stepped_down()
    assert rules.handle(MasterObserved(10.2, 10.1, ME, 0, None, 3)) == []
    assert rules.handle(Tick(10.4)) == []
    assert rules.handle(MasterObserved(10.5, 10.4, ME, OTHER, "b", 4)) == []
    assert not [each for each in rules.handle(Tick(15.0)) if isinstance(each, ReadElection)]


def test_a_node_that_cools_down_takes_a_mastership_that_nobody_else_takes() -> None:
    rules = stepped_down()
    rules.handle(MasterObserved(10.2, 10.1, ME, 0, None, 3))
    wake = rules.next_wake()
    assert wake is not None
    assert 10.2 < wake <= 10.2 + 0.25 * TERMS.session_timeout_seconds
    assert ReadElection(3) in rules.handle(Tick(11.2))


def test_looking_again_does_not_prolong_the_wait_of_a_node_that_cools_down() -> None:
    rules = stepped_down()
    for at in (10.2, 10.6, 11.0):
        assert rules.handle(MasterObserved(at, at - 0.1, ME, 0, None, 3)) == []
    assert ReadElection(3) in rules.handle(Tick(11.2))


def test_the_wait_begins_with_the_vacancy_and_not_with_one_before() -> None:
    rules = stepped_down()
    rules.handle(MasterObserved(10.2, 10.1, ME, 0, None, 3))
    rules.handle(MasterObserved(10.3, 10.2, ME, OTHER, "b", 4))
    rules.handle(MasterObserved(13.0, 12.9, ME, 0, None, 4))
    assert not [each for each in rules.handle(Tick(13.1)) if isinstance(each, ReadElection)]
    rules.handle(Suspended(13.2))
    rules.handle(Connected(15.0, ME, 4.0, 14.9))
    assert rules.handle(MasterObserved(15.1, 15.0, ME, 0, None, 4)) == []
    assert ReadElection(3) in rules.handle(Tick(15.7))


@given(
    sat=st.lists(st.floats(0.0, 9.9), min_size=2, max_size=5, unique=True),
    vacancy=st.floats(0.0, 100.0),
)
def test_of_several_that_cool_down_the_one_that_stepped_down_first_is_the_first(
    sat: list[float], vacancy: float
) -> None:
    contend_at = []
    for seconds in sat:
        sitting = Cooldown(10.0)
        sitting.begin(vacancy - seconds)
        sitting.note(vacancy, free=True)
        contend_at.append((sitting.contend_at(4.0), -seconds))
    assert [seconds for _, seconds in sorted(contend_at)] == sorted(-seconds for seconds in sat)
    assert all(vacancy <= at <= vacancy + 1.0 + 1e-9 for at, _ in contend_at)


def test_a_foreign_receiver_is_waited_for_whether_or_not_anybody_else_contends() -> None:
    rules = serving()
    rules.handle(Fenced(10.1, 3, False, 9))
    rules.handle(Released(10.2, 1))
    rules.handle(MasterObserved(10.3, 10.2, ME, 0, None, 3))
    assert not [each for each in rules.handle(Tick(39.0)) if isinstance(each, ReadElection)]
    rules.handle(MasterObserved(39.1, 39.0, ME, 0, None, 3))
    rules.handle(MasterObserved(40.0, 39.9, ME, 0, None, 3))
    assert rules.state is not State.ACQUIRING
    assert ReadElection(3) in rules.handle(Tick(10.1 + FOREIGN_COOLDOWN_SECONDS))
