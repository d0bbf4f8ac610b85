"""The two ways of being a member: joined with others through ZooKeeper, or alone."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import TYPE_CHECKING, Protocol

import structlog

from cluster import errors, tasks
from cluster.backends.standalone import StandaloneMastership
from cluster.election.driver import ZooKeeperMastership
from cluster.files import read_if_there, write_durably
from cluster.process.worker_pipe import Reporter
from cluster.records import HistoryEntry
from cluster.zookeeper.client import Session
from cluster.zookeeper.document_stores import LocalDocuments, ZooKeeperDocuments
from cluster.zookeeper.history import History
from cluster.zookeeper.membership import Membership
from cluster.zookeeper.paths import locate
from cluster.zookeeper.pause import PauseSwitch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from typing import Any

    from cluster.documents import DocumentStore
    from cluster.election.events import Hold
    from cluster.election.failsafe import Ask
    from cluster.mastership import EndCause, Mastership
    from cluster.records import MemberInfo
    from cluster.settings import ClusterSettings

log = structlog.get_logger(__name__)


class Parts(Protocol):
    """What a member is made of, beside its port."""

    @property
    def mastership(self) -> Mastership:
        """Whether this node may act."""
        ...

    @property
    def documents(self) -> DocumentStore:
        """The document all members share."""
        ...

    @property
    def pause(self) -> PauseSwitch:
        """Pauses and resumes the cluster."""
        ...

    def listen(self, on_change: Callable[[], None]) -> None:
        """Call back after each change of role, state, master or members."""
        ...

    async def start(self, own: MemberInfo) -> None:
        """Join."""
        ...

    async def stop(self) -> None:
        """Leave; the mastership has been stopped before."""
        ...

    def members(self) -> Sequence[MemberInfo]:
        """Members by name, this one among them."""
        ...

    def promise(self, cluster_id: str, epoch: int, seconds: float) -> str:
        """Promise a master not to contend for so long; why not, empty when promised."""
        ...

    def ask_promises_by(self, ask: Ask) -> None:
        """Ask other members for their promise in this way."""
        ...

    async def history(self, limit: int) -> Sequence[HistoryEntry]:
        """The newest reigns, newest first."""
        ...


class JoinedParts:
    """A member among others, through ZooKeeper."""

    def __init__(
        self,
        settings: ClusterSettings,
        drain: Callable[[], Awaitable[None]] | None,
        settled: Callable[[int], bool] | None = None,
    ) -> None:
        if settings.zookeeper_hosts is None:
            message = "zookeeper_hosts: found none"
            raise errors.SettingsError(message)
        hosts, tree = locate(settings.zookeeper_hosts, settings.cluster)
        self._settings = settings
        timeout = settings.session_timeout_seconds
        self._session = Session(hosts, timeout, timeout / 4, settings.zookeeper_security)
        self._cluster_id_file = (
            settings.state_directory / f"{settings.cluster}.cluster-id" if settings.state_directory else None
        )
        self._membership = Membership(self._session, tree)
        self.mastership = ZooKeeperMastership(
            settings, self._session, tree, lambda: self._membership.members, drain=drain, settled=settled
        )
        self._membership.on_change.append(self.mastership.failsafe.look)
        self.documents = ZooKeeperDocuments(self._session, tree.configuration)
        self._pause_documents = ZooKeeperDocuments(self._session, tree.pause)
        self.pause = PauseSwitch(self._pause_documents)
        self.pause.on_change.append(lambda: self.mastership.set_paused(paused=self.pause.current is not None))
        self._history = History(self._session, tree, settings.node)
        self._reporter = Reporter.from_environment()
        self._writing: set[asyncio.Task[Any]] = set()

    def listen(self, on_change: Callable[[], None]) -> None:
        """Call back after each change of role, state, master or members."""
        self.mastership.on_change.append(on_change)
        self.mastership.on_joined.append(on_change)
        self._session.listen(lambda _: on_change())
        self._membership.on_change.append(on_change)
        self.pause.on_change.append(on_change)

    async def start(self, own: MemberInfo) -> None:
        """Join. Raises SettingsError when a certificate file cannot be used."""
        await asyncio.to_thread(self._settings.zookeeper_security.check_files)
        self.mastership.cluster_id = await asyncio.to_thread(self._remembered_cluster_id)
        self.mastership.on_joined += [
            self._membership.joined,
            self.documents.joined,
            self._pause_documents.joined,
            self._remember_cluster_id,
        ]
        self.mastership.on_began.append(self._began)
        self.mastership.on_ended.append(self._ended)
        self._membership.start(own)
        self.documents.start()
        self._pause_documents.start()
        self.pause.start()
        await self.mastership.start()
        self._session.start()

    async def stop(self) -> None:
        """Leave, write down how the reign ended, close the session."""
        if self._writing:
            await asyncio.wait(self._writing, timeout=1.0)
        await self._membership.stop()
        await self.documents.stop()
        self.pause.stop()
        await self._pause_documents.stop()
        await self._session.stop(self._settings.stop_timeout_seconds)

    def members(self) -> Sequence[MemberInfo]:
        """Members by name, this one among them."""
        return self._membership.members

    def promise(self, cluster_id: str, epoch: int, seconds: float) -> str:
        """Promise a master not to contend for so long; why not, empty when promised."""
        return self.mastership.promise(cluster_id, epoch, seconds)

    def ask_promises_by(self, ask: Ask) -> None:
        """Ask other members for their promise in this way."""
        self.mastership.failsafe.ask = ask

    async def history(self, limit: int) -> Sequence[HistoryEntry]:
        """The newest reigns, newest first. Raises UnavailableError."""
        return await self._history.newest(limit)

    def _began(self, hold: Hold) -> None:
        if self._reporter is not None:
            self._reporter.holds(hold)
        self._write(self._history.began(hold.epoch, time.time()))

    def _ended(self, hold: Hold, cause: EndCause) -> None:
        self._write(self._history.ended(hold.epoch, time.time(), cause))

    def _write(self, writing: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            try:
                await writing
            except errors.ClusterError as failure:
                log.info("history.not_written", error=str(failure))

        task = tasks.spawn("history", guarded(), finite=True)
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    def _remembered_cluster_id(self) -> str:
        if self._cluster_id_file is None:
            return ""
        content = (read_if_there(self._cluster_id_file) or b"").decode(errors="replace").strip()
        try:
            return str(uuid.UUID(content)) if content else ""
        except ValueError as failure:
            message = f"{self._cluster_id_file}: found {content[:60]!r}, expected a UUID; correct or remove the file"
            raise errors.DamagedStateError(message) from failure

    def _remember_cluster_id(self) -> None:
        path, cluster_id = self._cluster_id_file, self.mastership.cluster_id
        if path is None:
            return

        def keep() -> None:
            path.parent.mkdir(parents=True, exist_ok=True)
            content = f"{cluster_id}\n".encode()
            if read_if_there(path) != content:
                write_durably(path, content)

        tasks.spawn("cluster_id", asyncio.to_thread(keep), finite=True)


class AloneParts:
    """A member without others."""

    def __init__(self, settings: ClusterSettings, drain: Callable[[], Awaitable[None]] | None) -> None:
        directory = settings.state_directory
        self.mastership = StandaloneMastership(settings, drain=drain)
        self.documents = LocalDocuments(directory / f"{settings.cluster}.document" if directory else None)
        self._pause_documents = LocalDocuments(directory / f"{settings.cluster}.pause" if directory else None)
        self.pause = PauseSwitch(self._pause_documents)
        self.pause.on_change.append(lambda: self.mastership.set_paused(paused=self.pause.current is not None))
        self._own: MemberInfo | None = None
        self._began_at = 0.0

    def listen(self, on_change: Callable[[], None]) -> None:
        """Call back after each change of role or state."""
        self.mastership.on_change.append(on_change)
        self.pause.on_change.append(on_change)

    async def start(self, own: MemberInfo) -> None:
        """Begin to reign. Raises DamagedStateError, AlreadyRunningError."""
        self._own, self._began_at = own, time.time()
        await self._pause_documents.load()
        await self.pause.look()
        await self.mastership.start()
        try:
            await self.documents.load()
            self.pause.start()
        except BaseException:
            await self.mastership.stop()
            raise

    async def stop(self) -> None:
        """Forget what was planned."""
        self.pause.stop()

    def members(self) -> Sequence[MemberInfo]:
        """Only this one."""
        return [self._own] if self._own is not None else []

    def promise(self, cluster_id: str, epoch: int, seconds: float) -> str:
        """It has nothing to promise: it is master of itself."""
        del cluster_id, epoch, seconds
        return "it runs alone"

    def ask_promises_by(self, ask: Ask) -> None:
        """There is nobody to ask."""

    async def history(self, limit: int) -> Sequence[HistoryEntry]:
        """The running reign: nothing else is kept."""
        standing = self.mastership.standing
        if self._own is None or standing.master is None or limit < 1:
            return []
        return [HistoryEntry(standing.epoch, self._own.name, self._began_at, None, None, None, None)]
