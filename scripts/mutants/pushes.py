"""Pushes: what goes out, what counts as in flight, and what the receiver's fence refuses."""

from __future__ import annotations

from mutants.mutant import Mutant

MUTANTS = (
    Mutant(
        "rehearsal",
        "a standby fills the tables of the laws before its first term needs them",
        "pacing_node/cycle/pacer.py",
        (
            (
                "self._rehearsal.begin(snapshot, self._latest_report.newest, make_state=self._state is None)",
                "pass",
            ),
        ),
        "tests/cycle/test_pacer.py::test_the_laws_tables_are_filled_before_the_first_term",
    ),
    Mutant(
        "push-within-limit",
        "a push never gets more than lease and refresh period allow",
        "pacing_node/cycle/push_budget.py",
        (
            (
                "return min(max(LEAST_SECONDS, self._needed(targets)), limit)",
                "return max(LEAST_SECONDS, self._needed(targets))",
            ),
        ),
        "tests/cycle/test_push_budget.py::"
        "test_whatever_happened_a_push_gets_some_time_and_never_more_than_lease_and_period",
    ),
    Mutant(
        "push-after-overrun",
        "a push gets more time after one that had too little",
        "pacing_node/cycle/push_budget.py",
        (
            ("_AFTER_OVERRUN, _MOST_OVERRUNS = 2.0, 64.0", "_AFTER_OVERRUN, _MOST_OVERRUNS = 1.0, 64.0"),
            ("_ROOM = 1 / 4, 4.0, 2.0", "_ROOM = 1 / 4, 4.0, 1.0"),
        ),
        "tests/cycle/test_push_budget.py::test_a_platform_of_any_speed_within_the_limit_comes_to_its_time",
    ),
    Mutant(
        "push-announced",
        "a platform that grows slower is announced before a push overruns",
        "pacing_node/cycle/push_budget.py",
        (("(self._smoothed + self._deviation) * self._growth(targets)", "self._smoothed / 2 * self._growth(targets)"),),
        "tests/cycle/test_push_budget.py::test_a_platform_that_grows_slower_is_announced_before_a_push_overruns",
    ),
    Mutant(
        "overrun-made-up",
        "what a cycle that lasted too long left no time for is not made up for",
        "pacing_node/cycle/pacer.py",
        (("return max(due, now)", "return due"),),
        "tests/cycle/test_pacer.py::"
        "test_a_cycle_that_lasts_longer_than_its_period_is_followed_at_once_by_one_that_makes_up_for_none",
    ),
    Mutant(
        "sent-twice",
        "a push that was sent more than once counts as in flight",
        "pacing_node/cycle/pushing.py",
        ((" and sent.attempts == 1", ""),),
        "tests/cycle/test_late_pushes.py::test_one_without_an_answer_or_sent_twice_may_arrive_late",
    ),
    Mutant(
        "sequence-check",
        "the receiver refuses a late push of the same epoch",
        "simulator/servers/engagement/fence.py",
        (("if token.order > mark.order:", "if token.order != mark.order and token.epoch >= mark.epoch:"),),
        "tests/simulator/test_fence.py::test_each_token_is_judged_by_the_mark",
    ),
    Mutant(
        "epoch-check",
        "the receiver refuses a push of an older epoch",
        "simulator/servers/engagement/fence.py",
        (("if token.order > mark.order:", "if token.sequence > mark.sequence:"),),
        "tests/simulator/test_fence.py::test_each_token_is_judged_by_the_mark",
    ),
    Mutant(
        "term-id-key",
        "the push of one term is never answered from the memory of another's",
        "simulator/servers/engagement/fence.py",
        ((" or token.key != mark.key", ""),),
        "tests/simulator/test_fence.py::test_the_same_place_in_another_term_is_no_repetition",
    ),
    Mutant(
        "partial-prev",
        "the receiver applies a partial push to no other state than the one it names",
        "simulator/servers/engagement/fence.py",
        (("named == (mark.epoch, mark.term, mark.sequence) and self.complete", "named[0] > 0 and self.complete"),),
        "tests/simulator/test_fence.py::test_a_partial_push_changes_no_other_state",
    ),
    Mutant(
        "partial-term",
        "the receiver applies a partial push to no state of another term of the same epoch",
        "simulator/servers/engagement/fence.py",
        (("(token.epoch, token.term, token.prev)", "(token.epoch, mark.term, token.prev)"),),
        "tests/simulator/test_fence.py::"
        "test_a_partial_push_comes_neither_first_nor_into_another_term_of_the_same_epoch",
    ),
    Mutant(
        "partial-open-parts",
        "the receiver applies no partial push while a full one has open parts",
        "simulator/servers/engagement/fence.py",
        (("mark.sequence) and self.complete", "mark.sequence)"),),
        "tests/simulator/test_fence.py::test_a_partial_push_waits_until_every_part_of_the_full_one_was_applied",
    ),
    Mutant(
        "partial-capability",
        "a platform that has not said that it takes partial pushes is sent none",
        "pacing_node/engagement/bulk.py",
        (("if outcome.accepted and outcome.takes_partials:", "if outcome.accepted:"),),
        "tests/engagement/test_partial_pushes.py::test_a_platform_that_does_not_say_so_is_sent_none",
    ),
    Mutant(
        "partial-other-settings",
        "a platform that was set otherwise since the full push is sent no partial one",
        "pacing_node/engagement/connection.py",
        (("if newest is None or (", "if newest is not None and ("),),
        "tests/engagement/test_partial_pushes.py::test_nothing_is_changed_over_a_connection_with_other_settings",
    ),
    Mutant(
        "partial-no-fence",
        "a partial push that is out of step does not end the term",
        "pacing_node/engagement/part.py",
        (("return PushOutcome(PushStatus.OUT_OF_STEP, message,", "return PushOutcome(PushStatus.FENCED, message,"),),
        "tests/engagement/test_partial_pushes.py::"
        "test_out_of_step_is_no_fence_whatever_the_body_says_and_is_not_repeated",
    ),
    Mutant(
        "partial-own-etag",
        "a conditional partial push goes out on an ETag of an own answer alone",
        "pacing_node/engagement/precondition.py",
        (("return self._known and self._own", "return self._known"),),
        "tests/engagement/test_precondition.py::"
        "test_an_etag_is_own_when_the_answer_to_an_own_write_gave_it_and_nothing_else_did",
    ),
    Mutant(
        "partial-sent-once",
        "a conditional partial push whose answer was lost is not repeated",
        "pacing_node/engagement/conditional.py",
        (
            ("replace(outcome, again=False, refused_proof=None)", "outcome"),
            ("if self._prev is not None and not state.own:", "if False:"),
        ),
        "tests/engagement/test_partial_pushes.py::"
        "test_a_conditional_partial_push_whose_answer_was_lost_is_neither_repeated_nor_looked_for",
    ),
    Mutant(
        "partial-first-full",
        "a term's first push is a full one",
        "pacing_node/cycle/push_order.py",
        (("(known.epoch, known.basis) == (epoch, basis)", "known.basis == basis"),),
        "tests/cycle/test_push_order.py::test_a_term_begins_with_a_full_push",
    ),
    Mutant(
        "partial-after-failure",
        "after any outcome but accepted the next push is a full one",
        "pacing_node/cycle/push_order.py",
        (("if accepted and takes_partials else None", "if takes_partials else None"),),
        "tests/cycle/test_push_order.py::test_after_any_outcome_but_accepted_the_next_push_is_full",
    ),
    Mutant(
        "partial-other-basis",
        "after a change of targets or settings the next push is a full one",
        "pacing_node/cycle/push_order.py",
        (("(known.epoch, known.basis) == (epoch, basis)", "known.epoch == epoch"),),
        "tests/cycle/test_push_order.py::test_other_targets_or_settings_need_a_full_push",
    ),
    Mutant(
        "partial-beside-full",
        "no partial push goes out beside one in flight",
        "pacing_node/cycle/push_order.py",
        (
            ("_State(epoch, sequence, basis), None", "_State(epoch, sequence, basis), _State(epoch, sequence, basis)"),
            ("if known is None or self._in_flight is not None:", "if known is None:"),
        ),
        "tests/cycle/test_push_order.py::test_one_push_is_in_flight",
    ),
    Mutant(
        "partial-withheld-full",
        "a full push that was due and withheld goes before any partial one",
        "pacing_node/cycle/pushing.py",
        (("            self._order.withheld()\n", "            pass\n"),),
        "tests/cycle/test_pushing.py::test_a_full_push_that_is_withheld_is_not_followed_by_partial_ones",
    ),
    Mutant(
        "partial-delays-full",
        "what a partial push is asked to wait does not delay the full one",
        "pacing_node/cycle/pushing.py",
        (
            (
                "self.budget.wait(_now() + outcome.retry_after_seconds)",
                "self._not_before = time.monotonic() + outcome.retry_after_seconds",
            ),
        ),
        "tests/cycle/test_pushing.py::test_what_a_partial_push_is_asked_to_wait_does_not_hold_back_the_full_one",
    ),
    Mutant(
        "partial-before-full",
        "a partial push begins only when it can end before the next full one is due",
        "pacing_node/cycle/partial_pushes.py",
        (
            ("while due - _now() >= STEP_SECONDS + budget and self", "while self"),
            ("if due - _now() < budget or not", "if not"),
            ("if left_seconds < budget or not", "if not"),
        ),
        "tests/cycle/test_partial_pushes.py::test_a_full_push_is_never_late_for_a_partial_one",
    ),
    Mutant(
        "partial-self-demotion",
        "a failed partial push does not count for self-demotion",
        "pacing_node/cycle/pacer.py",
        (
            (
                "recorder=self._recorder,\n            follow_clock",
                "recorder=Recorder(latest_report, lambda *_: on_push(False)),\n            follow_clock",
            ),
        ),
        "tests/cycle/test_partial_pushes.py::test_a_failed_partial_push_is_followed_by_the_full_one_when_it_is_due",
    ),
    Mutant(
        "partial-fencing-none",
        "a platform that looks at no token is sent no partial push",
        "pacing_node/assembly/adapters.py",
        ((' and options.pacing_endpoint.fencing != "none"', ""),),
        "tests/cycle/test_partial_pushes.py::test_they_are_off_unless_asked_for_and_never_without_fencing",
    ),
    Mutant(
        "partial-announced",
        "the standbys know what a partial push allows before it goes out",
        "pacing_node/cycle/partial_pushes.py",
        (("            await self._announce(period, cycle, rows, sequence)\n", ""),),
        "tests/cycle/test_partial_pushes.py::test_the_standbys_know_of_a_partial_push_before_and_after_it",
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
        (("            await push.announce(token.sequence)\n", ""),),
        "tests/cycle/test_pacer.py::test_a_successor_counts_the_push_that_was_in_flight_when_the_master_was_lost",
    ),
    Mutant(
        "announced-afterwards",
        "a term that ended while its push was announced beside the event loop announces nothing",
        "pacing_node/cycle/recording.py",
        (
            (
                "        if not term.ended.is_set():\n            self._latest",
                "        if True:\n            self._latest",
            ),
        ),
        "tests/cycle/test_recording.py::test_a_term_that_ends_while_its_push_is_announced_announces_and_sends_nothing",
    ),
    Mutant(
        "shared-afterwards",
        "a term that ended while its report was made shares nothing",
        "pacing_node/cycle/recording.py",
        (("        if share and term.ended.is_set() is over:", "        if share:"),),
        "tests/cycle/test_recording.py::test_a_term_that_ends_while_its_report_is_made_shares_nothing",
    ),
    Mutant(
        "shown-afterwards",
        "the report of a term that has ended does not take the place of the next master's",
        "pacing_node/cycle/recording.py",
        ((" and self._latest_report.newest is not newest:", " and False:"),),
        "tests/cycle/test_recording.py::test_it_is_not_shown_in_the_place_of_the_next_masters_report",
    ),
    Mutant(
        "resumed-too-early",
        "a new master waits for a record that is still being read",
        "pacing_node/cycle/pacer.py",
        (("            await self._all_read()\n", "            pass\n"),),
        "tests/cycle/test_recording.py::test_a_new_master_resumes_from_what_was_still_being_read",
    ),
    Mutant(
        "announced-too-long",
        "a push whose term ends while it is announced is not sent",
        "pacing_node/cycle/pushing.py",
        (("            if not term.ended.is_set():  # so had", "            if True:  # so had"),),
        "tests/cycle/test_pushing.py::test_nothing_is_sent_when_the_term_ends_while_the_push_is_announced",
    ),
)
