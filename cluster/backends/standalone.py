"""Mastership of a node that runs alone, without ZooKeeper: master of itself.

Its epoch is kept in a local file and never goes back. The file is locked, so that two processes cannot share it; two
nodes with two files are two clusters, and a receiver that checks tokens refuses the second one.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
import uuid
from typing import TYPE_CHECKING, NoReturn

import structlog

from cluster import tasks
from cluster.backoff import Backoff
from cluster.election.candidacy import FENCED_SECONDS
from cluster.election.state_machine import FOREIGN_COOLDOWN_SECONDS, HIGHEST_MARK
from cluster.election.term import HeldTerm
from cluster.errors import AlreadyRunningError, ClusterError, DamagedStateError
from cluster.files import open_lock, read_if_there, write_durably
from cluster.lasting import lasting
from cluster.listeners import Listeners
from cluster.mastership import EndCause, LeadershipStatus, Role, ZooKeeperState
from cluster.records import HistoryEntry
from cluster.zookeeper.document_stores import ACCESS_TOKENS, LocalDocuments
from cluster.zookeeper.paths import HIGHEST_EPOCH
from cluster.zookeeper.pause import PauseSwitch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from cluster.mastership import Term
    from cluster.records import MemberInfo
    from cluster.settings import ClusterSettings

log = structlog.get_logger(__name__)

TOKENS_SECONDS = 2.0
"""How often the files with the options and the access tokens are read."""
BEGIN_SECONDS = (1.0, 30.0)
"""First and longest pause before a term is begun again whose epoch could not be kept."""
UNLIMITED_SECONDS = 86_400.0
"""A lease without end, where a lease is asked for."""


class EpochFile:
    """The cluster id and the highest epoch this node has given itself, in one line: ``<uuid> <epoch>``."""

    def __init__(self, directory: Path, cluster: str) -> None:
        self._path = directory / f"{cluster}.epoch"
        self._lock_path = directory / f"{cluster}.lock"
        self._lock: int | None = None

    def lock(self) -> None:
        """Take the file for this process. Raises AlreadyRunningError, UnsafeStateError, OSError."""
        descriptor = open_lock(self._lock_path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as failure:
            os.close(descriptor)
            message = f"{self._lock_path}: another process runs this node; stop it, or give this one its own directory"
            raise AlreadyRunningError(message) from failure
        self._lock = descriptor

    def unlock(self) -> None:
        """Give the file up."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def next(self, least: int = 0) -> tuple[str, int]:
        """Raise the epoch, at least to ``least``, and keep it before it is used; returns cluster id and epoch.

        Raises DamagedStateError when the file cannot be read as what it should be: guessing could go back.
        """
        cluster_id, epoch = self._read()
        epoch = max(epoch + 1, least)
        write_durably(self._path, f"{cluster_id} {epoch}\n".encode())
        return cluster_id, epoch

    def _read(self) -> tuple[str, int]:
        content = read_if_there(self._path)
        if content is None:
            return str(uuid.uuid4()), 0
        parts = content.decode(errors="replace").split()
        try:
            if not content.endswith(b"\n"):
                message = "the line does not end: a number that was cut off would be too low"
                raise ValueError(message)
            cluster_id, epoch = parts
            return str(uuid.UUID(cluster_id)), _decimal(epoch)
        except ValueError as failure:
            message = (
                f"{self._path}: found {content[:60]!r}, expected `<uuid> <epoch>`, a whole line, and no epoch "
                f"above {HIGHEST_EPOCH}; "
                "write the cluster id and an epoch above the highest one the receiver has seen, "
                "or remove the file to begin as a new cluster"
            )
            raise DamagedStateError(message) from failure


def _decimal(text: str) -> int:
    if not text.isdecimal():
        message = f"not a number: {text!r}"
        raise ValueError(message)
    if int(text) > HIGHEST_EPOCH:
        message = f"above {HIGHEST_EPOCH}: {text}"
        raise ValueError(message)
    return int(text)


