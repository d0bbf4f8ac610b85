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
        """The learned state in a compact, versioned form, about 64 bytes a target; keyed by target name."""
        ...

    def restore(self, state: bytes) -> bool:
        """Take over saved state for the targets whose names match; False, and nothing changed, when it does not fit."""
        ...
