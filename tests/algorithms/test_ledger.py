"""The in-flight ledger: what is out, whatever the platform does or does not say."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pacing_node.algorithms import Ledger


def column(*values):
    return np.array(values, dtype=np.float64)


def test_nothing_is_pending_before_the_first_push():
    feedback = Ledger(["a", "b"]).feedback(100.0)
    assert feedback.pending.tolist() == [0.0, 0.0]
    assert feedback.acknowledged.all()
    assert np.isnan(feedback.acceptance_ratio).all()


def test_pending_is_the_newest_report_plus_what_was_allotted_with_it():
    ledger = Ledger(["a"])
    ledger.allotted(100.0, column(6))
    ledger.acknowledged(100.1, column(4))
    assert ledger.feedback(105.0).pending.tolist() == [10.0]


def test_an_unanswered_push_counts_as_arrived():
    ledger = Ledger(["a"])
    ledger.allotted(100.0, column(6))
    ledger.acknowledged(100.1, column(4))
    ledger.allotted(105.0, column(3))
    ledger.failed()
    feedback = ledger.feedback(110.0)
    assert feedback.pending.tolist() == [13.0]
    assert not feedback.acknowledged[0]


def test_a_push_that_never_left_is_taken_back():
    ledger = Ledger(["a"])
    ledger.allotted(100.0, column(6))
    ledger.acknowledged(100.1, column(4))
    ledger.allotted(105.0, column(3))
    ledger.failed(arrived=False)
    assert ledger.feedback(110.0).pending.tolist() == [10.0]


def test_a_report_newer_than_the_snapshot_is_not_used():
    ledger = Ledger(["a"])
    ledger.allotted(100.0, column(6))
    ledger.acknowledged(100.1, column(4))
    ledger.allotted(105.0, column(3))
    ledger.acknowledged(105.1, column(7))
    # Statistics of 103 do not show what was accepted between 103 and 105: the report of 105 misses those.
    assert ledger.feedback(103.0).pending.tolist() == [13.0]
    assert ledger.feedback(106.0).pending.tolist() == [10.0]


def test_dispositions_follow_from_two_reports():
    ledger = Ledger(["a"])
    ledger.allotted(100.0, column(6))
    ledger.acknowledged(100.0, column(4))
    ledger.allotted(105.0, column(2))
    ledger.acknowledged(105.0, column(7))
    feedback = ledger.feedback(110.0)
    assert feedback.disposed.tolist() == [3.0]
    assert feedback.sent.tolist() == [6.0]
    assert feedback.report_seconds.tolist() == [5.0]
    assert ledger.feedback(111.0).disposed.tolist() == [0.0]


def test_dispositions_over_a_failed_push_count_both_allotments():
    ledger = Ledger(["a"])
    ledger.allotted(100.0, column(6))
    ledger.acknowledged(100.0, column(4))
    ledger.allotted(105.0, column(2))
    ledger.failed()
    ledger.allotted(110.0, column(0))
    ledger.acknowledged(110.0, column(5))
    assert ledger.feedback(115.0).disposed.tolist() == [7.0]


def test_a_target_without_reply_keeps_its_older_report():
    ledger = Ledger(["a", "b"])
    ledger.allotted(100.0, column(6, 6))
    ledger.acknowledged(100.0, column(4, 4))
    ledger.allotted(105.0, column(1, 1))
    ledger.acknowledged(105.0, column(5, np.nan))
    feedback = ledger.feedback(110.0)
    assert feedback.pending.tolist() == [6.0, 11.0]
    assert feedback.acknowledged.tolist() == [True, False]


def test_a_count_that_leaps_up_is_taken_without_dispositions():
    ledger = Ledger(["a"])
    ledger.allotted(100.0, column(6))
    ledger.acknowledged(100.0, column(4))
    ledger.allotted(105.0, column(2))
    ledger.acknowledged(105.0, column(5000))
    feedback = ledger.feedback(110.0)
    assert feedback.disposed.tolist() == [0.0]
    assert feedback.sent.tolist() == [6.0]
    assert feedback.pending.tolist() == [5002.0]


def test_a_successor_resumes_from_the_position():
    ledger = Ledger(["a"])
    ledger.allotted(100.0, column(6))
    ledger.acknowledged(100.0, column(4))
    successor = Ledger(["a"])
    successor.resume(100.0, *ledger.position())
    assert successor.feedback(104.0).pending.tolist() == [10.0]
    successor.allotted(105.0, column(2))
    successor.acknowledged(105.0, column(7))
    assert successor.feedback(110.0).disposed.tolist() == [3.0]


def test_disposition_time_is_weighted_by_the_acceptance_ratio():
    ledger = Ledger(["a", "b"])
    ledger.allotted(100.0, column(1, 1))
    ledger.acknowledged(100.0, column(0, 0), column(0.25, np.nan), column(10.0, 10.0), column(30.0, np.nan))
    feedback = ledger.feedback(105.0)
    assert feedback.disposition_seconds.tolist() == [25.0, 10.0]
    assert feedback.acceptance_ratio[0] == 0.25


def test_dispositions_wait_for_the_statistics_that_show_their_accepts():
    ledger = Ledger(["a"])
    ledger.allotted(100.0, column(6))
    ledger.acknowledged(100.0, column(4))
    ledger.allotted(105.0, column(2))
    ledger.acknowledged(105.0, column(7))
    assert ledger.feedback(103.0).disposed.tolist() == [0.0]
    assert ledger.feedback(105.0).disposed.tolist() == [3.0]


def test_a_partial_push_replaces_the_allowance_of_its_targets_alone():
    ledger = Ledger(["a", "b", "c"])
    ledger.allotted(100.0, column(6, 6, 6))
    ledger.acknowledged(100.0, column(4, 4, 4))
    ledger.allotted(102.0, column(1, 3), np.array([2, 0]))
    unanswered = ledger.feedback(102.0)
    assert unanswered.pending.tolist() == [13.0, 10.0, 11.0], "until it is answered it counts as arrived"
    assert unanswered.acknowledged.tolist() == [False, True, False]
    assert unanswered.allotted_age_seconds.tolist() == [0.0, 2.0, 0.0]
    ledger.acknowledged(102.0, column(5, 9))
    feedback = ledger.feedback(103.0)
    assert feedback.pending.tolist() == [12.0, 10.0, 6.0]
    assert feedback.report_age_seconds.tolist() == [1.0, 3.0, 1.0]
    assert feedback.acknowledged.all()


def test_a_refused_partial_push_is_taken_back_for_its_targets_alone():
    ledger = Ledger(["a", "b"])
    ledger.allotted(100.0, column(6, 6))
    ledger.acknowledged(100.0, column(4, 4))
    ledger.allotted(102.0, column(3), np.array([1]))
    ledger.failed(arrived=False)
    assert ledger.feedback(103.0).pending.tolist() == [10.0, 10.0]


def test_many_partial_pushes_within_a_period_do_not_forget_a_lagging_report():
    """Statistics can lag by several periods; a target without partial pushes then still rests on its full push."""
    ledger = Ledger(["a", "b"])
    ledger.allotted(100.0, column(6, 6))
    ledger.acknowledged(100.0, column(4, 4))
    for number in range(1, 20):
        ledger.allotted(100.0 + number, column(1), np.array([0]))
        ledger.acknowledged(100.0 + number, column(2))
    assert ledger.feedback(100.0).pending.tolist() == [4.0 + 6.0 + 19.0, 10.0]
    assert ledger.feedback(120.0).pending.tolist() == [3.0, 10.0]


def test_what_is_remembered_is_bounded_by_time():
    ledger = Ledger(["a"], kept_seconds=60.0)
    ledger.allotted(100.0, column(6))
    ledger.failed()
    ledger.allotted(159.0, column(1))
    assert ledger.feedback(159.0).pending.tolist() == [7.0]
    ledger.allotted(160.0, column(0))
    assert ledger.feedback(160.0).pending.tolist() == [1.0]


_PER_TARGET = ("pending", "sent", "disposed", "acceptance_ratio", "report_age_seconds", "report_seconds")
_STEP = st.tuples(
    st.sampled_from(("full", "partial", "partial")),
    st.sampled_from(("answered", "answered", "unknown", "refused")),
    st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True),
    st.floats(0.5, 9.0),
    st.integers(0, 9),
)


@given(st.lists(_STEP, max_size=25), st.floats(0.0, 12.0))
def test_each_target_is_counted_as_if_it_had_a_ledger_of_its_own(steps, lag):
    names = ["a", "b", "c"]
    together, alone = Ledger(names, kept_seconds=40.0), [Ledger([name], kept_seconds=40.0) for name in names]
    now = 1000.0
    for kind, end, some, seconds, count in steps:
        now += seconds
        rows = some if kind == "partial" else [0, 1, 2]
        amounts = [float(count + row) for row in rows]
        together.allotted(now, column(*amounts), np.array(rows) if kind == "partial" else None)
        for row, amount in zip(rows, amounts, strict=True):
            alone[row].allotted(now, column(amount))
        reported = [float((count * 7 + row) % 5) for row in rows]
        for ledger, values in [(together, reported), *((alone[row], [reported[i]]) for i, row in enumerate(rows))]:
            if end == "answered":
                ledger.acknowledged(now, column(*values), column(*values) / 10.0)
            else:
                ledger.failed(arrived=end == "unknown")
        for each in alone:
            each._forget(now - 40.0)  # a ledger is tidied up at its own pushes
        feedback, others = together.feedback(now - lag), [each.feedback(now - lag) for each in alone]
        for name in (*_PER_TARGET, "acknowledged"):
            expected = np.array([getattr(each, name)[0] for each in others], np.float64)
            np.testing.assert_allclose(getattr(feedback, name).astype(np.float64), expected, err_msg=name)
