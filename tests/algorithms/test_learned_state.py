"""What was learned survives a hand-over, and what does not fit is refused calmly."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacing_node.algorithms import (
    Algorithm,
    Controller,
    Ledger,
    UnusableStateError,
    restore_learned,
    save_learned,
)
from pacing_node.algorithms.state import match, name_keys
from tests.algorithms.support import make_feedback, make_policy, make_snapshot, names


def taught(size=3, algorithm=Algorithm.LOOKAHEAD):
    policy = make_policy(size, algorithm)
    controller = Controller(names(size))
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
    second = Controller(names(3))
    # Nobody waits at the hand-over: what a predecessor alone saw of a queue would differ.
    first.calculate(make_snapshot(3, taken_at=1990.0, ready=5.0, busy=5.0), make_feedback(3), policy)
    second.restore(first.save())
    last = make_snapshot(3, taken_at=1995.0, ready=5.0, busy=5.0)
    ours, theirs = (c.calculate(last, make_feedback(3), policy) for c in (first, second))
    assert theirs.estimates.acceptance_ratio == pytest.approx(ours.estimates.acceptance_ratio, rel=1e-5)
    assert theirs.estimates.patience_seconds == pytest.approx(ours.estimates.patience_seconds, rel=1e-3)
    assert theirs.estimates.level == pytest.approx(ours.estimates.level, rel=1e-3)


def test_a_successor_believes_the_platform_as_the_predecessor_does():
    # Averages of a platform that has just begun to report count half; to a successor they are as old as they are.
    controller, policy = Controller(names(1)), make_policy(1)
    successor, ledger = Controller(names(1)), Ledger(names(1))
    for period in range(40):
        now = 1000.0 + 5.0 * period
        result = controller.calculate(make_snapshot(taken_at=now, ready=5.0, busy=5.0), ledger.feedback(now), policy)
        ledger.allotted(now, result.invitations)
        times = np.array([45.0]), np.array([6.0])
        ledger.acknowledged(now, np.array([4.0]), np.array([0.5]), *times)
    successor.restore(controller.save())
    feedback, snapshot = ledger.feedback(1200.0), make_snapshot(taken_at=1200.0, ready=5.0, busy=5.0)
    ours, theirs = (each.calculate(snapshot, feedback, policy).estimates for each in (controller, successor))
    assert theirs.disposition_seconds == pytest.approx(ours.disposition_seconds, rel=1e-4)
    assert theirs.pending == pytest.approx(ours.pending, rel=1e-4)


def test_its_size_is_the_documented_one():
    controller, ledger = Controller(names(1000)), Ledger(names(1000))
    assert len(controller.save()) == 12 + 1000 * 112
    assert len(save_learned(controller, ledger, 5.0)) == 36 + 1000 * 128


def test_rows_are_matched_by_name():
    first, _ = taught(3)
    first._state.entries[:] = [1.0, 2.0, 3.0]
    second = Controller([names(3)[2], "New - chat", names(3)[0]])
    second.restore(first.save())
    assert second._state.entries.tolist() == [3.0, 0.0, 1.0]


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 1, 0, 2], [2, 0]])
def test_rows_are_taken_in_any_order_and_as_they_are_in_the_same_one(order):
    theirs = name_keys(names(4))
    ours = theirs[order]
    here, there = match(ours, theirs)
    assert list(ours[here]) == list(theirs[there])
    assert sorted(ours[here]) == sorted(ours)


def test_what_does_not_fit_is_refused_and_changes_nothing():
    first, _ = taught()
    saved = first.save()
    broken = saved[:4] + b"\xff\xff" + saved[6:]
    not_finite = saved[:-4] + np.array([np.nan], dtype="<f4").tobytes()
    for bad in (b"", b"x", b"nonsense" * 10, saved[:-1], saved + b"x", broken, not_finite):
        fresh = Controller(names(3))
        with pytest.raises(UnusableStateError):
            fresh.restore(bad)
        assert (fresh._state.entries == 0).all()


def test_controller_and_ledger_travel_together():
    first, _ = taught()
    ledger = Ledger(names(3))
    ledger.allotted(100.0, np.array([6, 0, 2]))
    ledger.acknowledged(100.0, np.array([4.0, 1.0, np.nan]))
    saved = save_learned(first, ledger, 100.0)
    second, successor = Controller(names(3)[::-1]), Ledger(names(3)[::-1])
    restore_learned(saved, second, successor, 101.0)
    assert successor.feedback(101.0).pending.tolist() == [2.0, 1.0, 10.0]
    assert second._state.entries[::-1] == pytest.approx(first._state.entries, rel=1e-5)


HEADER = struct.Struct("<4sII")
"""Magic, version and checksum; the ledger's time, the number of targets, name keys and counts follow."""
COUNTS_AT = HEADER.size + 12 + 8 * 3
LAW_AT = COUNTS_AT + 8 * 3
SAVED = save_learned(taught()[0], Ledger(names(3)), 100.0)


