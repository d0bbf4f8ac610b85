"""Events: what the state machine of leadership takes in; actions: what it asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cluster.election.failsafe_members import FailsafeList, FailsafeMember
    from cluster.mastership import EndCause


class State(StrEnum):
    """States of the machine."""

    STANDBY = "standby"
    """Not master; watches, and contends when there is none, unless it is in its cooldown after a step-down, bound by a
    promise, between two attempts, or without options or targets."""
    PAUSED = "paused"
    """Not master; does not contend, because the cluster is paused. Look at: `pacing resume`."""
    WAITING = "waiting"
    """Not master; there is none, but this node must wait before it may become master. Look at: `leadership.waits`
    in its log, which says until when."""
    ACQUIRING = "acquiring"
    """An acquisition is in flight; its outcome is not known yet."""
    SERVING = "serving"
    """Master with a lease, connected: may act."""
    SUSPENDED = "suspended"
    """Master with a lease, not connected or not yet proved again: must not start anything. Look at: the way to
    ZooKeeper."""
    FAILSAFE = "failsafe"
    """Master without ZooKeeper: every other member has promised not to take over; may act. Look at: bring ZooKeeper
    back, restart no member meanwhile."""
    RESIGNING = "resigning"
    """The term has ended; its node is being deleted."""
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
    """The previous term ended with nothing in flight, as the transaction that released it recorded."""
    term_id: str = ""
    """A UUID chosen for this acquisition. Epochs, versions and zxids are given again by a ZooKeeper that was put back
    to an older copy of its data; this is not."""
    cluster_id: str = ""
    """Identity of the cluster when it was acquired."""
    previous: str = ""
    """The node that led the previous term; empty when there was none."""
    previous_action_seconds: float = 0.0
    """How long an action can last that earlier terms may have left in flight; 0 after a clean end or when unknown."""


@dataclass(frozen=True, slots=True)
class ElectionRecord:
    """What ZooKeeper has recorded of the election: read before an acquisition, checked again in its transaction."""

    epoch: int
    """The highest epoch given so far."""
    epoch_version: int
    """Version of its node: changes with every acquisition, and with a release that writes something."""
    successor: str
    """The node named as successor by the previous term; empty when there is none."""
    ended_clean: bool
    """The previous term ended with nothing in flight. Only its own release writes this."""
    pause_version: int
    """Version of the pause document."""
    paused_by: str | None
    """Who has paused the cluster; None when it is not paused."""
    failsafe_list: FailsafeList | None
    """The members that may become master while the previous term can be in failsafe mode; None when anybody may."""
    failsafe_list_version: int
    """Version of the failsafe list's node."""
    vacant: bool
    """There was no master, read after everything else."""
    cluster_id: str = ""
    """Identity of the cluster."""
    cluster_id_version: int = 0
    """Version of its node."""
    action_seconds: float = 0.0
    """How long an action can last that the newest terms may have left in flight; 0 when it is not recorded."""
    holder: str = ""
    """The node to which the highest epoch was given; empty when none has been given."""


# --- events -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Event:
    """Something has happened at ``at``, in seconds on the clock of leases."""

    at: float


@dataclass(frozen=True, slots=True)
class Started(Event):
    """The process listens on its clustering port: an earlier one at its address can promise nothing any more."""


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
    """No answer came although the connection was never lost."""


@dataclass(frozen=True, slots=True)
class ElectionRead(Event):
    """All that may forbid an acquisition was read."""

    attempt: int
    record: ElectionRecord
    own: FailsafeMember
    """Name of this node, and the address at which it was reachable when it asked."""
    members: frozenset[str] | None = None
    """Names of the members that have joined, as far as this node knows; None when it does not know."""


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
    """No answer came although the connection was never lost."""


@dataclass(frozen=True, slots=True)
class LeaseProved(Event):
    """ZooKeeper's quorum confirmed the claim; the request was sent at ``sent_at``."""

    epoch: int
    beat: int
    sent_at: float


