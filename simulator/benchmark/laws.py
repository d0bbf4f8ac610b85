"""The laws of the benchmark by name: ours and the baselines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pacing_node.algorithms import Algorithm, Controller
from simulator.benchmark.baselines import (
    AdaptAverage,
    Baseline,
    FixedRatio,
    FreeAgentsWindow,
    OnePerReady,
    ProportionalIntegral,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Law:
    """One contestant."""

    algorithm: Algorithm
    caution: float = 1.0
    baseline: type[Baseline] | None = None

    as_told: bool = False
    """A baseline that gets what our laws get: a pending count that is one period old, plus what was allotted since."""

    @property
    def exact_pending(self) -> bool:
        """Whether it gets the true number of pending invitations, as baselines do unless they are told no more."""
        return self.baseline is not None and not self.as_told

    @property
    def exact_handle(self) -> bool:
        """Baselines get the mean handle time, which ours learn."""
        return self.baseline is not None

    def create(self, names: Sequence[str], seed: int) -> Controller | Baseline:
        """A controller of this law."""
        if self.baseline is not None:
            return self.baseline(len(names))
        return Controller(names, seed)


LAWS = {
    "LOOKAHEAD": Law(Algorithm.LOOKAHEAD),
    "LOOKAHEAD-mean": Law(Algorithm.LOOKAHEAD, caution=0.0),
    "LOOKAHEAD-cautious": Law(Algorithm.LOOKAHEAD, caution=1.6),
    "LOOKAHEAD_DUAL": Law(Algorithm.LOOKAHEAD_DUAL),
    "SUPER_PROGRESSIVE": Law(Algorithm.SUPER_PROGRESSIVE),
    "PREDICTIVE_B": Law(Algorithm.PREDICTIVE_B),
    "SUPER_PROGRESSIVE_DUAL": Law(Algorithm.SUPER_PROGRESSIVE_DUAL),
    "PREDICTIVE_B_DUAL": Law(Algorithm.PREDICTIVE_B_DUAL),
    "one-per-ready": Law(Algorithm.LOOKAHEAD, baseline=OnePerReady),
    "fixed-ratio-2": Law(Algorithm.LOOKAHEAD, baseline=FixedRatio),
    "adapt-average": Law(Algorithm.LOOKAHEAD, baseline=AdaptAverage),
    "free-agents-window": Law(Algorithm.LOOKAHEAD, baseline=FreeAgentsWindow),
    "pi-over-dial": Law(Algorithm.LOOKAHEAD, baseline=ProportionalIntegral),
    "one-per-ready/as-told": Law(Algorithm.LOOKAHEAD, baseline=OnePerReady, as_told=True),
    "fixed-ratio-2/as-told": Law(Algorithm.LOOKAHEAD, baseline=FixedRatio, as_told=True),
    "free-agents-window/as-told": Law(Algorithm.LOOKAHEAD, baseline=FreeAgentsWindow, as_told=True),
}
"""Every law by the name the command line knows it by."""
