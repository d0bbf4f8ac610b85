"""What was learned of a target that is gone is kept for a day and used when it comes back."""

from __future__ import annotations

import time

import numpy as np
import pytest

from pacing_node.algorithms.model import Algorithm
from pacing_node.cycle.departed_targets import KEPT_SECONDS, DepartedTargets
from pacing_node.cycle.latest_report import LatestReport
from pacing_node.cycle.pacing_state import PacingState
from pacing_node.cycle.plan import CycleSettings
from pacing_node.engagement.replies import TargetReply
from tests.support.cycle_parts import report, snapshot, target_set

SETTINGS = CycleSettings(algorithm=Algorithm.LOOKAHEAD, refresh_seconds=5.0)
ALL = target_set("a", "b", "c")
FEW = target_set("a", version="2")
AGAIN = target_set("a", "b", "c", version="3")
NOW = time.time()


def experienced() -> PacingState:
    """A state of three targets that has seen some traffic and has invitations out."""
    state = PacingState(SETTINGS, ALL)
    for step in range(20):
        at = NOW - 100.0 + 5.0 * step
        result = state.calculate(snapshot(3, waiting=2.0, accepted=3.0, abandoned=1.0, completed=2.0), at).result
        state.allotted(at, np.maximum(result.invitations, 4))
        state.acknowledged(at, [TargetReply(pending=3, acceptance_ratio=0.5) for _ in range(3)])
    return state


def learned(state: PacingState, row: int) -> tuple[float, ...]:
    """Estimates and pending of one row, as the next calculation sees them."""
    seen = state.calculate(snapshot(len(state.targets.targets)), time.time() + 1.0)
    estimates = seen.result.estimates
    return tuple(
        round(float(values[row]), 6)
        for values in (seen.feedback.pending, estimates.acceptance_ratio, estimates.patience_seconds)
    )


def resumed() -> PacingState:
    """A state that went on from the same without any target having been gone."""
    state = PacingState(SETTINGS, ALL)
    state.restore(experienced().save(NOW), NOW)
    return state


def reports_of(board: LatestReport, *states: PacingState, since: float = NOW) -> None:
    for step, state in enumerate(states):
        names, at = state.targets.names, since + step
        board.post(report(*names, calculated_at=at, learned_state=state.save(at)), at)


def test_a_target_that_comes_back_goes_on_where_it_was() -> None:
    before, board = experienced(), LatestReport()
    few = experienced().follow(SETTINGS, FEW)
    reports_of(board, before, few)

    fresh = few.follow(SETTINGS, AGAIN)
    back = few.follow(SETTINGS, AGAIN, board.departed.learned(("b - chat", "c - chat"), NOW + 60.0))

    assert learned(back, 1) == learned(resumed(), 1)
    assert learned(back, 0) == learned(resumed(), 0)
    assert learned(fresh, 1) != learned(resumed(), 1)


def test_a_new_master_knows_it_from_the_reports_it_received() -> None:
    before, board = experienced(), LatestReport()
    few = experienced().follow(SETTINGS, FEW)
    reports_of(board, before, few)

    successor = PacingState(SETTINGS, AGAIN)
    successor.restore(few.save(NOW), NOW, board.departed.learned(("b - chat", "c - chat"), NOW))

    assert learned(successor, 2) == learned(resumed(), 2)


def test_it_is_forgotten_after_a_day_and_when_the_target_is_back() -> None:
    before, few, board = experienced(), experienced().follow(SETTINGS, FEW), LatestReport()
    reports_of(board, before, few)
    assert len(board.departed.learned(("b - chat",), NOW + KEPT_SECONDS)) == 1
    assert board.departed.learned(("b - chat",), NOW + KEPT_SECONDS + 2.0) == ()
    assert board.departed.learned(("a - chat",), NOW) == ()

    reports_of(board, few.follow(SETTINGS, AGAIN), since=NOW + 10.0)
    assert board.departed.learned(("b - chat",), NOW + 11.0) == ()


def test_what_is_damaged_is_left_out() -> None:
    departed, gone = DepartedTargets(), report("a - chat", "b - chat", learned_state=b"nonsense")
    departed.note(gone, report("a - chat"))
    assert departed.learned(("b - chat",), 1000.0) == ()

    state = PacingState(SETTINGS, ALL)
    state.restore(experienced().save(NOW), NOW, (b"nonsense",))
    assert learned(state, 0) == learned(resumed(), 0)


def test_only_so_much_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pacing_node.cycle.departed_targets.MOST_BYTES", 2000)
    departed, state = DepartedTargets(), experienced().save(NOW)
    for step in range(30):
        before = report(f"{step}-a", f"{step}-b", calculated_at=NOW + step, learned_state=state)
        departed.note(before, report("other", calculated_at=NOW + step))

    kept = departed.learned((f"{step}-a" for step in range(30)), NOW)
    assert 5 < len(kept) < 15
    assert departed.learned(("29-a",), NOW) == kept[-1:]
    assert departed.learned(("0-a",), NOW) == ()
