"""The requests of this node that are in flight: which answers count, and until when they are awaited. No I/O."""

from __future__ import annotations

READ, ACQUIRE, RELEASE = "ReadMaster", "Acquire", "Release"


class Requests:
    """Attempts and releases by number, and a deadline for each kind of answer. Times on the clock of leases.

    An answer that never comes must not end the election, and one that comes too late must not be taken for another's.
    """

    def __init__(self) -> None:
        self.attempt = 0
        """Number of the newest acquisition."""
        self.releasing = False
        """Whether a release is in flight."""
        self.release = 0
        """Number of the newest release."""
        self._until: dict[str, float] = {}

    def begin_attempt(self) -> int:
        """An acquisition begins; its number."""
        self.attempt += 1
        return self.attempt

    def begin_release(self) -> int:
        """A release begins; its number."""
        self.releasing = True
        self.release += 1
        return self.release

    def end_release(self, number: int) -> bool:
        """A release has ended; False when it is not the one in flight."""
        if not self.releasing or number != self.release:
            return False
        self.releasing = False
        self.arrived(RELEASE)
        return True

    def abandon(self) -> None:
        """The session has changed: no request of the previous one can take effect any more."""
        self.attempt += 1
        self.releasing = False
        self.arrived(ACQUIRE)
        self.arrived(RELEASE)

    @property
    def next_deadline(self) -> float | None:
        """When an answer is overdue next; None when none is awaited."""
        return min(self._until.values(), default=None)

    def expect(self, kind: str, until: float) -> None:
        """An answer of this kind is awaited until then."""
        self._until[kind] = until

    def arrived(self, kind: str) -> None:
        """The answer has come, or does not matter any more."""
        self._until.pop(kind, None)

    def overdue(self, at: float) -> list[str]:
        """The kinds of answers whose deadline has passed; they are not awaited any more."""
        passed = [kind for kind, until in self._until.items() if until <= at]
        for kind in passed:
            self.arrived(kind)
        return passed
