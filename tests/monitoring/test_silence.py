"""Silence is visible with its age and its reason: decided in one place, for every page, command, metric and alarm."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from cluster.mastership import LeadershipStatus, Role, ZooKeeperState
from pacing_node.algorithms.model import Reason
from pacing_node.cycle.latest_report import LatestReport
from pacing_node.cycle.plan import Plan
from pacing_node.monitoring.cycle_watch import CycleWatch
from pacing_node.monitoring.silence import (
    CycleState,
    ReportFacts,
    SilenceReason,
    Surroundings,
    cycle_state,
    known_master,
)
from tests.support.cycle_parts import FakeMastership, report

NOW = 1_000_000.0
STANDBY = LeadershipStatus(Role.STANDBY, "standby", 7, 0.0, ZooKeeperState.CONNECTED, 4.0, "c", "node-1")
AWAY = replace(STANDBY, zookeeper=ZooKeeperState.SUSPENDED)
MASTER = replace(STANDBY, role=Role.MASTER, state="serving", lease_left_seconds=3.0)


def facts(age: float = 1.0, *, accepted_before: float = 0.0, **changes: object) -> ReportFacts:
    """A report that came ``age`` seconds ago, whose newest accepted push was that much before its cycle."""
    as_of = NOW - age
    known = ReportFacts(
        epoch=7,
        as_of=as_of,
        age_seconds=age,
        interval_seconds=5.0,
        accepted_at=as_of - accepted_before,
        accepted_seconds=age + accepted_before,
        pushed=accepted_before == 0.0,
        push_status="accepted" if accepted_before == 0.0 else "failed",
        push_error="" if accepted_before == 0.0 else "connection refused",
        stale_for_seconds=None,
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def state(report: ReportFacts | None, status: LeadershipStatus = STANDBY, **around: object) -> CycleState:
    known = Surroundings(now=NOW, started_at=NOW - 500.0, refresh_seconds=5.0, status=status)
    return cycle_state(report, replace(known, **around))  # type: ignore[arg-type]


class TestAge:
    def test_a_current_cycle_carries_its_age_and_is_not_silent(self):
        current = state(facts(2.0))
        assert (current.age_seconds, current.as_of, current.silent_since) == (2.0, NOW - 2.0, None)
        assert (current.reason, current.text) == (None, "")

    def test_three_refresh_periods_without_an_accepted_push_are_silence(self):
        assert not state(facts(15.0)).silent
        assert state(facts(15.1)).silent_since == pytest.approx(NOW - 15.1)

    def test_cycles_that_go_on_while_the_platform_takes_none_are_silence(self):
        silent = state(facts(1.0, accepted_before=70.0))
        assert (silent.age_seconds, silent.silent_since) == (1.0, NOW - 71.0)

    def test_a_push_accepted_after_its_cycle_calculated_is_no_older_than_the_cycle(self):
        assert not state(facts(15.0, accepted_at=NOW + 100.0)).silent

    def test_clocks_of_the_master_and_of_this_node_do_not_mix(self):
        assert not state(facts(1.0, as_of=NOW - 9_000.0, accepted_at=NOW - 9_000.0)).silent

    def test_a_clock_that_is_behind_that_of_the_accepted_push_hides_no_silence(self):
        behind = facts(1.0, accepted_before=70.0, accepted_at=NOW + 3_600.0)
        assert state(behind).silent_since == NOW - 71.0

    def test_a_cluster_that_never_had_a_push_accepted_counts_from_the_start_of_the_node(self):
        silent = state(facts(1.0, accepted_at=0.0, accepted_seconds=None, pushed=False, push_status="failed"))
        assert (silent.accepted_at, silent.silent_since) == (None, NOW - 500.0)

    def test_before_any_report_silence_counts_from_the_start_of_the_node(self):
        assert not state(None, started_at=NOW - 15.0).silent
        assert state(None).silent_since == NOW - 500.0


class TestReason:
    def test_starting(self):
        silent = state(None, missing=["cluster options"])
        assert (silent.reason, silent.text) == (SilenceReason.STARTING, "this node waits for cluster options")

    def test_no_master_with_zookeeper_away(self):
        silent = state(facts(71.0), AWAY)
        assert silent.reason is SilenceReason.NO_MASTER
        assert "ZooKeeper cannot be reached from this node (suspended)" in silent.text
        assert "the last one known is node-1" in silent.text

    def test_no_master_while_connected(self):
        silent = state(facts(71.0), replace(STANDBY, master=None))
        assert (silent.reason, silent.text) == (SilenceReason.NO_MASTER, "no master is known")

    def test_paused_by_somebody(self):
        silent = state(facts(71.0), replace(STANDBY, master=None), paused_by="night shift")
        assert silent.reason is SilenceReason.PAUSED
        assert "paused by night shift" in silent.text

    def test_the_platform_refused_the_newest_push_and_ended_the_term(self):
        refused = facts(71.0, accepted_before=70.0, push_status="fenced", push_error="stale_token: mark 9/4")
        silent = state(refused, replace(STANDBY, master=None))
        assert silent.reason is SilenceReason.REFUSED
        assert silent.text == "the platform refused the newest push: stale_token: mark 9/4; no master is known since"

    def test_a_master_that_was_refused_during_a_pause_is_told_with_the_pause(self):
        refused = facts(71.0, accepted_before=70.0, push_status="fenced", push_error="stale_token: mark 9/4")
        silent = state(refused, replace(STANDBY, master=None, state="paused"), paused_by="night shift")
        assert silent.reason is SilenceReason.PAUSED
        assert "paused by night shift: nobody takes over" in silent.text
        assert "the platform refused the newest push: stale_token: mark 9/4" in silent.text

    def test_what_keeps_every_node_from_becoming_master_is_told(self):
        silent = state(facts(71.0), replace(STANDBY, master=None, damage="/p/c/epoch: found b'x'"))
        assert (silent.reason, silent.text) == (
            SilenceReason.NO_MASTER,
            "nobody can become master: /p/c/epoch: found b'x'",
        )

    def test_a_pause_is_no_reason_while_there_is_a_master(self):
        assert state(facts(1.0, accepted_before=70.0), paused_by="night shift").reason is SilenceReason.PLATFORM

    def test_the_lease_of_the_former_master_is_over(self):
        assert state(facts(71.0), AWAY, lease_over=True).reason is SilenceReason.LEASE_OVER

    def test_the_cycle_fails(self):
        silent = state(facts(71.0), MASTER, failed_cycles=14, failure="ValueError: x")
        assert silent.reason is SilenceReason.CYCLE_FAILED
        assert "14 cycles in a row failed" in silent.text
        assert "ValueError: x" in silent.text

    def test_nothing_arrives_from_the_master(self):
        silent = state(facts(71.0))
        assert (silent.reason, silent.text) == (
            SilenceReason.NO_REPORT,
            "no report of a cycle arrives from the master node-1",
        )

    def test_a_master_that_refuses_this_node_is_told_with_its_words(self):
        silent = state(facts(71.0), refused_by_master="a wrong signature")
        assert silent.reason is SilenceReason.NO_REPORT
        assert silent.text.endswith("master node-1, which refuses this node: a wrong signature")

    def test_the_platform_does_not_accept(self):
        silent = state(facts(1.0, accepted_before=70.0), MASTER)
        assert (silent.reason, silent.text) == (
            SilenceReason.PLATFORM,
            "the platform did not accept a push: connection refused",
        )

    def test_the_push_is_withheld(self):
        silent = state(facts(1.0, accepted_before=70.0, push_status="withheld", push_error="there are no targets"))
        assert (silent.reason, silent.text) == (
            SilenceReason.WITHHELD,
            "the push is withheld: there are no targets",
        )

    def test_the_statistics_of_all_targets_are_stale(self):
        silent = state(facts(1.0, stale_for_seconds=45.0), MASTER)
        assert (silent.reason, silent.silent_since) == (SilenceReason.STATISTICS_STALE, NOW - 60.0)

    def test_statistics_count_as_stale_from_when_they_were_young_enough_last(self):
        assert state(facts(1.0, stale_for_seconds=0.1), MASTER).silent_since == pytest.approx(NOW - 15.1)

    def test_a_node_that_has_just_started_gives_them_three_periods(self):
        assert not state(facts(1.0, stale_for_seconds=3.0), MASTER, started_at=NOW - 4.0).silent


class TestMaster:
    def test_zookeeper_vouches_while_it_is_connected(self):
        assert known_master(STANDBY, None) == "node-1"
        assert known_master(replace(STANDBY, master=None), facts(1.0)) is None

    def test_nobody_vouches_for_a_master_when_zookeeper_is_away_and_its_reports_stay_away(self):
        assert known_master(AWAY, None) is None
        assert known_master(AWAY, facts(43.0)) is None

    def test_a_report_that_has_just_arrived_vouches_for_a_master_without_zookeeper(self):
        assert known_master(AWAY, facts(4.0)) == "node-1"

    def test_a_master_vouches_for_itself_while_its_lease_lasts(self):
        assert known_master(MASTER, None) == "node-1"
        assert known_master(replace(MASTER, lease_left_seconds=0.0), facts(1.0)) is None


class TestWatch:
    """What a node gathers for these rules."""

    def test_statistics_are_stale_from_the_first_report_in_which_all_are_until_one_is_not(self, monkeypatch):
        clock, latest, plan = [1000.0], LatestReport(), Plan()
        monkeypatch.setattr("pacing_node.monitoring.cycle_watch.boot_seconds", lambda: clock[0])
        watch = CycleWatch(FakeMastership(), latest, plan)
        watch._started_at -= 1000.0
        silent = []
        stale, some = [int(Reason.STATISTICS_STALE)] * 2, [int(Reason.STATISTICS_STALE), int(Reason.AGENTS_AVAILABLE)]
        for reason in (some, stale, stale, some):
            latest.post(report("A - chat", "B - chat", calculated_at=clock[0], reason=reason), clock[0])
            found = watch.state()
            silent.append(
                (found.reason, None if found.silent_since is None else round(time.time() - found.silent_since))
            )
            clock[0] += 5.0
        expected = SilenceReason.STATISTICS_STALE
        assert silent == [(None, None), (None, None), (expected, 20), (None, None)]

    @pytest.fixture
    def clock(self, monkeypatch):
        clock = [1000.0]
        monkeypatch.setattr("pacing_node.monitoring.cycle_watch.boot_seconds", lambda: clock[0])
        return clock

    @pytest.mark.parametrize("set_by", [-7200.0, 0.0, 7200.0])
    def test_silence_is_counted_from_the_accepted_push_that_was_seen_however_the_masters_clock_is_set(
        self, clock, set_by
    ):
        latest = LatestReport()
        watch = CycleWatch(FakeMastership(), latest, Plan())
        latest.post(report("A - chat", calculated_at=5000.0, accepted_at=5000.5), clock[0])
        assert not watch.state().silent
        lost = {"accepted_at": 5000.5, "pushed": False, "push_status": "failed", "push_error": "connection refused"}
        for step in range(1, 6):
            clock[0] += 5.0
            latest.post(report("A - chat", calculated_at=5000.0 + set_by + 5.0 * step, **lost), clock[0])
            assert watch.state().silent is (step > 3), "three periods of 5 s"
        assert time.time() - watch.state().silent_since == pytest.approx(25.0, abs=1.0)

    def test_a_push_that_was_accepted_unseen_counts_from_when_its_master_says(self, clock):
        latest = LatestReport()
        watch = CycleWatch(FakeMastership(), latest, Plan())
        lost = {"pushed": False, "push_status": "failed", "push_error": "connection refused"}
        latest.post(report("A - chat", calculated_at=5000.0, accepted_at=4940.0, **lost), clock[0])
        assert time.time() - watch.state().silent_since == pytest.approx(60.0, abs=1.0)
        clock[0] += 5.0
        latest.post(report("A - chat", calculated_at=5005.0, accepted_at=5002.0, **lost), clock[0])
        assert not watch.state().silent

    def test_a_calendar_that_is_set_back_hides_no_silence_of_a_node_without_any_report(self, clock, monkeypatch):
        watch = CycleWatch(FakeMastership(), LatestReport(), Plan())
        clock[0] += 60.0
        before = time.time()
        monkeypatch.setattr("pacing_node.monitoring.cycle_watch.time", SimpleNamespace(time=lambda: before - 7200.0))
        assert watch.state().silent_since == pytest.approx(before - 7200.0 - 60.0, abs=1.0)

    @pytest.mark.parametrize("other", [Reason.HELD, Reason.TARGET_DISABLED])
    def test_a_target_that_is_held_hides_no_silence_of_the_others(self, clock, other):
        latest = LatestReport()
        watch = CycleWatch(FakeMastership(), latest, Plan())
        watch._started_at -= 1000.0
        reason = [int(other), int(Reason.STATISTICS_STALE)]
        for _ in range(2):
            latest.post(report("A - chat", "B - chat", calculated_at=clock[0], reason=reason), clock[0])
            watch.state()
            clock[0] += 5.0
        assert watch.state().reason is SilenceReason.STATISTICS_STALE

    def test_a_stop_by_an_operator_is_no_silence(self, clock):
        latest = LatestReport()
        watch = CycleWatch(FakeMastership(), latest, Plan())
        watch._started_at -= 1000.0
        for _ in range(5):
            latest.post(report("A - chat", calculated_at=clock[0], reason=[int(Reason.STOPPED)]), clock[0])
            assert not watch.state().silent
            clock[0] += 5.0
