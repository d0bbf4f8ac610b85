"""What members tell each other, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cluster.mastership import Role, ZooKeeperState


@dataclass(frozen=True, slots=True)
class RecordInfo:
    """Identity of one record the master made."""

    epoch: int
    sequence: int
    """Number of the record in its master's stream, from 1; given when it is published, and 0 before."""
    created_at: float
    """Unix time in seconds."""


@dataclass(frozen=True, slots=True)
class Record:
    """One outcome the master shares with its followers; the body is the application's."""

    info: RecordInfo
    schema: str
    """Name and version of the encoding; a follower that does not know it ignores the body."""
    body: bytes


@dataclass(frozen=True, slots=True)
class MemberInfo:
    """What a member wrote about itself when it joined."""

    name: str
    http: str
    """Address of its web server, ``host:port``; empty when it has none."""
    clustering: str
    """Address of its clustering port, ``host:port``."""
    version: str
    started_at: float
    """Unix time in seconds."""
    incarnation: str = ""
    """Chosen at random by each process; empty from a version that has none."""
    broken: tuple[str, ...] = ()
    """What cannot be read of its entry, in words; an entry that others can read has none."""


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """How far another member's clock is ahead of this node's, as measured by one call."""

    seconds: float
    """Positive where the other clock is ahead."""
    uncertainty_seconds: float
    """Half the time the call took: the true offset is within so much of ``seconds``."""
    measured_at: float
    """Unix time in seconds, this node's clock."""


@dataclass(frozen=True, slots=True)
class MemberStatus:
    """What a member answered about itself, or why it did not."""

    info: MemberInfo
    reachable: bool
    error: str | None = None
    """Why it could not be asked; None when it answered."""
    role: Role | None = None
    state: str = ""
    epoch: int = 0
    lease_left_seconds: float = 0.0
    zookeeper: ZooKeeperState | None = None
    session_timeout_seconds: float = 0.0
    cluster_id: str = ""
    master: str | None = None
    last_record: RecordInfo | None = None
    paused: bool = False
    """Whether this member knows of a pause in force."""
    clock: ClockOffset | None = None
    """None of this node itself, and of a member that does not say what its clock shows."""
    restart_needed: tuple[str, ...] = ()
    """Settings whose change takes effect at the next start of its process; 50 at most."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One term, as the history keeps it."""

    epoch: int
    node: str
    began_at: float | None
    """Unix time in seconds on the clock of the node that led; None when it cannot be read."""
    previous: str | None
    """Name of the master before; None for the first term."""
    ended_at: float | None
    """Unix time in seconds; None while it lasts."""
    cause: str | None
    """A value of ``EndCause``; None while it lasts."""
    gap_seconds: float | None
    """Time without an accepted action before this term, as far as clocks of two machines tell; None for the first
    term, before its first accepted action, and where nobody knows. Without any report of actions: time without a
    master."""
    first_action_at: float | None = None
    """When the receiver accepted the first action of this term, Unix time in seconds; None before, or unknown."""
    last_action_at: float | None = None
    """When it accepted the last one; None while the term lasts, or unknown."""
    broken: tuple[str, ...] = ()
    """What cannot be read of the entry, in words."""


LONGEST_PAUSE_SECONDS = 86_400.0
"""Longest pause: what is forgotten ends after a day."""
USUAL_PAUSE_SECONDS = 3_600.0
"""How long a pause lasts unless it is told."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause in force. Times are Unix seconds."""

    by: str
    """Who asked for it."""
    began_at: float
    until: float
    """When it ends by itself, unless a resumption ends it before."""
    broken: tuple[str, ...] = ()
    """What cannot be read of it, in words: it is in force all the same."""
