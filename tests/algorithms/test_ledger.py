"""The in-flight ledger: what is out, whatever the platform does or does not say."""

from __future__ import annotations

import numpy as np

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