def sealed(record: bytes) -> bytes:
    """The record with a checksum that fits: what a sender with a fault of its own would send."""
    magic, version, _ = HEADER.unpack_from(record)
    return HEADER.pack(magic, version, zlib.crc32(record[HEADER.size :])) + record[HEADER.size :]


def with_bytes(at: int, replacement: bytes) -> bytes:
    return SAVED[:at] + replacement + SAVED[at + len(replacement) :]


def assert_refused_as_a_whole(saved: bytes, reason: str = ".") -> None:
    controller, ledger = Controller(names(3)), Ledger(names(3))
    ledger.resume(50.0, np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0]))
    before = save_learned(controller, ledger, 60.0)
    with pytest.raises(UnusableStateError, match=reason):
        restore_learned(saved, controller, ledger, 100.0)
    assert save_learned(controller, ledger, 60.0) == before


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_refused(saved):
    assert_refused_as_a_whole(saved)


@given(st.integers(0, len(SAVED) - 1))
def test_a_record_that_is_cut_off_anywhere_is_refused(length):
    assert_refused_as_a_whole(SAVED[:length])


@given(st.binary(min_size=1, max_size=50))
def test_a_record_with_something_behind_it_is_refused(more):
    assert_refused_as_a_whole(SAVED + more)
    assert_refused_as_a_whole(sealed(SAVED + more), "bytes, expected")


@given(st.integers(0, len(SAVED) * 8 - 1))
def test_a_record_with_any_bit_turned_is_refused(bit):
    damaged = bytearray(SAVED)
    damaged[bit // 8] ^= 1 << bit % 8
    assert_refused_as_a_whole(bytes(damaged))


@given(st.integers(HEADER.size, len(SAVED) - 1))
def test_a_record_cut_off_by_its_sender_is_refused_although_its_checksum_fits(length):
    assert_refused_as_a_whole(sealed(SAVED[:length]))


IMPOSSIBLE_COUNTS = st.one_of(st.sampled_from([np.nan, np.inf, -np.inf]), st.floats(max_value=-0.5, width=32))


@given(st.lists(st.one_of(st.floats(0.0, 1e6, width=32), IMPOSSIBLE_COUNTS), min_size=6, max_size=6))
def test_impossible_counts_in_the_ledgers_part_are_refused(counts):
    saved = sealed(with_bytes(COUNTS_AT, np.array(counts, "<f4").tobytes()))
    stored = np.array(counts, "<f4")
    if bool((np.isfinite(stored) & (stored >= 0.0)).all()):
        restore_learned(saved, Controller(names(3)), Ledger(names(3)), 100.0)
    else:
        assert_refused_as_a_whole(saved, "impossible count")


def test_a_record_with_one_good_count_among_bad_ones_gives_nothing_at_all():
    counts = np.array([np.nan, -5.0, np.inf, 3.0, 0.0, 0.0], "<f4")
    assert_refused_as_a_whole(sealed(with_bytes(COUNTS_AT, counts.tobytes())), "found 3 impossible counts")


@given(st.sampled_from([np.nan, np.inf, -np.inf]), st.integers(0, 17 * 3 - 1))
def test_a_learned_value_that_is_not_finite_is_refused(value, position):
    at = LAW_AT + 12 + 8 * 3 + 4 * position
    assert_refused_as_a_whole(sealed(with_bytes(at, np.array([value], "<f4").tobytes())), "not finite")


@pytest.mark.parametrize("at", [np.nan, np.inf, -np.inf, -1.0])
def test_a_time_that_cannot_be_is_refused(at):
    assert_refused_as_a_whole(sealed(with_bytes(HEADER.size, struct.pack("<d", at))), "found time")


@pytest.mark.parametrize("size", [0, 2, 4, 2**32 - 1])
def test_a_wrong_number_of_targets_is_refused(size):
    assert_refused_as_a_whole(sealed(with_bytes(HEADER.size + 8, struct.pack("<I", size))))


def test_another_version_is_refused():
    assert_refused_as_a_whole(with_bytes(4, struct.pack("<I", 1)), "version 1, expected")


def test_a_record_from_the_future_counts_as_of_now():
    ledger, successor = Ledger(names(3)), Ledger(names(3))
    ledger.resume(90.0, np.ones(3), np.ones(3))
    saved = save_learned(Controller(names(3)), ledger, 5000.0)
    restore_learned(saved, Controller(names(3)), successor, 100.0)
    assert successor.feedback(101.0).report_age_seconds.tolist() == [1.0, 1.0, 1.0]
