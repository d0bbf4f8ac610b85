"""Input events of the state machine of mastership, and the actions it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cluster.mastership import EndCause


class State(StrEnum):
    """States of the machine."""

    STANDBY = "standby"
    """Not master; watches, and contends when there is none."""
    ACQUIRING = "acquiring"
    """An acquisition is in progress; its outcome is not known yet."""
    SERVING = "serving"
    """Master with a lease, connected: may act."""
    SUSPENDED = "suspended"
    """Master with a lease, not connected or not yet proved again: must not start anything."""
    FAILSAFE = "failsafe"
    """Master without ZooKeeper, by the promise of every other member not to take over: may act."""
    RESIGNING = "resigning"
    """The term is over; its node is being deleted."""
    STOPPED = "stopped"
    """Takes no part any more."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A mastership as ZooKeeper has recorded it."""

    epoch: int
    epoch_version: int
    """Version of the epoch's node after the acquisition: changes with every later one."""
    session_id: int
    zxid: int
    """Transaction that made it: created zxid of the master's node, modified zxid of the epoch's."""
    after_clean_end: bool = False
    """The previous term ended clean, with nothing in flight, as the transaction that released it recorded."""


# --- events -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Event:
    """Something has happened at ``at``, in seconds on the clock of leases."""

    at: float


@dataclass(frozen=True, slots=True)
class Connected(Event):
    """The session is connected, and the tree is in place."""

    session_id: int
    session_timeout_seconds: float
    opened_at: float
    """When the connection was opened, before the handshake."""


@dataclass(frozen=True, slots=True)
class Suspended(Event):
    """The connection is gone; the session may live on."""


@dataclass(frozen=True, slots=True)
class SessionLost(Event):
    """The session is over."""


@dataclass(frozen=True, slots=True)
class MasterObserved(Event):
    """The master's node was read, or found missing (owner 0), in this session."""

    sent_at: float
    session_id: int
    owner: int
    node: str | None
    epoch: int


@dataclass(frozen=True, slots=True)
class ObservationFailed(Event):
    """The master's node could not be read."""

    silent: bool
    """The connection stood all the time and no answer came."""


@dataclass(frozen=True, slots=True)
class Acquired(Event):
    """The acquisition took effect; its request was sent at ``sent_at``."""

    attempt: int
    sent_at: float
    claim: Claim


@dataclass(frozen=True, slots=True)
class AcquisitionFailed(Event):
    """The acquisition was refused, or its outcome is unknown: it may have taken effect, or do so later."""

    attempt: int
    silent: bool
    """The connection stood all the time and no answer came."""
    retry_seconds: float = 0.0
    """Contend again after this long at the earliest; 0 leaves it to the machine."""


@dataclass(frozen=True, slots=True)
class LeaseProved(Event):
    """ZooKeeper's quorum confirmed the claim; the request was sent at ``sent_at``."""

    epoch: int
    beat: int
    sent_at: float


@dataclass(frozen=True, slots=True)
class LeaseRefused(Event):
    """ZooKeeper's quorum says that the claim is gone."""

    epoch: int


@dataclass(frozen=True, slots=True)
class ProofMissing(Event):
    """No answer about the claim came in time."""

    beat: int
    silent: bool
    """The connection stood all the time and no answer came."""


@dataclass(frozen=True, slots=True)
class Promised(Event):
    """Every other member of the failsafe list has promised not to contend for ``seconds`` from when it was asked."""

    round: int
    sent_at: float
    """Before the first of them was asked."""
    seconds: float


@dataclass(frozen=True, slots=True)
class PromiseMissing(Event):
    """Somebody refused, or did not answer in time, or there is no failsafe list to ask."""

    round: int


@dataclass(frozen=True, slots=True)
class Released(Event):
    """The release has ended, whatever came of it; what is left behind is found by reading."""


@dataclass(frozen=True, slots=True)
class Fenced(Event):
    """The receiver refused a token of the term ``epoch``: its mark is newer, or of another cluster."""

    epoch: int
    same_cluster: bool
    mark_epoch: int


@dataclass(frozen=True, slots=True)
class StepDown(Event):
    """The node shall resign and begin its cooldown."""

    cause: EndCause
    successor: str = ""
    """The node that shall take over; empty leaves it open."""


@dataclass(frozen=True, slots=True)
class CandidateChanged(Event):
    """The application can, or cannot, do a master's work; without it the node does not contend."""

    candidate: bool


@dataclass(frozen=True, slots=True)
class Paused(Event):
    """The cluster is paused, or not any more; while it is, the node does not contend."""

    paused: bool


@dataclass(frozen=True, slots=True)
class Stop(Event):
    """The node leaves for good."""


@dataclass(frozen=True, slots=True)
class Tick(Event):
    """The time of ``next_wake`` has come."""


# --- actions ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReadMaster:
    """Read the master's node and watch it; answer with MasterObserved or ObservationFailed."""


@dataclass(frozen=True, slots=True)
class Acquire:
    """Create the master's node and raise the epoch in one transaction; answer with Acquired or AcquisitionFailed."""

    attempt: int


@dataclass(frozen=True, slots=True)
class ProveLease:
    """Check both nodes in a transaction; answer with LeaseProved, LeaseRefused or ProofMissing."""

    claim: Claim
    beat: int
    """Number of this proof, for the answer."""


@dataclass(frozen=True, slots=True)
class AskPromises:
    """Ask every other member of the failsafe list not to contend; answer with Promised or PromiseMissing."""

    claim: Claim
    round: int


@dataclass(frozen=True, slots=True)
class Release:
    """Delete the master's node if this session owns it, raising the epoch if asked; answer with Released."""

    claim: Claim | None
    """The claim to give up; None for a ghost, of which only the owner is known."""
    raise_to: int
    """Raise the epoch to this in the same transaction; 0 leaves it."""
    successor: str = ""
    """Name this node beside the epoch in the same transaction: the others let it go first for a while."""


@dataclass(frozen=True, slots=True)
class BeginTerm:
    """The application may act from now on."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class EndTerm:
    """The application must stop acting now."""

    claim: Claim
    cause: EndCause


@dataclass(frozen=True, slots=True)
class DropConnection:
    """Leave this server, keep the session."""


@dataclass(frozen=True, slots=True)
class RebuildSession:
    """Replace the client; the session is given up."""


Action = (
    ReadMaster | Acquire | ProveLease | AskPromises | Release | BeginTerm | EndTerm | DropConnection | RebuildSession
)
