"""A node takes the last hour of another one piece by piece, and goes on from it without a gap or a count twice."""

from __future__ import annotations

import numpy as np
import pytest

from cluster.errors import StalePiecesError
from pacing_node.cycle.report import CycleReport, TermCounts
from pacing_node.monitoring.abandonment import abandonment
from pacing_node.monitoring.hour_pieces import HourTaker, pieces
from pacing_node.monitoring.last_hour import SLOT_SECONDS, LastHour
from tests.support.cycle_parts import report

BEGAN = 1_000_005.0
GOALS = {"A": 3.0, "B": 5.0}


def cycle(at: float, accepted: float, abandoned: float = 0.0, *names: str, epoch: int = 3) -> CycleReport:
    names = names or ("A", "B")
    counts = TermCounts(np.array([accepted, 100.0][: len(names)]), np.array([abandoned, 0.0][: len(names)]))
    return report(*names, epoch=epoch, calculated_at=at, term_counts=counts, invitations=np.array([4, 0][: len(names)]))


def hour_with(*cycles: CycleReport) -> LastHour:
    hour = LastHour(day_of=lambda at: at // 86_400.0 * 86_400.0)
    for each in cycles:
        hour.note(each, GOALS)
    return hour


def taken(there: LastHour, here: LastHour) -> bool:
    taker = HourTaker(here)
    for piece in pieces(there):
        if not taker.take(piece):
            break
    return taker.done


OLD = [cycle(BEGAN + 15.0 * number, accepted=10.0 * number, abandoned=float(number)) for number in range(20)]
NEWEST = OLD[-1].calculated_at


@pytest.mark.parametrize("heard_before", [0, 1])
def test_a_node_that_has_just_started_knows_what_the_other_one_knows(heard_before: int) -> None:
    there = hour_with(*OLD)
    here = hour_with(*OLD[len(OLD) - heard_before :])
    assert taken(there, here)
    for name in ("A", "B"):
        assert here.of(name, NEWEST) == there.of(name, NEWEST)
        assert abandonment(here, NEWEST, name) == abandonment(there, NEWEST, name)
    assert abandonment(here, NEWEST) == abandonment(there, NEWEST)
    assert here.complete_since == BEGAN


def test_what_happens_afterwards_is_counted_once_on_both() -> None:
    there, here = hour_with(*OLD), hour_with()
    assert taken(there, here)
    for later in (cycle(NEWEST + 5.0, 205.0, 20.0), cycle(NEWEST + 30.0, 230.0, 21.0)):
        for hour in (there, here):
            hour.note(later, GOALS)
    found = abandonment(here, NEWEST + 30.0, "A")
    assert (found.hour.accepted, found.hour.abandoned) == (230, 21)
    assert found == abandonment(there, NEWEST + 30.0, "A")
    assert here.of("A", NEWEST + 30.0) == there.of("A", NEWEST + 30.0)


def test_records_that_were_skipped_lose_no_count() -> None:
    hour = hour_with(cycle(BEGAN, 5.0), cycle(BEGAN + 45.0, 25.0, 2.0))
    assert abandonment(hour, BEGAN + 45.0, "A").hour.accepted == 20
    hour.note(cycle(BEGAN + 50.0, 7.0, epoch=4), GOALS)
    assert abandonment(hour, BEGAN + 50.0, "A").hour.accepted == 27, "another term counts from 0"


def test_nothing_is_taken_from_a_node_that_knows_less() -> None:
    here = hour_with(*OLD)
    assert not taken(hour_with(*OLD[5:]), here)
    assert not taken(LastHour(), here)
    assert here.complete_since == BEGAN


def test_targets_that_only_the_other_node_knows_are_left_out() -> None:
    here = hour_with(cycle(NEWEST, 190.0, 19.0, "A"))
    assert taken(hour_with(*OLD), here)
    assert here.names == ("A",)
    assert len(here.of("A", NEWEST)["at"]) == len(OLD)
    assert here.of("B", NEWEST)["at"] == []


def test_pieces_that_do_not_fit_together_are_refused() -> None:
    there, here = hour_with(*OLD), hour_with()
    stream, taker = pieces(there), HourTaker(here)
    taker.take(next(stream))
    there.note(cycle(NEWEST + 15.0, 0.0, 0.0, "A"), GOALS)
    with pytest.raises(StalePiecesError):
        list(stream)
    with pytest.raises(ValueError, match="begins without its head"):
        HourTaker(here).take(list(pieces(there))[1])
    with pytest.raises(ValueError, match="not a piece"):
        taker.take(b"\xff\xff")
    here.follow(("other",))
    with pytest.raises(ValueError, match="targets have changed"):
        taker.take(list(pieces(hour_with(*OLD)))[1])


def test_no_piece_is_larger_than_a_slot_of_all_targets() -> None:
    names = tuple(f"T{number}" for number in range(10_000))
    hour = LastHour()
    for slot in range(3):
        hour.note(report(*names, calculated_at=BEGAN + slot * SLOT_SECONDS), {})
    assert max(len(piece) for piece in pieces(hour)) < 400_000


def test_after_a_gap_the_hour_is_not_complete_and_can_be_taken_again() -> None:
    here = hour_with(*OLD[:2], OLD[-1])
    assert here.complete_since == NEWEST
    assert taken(hour_with(*OLD), here)
    assert here.complete_since == BEGAN
    assert abandonment(here, NEWEST, "A").hour.accepted == 190


def test_the_day_begins_anew_at_midnight() -> None:
    midnight = 86_400.0 * 12
    hour = hour_with(cycle(midnight - 40.0, 10.0), cycle(midnight - 20.0, 30.0), cycle(midnight + 20.0, 45.0, 5.0))
    today = abandonment(hour, midnight + 20.0, "A").today
    assert (today.since, today.accepted, today.abandoned, today.percent) == (midnight, 15, 5, 25.0)
    assert abandonment(hour, midnight + 20.0).hour.accepted == 35
    assert abandonment(hour, midnight + 3 * 86_400.0, "A").today.accepted == 0, "a day nobody knows"
