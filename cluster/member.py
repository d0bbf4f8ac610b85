"""One member of the cluster, put together: session, election, membership, peers and health in one object."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from cluster.documents import DocumentStore
    from cluster.mastership import Mastership, Standing
    from cluster.records import HistoryEntry, MemberInfo, MemberStatus, Record
    from cluster.settings import ClusterSettings


class ClusterMember:
    """This node as a member of its cluster; the same with ZooKeeper and alone.

    Everything runs on the event loop that called :meth:`start`; callbacks are called there and must not block.
    """

    mastership: Mastership
    """Whether this node may act. Started and stopped by this object."""
    documents: DocumentStore
    """The document at ``/config`` that all members share."""

    def __init__(
        self,
        settings: ClusterSettings,
        *,
        version: str,
        http_address: str = "",
        health_services: tuple[str, str] = ("node", "master"),
        drain: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Build the member; nothing is opened before :meth:`start`.

        ``health_services`` are the gRPC health names of "this node has joined" and "this node is master".
        ``drain`` is awaited (at most one push budget) between the end of a reign by an orderly resignation and the
        release of the mastership, so that what is in flight can finish or be cancelled.
        """
        raise NotImplementedError

    @property
    def info(self) -> MemberInfo:
        """What this member tells about itself; the clustering port is final after :meth:`start`."""
        raise NotImplementedError

    async def start(self) -> None:
        """Open the clustering port, join and contend. Returns although ZooKeeper may be unreachable.

        Raises OSError when the port is taken; alone, also DamagedStateError and AlreadyRunningError.
        """
        raise NotImplementedError

    async def stop(self) -> None:
        """Health off, resign if master, tell the peers, close the port and the session; bounded in time."""
        raise NotImplementedError

    def set_ready(self, *, ready: bool) -> None:
        """Set the gRPC health of the process (service ``""``); not ready at birth."""
        raise NotImplementedError

    def status(self) -> Standing:
        """Where this node stands now, from memory."""
        raise NotImplementedError

    def members(self) -> Sequence[MemberInfo]:
        """Members that have joined, by name, as last seen; this one is always among them."""
        raise NotImplementedError

    async def ask_members(self) -> Sequence[MemberStatus]:
        """Ask every member about itself, all at once, within the peer time-out; never raises for a silent one."""
        raise NotImplementedError

    async def step_down(self, requested_by: str) -> int:
        """Ask the master, wherever it is, to resign. Returns the epoch that ended.

        Raises NotMasterError when there is no master, UnavailableError when it cannot be reached.
        """
        raise NotImplementedError

    async def history(self, limit: int = 50) -> Sequence[HistoryEntry]:
        """The newest reigns, newest first. Raises UnavailableError."""
        raise NotImplementedError

    def publish(self, record: Record) -> None:
        """Hand a record of this master to all followers; the newest replaces one not yet sent."""
        raise NotImplementedError

    def on_record(self, callback: Callable[[Record], None]) -> Callable[[], None]:
        """Call back with each record received while standby; returns the unsubscriber."""
        raise NotImplementedError

    @property
    def last_record(self) -> Record | None:
        """The newest record published or received."""
        raise NotImplementedError

    def on_early_sign(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back when the stream of the master broke: time to warm up, never a reason to act. Unsubscriber."""
        raise NotImplementedError
