"""Settings of one member of the cluster, with their bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cluster.errors import SettingsError
from cluster.security import ZooKeeperSecurity

if TYPE_CHECKING:
    from pathlib import Path

    from cluster.access.signed_calls import ClusterSecret
    from cluster.security import PeerTls

DEFAULT_MESSAGE_BYTES = 0xFFFFF
"""Default of ZooKeeper's ``jute.maxbuffer``."""
DEFAULT_CLUSTERING_PORT = 7800

_NAME_BREAKERS = set("/\\\0\n\r\t ")


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """Settings of one member. Times are seconds. Raises SettingsError when one is out of its bounds."""

    node: str
    """Name of this node, unique in its cluster; no slash, no white space."""
    cluster: str
    """Name of the cluster; its tree has this name below the base of the hosts."""
    zookeeper_hosts: str | None
    """``host:port,host:port[/base]``, base ``/pacing`` unless given; None runs this node alone, without ZooKeeper."""
    host: str = "127.0.0.1"
    """Host name or address under which other members reach this one."""
    bind_address: str = ""
    """Address the clustering port listens on; empty: the same as ``host``."""
    clustering_port: int = DEFAULT_CLUSTERING_PORT
    """gRPC port for members and health checks; 0 takes a free one."""
    health_port: int | None = None
    """Port that serves health checks, and nothing else, without TLS; 0 takes a free one, None opens none."""
    health_bind_address: str = "127.0.0.1"
    """Address that port listens on."""
    state_directory: Path | None = None
    """Where this node keeps what must survive it: epoch and documents when alone, the cluster id otherwise.

    None keeps nothing; a node alone without it counts its epochs from the clock.
    """
    session_timeout_seconds: float = 4.0
    """Session time-out T asked of ZooKeeper; at least 2 s. The one ZooKeeper grants is what counts."""
    heartbeat_seconds: float = 0.0
    """Time h between two proofs of the lease; at most T/8; 0 takes T/8."""
    tick_seconds: float = 0.0
    """tickTime of the ensemble. Must not be below the real one: the margin of the lease rests on it.

    0 takes T/2, the longest one with which an ensemble grants T unless its limits are set by hand.
    """
    action_budget_seconds: float = 0.0
    """Longest time one action of the master may take; at most T/3; 0 takes T/3."""
    cooldown_seconds: float = 10.0
    """Cooldown: how long a master that stepped down lets the others contend first."""
    failures_allowed: int = 3
    """Failures in a row after which a master asks whether a standby could do better; at least 1."""
    peer_timeout_seconds: float = 1.0
    """Deadline of one call to another member."""
    stop_timeout_seconds: float = 5.0
    """Upper bound of the time an orderly stop takes."""
    failsafe_seconds: float | None = None
    """Longest time a master goes on without ZooKeeper by the promises of all others; None ends it with its lease.

    Another than those it has asked becomes master only after as long a wait.
    """
    watchdog_seconds: float | None = None
    """Longest freeze of the event loop that is endured before the process is ended; at most T; None endures any.

    The smaller one of T and two periods of the application is a good choice.
    """
    zookeeper_message_bytes: int = DEFAULT_MESSAGE_BYTES
    """``jute.maxbuffer`` of the ensemble: the largest message it takes; a larger document is refused unsent."""
    peer_tls: PeerTls | None = None
    """Mutual TLS on the clustering port; None speaks plain text."""
    cluster_secret: ClusterSecret | None = field(default=None, repr=False)
    """Secret by which members prove themselves; None where certificates do, or where nothing does."""
    plain_tokens: bool = False
    """Whether access tokens are taken over connections that others can read."""
    zookeeper_security: ZooKeeperSecurity = field(default_factory=ZooKeeperSecurity)
    """TLS and credentials of the session; off unless given."""
    short_session_allowed: bool = False
    """Lifts the lower bound of the session time-out. For tests: idle sessions below 0.6 s expire by themselves."""

    def __post_init__(self) -> None:
        if self.heartbeat_seconds == 0.0:
            object.__setattr__(self, "heartbeat_seconds", self.session_timeout_seconds / 8)
        if self.action_budget_seconds == 0.0:
            object.__setattr__(self, "action_budget_seconds", self.session_timeout_seconds / 3)
        if self.tick_seconds == 0.0:
            object.__setattr__(self, "tick_seconds", self.session_timeout_seconds / 2)
        self._check_names()
        self._check_times()

    @property
    def standalone(self) -> bool:
        """Whether this node runs alone, without ZooKeeper."""
        return self.zookeeper_hosts is None

    @property
    def readiness_seconds(self) -> float:
        """Longest time to wait for a member to find out whether it could do the master's work."""
        return self.action_budget_seconds + self.peer_timeout_seconds

    def _check_names(self) -> None:
        for key, value in (("node", self.node), ("cluster", self.cluster)):
            if not value or value in {".", ".."} or _NAME_BREAKERS & set(value):
                message = f"{key}: found {value!r}, allowed is a name without slashes and white space"
                raise SettingsError(message)
        if self.zookeeper_hosts is not None and not self.zookeeper_hosts.strip():
            message = "zookeeper hosts: found nothing, allowed is host:port[,host:port…][/base]"
            raise SettingsError(message)
        for what, port in (("clustering port", self.clustering_port), ("health port", self.health_port or 0)):
            if not 0 <= port <= 65535:
                message = f"{what}: found {port}, allowed is 0 to 65535"
                raise SettingsError(message)

        if self.failures_allowed < 1:
            message = f"failures_allowed: found {self.failures_allowed}, allowed is 1 or more"
            raise SettingsError(message)

    def _check_times(self) -> None:
        session = self.session_timeout_seconds
        least = 0.0 if self.short_session_allowed else 2.0
        bounds: tuple[tuple[str, float, float, float, str], ...] = (
            ("session_timeout_seconds", session, least, 3600.0, "2 s is the least kazoo keeps alive when idle"),
            ("heartbeat_seconds", self.heartbeat_seconds, 0.0, session / 8, "T/8"),
            ("action_budget_seconds", self.action_budget_seconds, 0.0, session / 3, "T/3"),
            ("tick_seconds", self.tick_seconds, 0.0, session / 2, "ZooKeeper grants no session below 2 ticks"),
            ("cooldown_seconds", self.cooldown_seconds, 0.0, 3600.0, ""),
            ("peer_timeout_seconds", self.peer_timeout_seconds, 0.0, 60.0, ""),
            ("stop_timeout_seconds", self.stop_timeout_seconds, 0.0, 600.0, ""),
        )
        if self.watchdog_seconds is not None:
            bounds = (*bounds, ("watchdog_seconds", self.watchdog_seconds, 0.0, session, "T"))
        if self.failsafe_seconds is not None:
            bounds = (*bounds, ("failsafe_seconds", self.failsafe_seconds, session, 86400.0, "from T to a day"))
        for key, found, low, high, reason in bounds:
            if not (found > 0.0 and low <= found <= high):
                why = f" ({reason})" if reason else ""
                message = f"{key}: found {found:g}, allowed is above 0, from {low:g} to {high:g} seconds{why}"
                raise SettingsError(message)
