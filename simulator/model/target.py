"""A pacing target at run time: the queue's waiting interactions, its counters, and the invitations out for it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.model.agent import Agent
    from simulator.model.spec import Queue


class Interaction:
    """One visitor or caller in a queue or with an agent."""

    __slots__ = ("entered_at", "proactive", "service", "target", "waiting")

    def __init__(self, target: Target, *, proactive: bool, entered_at: float, service: float | None = None) -> None:
        self.target = target
        self.proactive = proactive
        self.entered_at = entered_at
        self.service = service
        """Handle time if it is known beforehand (replayed calls), in seconds."""
        self.waiting = False


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


class Target:
    """Run-time state of a queue. Slots are counted as the statistics contract says: see ``AgentReading.slots``."""

    HANDLE_MEMORY = 0.98
    """Weight of the past per completion in the reported handle time: about the newest 50 count."""

    def __init__(self, index: int, spec: Queue) -> None:
        self.index = index
        self.spec = spec
        self.media = spec.media
        self.agents: list[Agent] = []
        self.pool: OrderedDict[Agent, None] = OrderedDict()
        """Agents who would be given an interaction now; the one at the front is next."""
        self.line: OrderedDict[Interaction, None] = OrderedDict()
        """Waiting interactions, oldest first."""
        self.proactive = Flow()
        self.reactive = Flow()
        self.reactive_blocked = 0
        """Reactive visitors a page did not let through (inbound portion below 1)."""
        self.invitations = InvitationCounts()
        self.ready = 0
        self.busy = 0
        self.logged_in = 0
        self.busy_seconds = 0.0
        """∫ busy slots dt."""
        self.slot_seconds = 0.0
        """∫ (ready + busy) slots dt."""
        self.waiting_seconds = 0.0
        """∫ proactive interactions waiting dt."""
        self._since = 0.0
        self._handle_weight = 0.0
        self._handle_sum = 0.0

    def flow(self, interaction: Interaction) -> Flow:
        """The counters the interaction belongs to."""
        return self.proactive if interaction.proactive else self.reactive

    def integrate(self, now: float) -> None:
        """Bring the integrals up to ``now``; call before any of the integrated numbers changes."""
        elapsed = now - self._since
        if elapsed > 0.0:
            self._since = now
            self.busy_seconds += self.busy * elapsed
            self.slot_seconds += (self.ready + self.busy) * elapsed
            self.waiting_seconds += self.proactive.waiting * elapsed

    def learn_handle_time(self, seconds: float) -> None:
        """Count a completed interaction's handle time, wrap-up included."""
        self._handle_weight = self._handle_weight * self.HANDLE_MEMORY + 1.0
        self._handle_sum = self._handle_sum * self.HANDLE_MEMORY + seconds

    @property
    def mean_handle_seconds(self) -> float | None:
        """Recent mean handle time with wrap-up in seconds; None before the first completion."""
        return self._handle_sum / self._handle_weight if self._handle_weight else None
