"""What was learned survives a hand-over, and what does not fit is refused calmly."""

from __future__ import annotations

import numpy as np
import pytest

from pacing_node.algorithms import Algorithm, Ledger, create_controller, restore_learned, save_learned
from tests.algorithms.support import make_feedback, make_policy, make_snapshot, names


def taught(size=3, algorithm=Algorithm.LOOKAHEAD):
    policy = make_policy(size, algorithm)
    controller = create_controller(names(size), policy)
    for step in range(40):
        snapshot = make_snapshot(
            size,
            taken_at=1000.0 + 5 * step,
            ready=2.0,
            busy=8.0,
            waiting=step % 2,
            accepted=2.0,
            abandoned=step % 3 == 0,
        )
        controller.calculate(snapshot, make_feedback(size, disposed=9.0), policy)
    return controller, policy


def test_a_successor_continues_where_the_predecessor_stopped():
    first, policy = taught()
    second = create_controller(names(3), policy)
    # Nobody waits at the hand-over: what a predecessor alone saw of a queue would differ.
    first.calculate(make_snapshot(3, taken_at=1990.0, ready=5.0, busy=5.0), make_feedback(3), policy)
    assert second.restore(first.save())
    last = make_snapshot(3, taken_at=1995.0, ready=5.0, busy=5.0)
    ours, theirs = (c.calculate(last, make_feedback(3), policy) for c in (first, second))
    assert theirs.estimates.acceptance_ratio == pytest.approx(ours.estimates.acceptance_ratio, rel=1e-5)
    assert theirs.estimates.patience_seconds == pytest.approx(ours.estimates.patience_seconds, rel=1e-3)
    assert theirs.estimates.level == pytest.approx(ours.estimates.level, rel=1e-3)


def test_it_takes_less_than_a_hundred_bytes_a_target():
    policy = make_policy(1000)
    controller, ledger = create_controller(names(1000), policy), Ledger(names(1000))
    assert len(controller.save()) < 1000 * 80
    assert len(save_learned(controller, ledger, 5.0)) < 1000 * 100


def test_rows_are_matched_by_name():
    first, policy = taught(3)
    first._state.entries[:] = [1.0, 2.0, 3.0]
    second = create_controller([names(3)[2], "New - chat", names(3)[0]], policy)
    assert second.restore(first.save())
    assert second._state.entries.tolist() == [3.0, 0.0, 1.0]


def test_what_does_not_fit_is_refused_and_changes_nothing():
    first, policy = taught()
    saved = first.save()
    broken = saved[:4] + b"\xff\xff" + saved[6:]
    not_finite = saved[:-4] + np.array([np.nan], dtype="<f4").tobytes()
    for bad in (b"", b"x", b"nonsense" * 10, saved[:-1], saved + b"x", broken, not_finite):
        fresh = create_controller(names(3), policy)
        assert not fresh.restore(bad)
        assert (fresh._state.entries == 0).all()


def test_controller_and_ledger_travel_together():
    first, policy = taught()
    ledger = Ledger(names(3))
    ledger.allotted(100.0, np.array([6, 0, 2]))
    ledger.acknowledged(100.0, np.array([4.0, 1.0, np.nan]))
    saved = save_learned(first, ledger, 100.0)
    second, successor = create_controller(names(3)[::-1], policy), Ledger(names(3)[::-1])
    assert restore_learned(saved, second, successor)
    assert successor.feedback(101.0).pending.tolist() == [2.0, 1.0, 10.0]
    assert second._state.entries[::-1] == pytest.approx(first._state.entries, rel=1e-5)


@pytest.mark.parametrize("cut", [0, 10, 40, 300])
def test_a_damaged_parcel_is_refused(cut):
    first, policy = taught()
    saved = save_learned(first, Ledger(names(3)), 100.0)[:cut]
    second, ledger = create_controller(names(3), policy), Ledger(names(3))
    assert not restore_learned(saved, second, ledger)
    assert (second._state.entries == 0).all()


def test_impossible_counts_are_refused():
    first, policy = taught(1)
    saved = bytearray(save_learned(first, Ledger(names(1)), 100.0))
    saved[28:32] = np.array([-1.0], dtype="<f4").tobytes()
    assert not restore_learned(bytes(saved), create_controller(names(1), policy), Ledger(names(1)))
