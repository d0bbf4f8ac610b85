"""An agent at run time: what he has in hand, what he would be given, and how statistics see him."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from simulator.model.spec import CapacityRule, Staff
    from simulator.model.target import Target


class Status(IntEnum):
    """Agent status by the numbers of the contact centre's agent states."""

    READY = 4
    NOT_READY = 8
    AFTER_CALL_WORK = 9
    BUSY = 20
    LOGGED_OUT = 23

    @property
    def at_work(self) -> bool:
        """Ready, busy or in after-call work."""
        return self in _AT_WORK


_AT_WORK = frozenset({Status.READY, Status.BUSY, Status.AFTER_CALL_WORK})


class MediaReading(NamedTuple):
    """Capacity of an agent for one medium."""

    media: str
    maximum: int
    in_use: int
    routable: bool


class AgentReading(NamedTuple):
    """State of an agent as the statistic AgentState reports it."""

    status: Status
    media: tuple[MediaReading, ...]

    @property
    def logged_in(self) -> bool:
        """Logged in, in whatever state."""
        return self.status is not Status.LOGGED_OUT

    def routable(self, media: str) -> bool:
        """Whether he would be given one more interaction of the medium now."""
        return any(entry.routable for entry in self.media if entry.media == media)

    def slots(self, media: str) -> tuple[int, int]:
        """(ready, busy) slots of the medium; (0, 0) when he is not at work or may not do it."""
        if self.status.at_work:
            for entry in self.media:
                if entry.media == media:
                    ready = entry.maximum - entry.in_use if entry.routable else 0
                    return ready, entry.maximum - ready
        return 0, 0

    @property
    def load(self) -> float:
        """Share of his capacity in use, 0..1, over all media: the largest of in_use / maximum."""
        return max((entry.in_use / entry.maximum for entry in self.media if entry.maximum), default=0.0)


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
        """Targets whose groups include him, whether or not he can do their medium."""
        self.present = False
        """On shift: logged in, or about to log out once his hands are free."""
        self.excused = False
        """Sent home by a fault, whatever his shift says."""
        self.on_break = False
        """Not ready, or about to be once his hands are free."""
        self.talking = dict.fromkeys(self.maximum, 0)
        self.wrapping = dict.fromkeys(self.maximum, 0)
        self.reading = self.read()

    def in_use(self, media: str) -> int:
        """Interactions of the medium in hand, wrap-up included."""
        return self.talking[media] + self.wrapping[media]

    def routable(self, media: str) -> bool:
        """Whether he would be given one more interaction of the medium now."""
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
