"""A question that is asked again and again, one at a time."""

from __future__ import annotations


class Polling:
    """When to ask next, and which answer is awaited. Times in seconds on the clock of leases."""

    def __init__(self) -> None:
        self.next_at: float | None = None
        """When to ask next, also if the answer awaited has not come by then; None when there is nothing to ask."""
        self._number = 0
        self._awaited = False

    def schedule(self, at: float) -> None:
        """Ask at ``at``. An answer still awaited counts no more."""
        self._awaited, self.next_at = False, at

    def stop(self) -> None:
        """Ask no more. An answer still awaited counts no more."""
        self._awaited, self.next_at = False, None

    def due(self, at: float) -> bool:
        """Whether it can be asked now: no answer is awaited, or it should have come by ``at``."""
        return self.next_at is not None and (not self._awaited or self.next_at <= at)

    def ask(self, answer_by: float) -> int:
        """It is being asked now; the number of this round. Its answer is given up at ``answer_by``."""
        self._number += 1
        self._awaited, self.next_at = True, answer_by
        return self._number

    def answered(self, number: int, again_at: float) -> bool:
        """A round has ended; ask again at ``again_at``. False, and nothing changes, when its answer is not awaited."""
        if not self._awaited or number != self._number:
            return False
        self._awaited, self.next_at = False, again_at
        return True
