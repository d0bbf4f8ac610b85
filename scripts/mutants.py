"""The safeguards of the leadership, each with the edit that takes it out and the test that must notice.

Data only, one entry a safeguard; ``mutation_check.py`` tries them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One safeguard, taken out."""

    name: str
    safeguard: str
    file: str
    edits: tuple[tuple[str, str], ...]
    """Text that is there exactly once, and what replaces it."""
    test: str
    """The test that must fail."""


LEADERSHIP = "tests/leadership"
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
        f"{LEADERSHIP}/test_long_wait.py::test_after_90_days_as_a_standby_nothing_has_grown_and_fail_over_is_on_time",
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
        "pause-in-the-transaction",
        "nobody acquires after a pause was ordered, although it had looked before",
        "cluster/election/transactions.py",
        (
            ("            transaction.check(paths.pause, record.pause_version)\n", ""),
            ("_, stat, _, members_stat", "_, stat, members_stat"),
        ),
        f"{LEADERSHIP}/test_pause.py::test_an_acquisition_fails_if_the_cluster_was_paused_after_it_looked",
    ),
    Mutant(
        "pause-and-step-down",
        "a mastership is not released by an order while the cluster is paused",
        "cluster/election/state_machine.py",
        (("successor=event.successor, unless_paused=True)", "successor=event.successor)"),),
        f"{LEADERSHIP}/test_model.py::test_a_pause_ordered_during_a_step_down_leaves_a_master",
    ),
    Mutant(
        "pause-during-a-hand-over",
        "a pause waits for a hand-over in progress",
        "cluster/zookeeper/pause.py",
        (("        if not await self._written_under_master(data):\n            await", "        await"),),
        f"{LEADERSHIP}/test_pause.py::test_a_pause_and_a_step_down_at_the_same_time_leave_a_master",
    ),
    Mutant(
        "pause-blocks-contending",
        "a paused cluster has no contenders",
        "cluster/election/candidacy.py",
        (("self.candidate and not self.paused and self._vacant", "self.candidate and self._vacant"),),
        f"{LEADERSHIP}/test_state_machine.py::test_nobody_contends_while_paused_and_does_at_once_when_resumed",
    ),
    Mutant(
        "successor",
        "only the named successor contends",
        "cluster/election/successor.py",
        (("if now < until else None", "if False else None"),),
        f"{LEADERSHIP}/test_model.py::TestNobodyActsWithoutHoldingAndAllComesBack",
    ),
    Mutant(
        "late-order",
        "an order to step down ends the term it was meant for and no later one",
        "cluster/member.py",
        (("if epoch not in {0, term.epoch}:", "if False:"),),
        f"{LEADERSHIP}/test_members.py::test_an_order_that_arrives_late_ends_no_later_term",
    ),
    Mutant(
        "predecessors-budget",
        "a new master waits for what its predecessors can have in flight by their budgets",
        "cluster/election/transactions.py",
        (("left_seconds = 0.0 if record.ended_clean else record.action_seconds", "left_seconds = 0.0"),),
        f"{LEADERSHIP}/test_ended_clean.py::test_the_successor_knows_how_long_an_action_of_earlier_terms_can_last",
    ),
    Mutant(
        "successor-left",
        "a named successor that has left is not waited for",
        "cluster/election/candidacy.py",
        (("if members is None or record.successor in members else", "if True else"),),
        f"{LEADERSHIP}/test_successor.py::test_a_successor_that_has_left_is_not_waited_for",
    ),
    Mutant(
        "history-missing-entry",
        "a missing entry of the history does not become somebody's gap",
        "cluster/zookeeper/history_entries.py",
        (("if previous is not None and _misses_a_term(previous, entry):", "if False:"),),
        f"{LEADERSHIP}/test_history.py::TestGap::test_a_missing_entry_leaves_it_unknown",
    ),
    Mutant(
        "cooldown",
        "a mastership that nobody else takes is taken by a node in its cooldown",
        "cluster/election/cooldown.py",
        (("return min(self._until, ", "return max(self._until, "),),
        f"{LEADERSHIP}/test_state_machine.py::test_a_node_that_cools_down_takes_a_mastership_that_nobody_else_takes",
    ),
    Mutant(
        "failsafe-unanimity",
        "a master without ZooKeeper goes on only while every other failsafe member promises",
        "cluster/election/failsafe.py",
        (("return seconds if not found and", "return seconds if len(found) < 2 and"),),
        f"{LEADERSHIP}/test_failsafe.py::TestUnanimity",
    ),
    Mutant(
        "failsafe-promise",
        "a promise keeps its giver from contending",
        "cluster/election/state_machine.py",
        (("self._candidacy.promise(at + seconds)", "pass"),),
        f"{LEADERSHIP}/test_failsafe.py::TestAnOutageForSome::test_a_promise_binds_whoever_finds_zookeeper_again",
    ),
    Mutant(
        "failsafe-connected-peer",
        "a member that has ZooKeeper promises nothing",
        "cluster/election/state_machine.py",
        (
            (
                '        if self._connected:\n            return "its own',
                '        if False:\n            return "its own',
            ),
        ),
        f"{LEADERSHIP}/test_failsafe.py::TestAPromise::test_is_refused_by_a_node_that_is_connected",
    ),
    Mutant(
        "failsafe-restart",
        "a process that restarts honours what its predecessor may have promised",
        "cluster/election/failsafe_members.py",
        (("started_at + failsafe_list.promise_seconds", "started_at"),),
        f"{LEADERSHIP}/test_failsafe.py::TestAnOutageForSome::test_a_restart_takes_no_promise_back",
    ),
    Mutant(
        "failsafe-newcomer",
        "a node that was not asked waits until no term can bridge the outage any more",
        "cluster/election/failsafe_members.py",
        (("self._since + failsafe_list.longest_seconds", "self._since"),),
        f"{LEADERSHIP}/test_model.py::TestAtMostOneActsWithPromisesToo",
    ),
    Mutant(
        "failsafe-late-attempt",
        "an attempt made after somebody else has become master is given up before anything is written",
        "cluster/election/contender.py",
        (("free = (renews is not None or event.record.vacant) and ", "free = "),),
        f"{LEADERSHIP}/test_failsafe.py::TestAnOutageForSome::"
        "test_an_attempt_on_a_vacancy_that_is_over_changes_nobodys_failsafe_list_later",
    ),
    Mutant(
        "failsafe-longest",
        "promises carry a term no further than the longest time after its last proof",
        "cluster/election/failsafe_lease.py",
        (("min(sent_at + seconds * (1.0 - DRIFT_RATIO), self._limit)", "sent_at + seconds * (1.0 - DRIFT_RATIO)"),),
        f"{LEADERSHIP}/test_failsafe.py::TestHowFarPromisesCarry",
    ),
    Mutant(
        "ghost-reconciliation",
        "a mastership held without knowing it is found and given back",
        "cluster/election/state_machine.py",
        (("elif mine and self._state is State.STANDBY:", "elif mine and self._state is State.STOPPED:"),),
        f"{LEADERSHIP}/test_state_machine.py::test_a_lost_answer_is_reconciled_before_anything_else",
    ),
    Mutant(
        "answer-overdue",
        "an answer that never comes is given up",
        "cluster/election/contender.py",
        (("self._now + ANSWER_FACTOR * ", "1e12 + ANSWER_FACTOR * "),),
        f"{LEADERSHIP}/test_model.py::TestNobodyActsWithoutHoldingAndAllComesBack",
    ),
    Mutant(
        "one-outcome",
        "an unexpected exception in a step of the election is an outcome like any other",
        "cluster/election/steps.py",
        (("        except Exception as failure:", "        except ArithmeticError as failure:"),),
        f"{LEADERSHIP}/test_steps.py::TestAnActionThatRaises::test_is_answered_with_its_failure",
    ),
    Mutant(
        "fenced-backoff",
        "a receiver that refuses every term does not use up the epochs",
        "cluster/election/candidacy.py",
        (("at + self._fenced.next_seconds()", "at + 0.1"),),
        f"{LEADERSHIP}/test_state_machine.py::test_a_receiver_that_refuses_every_term_is_tried_less_and_less_often",
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
        "highest-mark",
        "a receiver's mark beyond reason raises no epoch",
        "cluster/election/state_machine.py",
        ((" <= event.mark_epoch <= HIGHEST_MARK", " <= event.mark_epoch"),),
        f"{LEADERSHIP}/test_state_machine.py::test_a_mark_beyond_reason_raises_nothing",
    ),
    Mutant(
        "full-pipe",
        "the supervisor knows the newest claim after any number of terms",
        "cluster/process/supervisor.py",
        (("asyncio.get_running_loop().add_reader(descriptor, self._read)", "pass"),),
        f"{LEADERSHIP}/test_supervisor.py::test_the_newest_claim_is_known_after_more_terms_than_a_pipe_holds",
    ),
    Mutant(
        "session-change",
        "an epoch is never carried into another session",
        "cluster/election/state_machine.py",
        (("if self.claim is not None and event.session_id != self.claim.session_id:", "if False:"),),
        f"{LEADERSHIP}/test_state_machine.py::test_an_epoch_is_never_carried_into_another_session",
    ),
    Mutant(
        "resign-before-close",
        "a node that leaves resigns first and closes its session then",
        "cluster/member.py",
        (
            ("                await self._backend.mastership.stop()\n", ""),
            (
                "        await self._backend.stop()\n",
                "        await self._backend.stop()\n        await self.mastership.stop()\n",
            ),
        ),
        f"{LEADERSHIP}/test_members.py::test_resigning_comes_before_the_session_is_closed",
    ),
    Mutant(
        "ghost-without-its-entry",
        "a ghost is released although somebody has deleted the entry of its term",
        "cluster/election/transactions.py",
        (("is None:\n            # Somebody", "is Ellipsis:\n            # Somebody"),),
        f"{LEADERSHIP}/test_steps.py::TestAMasterWhoseNodesWereTouched",
    ),
    Mutant(
        "ended-clean",
        "a release records that nothing is in flight only when that is so",
        "cluster/election/steps.py",
        (("ended_clean = self._ends_clean(claim.epoch)", "ended_clean = True"),),
        f"{LEADERSHIP}/test_ended_clean.py::test_the_successor_is_told_of_the_term_before_it_and_of_no_other",
    ),
    Mutant(
        "sent-twice",
        "a push that was sent more than once counts as in flight",
        "pacing_node/cycle/pushing.py",
        ((" and outcome.attempts == 1", ""),),
        "tests/cycle/test_late_pushes.py::test_one_without_an_answer_or_sent_twice_may_arrive_late",
    ),
    Mutant(
        "watchdog",
        "a process whose event loop is frozen is ended",
        "cluster/process/watchdog.py",
        (("elif frozen > self._limit_seconds:", "elif frozen > 1e9:"),),
        f"{LEADERSHIP}/test_broadcast.py::test_the_watchdog_tells_a_frozen_loop_from_a_busy_one",
    ),
    Mutant(
        "sequence-check",
        "the receiver refuses a late push of the same epoch",
        "simulator/servers/engagement/fence.py",
        (("token.order > mark.order else", "token.epoch >= mark.epoch else"),),
        "tests/simulator/test_fence.py::test_each_token_is_judged_by_the_mark",
    ),
    Mutant(
        "epoch-check",
        "the receiver refuses a push of an older epoch",
        "simulator/servers/engagement/fence.py",
        (("token.order > mark.order else", "token.sequence > mark.sequence else"),),
        "tests/simulator/test_fence.py::test_each_token_is_judged_by_the_mark",
    ),
    Mutant(
        "fenced",
        "a master that is refused by the fence ends its term",
        "pacing_node/cycle/pushing.py",
        (("if outcome.status is PushStatus.FENCED:", "if False:"),),
        "tests/cycle/test_pushing.py::test_a_refusal_by_the_fence_ends_the_term_with_the_mark",
    ),
    Mutant(
        "if-match-newer",
        "a conditional write never replaces a newer state",
        "pacing_node/engagement/precondition.py",
        ((" or holder.place > place):", "):"),),
        "tests/engagement/test_precondition.py::test_a_term_begins_on_what_is_older_and_on_nothing_else",
    ),
    Mutant(
        "if-match-lost",
        "after a push without an answer no ETag is known",
        "pacing_node/engagement/precondition.py",
        (("        self._known = False\n        self._sent = place", "        self._sent = place"),),
        "tests/engagement/test_precondition.py::test_an_own_write_whose_answer_was_lost_is_taken_for_nobody_elses",
    ),
    Mutant(
        "late-success",
        "a success that arrives after the term has ended is not trusted",
        "pacing_node/cycle/pushing.py",
        (("elif term.ended.is_set():", "elif False:"),),
        "tests/cycle/test_pushing.py::test_a_success_that_arrives_after_the_term_ended_is_not_trusted",
    ),
    Mutant(
        "discard-on-close",
        "the kernel throws away what a push that was given up has not delivered",
        "pacing_node/engagement/transport.py",
        (("options = [_DISCARD_ON_CLOSE]", "options: list[SocketOption] = []"),),
        "tests/engagement/test_cut_off_pushes.py::test_a_push_given_up_on_a_dead_line_never_arrives",
    ),
    Mutant(
        "kernel-gives-up",
        "the kernel gives up the push of a frozen process",
        "pacing_node/engagement/transport.py",
        (("if limit is not None and unacknowledged_seconds is not None:", "if False:"),),
        "tests/engagement/test_cut_off_pushes.py::test_nor_does_one_of_a_process_that_is_frozen_meanwhile",
    ),
    Mutant(
        "deadline-before-bytes",
        "the deadline is compared when the bytes are about to go out",
        "pacing_node/engagement/transport.py",
        (("            self._deadline.check()", "            pass"),),
        "tests/engagement/test_deadline.py::test_a_push_whose_machine_slept_after_its_check_does_not_go_out",
    ),
    Mutant(
        "announced-before-sending",
        "the standbys know what a push allows before it goes out",
        "pacing_node/cycle/pushing.py",
        (("        announce(token.sequence)\n", ""),),
        "tests/cycle/test_pacer.py::test_a_successor_counts_the_push_that_was_in_flight_when_the_master_was_lost",
    ),
    Mutant(
        "records-of-low-epochs",
        "followers take every record of the stream they follow, also after epochs began again",
        "cluster/member.py",
        (
            (
                "if self.mastership.term is not None:",
                "if self._last_record and record.info.epoch < self._last_record.info.epoch:",
            ),
        ),
        f"{LEADERSHIP}/test_members.py::test_followers_take_every_record_of_the_master_they_follow_whatever_its_epoch",
    ),
    Mutant(
        "records-numbered",
        "records have a numbering of their own within one stream",
        "cluster/peers/server.py",
        (("        self._published += 1\n", ""),),
        f"{LEADERSHIP}/test_broadcast.py::test_a_slow_follower_skips_to_the_newest_record",
    ),
    Mutant(
        "promise-addressee",
        "a promise is given by the process that was asked, and by no other one",
        "cluster/election/failsafe_members.py",
        (("    if name != own.name:", "    if not own.name:"),),
        f"{LEADERSHIP}/test_failsafe.py::TestAddressee::test_nobody_is_free_whose_address_leads_to_another_member",
    ),
    Mutant(
        "term-id-proof",
        "a proof holds only in the history of ZooKeeper in which the claim was acquired",
        "cluster/election/transactions.py",
        (("        if claim.term_id:\n", "        if not claim.term_id:\n"),),
        f"{LEADERSHIP}/test_restored_zookeeper.py"
        "::test_of_two_that_got_the_same_epoch_in_two_histories_only_the_one_of_this_history_is_confirmed",
    ),
    Mutant(
        "term-id-release",
        "a claim of another history releases nothing",
        "cluster/election/transactions.py",
        (("            if term_id:\n", "            if False:\n"),),
        f"{LEADERSHIP}/test_restored_zookeeper.py::test_one_of_another_history_releases_nothing_of_this_one",
    ),
    Mutant(
        "term-id-key",
        "the push of one term is never answered from the memory of another's",
        "simulator/servers/engagement/fence.py",
        (("if token.key != mark.key:", "if False:"),),
        "tests/simulator/test_fence.py::test_the_same_place_in_another_term_is_no_repetition",
    ),
    Mutant(
        "claim-owner",
        "after a reconnect the master's node must belong to the session of the claim",
        "cluster/election/transactions.py",
        (("        if check_owner:", "        if False:"),),
        f"{LEADERSHIP}/test_restored_zookeeper.py"
        "::test_a_claim_whose_node_belongs_to_another_session_is_refused_on_a_new_connection",
    ),
    Mutant(
        "identity-kept",
        "what a node remembers of its cluster is not overwritten",
        "cluster/backends/zookeeper_backend.py",
        (('if not (read_if_there(path) or b"").strip():', "if read_if_there(path) != content:"),),
        f"{LEADERSHIP}/test_identity.py"
        "::test_what_a_node_remembers_is_not_overwritten_by_an_identity_that_somebody_made_anew",
    ),
    Mutant(
        "identity-written-back",
        "a master refused as foreign writes the receiver's identity back if it remembers it",
        "cluster/election/transactions.py",
        (("            if cluster_id:\n", "            if False:\n"),),
        f"{LEADERSHIP}/test_identity.py"
        "::test_a_master_refused_as_foreign_writes_the_receivers_identity_back_if_it_remembers_it",
    ),
    Mutant(
        "identity-damaged",
        "a node that remembers nothing makes no identity in place of a damaged one",
        "cluster/election/transactions.py",
        (
            (
                "            if known_cluster_id is None:\n                raise\n",
                "            known_cluster_id = known_cluster_id or str(uuid.uuid4())\n",
            ),
        ),
        f"{LEADERSHIP}/test_identity.py"
        "::test_a_damaged_identity_is_mended_by_who_remembers_it_and_waited_for_by_who_does_not",
    ),
    Mutant(
        "identity-gone",
        "a node that remembers nothing makes no identity where there was one",
        "cluster/election/transactions.py",
        (("known_cluster_id is None and had_epoch:", "False:"),),
        f"{LEADERSHIP}/test_identity.py::test_one_that_is_gone_from_a_tree_that_is_there_is_made_anew_by_nobody",
    ),
)