@dataclass(frozen=True, slots=True)
class LeaseRefused(Event):
    """ZooKeeper's quorum answered that the claim is gone."""

    epoch: int


@dataclass(frozen=True, slots=True)
class ProofMissing(Event):
    """No answer about the claim came in time."""

    beat: int
    silent: bool
    """No answer came although the connection was never lost."""


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
    """The release has ended, with or without success; a node that is left behind is found by reading."""

    number: int
    """As in the action."""
    refused: bool = False
    """The cluster is paused, and the release was not to take place then: the master's node is still there."""
    failed: bool = False
    """ZooKeeper refused it, or did not answer."""


@dataclass(frozen=True, slots=True)
class Fenced(Event):
    """The receiver refused a token of the term ``epoch``: its mark is newer, or of another cluster."""

    epoch: int
    same_cluster: bool
    mark_epoch: int
    remembered_id: str = ""
    """The receiver's cluster, if it is another one than ZooKeeper says and this node remembers it; else empty."""


@dataclass(frozen=True, slots=True)
class Accepted(Event):
    """The receiver has accepted an action of the term ``epoch``."""

    epoch: int


@dataclass(frozen=True, slots=True)
class StepDown(Event):
    """The node shall resign, and not contend during a cooldown."""

    cause: EndCause
    successor: str = ""
    """The node that shall take over; empty leaves it open."""


@dataclass(frozen=True, slots=True)
class CandidateChanged(Event):
    """The application can, or cannot, do a master's work; while it cannot, the node does not contend."""

    candidate: bool


@dataclass(frozen=True, slots=True)
class Paused(Event):
    """The cluster has been paused or resumed; while it is paused, the node does not contend."""

    paused: bool


@dataclass(frozen=True, slots=True)
class Stop(Event):
    """The node leaves for good."""

    successor: str = ""
    """The node that shall take over; empty leaves it open."""


@dataclass(frozen=True, slots=True)
class Tick(Event):
    """The time of ``next_wake`` has come."""


# --- actions ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReadMaster:
    """Read the master's node and watch it; answer with MasterObserved or ObservationFailed."""

    changed: bool = False
    """It has changed since it was read."""


@dataclass(frozen=True, slots=True)
class ReadElection:
    """Read all that may forbid an acquisition, the vacancy last; answer with ElectionRead or AcquisitionFailed."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Acquire:
    """Create the master's node and raise the epoch in one transaction; answer with Acquired or AcquisitionFailed.

    The transaction fails if anything in ``record`` has changed.
    """

    attempt: int
    record: ElectionRecord
    renews: Claim | None = None
    """Replace the master's node of this claim, which this session owns, so that nobody sees a vacancy."""


@dataclass(frozen=True, slots=True)
class ProveLease:
    """Check the claim's nodes (master, epoch, term) in a transaction.

    Answer with LeaseProved, LeaseRefused or ProofMissing.
    """

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
    """Name this node beside the epoch in the same transaction: the others do not contend for a while."""
    unless_paused: bool = False
    """Release nothing while the cluster is paused: nobody would take over."""
    cluster_id: str = ""
    """Write this identity of the cluster back in the same transaction; empty leaves it."""
    number: int = field(default=0, compare=False)
    """Number of this release, for the answer."""


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
    """Disconnect from this server, keep the session."""


@dataclass(frozen=True, slots=True)
class RebuildSession:
    """Replace the client; the session is given up."""


@dataclass(frozen=True, slots=True)
class ReportOverdue:
    """Log that the answer to an action never came, although an action of this name has exactly one outcome."""

    action: str


Step = ReadMaster | ReadElection | Acquire | ProveLease | AskPromises | Release
"""An action that takes time and is answered with exactly one event."""
Action = Step | BeginTerm | EndTerm | DropConnection | RebuildSession | ReportOverdue
