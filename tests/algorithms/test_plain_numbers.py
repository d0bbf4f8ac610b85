"""The calculation over arrays agrees, row by row and to rounding, with the same sums in plain numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pacing_node.algorithms import Controller, Feedback, Ledger, Reason, Snapshot
from simulator.benchmark.calculation import snapshot_of
from tests.algorithms.plain import PlainTarget
from tests.algorithms.support import array, make_policy, names

SIZE, CYCLES = 40, 60


@pytest.mark.parametrize("holes", [False, True], ids=["every row usable", "rows that come and go"])
def test_arrays_and_plain_numbers_agree_on_every_row_of_every_cycle(holes: bool) -> None:
    random = np.random.default_rng(7)
    enabled = np.arange(SIZE) != 3 if holes else True
    policy = make_policy(SIZE, goal=np.where(np.arange(SIZE) % 2, 0.03, 0.08), enabled=enabled)
    controller, ledger = Controller(names(SIZE)), Ledger(names(SIZE))
    plain = [PlainTarget(row) for row in range(SIZE)]
    contained = recorded(controller)
    invited, seen_reasons = 0, set()
    for cycle in range(CYCLES):
        now = 1000.0 + 5.0 * cycle
        snapshot = _snapshot(random, now, holes=holes)
        feedback = ledger.feedback(now - 0.8)
        result = controller.calculate(snapshot, feedback, policy)
        believed, held = contained[-1], controller._plausibility.held
        for target in plain:
            row, expected = target.row, target.calculate(*believed, policy)
            assert result.estimates.acceptance_ratio[row] == pytest.approx(expected["p"], rel=1e-11), (cycle, row)
            assert result.estimates.pending[row] == pytest.approx(expected["pending"], rel=1e-11, abs=1e-11)
            assert result.estimates.level[row] == pytest.approx(expected["level"], rel=1e-9, abs=1e-9), (cycle, row)
            assert result.invitations[row] == expected["invitations"], (cycle, row)
            found = expected["reason"]
            assert result.reason[row] in ({found, Reason.INPUT_IMPLAUSIBLE} if held[row] else {found}), (cycle, row)
        invited += int(result.invitations.sum())
        seen_reasons |= set(result.reason.tolist())
        ledger.allotted(now, result.invitations)
        _answer(random, ledger, now + 0.2, feedback.pending + result.invitations, holes=holes, failed=cycle % 9 == 5)
    assert invited > SIZE
    assert len(seen_reasons) >= (8 if holes else 3), "the sequence leaves too much out to compare anything"


def recorded(controller: Controller) -> list[tuple[Snapshot, Feedback]]:
    """What the controller believes of its input: values that cannot be are held back before any law sees them."""
    inner, seen = controller._plausibility.contain, []

    def contain(snapshot: Snapshot, feedback: Feedback) -> tuple[Snapshot, Feedback]:
        seen.append(inner(snapshot, feedback))
        return seen[-1]

    controller._plausibility.contain = contain  # type: ignore[method-assign]
    return seen


def _snapshot(random: np.random.Generator, now: float, *, holes: bool) -> Snapshot:
    """Groups beyond the reach of the exact test, a little inbound traffic."""
    snapshot = snapshot_of(random, SIZE, now, small=False)
    busy = snapshot.busy + 30.0
    snapshot = replace(snapshot, busy=busy, logged_in=snapshot.ready + busy, capable=snapshot.ready + busy)
    if not holes:
        return snapshot
    valid = random.random(SIZE) > 0.1
    nobody = random.random(SIZE) < 0.05
    return replace(
        snapshot,
        valid=valid,
        accepted=np.where(valid, snapshot.accepted, np.nan),
        ready=np.where(nobody, 0.0, snapshot.ready),
        busy=np.where(nobody, 0.0, snapshot.busy),
        waiting=snapshot.waiting * random.choice([1.0, 40.0], SIZE, p=[0.9, 0.1]),
        logged_in=snapshot.logged_in * (random.random(SIZE) > 0.05),
        handle_seconds=np.where(random.random(SIZE) < 0.3, array(250.0, SIZE), np.nan),
    )


def _answer(
    random: np.random.Generator, ledger: Ledger, now: float, out: np.ndarray, *, holes: bool, failed: bool
) -> None:
    """What is left of what was out; now and then no answer, or none for some targets."""
    if failed:
        ledger.failed()
        return
    pending = np.floor(random.choice([0.2, 0.6, 0.9], SIZE) * out)
    ledger.acknowledged(now, np.where(random.random(SIZE) < 0.1, np.nan, pending) if holes else pending)
