"""Whether a push may still reach the platform although nobody waits for its answer any more."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class LatePushes:
    """What is left of this node's pushes, and of those of previous terms. Times in seconds.

    A push whose answer never came, or one that was sent more than once, can arrive late. It counts as in flight until
    the time for one push, with the allowance for clocks, is over; so does whatever a previous term may have left,
    unless ZooKeeper records that this term ended clean.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._epoch = 0
        self._until = math.inf
        self._before = math.inf

    def term_began(self, epoch: int, *, after_clean_end: bool, seconds: float) -> None:
        """A term of this node begins; ``seconds`` is how long a push of the previous term can be in flight."""
        self._epoch = epoch
        self._until = -math.inf if after_clean_end else self._clock() + seconds

    def sent(self, seconds: float) -> None:
        """A push is sent, and can be in flight for ``seconds``, whatever becomes of it."""
        self._before = self._until
        self._until = max(self._until, self._clock() + seconds)

    def answered(self) -> None:
        """The newest push was sent once and has been answered: it is no longer in flight."""
        self._until = self._before

    def ended_clean(self, epoch: int) -> bool:
        """True if nothing of the term ``epoch``, nor of a previous one, can be in flight any more."""
        return epoch == self._epoch and self._clock() >= self._until
