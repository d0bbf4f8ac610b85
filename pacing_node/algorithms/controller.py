"""The one door to the laws: a controller holds the learned state of every target and calculates all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pacing_node.algorithms.model import Feedback, Policy, Result, Snapshot


class Controller(Protocol):
    """Learned state of all targets plus the law that uses it.

    A controller belongs to one ordered set of targets. It is not thread-safe; a calculation does no I/O.
    """

    def calculate(self, snapshot: Snapshot, feedback: Feedback, policy: Policy) -> Result:
        """Learn from the snapshot and the feedback, and return what may be sent now."""
        ...

    def save(self) -> bytes:
        """The learned state in a compact, versioned form, 76 bytes a target; keyed by target name."""
        ...

    def restore(self, state: bytes) -> None:
        """Take over saved state for the targets whose names match.

        Raises ``UnusableStateError``, and changes nothing, when it does not fit.
        """
        ...
