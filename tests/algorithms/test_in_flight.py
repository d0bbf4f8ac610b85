"""What invitations that are out will still bring, where accepts and refusals take different times."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pacing_node.algorithms.in_flight import InFlight
from pacing_node.algorithms.ledger import Ledger
from pacing_node.algorithms.observation import Observer
from pacing_node.algorithms.state import LearnedState
from tests.algorithms.support import make_snapshot

PERIOD = 5.0


def follow(accept_seconds: float, refuse_seconds: float, periods: int, acceptance: float = 0.3) -> tuple[float, float]:
    """A target that is allotted a hundred each period; m as calculated, and the accepts that really come, over p."""
    ledger, followed, observer = Ledger(["a"]), InFlight(LearnedState(["a"])), Observer(1)
    accepts = refusals = 0.0
    times = np.array([accept_seconds]), np.array([refuse_seconds])
    stay = np.exp(-PERIOD / accept_seconds), np.exp(-PERIOD / refuse_seconds)
    entered, found = 0.0, 0.0
    for number in range(periods):
        now = 1000.0 + PERIOD * number
        snapshot = make_snapshot(taken_at=now, ready=5.0, busy=5.0, accepted=entered)
        feedback = ledger.feedback(now)
        seen = observer.observe(snapshot, snapshot.valid)
        found = float(followed.pending(feedback, seen, np.array([acceptance]), times[0])[0])
        ledger.allotted(now, np.array([100]))
        ledger.acknowledged(now, np.array([accepts + refusals]), None, *times)
        out = accepts + 100.0 * acceptance
        entered = out * (1.0 - stay[0])
        accepts, refusals = out * stay[0], (refusals + 100.0 * (1.0 - acceptance)) * stay[1]
    # What is out at the newest snapshot, before its own allotment.
    return found, (accepts / stay[0] - 100.0 * acceptance) / acceptance


@pytest.mark.parametrize(("accept", "refuse"), [(15.0, 15.0), (45.0, 6.0), (90.0, 6.0), (6.0, 45.0), (20.0, 6.0)])
def test_it_is_the_accepts_to_come_in_new_invitations(accept, refuse):
    found, true = follow(accept, refuse, periods=60)
    assert found == pytest.approx(true, rel=0.03)


def test_a_platform_that_reports_no_times_counts_one_time_for_both():
    ledger = Ledger(["a"])
    ledger.allotted(1000.0, np.array([10]))
    ledger.acknowledged(1000.0, np.array([4.0]))
    snapshot = make_snapshot(taken_at=1005.0)
    seen = Observer(1).observe(snapshot, snapshot.valid)
    feedback = ledger.feedback(1005.0)
    found = InFlight(LearnedState(["a"])).pending(feedback, seen, np.array([0.3]), np.array([15.0]))
    still = np.exp(-PERIOD / 15.0)
    assert found == pytest.approx(14.0 * still / (1.0 - 0.3 * (1.0 - still)))
    nothing = replace(feedback, accept_seconds=np.zeros(0), refuse_seconds=np.zeros(0))
    assert InFlight(LearnedState(["a"])).pending(nothing, seen, np.array([0.3]), np.array([15.0])) == pytest.approx(
        found
    )
