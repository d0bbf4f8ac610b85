"""A member among others, through ZooKeeper: session, election, membership, shared documents, history."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import TYPE_CHECKING, NoReturn

import structlog

from cluster import errors, tasks
from cluster.election.cooldown import PATIENCE_RATIO
from cluster.election.driver import ZooKeeperMastership
from cluster.files import read_if_there, write_durably
from cluster.process.worker_pipe import Reporter
from cluster.zookeeper.client import ZooKeeperSession
from cluster.zookeeper.document_stores import ACCESS_TOKENS, ZooKeeperDocuments
from cluster.zookeeper.history import History
from cluster.zookeeper.membership import Membership
from cluster.zookeeper.paths import locate
from cluster.zookeeper.pause import PauseSwitch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from typing import Any

    from cluster.election.events import Claim
    from cluster.election.failsafe import Ask
    from cluster.mastership import EndCause
    from cluster.records import HistoryEntry, MemberInfo
    from cluster.settings import ClusterSettings

log = structlog.get_logger(__name__)

HAND_OVER_SECONDS = 0.5
"""Longest time between the moment from which a node can contend and its term."""


class ZooKeeperBackend:
    """A member among others, through ZooKeeper."""

    def __init__(
        self,
        settings: ClusterSettings,
        ask_promise: Ask,
        drain: Callable[[], Awaitable[None]] | None,
        ended_clean: Callable[[int], bool] | None = None,
    ) -> None:
        """``ask_promise`` asks another member not to contend; ``drain`` and ``ended_clean`` as for the member."""
        if settings.zookeeper_hosts is None:
            message = "zookeeper_hosts: found none"
            raise errors.SettingsError(message)
        hosts, paths = locate(settings.zookeeper_hosts, settings.cluster)
        self._settings = settings
        timeout = settings.session_timeout_seconds
        self._session = ZooKeeperSession(
            hosts, timeout, timeout / 4, settings.zookeeper_security, settings.zookeeper_message_bytes
        )
        self._cluster_id_file = (
            settings.state_directory / f"{settings.cluster}.cluster-id" if settings.state_directory else None
        )
        self._membership = Membership(self._session, paths)
        self.mastership = ZooKeeperMastership(
            settings,
            self._session,
            paths,
            lambda: self._membership.members,
            ask_promise,
            drain=drain,
            ended_clean=ended_clean,
            known_pause=lambda: self._pause_documents.newest,
        )
        self.on_acquiring = self.mastership.on_acquiring
        self._membership.on_change.add(self.mastership.failsafe.refresh)
        self.documents = ZooKeeperDocuments(self._session, paths.configuration)
        self.access_tokens = ZooKeeperDocuments(self._session, f"{paths.configuration}-{ACCESS_TOKENS}")
        self._beside: dict[str, ZooKeeperDocuments] = {ACCESS_TOKENS: self.access_tokens}
        self._configuration_path = paths.configuration
        self._pause_documents = ZooKeeperDocuments(self._session, paths.pause)
        self.pause = PauseSwitch(
            self._pause_documents,
            lambda data, version: self._pause_documents.write_beside(paths.master, data, version),
            PATIENCE_RATIO * timeout + HAND_OVER_SECONDS,
        )
        self.pause.on_change.add(lambda: self.mastership.set_paused(paused=self.pause.current is not None))
        self._history = History(self._session, paths, settings.node)
        self._reporter = Reporter.from_environment()
        self._writing: set[asyncio.Task[Any]] = set()

    def document_beside(self, name: str) -> ZooKeeperDocuments:
        """A document of the application's own, beside the shared one; to be asked for before :meth:`start`."""
        if name not in self._beside:
            self._beside[name] = ZooKeeperDocuments(self._session, f"{self._configuration_path}-{name}")
        return self._beside[name]

    def listen(self, on_change: Callable[[], None]) -> None:
        """Call back after each change of role, state, master or members."""
        self.mastership.on_change.add(on_change)
        self.mastership.on_joined.add(on_change)
        self._session.on_change.add(lambda _: on_change())
        self._membership.on_change.add(on_change)
        self.pause.on_change.add(on_change)

    async def start(self, own: MemberInfo) -> None:
        """Join. Raises SettingsError when a certificate file cannot be used."""
        await asyncio.to_thread(self._settings.zookeeper_security.check_files)
        self.mastership.use_cluster_id(await asyncio.to_thread(self._remembered_cluster_id))
        for joined in (
            self._membership.joined,
            self.documents.joined,
            *(each.joined for each in self._beside.values()),
            self._pause_documents.joined,
            lambda: self._write(self._history.catch_up()),
            self._remember_cluster_id,
        ):
            self.mastership.on_joined.add(joined)
        self.mastership.on_began.add(self._began)
        self.mastership.on_ended.add(self._ended)
        self._membership.start(own)
        self.documents.start()
        for each in self._beside.values():
            each.start()
        self._pause_documents.start()
        self.pause.start()
        await self.mastership.start()
        self._session.start()
        if self._reporter is not None:
            self._reporter.joins(self._settings)

    async def stop(self) -> None:
        """Leave, write down how the term ended, close the session."""
        if self._writing:
            await asyncio.wait(self._writing, timeout=1.0)
        await self._membership.stop()
        await self.documents.stop()
        for each in self._beside.values():
            await each.stop()
        self.pause.stop()
        await self._pause_documents.stop()
        await self._session.stop(self._settings.stop_timeout_seconds)
        if self._reporter is not None:
            self._reporter.leaves()

    @property
    def faults(self) -> tuple[str, ...]:
        """What cannot be read of what the cluster keeps, in words."""
        mastership = self.mastership
        found = [mastership.status.damage] if mastership.status.damage else []
        if mastership.remembered_id not in {"", mastership.cluster_id}:
            found.append(
                f"cluster-id: ZooKeeper holds {mastership.cluster_id}, and {self._settings.node} remembers "
                f"{mastership.remembered_id}: restore the right one, or remove what the node remembers from its state "
                "directory and start it again"
            )
        return (*self.pause.faults, *found)

    def members(self) -> Sequence[MemberInfo]:
        """Members by name, this one among them."""
        return self._membership.members

    def promise(self, asked_by: str, cluster_id: str, epoch: int, seconds: float) -> str:
        """Promise a master not to contend for so long; why not, empty when promised."""
        return self.mastership.promise(asked_by, cluster_id, epoch, seconds)

    async def history(self, limit: int) -> Sequence[HistoryEntry]:
        """The newest terms, newest first. Raises UnavailableError."""
        return await self._history.newest(limit)

    async def wait_entered(self) -> None:
        """Wait until this node is entered by its name. Raises AlreadyRunningError when another that lives has it."""
        await self._membership.wait_entered()

    async def wait_refused(self) -> NoReturn:
        """Wait until another node that lives has this one's name. Always raises: AlreadyRunningError."""
        await self._membership.wait_refused()

    def acted(self, epoch: int, at: float) -> None:
        """The receiver has accepted an action of this term, whoever leads it; Unix time in seconds."""
        self.mastership.accepted(epoch)
        if self._history.acted(epoch, at):
            self._write(self._history.catch_up())

    def _began(self, claim: Claim) -> None:
        if self._reporter is not None:
            self._reporter.holds(claim)
        self._write(self._history.began(claim.epoch, time.time(), claim.previous))

    def _ended(self, claim: Claim, cause: EndCause) -> None:
        self._write(self._history.ended(claim.epoch, time.time(), cause))

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
        """Write the identity down, once: only an operator replaces what is remembered, by removing the file."""
        path, cluster_id = self._cluster_id_file, self.mastership.cluster_id
        if path is None:
            return

        def keep() -> None:
            content = f"{cluster_id}\n".encode()
            try:
                if not (read_if_there(path) or b"").strip():
                    write_durably(path, content)
            except OSError as failure:
                log.error("cluster_id.not_kept", error=str(failure))

        tasks.spawn("cluster_id", asyncio.to_thread(keep), finite=True)
