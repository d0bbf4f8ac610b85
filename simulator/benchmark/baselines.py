"""Control laws of other dialling and pacing products, as the benchmark's baselines.

They see the same snapshots, and the true number of pending invitations. Formulas follow the public descriptions of
these products; each works on arrays with a value per row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pacing_node.algorithms.model import Estimates, Result

if TYPE_CHECKING:
    from pacing_node.algorithms.model import Feedback, FloatArray, Policy, Snapshot


class Baseline:
    """What all baselines share: counts since the start of the day, and nothing to save."""

    def __init__(self, size: int) -> None:
        self.entered = np.zeros(size)
        self.abandoned = np.zeros(size)
        self._waiting = np.zeros(size)
        self._answered = np.full(size, 3.0)
        self._disposed = np.full(size, 10.0)
        self._since = 0.0

    def calculate(self, snapshot: Snapshot, feedback: Feedback, policy: Policy) -> Result:
        """Count, then let the law decide."""
        entries = np.maximum(snapshot.accepted + snapshot.abandoned + snapshot.waiting - self._waiting, 0.0)
        self._waiting = snapshot.waiting
        self.entered += entries
        self.abandoned += snapshot.abandoned
        fade = np.exp(-feedback.disposed / 80.0)
        self._answered, self._disposed = self._answered * fade + entries, self._disposed * fade + feedback.disposed
        self._since += policy.refresh_seconds
        wanted = self.wanted(snapshot, policy) - feedback.pending
        size = len(wanted)
        nothing = np.full(size, np.nan)
        estimates = Estimates(self.acceptance, nothing, nothing, nothing, nothing)
        invitations = np.maximum(np.floor(wanted + 1e-9), 0.0).astype(np.int64)
        return Result(invitations, nothing, np.zeros(size, dtype=np.int64), estimates)

    def wanted(self, snapshot: Snapshot, policy: Policy) -> FloatArray:
        """Invitations that should be out now."""
        raise NotImplementedError

    @property
    def acceptance(self) -> FloatArray:
        """Share of invitations accepted lately."""
        return np.asarray(np.clip(self._answered / np.maximum(self._disposed, 1.0), 0.02, 1.0))

    @property
    def drop_share(self) -> FloatArray:
        """Abandoned of entered since the start of the day."""
        return np.asarray(self.abandoned / np.maximum(self.entered, 1.0))

    def save(self) -> bytes:
        """Nothing is kept for a successor."""
        return b""

    def restore(self, state: bytes) -> None:
        """Nothing to take over."""


class OnePerReady(Baseline):
    """One invitation per ready agent."""

    def wanted(self, snapshot: Snapshot, policy: Policy) -> FloatArray:  # noqa: ARG002 - the interface
        """As many as are ready."""
        return np.maximum(snapshot.ready - snapshot.waiting, 0.0)


class FixedRatio(Baseline):
    """Two invitations per ready agent."""

    def wanted(self, snapshot: Snapshot, policy: Policy) -> FloatArray:  # noqa: ARG002 - the interface
        """Twice as many as are ready."""
        return 2.0 * np.maximum(snapshot.ready - snapshot.waiting, 0.0)


class AdaptAverage(Baseline):
    """VICIdial's ADAPT_AVERAGE: a dial level per active agent, adapted every 15 s."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._level = np.ones(size)
        self._samples = np.zeros((15, size))
        self._index = 0
        self._next = 0.0

    def wanted(self, snapshot: Snapshot, policy: Policy) -> FloatArray:
        """Level times agents, minus interactions in progress."""
        agents = np.maximum(snapshot.ready + snapshot.busy, 1.0)
        self._samples[self._index % 15] = snapshot.ready - snapshot.waiting
        self._index += 1
        if self._since >= self._next:
            self._next += 15.0
            difference = self._samples[: min(self._index, 15)].mean(axis=0)
            self._level = np.clip(self._level * (1.0 + 0.5 * difference / agents), 1.0, 6.0)
            over = (self.drop_share > policy.goal) & (self.entered >= 50.0)
            self._level = np.where(over, np.maximum(self._level / 2.0, 1.0), self._level)
        return np.maximum(np.round(self._level * agents) - snapshot.busy - snapshot.waiting, 0.0)


class FreeAgentsWindow(Baseline):
    """Expected free agents: busy agents who will end within a window count as free; the window follows the drops."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._window = np.full(size, 10.0)
        self._next = 60.0

    def wanted(self, snapshot: Snapshot, policy: Policy) -> FloatArray:
        """Free now or within the window, over the acceptance ratio."""
        if self._since >= self._next:
            self._next += 60.0
            self._window = np.clip(np.where(self.drop_share > policy.goal, 0.9, 1.1) * self._window, 1.0, 60.0)
        ending = snapshot.busy * -np.expm1(-self._window / snapshot.handle_seconds)
        return np.maximum(snapshot.ready + ending - snapshot.waiting, 0.0) / self.acceptance


class ProportionalIntegral(Baseline):
    """PI over-dial: idle agents plus a correction that integrates toward 2.5 % drops."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._sum = np.zeros(size)

    def wanted(self, snapshot: Snapshot, policy: Policy) -> FloatArray:
        """One to one for five minutes and above the goal, over-dialled otherwise."""
        idle = np.maximum(snapshot.ready - snapshot.waiting, 0.0)
        deviation = 100.0 * (0.025 - self.drop_share)
        self._sum = np.clip(self._sum + deviation / 12.0, -200.0, 200.0)
        agents = snapshot.ready + snapshot.busy
        more = np.maximum(2.0 * deviation + 0.05 * self._sum, 0.0) * agents / 50.0 / self.acceptance
        plain = (self._since < 300.0) | (self.drop_share > policy.goal)
        return np.where(plain, idle, idle + more)
