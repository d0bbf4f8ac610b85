"""Whether a push may still reach the platform although nobody waits for its answer any more."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class LatePushes:
    """What is left of this node's pushes, and of those of terms before its own. Times in seconds.

    A push whose answer never came, or one that was sent more than once, may arrive late. It counts as under way until
    the time for one push, with the allowance for clocks, is over; so does whatever a term before may have left, unless
    ZooKeeper has it that this term ended with nothing under way.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._epoch = 0
        self._until = math.inf
        self._before = math.inf

    def term_began(self, epoch: int, *, after_clean_end: bool, seconds: float) -> None:
        """A term of this node begins; ``seconds`` is how long a push of the term before may be under way."""
        self._epoch = epoch
        self._until = -math.inf if after_clean_end else self._clock() + seconds

    def sent(self, seconds: float) -> None:
        """A push goes out, and may be under way for ``seconds``, whatever becomes of it."""
        self._before = self._until
        self._until = max(self._until, self._clock() + seconds)

    def answered(self) -> None:
        """The newest push was sent once and has its answer: of it nothing is left."""
        self._until = self._before

    def ended_clean(self, epoch: int) -> bool:
        """Whether nothing of the term ``epoch``, nor of one before, can be under way any more."""
        return epoch == self._epoch and self._clock() >= self._until
