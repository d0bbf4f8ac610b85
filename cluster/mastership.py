"""What an application sees of the cluster: whether this node may act, and for how long.

Two implementations: ``cluster.election.driver`` through ZooKeeper and ``cluster.backends.standalone`` for a single node
without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio

    from cluster.token import Token


class Role(StrEnum):
    """Role of a node in the election."""

    STANDBY = "standby"
    MASTER = "master"


class ZooKeeperState(StrEnum):
    """State of the ZooKeeper session, or that there is none by design."""

    CONNECTED = "connected"
    """The session is connected."""
    SUSPENDED = "suspended"
    """The connection broke; the session may still live, and the client is connecting. Look at: `zookeeper.client` in
    the log, the network to the ensemble."""
    LOST = "lost"
    """There is no session: it has expired, or none has begun yet. Look at: whether a majority of the ensemble
    serves."""
    STANDALONE = "standalone"
    """The node runs alone, without ZooKeeper, as its options say."""


class EndCause(StrEnum):
    """Why a term ended."""

    RESIGNED = "resigned"
    """Orderly stop of the node."""
    LEASE_EXPIRED = "lease_expired"
    """The lease could not be proved in time. Look at: ZooKeeper's load, the network between node and ensemble."""
    SESSION_LOST = "session_lost"
    """ZooKeeper expired the session. Look at: pauses of the machine, a time-out that is too short."""
    FENCED = "fenced"
    """The platform or ZooKeeper has seen a newer term. Look at: a frozen node that woke up; clocks do not matter."""
    WATCHDOG = "watchdog"
    """The event loop froze, and the process ended itself. Look at: CPU starvation, a blocking disk."""
    PROCESS_DIED = "process_died"
    """A supervisor saw the process die. Look at: its log, the kernel's out-of-memory messages."""
    OPERATOR = "operator"
    """An operator asked for it, with `pacing step-down`."""
    SELF_DEMOTION = "self_demotion"
    """Pushes failed several times in a row, and a standby reported that it can push. Look at: the way from the previous
    master to the platform: network, proxy, name service."""


class Term(Protocol):
    """One uninterrupted mastership of this node, from acquisition to its end. Never resumed once ended."""

    @property
    def cluster_id(self) -> str:
        """Identity of the cluster's ZooKeeper tree, a UUID."""
        ...

    @property
    def epoch(self) -> int:
        """Number of this term; strictly greater than that of every previous term."""
        ...

    @property
    def after_clean_end(self) -> bool:
        """True if the previous term ended clean, with nothing in flight: the new master need not wait for it."""
        ...

    @property
    def previous_action_seconds(self) -> float:
        """How long an action can last that earlier terms may have left in flight, by the budget of their nodes.

        0 after a clean end, and when it is not known.
        """
        ...

    @property
    def ended(self) -> asyncio.Event:
        """Set when the term is over; the application then cancels what is in flight."""
        ...

    @property
    def cause(self) -> EndCause | None:
        """Why it ended; None while it lasts."""
        ...

    def next_token(self) -> Token:
        """The token of the next action: same epoch, sequence one higher than the last, from 1."""
        ...

    def act_until(self, budget_seconds: float) -> float | None:
        """The deadline of an action that starts now and may last ``budget_seconds``; None when it must not start.

        In seconds on the clock of leases (``cluster.clock``), which goes on while the machine sleeps: nothing of the
        action may be sent after it. An action must not start with less lease left than its budget, nor while the
        session is suspended. Where ZooKeeper has granted a shorter session than was asked for, an action gets a third
        of it at most.
        """
        ...

    def fenced(self, mark_cluster_id: str | None, mark_epoch: int, mark_sequence: int) -> None:
        """Report that the receiver refused a token because it has seen a newer one. Ends the term."""
        ...


@dataclass(frozen=True, slots=True)
class LeadershipStatus:
    """Leadership status of a node; what ``GetStatus`` and every page show."""

    role: Role
    state: str
    """State of the leadership machine by name.

    standby, acquiring, serving, paused, waiting, suspended, failsafe, resigning, stopped.
    """
    epoch: int
    lease_left_seconds: float
    zookeeper: ZooKeeperState
    session_timeout_seconds: float
    cluster_id: str
    master: str | None
    """Name of the master this node knows of."""
    damage: str = ""
    """What ZooKeeper holds that keeps this node from becoming master, in words; empty while there is nothing."""


class Mastership(Protocol):
    """The cluster as the application sees it."""

    @property
    def status(self) -> LeadershipStatus:
        """Leadership status of this node now, from memory."""
        ...

    @property
    def term(self) -> Term | None:
        """The running term of this node, or None."""
        ...

    async def start(self) -> None:
        """Join the cluster and contend. Returns at once; ZooKeeper may be unreachable for as long as it likes."""
        ...

    async def wait_for_term(self) -> Term:
        """Wait until this node is master; the running term if it already is."""
        ...

    def set_candidate(self, *, candidate: bool) -> None:
        """Contend from now on, or not: whether the application could do a master's work. A term is not ended by it."""
        ...

    async def step_down(self, cause: EndCause = EndCause.OPERATOR, successor: str = "") -> bool:
        """Resign and begin the cooldown, so that another takes over; False when not master.

        ``successor`` is the node that shall take over: the others let it go first for as long. Empty leaves open
        who does.

        Raises RefusedError when the cluster was paused before the mastership could be released: the node goes on.
        """
        ...

    async def stop(self, successor: str = "") -> None:
        """Resign if master, in favour of ``successor`` if given, and contend no more; bounded in time."""
        ...