class StandaloneMastership:
    """A node that is always master (``cluster.mastership.Mastership``), but for the pause after a step-down."""

    def __init__(self, settings: ClusterSettings, *, drain: Callable[[], Awaitable[None]] | None = None) -> None:
        self.on_change: Listeners[[]] = Listeners("leadership")
        """Called after each change of role or state."""
        self._settings = settings
        self._drain = drain
        self._file = (
            EpochFile(settings.state_directory, settings.cluster) if settings.state_directory is not None else None
        )
        self._memory_cluster_id = str(uuid.uuid4())
        self._cluster_id = ""
        self._epoch = 0
        self._term: HeldTerm | None = None
        self._term_began = asyncio.Event()
        self._again: asyncio.TimerHandle | None = None
        self._fenced_again = Backoff(*FENCED_SECONDS, jitter=0.0)
        self._begin_again = Backoff(*BEGIN_SECONDS, jitter=0.0)
        self._stopped = False
        self._paused = False
        self._due: int | None = None
        """The least epoch of a term that is due and waits for the end of a pause; None when none is."""

    @property
    def status(self) -> LeadershipStatus:
        """Leadership status of this node now."""
        master = self._term is not None
        waiting = "paused" if self._paused else "standby"
        state = "stopped" if self._stopped else "serving" if master else waiting
        return LeadershipStatus(
            role=Role.MASTER if master else Role.STANDBY,
            state=state,
            epoch=self._epoch,
            lease_left_seconds=UNLIMITED_SECONDS if master else 0.0,
            zookeeper=ZooKeeperState.STANDALONE,
            session_timeout_seconds=0.0,
            cluster_id=self._cluster_id,
            master=self._settings.node if master else None,
        )

    @property
    def term(self) -> Term | None:
        """The running term of this node, or None."""
        return self._term

    async def start(self) -> None:
        """Begin a term. Raises DamagedStateError, AlreadyRunningError, OSError."""
        if self._file is not None:
            self._file.lock()
            try:
                self._begin()
            except BaseException:
                self._file.unlock()
                raise
        else:
            log.warning("standalone.epoch_not_kept", reason="no state directory: epochs are taken from the clock")
            self._begin()

    async def wait_for_term(self) -> Term:
        """Wait until this node is master; the running term if it already is."""
        while self._term is None:
            await self._term_began.wait()
        return self._term

    def set_candidate(self, *, candidate: bool) -> None:
        """Nobody else could do it: a node alone is always master."""

    def set_paused(self, *, paused: bool) -> None:
        """Begin no term until resumed; a running term goes on."""
        self._paused = paused
        if not paused and self._due is not None:
            self._try_to_begin(self._due)

    async def step_down(self, cause: EndCause = EndCause.OPERATOR, successor: str = "") -> bool:
        """End the term and begin another after the cooldown: there is nobody else, whoever is named."""
        del successor
        if self._term is None:
            return False
        await self._end(cause)
        self._begin_later(self._settings.cooldown_seconds)
        return True

    async def stop(self, successor: str = "") -> None:
        """End the term and give the epoch file up."""
        del successor
        if self._again is not None:
            self._again.cancel()
        self._stopped = True
        self._due = None
        if self._term is not None:
            await self._end(EndCause.RESIGNED)
        if self._file is not None:
            self._file.unlock()

    def _begin(self, least: int = 0) -> None:
        if self._paused:
            self._due = least
            return
        self._due = None
        if self._file is not None:
            self._cluster_id, self._epoch = self._file.next(least)
        else:
            self._cluster_id = self._memory_cluster_id
            self._epoch = max(self._epoch + 1, int(time.time()), least)
        self._term = HeldTerm(
            self._cluster_id, self._epoch, lambda now: now + UNLIMITED_SECONDS, self._fenced, term_id=str(uuid.uuid4())
        )
        self._term_began.set()
        log.info("leadership.acquired", node=self._settings.node, epoch=self._epoch, standalone=True)
        self.on_change.notify()

    def _try_to_begin(self, least: int) -> None:
        """Begin a term, and again after a pause while its epoch cannot be kept: the disk may be full, say."""
        try:
            self._begin(least)
        except (OSError, ClusterError) as failure:
            log.error("leadership.not_begun", node=self._settings.node, error=str(failure))
            self._begin_later(self._begin_again.next_seconds(), least)
        else:
            self._begin_again.reset()

    def _begin_later(self, seconds: float, least: int = 0) -> None:
        if not self._stopped:
            self._again = asyncio.get_running_loop().call_later(seconds, self._try_to_begin, least)

    def _finish(self, cause: EndCause) -> None:
        term, self._term = self._term, None
        self._term_began.clear()
        if term is not None:
            term.end(cause)
            log.info("leadership.ended", node=self._settings.node, epoch=term.epoch, cause=cause.value)
        self.on_change.notify()

    async def _end(self, cause: EndCause) -> None:
        self._finish(cause)
        if self._drain is None:
            return
        try:
            async with asyncio.timeout(self._settings.action_budget_seconds):
                await self._drain()
        except TimeoutError:
            waited = self._settings.action_budget_seconds
            log.warning("leadership.drain_timeout", epoch=self._epoch, waited_seconds=waited)

    def accepted(self, epoch: int) -> None:
        """The receiver has accepted an action of the term ``epoch``."""
        if self._term is not None and self._term.epoch == epoch:
            self._fenced_again.reset()

    def _fenced(self, mark_cluster_id: str | None, mark_epoch: int, mark_sequence: int) -> None:
        """The receiver knows a newer token: go above it, or, when it belongs to another cluster, wait for help."""
        same = mark_cluster_id is None or mark_cluster_id == self._cluster_id
        log.warning("leadership.fenced", epoch=self._epoch, mark_epoch=mark_epoch, mark_sequence=mark_sequence)
        if not same:
            log.error("leadership.foreign_receiver", cluster_id=self._cluster_id, receiver_cluster_id=mark_cluster_id)
        self._finish(EndCause.FENCED)
        pause = self._fenced_again.next_seconds() if same else FOREIGN_COOLDOWN_SECONDS
        self._begin_later(pause, mark_epoch + 1 if same and mark_epoch <= HIGHEST_MARK else 0)


