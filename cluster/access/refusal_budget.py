"""How many refused calls are written down one by one; the others are counted. Pure."""

from __future__ import annotations

from collections import Counter

BURST = 20
"""Lines of one kind of call that are written at once after a time without any."""
LINES_PER_SECOND = 0.5
"""How fast the budget of one kind of call comes back."""
MOST_KINDS = 64
"""Kinds of calls with a budget of their own; what comes beyond shares one."""
OTHER = "other"


class RefusalBudget:
    """A token bucket for each kind of call, and what it did not let through."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[float, float]] = {}
        self._uncounted: Counter[str] = Counter()

    def take(self, kind: str, now: float) -> bool:
        """Whether a refused call of a kind may be written down at ``now``, in seconds; counted when it may not."""
        kind = self._known(kind)
        left, at = self._left.get(kind, (float(BURST), now))
        left = min(float(BURST), left + max(0.0, now - at) * LINES_PER_SECOND)
        granted = left >= 1.0
        self._left[kind] = (left - 1.0 if granted else left, now)
        if not granted:
            self._uncounted[kind] += 1
        return granted

    def uncounted(self, kind: str) -> int:
        """How many of a kind were counted alone since this was last asked."""
        return self._uncounted.pop(self._known(kind), 0)

    def all_uncounted(self) -> dict[str, int]:
        """The same of every kind with any."""
        found = dict(self._uncounted)
        self._uncounted.clear()
        return found

    def _known(self, kind: str) -> str:
        return kind if kind in self._left or len(self._left) < MOST_KINDS else OTHER
