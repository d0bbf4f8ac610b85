"""Agents and targets at run time: a target knows the agents who serve it, an agent the targets they serve."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from simulator.model.agent_reading import AgentReading, MediaReading, Status
from simulator.model.counters import Flow, InvitationCounts

if TYPE_CHECKING:
    from simulator.model.spec import CapacityRule, Queue, Staff


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


class Agent:
    """One person. ``Router`` calls the verbs and brings counts up to date afterwards."""

    __slots__ = (
        "exclusive",
        "excused",
        "maximum",
        "on_break",
        "present",
        "reading",
        "staff",
        "talking",
        "targets",
        "user_name",
        "wrapping",
    )

    def __init__(self, user_name: str, staff: Staff, rule: CapacityRule) -> None:
        self.user_name = user_name
        self.staff = staff
        self.maximum = dict(rule.media)
        self.exclusive = rule.exclusive
        self.targets: list[Target] = []
        """Targets whose groups include the agent, also those whose medium they cannot do."""
        self.present = False
        """On shift: logged in, or about to log out once no interaction is left."""
        self.excused = False
        """Sent home by a fault, whatever the shift says."""
        self.on_break = False
        """Not ready, or about to be once no interaction is left."""
        self.talking = dict.fromkeys(self.maximum, 0)
        self.wrapping = dict.fromkeys(self.maximum, 0)
        self.reading = self.read()

    def in_use(self, media: str) -> int:
        """Interactions of the medium in hand, wrap-up included."""
        return self.talking[media] + self.wrapping[media]

    def routable(self, media: str) -> bool:
        """Whether the agent would be given one more interaction of the medium now."""
        if not self.present or self.excused or self.on_break or self.in_use(media) >= self.maximum[media]:
            return False
        return not self.exclusive or not any(self.in_use(other) for other in self.maximum if other != media)

    @property
    def status(self) -> Status:
        """His status now. Work in hand comes before a pause or a logout."""
        if any(self.talking.values()):
            return Status.BUSY
        if any(self.wrapping.values()):
            return Status.AFTER_CALL_WORK
        if not self.present or self.excused:
            return Status.LOGGED_OUT
        return Status.NOT_READY if self.on_break else Status.READY

    def read(self) -> AgentReading:
        """His state as statistics report it."""
        media = (MediaReading(m, n, self.in_use(m), self.routable(m)) for m, n in self.maximum.items())
        return AgentReading(self.status, tuple(media))
