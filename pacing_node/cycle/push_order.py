"""Which push may go next: a full one, or a partial one and on which state. Pure.

Full and partial pushes share one counter, and one of them is in flight. A partial push changes the state that the
newest push has left, so that push must be known to be applied completely, by a platform that takes partial pushes, and
for the targets and settings that still hold. In any other case the next push is a full one: as the first of a term,
after any outcome but accepted, after a change of targets or settings. ``docs/protocol/partial.pml`` is its model.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _State:
    """A state of the platform: the push that made it, and what it was calculated for."""

    epoch: int
    sequence: int
    basis: object


class PushOrder:
    """What one sender knows of the platform's state."""

    def __init__(self) -> None:
        self._known: _State | None = None
        self._in_flight: _State | None = None

    def prev(self, epoch: int, basis: object) -> int | None:
        """Sequence of the push whose state a partial one may change now; None when the next push must be full.

        ``basis`` stands for the targets and settings in force, and is compared with that of the newest push.
        """
        known = self._known
        if known is None or self._in_flight is not None:
            return None
        return known.sequence if (known.epoch, known.basis) == (epoch, basis) else None

    def begun(self, epoch: int, sequence: int, basis: object) -> None:
        """A push of either kind goes out; until it has ended nothing is known. Raises RuntimeError beside another."""
        if self._in_flight is not None:
            raise RuntimeError("a push is in flight already")
        self._in_flight, self._known = _State(epoch, sequence, basis), None

    def ended(self, *, accepted: bool, takes_partials: bool) -> None:
        """The push in flight has ended; ``accepted``: every part, by answers that came while the term lasted."""
        self._known = self._in_flight if accepted and takes_partials else None
        self._in_flight = None

    def withheld(self) -> None:
        """A full push that was due was not sent; nothing else goes before it."""
        self._known = None