class StandaloneBackend:
    """A member without others."""

    def __init__(self, settings: ClusterSettings, drain: Callable[[], Awaitable[None]] | None) -> None:
        directory = settings.state_directory
        self.mastership = StandaloneMastership(settings, drain=drain)
        self.on_acquiring: Listeners[[]] = Listeners("acquiring")
        """Nobody is called: a term begins at once."""
        self.documents = LocalDocuments(directory / f"{settings.cluster}.document" if directory else None)
        self.access_tokens = LocalDocuments(directory / f"{settings.cluster}.{ACCESS_TOKENS}" if directory else None)
        self._beside = {ACCESS_TOKENS: self.access_tokens}
        self._document_place = directory, settings.cluster
        self._looking: asyncio.Task[None] | None = None
        self._unreadable: tuple[str, ...] = ()
        self._pause_documents = LocalDocuments(directory / f"{settings.cluster}.pause" if directory else None)
        self.pause = PauseSwitch(self._pause_documents)
        self.pause.on_change.add(lambda: self.mastership.set_paused(paused=self.pause.current is not None))
        self._own: MemberInfo | None = None
        self._began_at = 0.0
        self._first_action: tuple[int, float] | None = None
        """Epoch and time of the first accepted action of the newest term that had one."""

    def document_beside(self, name: str) -> LocalDocuments:
        """A document of the application's own, beside the shared one; to be asked for before :meth:`start`."""
        directory, cluster = self._document_place
        if name not in self._beside:
            self._beside[name] = LocalDocuments(directory / f"{cluster}.{name}" if directory else None)
        return self._beside[name]

    def listen(self, on_change: Callable[[], None]) -> None:
        """Call back after each change of role or state."""
        self.mastership.on_change.add(on_change)
        self.pause.on_change.add(on_change)

    async def start(self, own: MemberInfo) -> None:
        """Begin to term. Raises DamagedStateError, AlreadyRunningError."""
        self._own, self._began_at = own, time.time()
        await self._pause_documents.load()
        await self.pause.refresh()
        await self.mastership.start()
        try:
            await self.documents.load()
            await self._load_beside()
            self.pause.start()
        except BaseException:
            await self.mastership.stop()
            raise
        self._looking = tasks.spawn("documents-beside", lasting("documents-beside", self._look_beside))

    async def _look_beside(self) -> None:
        """Read them again and again: commands write options and tokens, and none must wait for a restart."""
        while True:
            await asyncio.sleep(TOKENS_SECONDS)
            found: list[str] = []
            for each in (self.documents, *self._beside.values()):
                try:
                    await each.load()
                except ClusterError as failure:  # what was read before stays in force
                    found.append(str(failure))
            if found and tuple(found) != self._unreadable:
                log.error("standalone.documents_unreadable", problems=found)
            self._unreadable = tuple(found)

    async def _load_beside(self) -> None:
        for each in self._beside.values():
            await each.load()

    async def stop(self) -> None:
        """Forget what was planned."""
        await tasks.cancel(self._looking)
        self.pause.stop()

    @property
    def faults(self) -> tuple[str, ...]:
        """What cannot be read of what this node keeps, in words."""
        return (*self.pause.faults, *self._unreadable)

    def members(self) -> Sequence[MemberInfo]:
        """Only this one."""
        return [self._own] if self._own is not None else []

    def promise(self, asked_by: str, cluster_id: str, epoch: int, seconds: float) -> str:
        """It has nothing to promise: it is master of itself."""
        del asked_by, cluster_id, epoch, seconds
        return "it runs alone"

    async def history(self, limit: int) -> Sequence[HistoryEntry]:
        """The running term: nothing else is kept."""
        status = self.mastership.status
        if self._own is None or status.master is None or limit < 1:
            return []
        first = self._first_action
        acted_at = first[1] if first is not None and first[0] == status.epoch else None
        return [HistoryEntry(status.epoch, self._own.name, self._began_at, None, None, None, None, acted_at)]

    async def wait_entered(self) -> None:
        """Alone, the lock on its state directory keeps its name."""

    async def wait_refused(self) -> NoReturn:
        """Nobody else has its name: never returns."""
        while True:
            await asyncio.Event().wait()

    def acted(self, epoch: int, at: float) -> None:
        """The receiver has accepted an action of this term, Unix time in seconds."""
        self.mastership.accepted(epoch)
        if self._first_action is None or self._first_action[0] != epoch:
            self._first_action = epoch, at
