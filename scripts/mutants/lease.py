"""The lease: how long a term may act, and what its times are counted from."""

from __future__ import annotations

from mutants.mutant import LEADERSHIP, Mutant

MUTANTS = (
    Mutant(
        "lease-margin",
        "a lease ends before its session by heartbeat, half a tick and drift",
        "cluster/lease.py",
        (("sent_at - self.heartbeat_seconds - self.report_seconds", "sent_at"), (" * (1.0 - DRIFT_RATIO)", "")),
        f"{LEADERSHIP}/test_lease.py::test_in_steady_service_a_lease_ends_before_its_session_by_the_margin",
    ),
    Mutant(
        "lease-after-a-pause",
        "a lease counts from touches of the session that ZooKeeper's leader knew of",
        "cluster/lease.py",
        (("min(from_proof, touched_at)", "from_proof"),),
        f"{LEADERSHIP}/test_lease.py::test_after_a_pause_a_lease_counts_from_the_last_touch_that_was_surely_known",
    ),
    Mutant(
        "lease-fast-clock",
        "half a tick counts as passed only when it has by the slowest clock of ZooKeeper's leader",
        "cluster/lease.py",
        (("lease_times.report_seconds * (1.0 + DRIFT_RATIO)", "lease_times.report_seconds"),),
        f"{LEADERSHIP}/test_model.py::"
        "test_the_lease_of_a_fast_clock_ends_before_a_session_whose_last_touch_was_not_yet_reported",
    ),
    Mutant(
        "touches-pruned",
        "what a standby keeps does not grow with the time it waits",
        "cluster/lease.py",
        (("        self.known_at(answered_at - self._session_timeout_seconds)\n", ""),),
        f"{LEADERSHIP}/test_long_wait.py::test_after_days_as_a_standby_nothing_has_grown_and_fail_over_is_on_time[7]",
    ),
    Mutant(
        "lease-expiry",
        "a term ends before its lease does",
        "cluster/election/state_machine.py",
        (("at >= self._lease.until - HEALTH_GUARD_SECONDS", "False"),),
        f"{LEADERSHIP}/test_state_machine.py::test_a_term_may_act_until_its_lease_is_over_and_ends_just_before",
    ),
    Mutant(
        "suspended",
        "nothing is started without a connection to ZooKeeper",
        "cluster/election/state_machine.py",
        (
            (
                "return serving and self.lease_left(now) > 0.0",
                "return self.lease_left(now) > 0.0",
            ),
        ),
        f"{LEADERSHIP}/test_state_machine.py::test_nothing_is_started_while_the_connection_is_gone",
    ),
    Mutant(
        "lease-of-the-moment",
        "what may be started is bounded by the lease left at that moment",
        "cluster/election/driver.py",
        (
            (
                "return self._machine.lease_until if self._machine.may_act(now) else 0.0",
                "return now + 1.0",
            ),
        ),
        f"{LEADERSHIP}/test_members.py::test_what_may_be_started_shrinks_with_the_lease_and_ends_with_the_connection",
    ),
    Mutant(
        "granted-session",
        "a session shorter than asked for shortens lease, heartbeat and actions",
        "cluster/lease.py",
        (("min(self.heartbeat_seconds, HEARTBEAT_RATIO * session_timeout_seconds)", "self.heartbeat_seconds"),),
        f"{LEADERSHIP}/test_lease.py::test_a_much_shorter_session_than_asked_for_still_carries_an_action",
    ),
    Mutant(
        "shorter-session",
        "a shorter session granted at a reconnect shortens the lease at once",
        "cluster/election/held_lease.py",
        (("self.until = min(self.until, self.times.end_of_session(opened_at))", "pass"),),
        f"{LEADERSHIP}/test_state_machine.py::test_a_shorter_session_granted_at_a_reconnect_shortens_the_lease_at_once",
    ),
    Mutant(
        "session-change",
        "an epoch is never carried into another session",
        "cluster/election/state_machine.py",
        (("if self.claim is not None and event.session_id != self.claim.session_id:", "if False:"),),
        f"{LEADERSHIP}/test_state_machine.py::test_an_epoch_is_never_carried_into_another_session",
    ),
    Mutant(
        "worthwhile-lease",
        "no term begins whose lease would end before its first proof",
        "cluster/election/contender.py",
        (("return max(can_at, self._lease.worthwhile_at(self._now))", "return can_at"),),
        f"{LEADERSHIP}/test_state_machine.py::"
        "test_a_node_that_was_frozen_begins_no_term_that_would_end_before_it_is_proved",
    ),
    Mutant(
        "lease-clock",
        "a lease runs out while the machine sleeps",
        "cluster/clock.py",
        (('getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)', "time.CLOCK_MONOTONIC"),),
        "tests/faults/test_instruments.py::test_a_machine_that_slept_shows_it_on_the_clock_of_leases_alone",
    ),
)
