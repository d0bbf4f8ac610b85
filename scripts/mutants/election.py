"""The election: who may contend, when a term ends, and what an order does."""

from __future__ import annotations

from mutants.mutant import LEADERSHIP, Mutant

MUTANTS = (
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
        "pause-known",
        "an order releases nothing while the master knows of a pause",
        "cluster/election/transactions.py",
        (("if known is not None and pause_in_force(known.data) is None:", "if known is not None:"),),
        f"{LEADERSHIP}/test_transactions.py::TestAReleaseThatAPauseForbids::test_is_refused_where_it_knows_of_the_pause",
    ),
    Mutant(
        "ahead-of-another-connection",
        "what was read ahead over another connection gives no term",
        "cluster/election/transactions.py",
        (("if ahead is not None and ahead[0] is self._read_over:", "if ahead is not None:"),),
        f"{LEADERSHIP}/test_transactions.py::TestReadingAhead::test_does_not_outlive_its_connection",
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
        f"{LEADERSHIP}/test_successor.py::test_others_wait_from_when_they_first_saw_the_name_and_no_longer",
    ),
    Mutant(
        "successor-left",
        "a named successor that has left is not waited for",
        "cluster/election/candidacy.py",
        (("if members is None or record.successor in members else", "if True else"),),
        f"{LEADERSHIP}/test_successor.py::test_a_successor_that_has_left_is_not_waited_for",
    ),
    Mutant(
        "late-order",
        "an order to step down ends the term it was meant for and no later one",
        "cluster/peers/resignation.py",
        (("if epoch not in {0, term.epoch}:", "if False:"),),
        f"{LEADERSHIP}/test_members.py::test_an_order_that_arrives_late_ends_no_later_term",
    ),
    Mutant(
        "cooldown",
        "a mastership that nobody else takes is taken by a node in its cooldown",
        "cluster/election/cooldown.py",
        (("return min(self._until, ", "return max(self._until, "),),
        f"{LEADERSHIP}/test_state_machine.py::test_a_node_that_cools_down_takes_a_mastership_that_nobody_else_takes",
    ),
    Mutant(
        "ghost-reconciliation",
        "a mastership held without knowing it is found and given back",
        "cluster/election/state_machine.py",
        (("elif mine and self._state is State.STANDBY:", "elif mine and self._state is State.STOPPED:"),),
        f"{LEADERSHIP}/test_state_machine.py::test_a_lost_answer_is_reconciled_before_anything_else",
    ),
    Mutant(
        "ghost-without-its-entry",
        "a ghost is released although somebody has deleted the entry of its term",
        "cluster/election/transactions.py",
        (("is None:\n            # Somebody", "is Ellipsis:\n            # Somebody"),),
        f"{LEADERSHIP}/test_steps.py::TestAMasterWhoseNodesWereTouched",
    ),
    Mutant(
        "answer-overdue",
        "an answer that never comes is given up",
        "cluster/election/contender.py",
        (("self._now + ANSWER_FACTOR * ", "1e12 + ANSWER_FACTOR * "),),
        f"{LEADERSHIP}/test_state_machine.py::"
        "test_an_attempt_whose_answer_never_comes_is_given_up_after_two_session_timeouts",
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
        "highest-mark",
        "a receiver's mark beyond reason raises no epoch",
        "cluster/election/state_machine.py",
        ((" <= event.mark_epoch <= HIGHEST_MARK", " <= event.mark_epoch"),),
        f"{LEADERSHIP}/test_state_machine.py::test_a_mark_beyond_reason_raises_nothing",
    ),
    Mutant(
        "resign-before-close",
        "a node that leaves resigns first and closes its session then",
        "cluster/member.py",
        (
            ("                await self._backend.mastership.stop(await self._successor_of_stop())\n", ""),
            (
                "        await self._backend.stop()\n",
                "        await self._backend.stop()\n        await self.mastership.stop()\n",
            ),
        ),
        f"{LEADERSHIP}/test_members.py::test_resigning_comes_before_the_session_is_closed",
    ),
    Mutant(
        "stop-names-newest",
        "a master that stops names the member that started last",
        "cluster/peers/readiness.py",
        (("newest = max(members", "newest = min(members"),),
        f"{LEADERSHIP}/test_successor.py::test_a_master_that_stops_names_nobody_who_cannot_or_does_not_answer",
    ),
    Mutant(
        "predecessors-budget",
        "a new master waits for what its predecessors can have in flight by their budgets",
        "cluster/election/transactions.py",
        (("left_seconds = 0.0 if record.ended_clean else record.action_seconds", "left_seconds = 0.0"),),
        f"{LEADERSHIP}/test_ended_clean.py::test_the_successor_knows_how_long_an_action_of_earlier_terms_can_last",
    ),
    Mutant(
        "ended-clean",
        "a release records that nothing is in flight only when that is so",
        "cluster/election/steps.py",
        (("ended_clean = self._ends_clean(claim.epoch)", "ended_clean = True"),),
        f"{LEADERSHIP}/test_ended_clean.py::test_the_successor_is_told_of_the_term_before_it_and_of_no_other",
    ),
    Mutant(
        "history-missing-entry",
        "a missing entry of the history does not become somebody's gap",
        "cluster/zookeeper/history_entries.py",
        (("if previous is not None and _misses_a_term(previous, entry):", "if False:"),),
        f"{LEADERSHIP}/test_history.py::TestGap::test_a_missing_entry_leaves_it_unknown",
    ),
)
