"""Counters of interactions and of invitations since the start of the model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Flow:
    """Counters of one kind of interaction since the start of the model. entered = answered + abandoned + waiting."""

    entered: int = 0
    answered: int = 0
    abandoned: int = 0
    waiting: int = 0
    completed: int = 0
    wait_seconds: float = 0.0
    """Sum of the waits of those answered."""
    longest_wait_seconds: float = 0.0


@dataclass(slots=True)
class InvitationCounts:
    """Counters of invitations since the start of the model. invited = accepted + refused + pending."""

    invited: int = 0
    accepted: int = 0
    refused: int = 0
    """Declined, or timed out."""
    accept_seconds: float = 0.0
    refuse_seconds: float = 0.0
    recent_accepted: float = 0.0
    recent_disposed: float = 0.0

    MEMORY = 0.995
    """Weight of the past per disposition in the reported ratio: about the newest 200 count."""

    @property
    def pending(self) -> int:
        """Invitations out without disposition."""
        return self.invited - self.accepted - self.refused

    def dispose(self, *, accepted: bool, seconds: float) -> None:
        """Count an invitation answered, declined or timed out after ``seconds``."""
        self.recent_disposed = self.recent_disposed * self.MEMORY + 1.0
        self.recent_accepted = self.recent_accepted * self.MEMORY + (1.0 if accepted else 0.0)
        if accepted:
            self.accepted += 1
            self.accept_seconds += seconds
        else:
            self.refused += 1
            self.refuse_seconds += seconds
