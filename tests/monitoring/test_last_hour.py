"""The last hour is kept for every target within its memory, whatever targets come and go."""

from __future__ import annotations

import numpy as np

from pacing_node.monitoring.last_hour import COLUMNS, RECENT_SLOTS, SLOT_SECONDS, SLOTS, LastHour
from tests.support.cycle_parts import report

BEGAN = 1_000_005.0
GOALS = {"A": 3.0, "B": 5.0}


def size_bytes(hour: LastHour) -> int:
    return sum(column.nbytes for column in hour.columns.values())


def test_a_slot_has_the_newest_counts_and_the_sum_of_invitations() -> None:
    hour = LastHour()
    for second, ready in ((0.0, 1.0), (5.0, 2.0), (15.0, 3.0)):
        columns = {"ready": np.array([ready, 9.0]), "invitations": np.array([4, 0])}
        hour.note(report("A", "B", calculated_at=BEGAN + second, **columns), GOALS)
    found = hour.of("A", BEGAN + 16.0)
    assert (found["ready"], found["invitations"], found["goal_percent"]) == ([2.0, 3.0], [8.0, 4.0], [3.0, 3.0])
    assert found["at"] == sorted(found["at"])


def test_what_is_older_than_an_hour_is_gone_and_memory_stays() -> None:
    hour = LastHour()
    for slot in range(2 * SLOTS):
        hour.note(report("A", calculated_at=BEGAN + slot * SLOT_SECONDS), GOALS)
    size = size_bytes(hour)
    now = BEGAN + (2 * SLOTS - 1) * SLOT_SECONDS
    assert len(hour.of("A", now)["at"]) == SLOTS
    assert hour.of("A", now + 3600.0)["at"] == []
    assert size_bytes(hour) == size


def test_targets_that_stay_keep_their_hour_and_new_ones_begin_empty() -> None:
    hour = LastHour()
    hour.note(report("A", "B", calculated_at=BEGAN, ready=np.array([1.0, 2.0])), GOALS)
    hour.note(report("B", "C", calculated_at=BEGAN + 15.0, ready=np.array([3.0, 4.0])), GOALS)
    assert hour.of("B", BEGAN + 15.0)["ready"] == [2.0, 3.0]
    assert hour.of("C", BEGAN + 15.0)["ready"] == [None, 4.0]
    assert all(not hour.of("A", BEGAN + 15.0)[column] for column in COLUMNS)


def test_what_was_worked_out_ahead_for_other_targets_changes_nothing() -> None:
    ahead, at_once = LastHour(), LastHour()
    for second, names in ((0.0, ("A", "B")), (5.0, ("B", "C")), (10.0, ("B", "C")), (15.0, ("A",))):
        goals = dict.fromkeys(names, 4.0 + second)
        if second != 10.0:
            ahead.expect(names, goals)
        for hour in (ahead, at_once):
            hour.note(report(*names, calculated_at=BEGAN + second, invitations=np.arange(len(names))), goals)
    ahead.expect(("D",), {"D": 1.0})
    now = BEGAN + 20.0
    assert {name: ahead.of(name, now) for name in "ABC"} == {name: at_once.of(name, now) for name in "ABC"}
    assert ahead.rows == at_once.rows == {"A": 0}


def test_ten_thousand_targets_take_less_than_a_hundred_mebibytes() -> None:
    hour = LastHour()
    hour.note(report(*(f"T{number}" for number in range(10_000)), calculated_at=BEGAN), {})
    assert size_bytes(hour) <= 100 * 1024 * 1024


def test_the_newest_quarter_of_an_hour_is_that_of_finished_slots_with_gaps() -> None:
    hour = LastHour()
    for slot, allowed in ((0, 9), (10, 1), (12, 2), (13, 7)):
        at = BEGAN + slot * SLOT_SECONDS
        hour.note(report("A", "B", calculated_at=at, invitations=np.array([allowed, 0])), GOALS)
    now = BEGAN + (RECENT_SLOTS + 1) * SLOT_SECONDS
    assert hour.recent("invitations", BEGAN + 13 * SLOT_SECONDS).of(["A"])[0][-3:] == [1.0, None, 2.0]
    later = hour.recent("invitations", now).of(["B", "nobody", "A"])
    assert [each[:4] for each in later] == [[0.0, None, 0.0, 0.0], [None] * 4, [1.0, None, 2.0, 7.0]]
    assert {len(each) for each in later} == {RECENT_SLOTS + 1 - 10}
    assert LastHour().recent("invitations", now).of(["A"]) == [[]]
    assert hour.recent("invitations", now + 3600.0).of(["A"]) == [[]]


def test_the_newest_slots_stay_as_they_were_while_others_come() -> None:
    hour = LastHour()
    hour.note(report("A", "B", calculated_at=BEGAN, invitations=np.array([4, 5])), GOALS)
    seen = hour.recent("invitations", BEGAN + SLOT_SECONDS)
    hour.note(report("B", calculated_at=BEGAN + SLOT_SECONDS, invitations=np.array([6])), GOALS)
    assert seen.of(["A", "B"]) == [[4.0], [5.0]]
    assert hour.recent("invitations", BEGAN + 2 * SLOT_SECONDS).of(["A", "B"]) == [[None, None], [5.0, 6.0]]
