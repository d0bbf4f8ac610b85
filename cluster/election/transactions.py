"""What the election writes to ZooKeeper and reads from it: one coroutine for each step of the protocol."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

import structlog

from cluster.election.events import Claim, ElectionRecord
from cluster.election.failsafe_members import decode_failsafe_list, encode_failsafe_list
from cluster.errors import (
    ConflictError,
    DamagedStateError,
    NodeExistsError,
    NodeMissingError,
    OutcomeUnknownError,
    RefusedError,
)
from cluster.zookeeper import paths as layout
from cluster.zookeeper.pause import pause_in_force

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster.documents import Document
    from cluster.election.failsafe_members import FailsafeList
    from cluster.zookeeper.client import ZooKeeperSession
    from cluster.zookeeper.paths import Paths
    from cluster.zookeeper.types import SessionChange, Transaction

log = structlog.get_logger(__name__)


class Transactions:
    """The nodes ``/master`` and ``/epoch``, and the ones around them."""

    def __init__(
        self,
        session: ZooKeeperSession,
        paths: Paths,
        node: str,
        action_seconds: float = 0.0,
        known_pause: Callable[[], Document | None] = lambda: None,
    ) -> None:
        """``known_pause`` returns the pause document as this node knows it, which may be an older one."""
        self._known_pause = known_pause
        self._session = session
        self._paths = paths
        self._node = node
        self._action_seconds = action_seconds
        self._read_over: SessionChange | None = None
        """The connection over which the election was read last."""
        self._ahead: tuple[SessionChange, asyncio.Task[ElectionRecord]] | None = None
        """What is being read ahead of an attempt, and the connection over which."""

    async def prepare(self, known_cluster_id: str | None) -> str:
        """Create the tree where it is missing; returns the id of the cluster.

        A member that remembers the id writes it again into a ZooKeeper that has lost its data, or holds something else
        than an id, so that the receiver still takes it for the same cluster. A different id that is found holds: what
        is right, the receiver says, or an operator. Raises DamagedStateError when there is no id and none is
        remembered, although there was one: the node waits for a member that remembers it.
        """
        paths = self._paths
        for path in (paths.members, paths.history, paths.terms):
            await self._session.ensure_path(path)
        # The identity is made first: where there was an epoch, there was an identity before it.
        had_epoch = await self._session.exists(paths.epoch) is not None
        for path, data in (
            (paths.cluster_id, (known_cluster_id or str(uuid.uuid4())).encode()),
            (paths.epoch, layout.encode_epoch(0, "nobody")),
            (paths.pause, b""),
            (paths.failsafe_list, b""),
        ):
            if await self._session.exists(path) is None:
                if path == paths.cluster_id and known_cluster_id is None and had_epoch:
                    message = f"{path} is gone: restore it, or delete the tree for a new cluster"
                    raise DamagedStateError(message)
                try:
                    await self._session.create(path, data)
                except NodeExistsError:
                    continue
        found, stat = await self._session.get(paths.cluster_id)
        try:
            cluster_id = layout.decode_cluster_id(found, paths.cluster_id)
        except DamagedStateError as damage:
            if known_cluster_id is None:
                raise
            log.error("cluster.identity_mended", cluster_id=known_cluster_id, damage=str(damage))
            await self._session.set(paths.cluster_id, known_cluster_id.encode(), stat.version)
            return known_cluster_id
        if known_cluster_id is not None and cluster_id != known_cluster_id:
            log.error("cluster.identity_changed", path=paths.cluster_id, found=cluster_id, known=known_cluster_id)
        return cluster_id

    async def observe(self, on_change: Callable[[], None]) -> tuple[int, str | None, int]:
        """Owner, name and epoch of the master, (0, None, 0) when there is none; ``on_change`` is called on a change.

        Raises DamagedStateError when the master's node belongs to no session.
        """
        while True:
            stat = await self._session.exists(self._paths.master, on_change)
            if stat is None:
                return 0, None, 0
            layout.check_owner(stat.owner, self._paths.master)
            try:
                data, stat = await self._session.get(self._paths.master)
            except NodeMissingError:
                continue
            return stat.owner, *layout.decode_master(data)

    async def read_election(self) -> ElectionRecord:
        """Read all that may forbid an acquisition. Raises NodeMissingError, DamagedStateError.

        The requests of a session are answered in their order. What led to this reading can be older than the epoch
        read here; so the vacancy is read last. If there is one, the newest term has lost its session since, and can
        go on in failsafe mode only. While this is read, and until the attempt ends, this node promises nothing.
        """
        self._read_over, ahead, self._ahead = self._session.change, self._ahead, None
        if ahead is not None and ahead[0] is self._read_over:
            return await ahead[1]
        return await self._read_record()

    def read_ahead(self) -> None:
        """Begin to read the election for an attempt that :meth:`read_election` may begin over the same connection.

        It may be older than the attempt: an acquisition fails when anything of it has changed since.
        """
        self.forget_ahead()
        reading = asyncio.ensure_future(self._read_record())
        reading.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # nobody may ask for it
        self._ahead = self._session.change, reading

    def forget_ahead(self) -> None:
        """No attempt follows."""
        if self._ahead is not None:
            self._ahead[1].cancel()
            self._ahead = None

    async def _read_record(self) -> ElectionRecord:
        paths = self._paths
        (
            (identity, identity_stat),
            (epoch, epoch_stat),
            (pause, pause_stat),
            (members, members_stat),
            master,
        ) = await asyncio.gather(
            self._session.get(paths.cluster_id),
            self._session.get(paths.epoch),
            self._session.get(paths.pause),
            self._session.get(paths.failsafe_list),
            self._session.exists(paths.master),
        )
        paused = pause_in_force(pause)
        return ElectionRecord(
            epoch=layout.decode_epoch(epoch, paths.epoch),
            epoch_version=epoch_stat.version,
            successor=layout.decode_successor(epoch),
            ended_clean=layout.decode_ended_clean(epoch),
            pause_version=pause_stat.version,
            paused_by=paused.by if paused is not None else None,
            failsafe_list=decode_failsafe_list(members, paths.failsafe_list),
            failsafe_list_version=members_stat.version,
            vacant=master is None,
            cluster_id=layout.decode_cluster_id(identity, paths.cluster_id),
            cluster_id_version=identity_stat.version,
            holder=layout.decode_holder(epoch),
            action_seconds=layout.decode_action_seconds(epoch),
        )

    async def failsafe_list_version(self) -> int:
        """The version of the failsafe list's node."""
        return (await self._session.get(self._paths.failsafe_list))[1].version

    async def write_failsafe_list(self, claim: Claim, failsafe_list: FailsafeList, version: int) -> int:
        """Replace the failsafe list of this version under the claim; returns the new version.

        Raises NodeMissingError or ConflictError when the claim is gone or the version is another one.
        """

        def describe(transaction: Transaction) -> None:
            transaction.check(self._paths.master, 0)
            transaction.check(self._paths.epoch, claim.epoch_version)
            transaction.set_data(self._paths.failsafe_list, encode_failsafe_list(failsafe_list), version=version)
            self._check_term(transaction, claim)

        stat = (await self._session.commit(describe))[2]
        return int(stat.version)

    async def acquire(
        self,
        record: ElectionRecord,
        failsafe_list: FailsafeList | None,
        renews: Claim | None = None,
        *,
        on_sent: Callable[[], None] = lambda: None,
    ) -> tuple[Claim, int]:
        """Create the master's node, write the next epoch and the ``failsafe_list``: all of it, or nothing.

        Nothing if the version of the epoch's, the pause's or the failsafe list's node has changed since ``record`` was
        read. So nobody becomes master from the moment on at which a pause was written, and nobody who has not seen the
        failsafe list of a master becomes its successor. Returns the claim and the new version of the list's node.
        ``renews`` is a claim of this session, which still has the master's node, to be replaced without a vacancy.
        ``on_sent`` is called once it is on its way; what is read from then on is read afterwards.

        Raises NodeExistsError or ConflictError when another node was faster, OutcomeUnknownError when it may yet take
        effect, also when the session has changed meanwhile.
        """
        if self._session.change is not self._read_over:
            # ZooKeeper may have been put back to a copy since; its versions say nothing of what was read before.
            message = "the connection is not the one over which the election was read"
            raise ConflictError(message)
        paths, node, session_id, epoch = self._paths, self._node, self._session.session_id, record.epoch + 1
        members, term_id = encode_failsafe_list(failsafe_list), str(uuid.uuid4())
        left_seconds = 0.0 if record.ended_clean else record.action_seconds

        def describe(transaction: Transaction) -> None:
            if renews is not None:
                transaction.delete(paths.term(renews.term_id), 0)
                transaction.delete(paths.master, 0)
            transaction.create(paths.master, layout.encode_master(node, epoch, term_id), ephemeral=True)
            content = layout.encode_epoch(epoch, node, action_seconds=max(left_seconds, self._action_seconds))
            transaction.set_data(paths.epoch, content, version=record.epoch_version)
            transaction.check(paths.pause, record.pause_version)
            transaction.set_data(paths.failsafe_list, members, version=record.failsafe_list_version)
            transaction.create(paths.term(term_id), f"{epoch} {node}".encode(), ephemeral=True)
            transaction.check(paths.cluster_id, record.cluster_id_version)
            # Of a call the description is made and handed to the client in one piece; the loop's next turn is later.
            asyncio.get_running_loop().call_soon(on_sent)

        _, stat, _, members_stat, *_ = (await self._session.commit(describe))[-6:]
        if self._session.session_id != session_id:
            message = "the session changed during the acquisition"
            raise OutcomeUnknownError(message)
        claim = Claim(
            epoch,
            stat.version,
            session_id,
            stat.modified_zxid,
            after_clean_end=record.ended_clean,
            term_id=term_id,
            cluster_id=record.cluster_id,
            previous=record.holder,
            previous_action_seconds=left_seconds,
        )
        return claim, int(members_stat.version)

    async def prove(self, claim: Claim, timeout_seconds: float, *, check_owner: bool = False) -> None:
        """Have the quorum confirm the claim; ``check_owner``: also that the master's node belongs to its session.

        A transaction of checks is ordered like a write, and so hangs on a server cut off from its quorum, where reads
        go on succeeding. Raises NodeMissingError or ConflictError when the claim is gone.
        """

        def describe(transaction: Transaction) -> None:
            transaction.check(self._paths.master, 0)
            transaction.check(self._paths.epoch, claim.epoch_version)
            self._check_term(transaction, claim)

        await self._session.commit(describe, timeout_seconds)
        if check_owner:
            stat = await self._session.exists(self._paths.master)
            if stat is None or stat.owner != claim.session_id:
                message = f"{self._paths.master} belongs to another session"
                raise ConflictError(message)

    def _check_term(self, transaction: Transaction, claim: Claim) -> None:
        """Only in the history of ZooKeeper in which the claim was acquired."""
        if claim.term_id:
            transaction.check(self._paths.term(claim.term_id), 0)

    async def release(
        self,
        claim: Claim,
        raise_to: int = 0,
        successor: str = "",
        *,
        ended_clean: bool = False,
        unless_paused: bool = False,
        cluster_id: str = "",
    ) -> None:
        """Delete the master's node of this claim and its failsafe list.

        Also write the epoch ``raise_to``, a successor's name, that the term ended with nothing in flight, or the
        identity of the cluster. All in one transaction: nobody sees the mastership vacant without what is written with
        it.

        Raises RefusedError, and deletes nothing, when ``unless_paused`` is asked for and the cluster is paused.
        """
        epoch = raise_to or (claim.epoch if successor or ended_clean else 0)
        ended_clean = ended_clean and not raise_to
        pause_version = await self._version_without_pause(self._known_pause()) if unless_paused else None
        while True:
            try:
                await self._delete(
                    claim.epoch_version,
                    epoch,
                    successor,
                    ended_clean=ended_clean,
                    term_is_over=True,
                    term_id=claim.term_id,
                    pause_version=pause_version,
                    action_seconds=max(claim.previous_action_seconds, self._action_seconds),
                    cluster_id=cluster_id,
                )
            except ConflictError:
                if pause_version is None or (newest := await self._version_without_pause()) == pause_version:
                    raise
                pause_version = newest  # paused and resumed meanwhile, or before and not heard of: the same again
            else:
                return

    async def _version_without_pause(self, known: Document | None = None) -> int:
        """The version of a pause document that pauses nothing. Raises RefusedError when it does.

        ``known`` spares the reading where it pauses nothing: a commit finds out when it is not the newest.
        """
        if known is not None and pause_in_force(known.data) is None:
            return known.version
        data, stat = await self._session.get(self._paths.pause)
        pause = pause_in_force(data)
        if pause is not None:
            message = f"the cluster is paused by {pause.by}"
            raise RefusedError(message)
        return stat.version

    async def release_ghost(self) -> bool:
        """Delete the master's node if this session owns it; False when it does not.

        The epoch is read first: if anybody acquires after that, its version differs and nothing is deleted.
        """
        _, epoch_stat = await self._session.get(self._paths.epoch)
        try:
            content, stat = await self._session.get(self._paths.master)
        except NodeMissingError:
            return False
        if stat.owner != self._session.session_id:
            return False
        term_id = layout.decode_term_id(content)
        if term_id and await self._session.exists(self._paths.term(term_id)) is None:
            # Somebody has deleted it. The owner is proof enough, and a ghost must not outlive a missing entry.
            term_id = ""
        await self._delete(epoch_stat.version, 0, term_id=term_id, master_version=stat.version)
        return True

    async def release_of_dead(self, claim: Claim) -> bool:
        """Delete the master's node that a process known to be dead has left; False when it is gone or another's.

        Never call this for a process that is merely silent.
        """
        try:
            # Not read before: a server that lags behind may not know of the node yet. The versions, and the node of the
            # term, are of this claim and of no other.
            await self._delete(claim.epoch_version, 0, term_is_over=True, term_id=claim.term_id)
        except (NodeMissingError, ConflictError):
            return False
        return True

    async def _delete(
        self,
        epoch_version: int,
        epoch: int,
        successor: str = "",
        *,
        ended_clean: bool = False,
        term_is_over: bool = False,
        term_id: str = "",
        pause_version: int | None = None,
        master_version: int = 0,
        cluster_id: str = "",
        action_seconds: float = 0.0,
    ) -> None:
        """``term_is_over``: nobody acts by this claim any more, so that its failsafe list binds nobody either.

        Of a ghost this is not known: the previous term may still go on in failsafe mode. ``pause_version``: delete
        nothing if the pause document is another one.
        """

        def describe(transaction: Transaction) -> None:
            if epoch:
                content = layout.encode_epoch(
                    epoch, self._node, successor, ended_clean=ended_clean, action_seconds=action_seconds
                )
                transaction.set_data(self._paths.epoch, content, version=epoch_version)
            else:
                transaction.check(self._paths.epoch, epoch_version)
            transaction.delete(self._paths.master, master_version)
            if term_id:
                transaction.delete(self._paths.term(term_id), 0)
            if cluster_id:
                transaction.set_data(self._paths.cluster_id, cluster_id.encode())
            if term_is_over:
                transaction.set_data(self._paths.failsafe_list, b"")
            if pause_version is not None:
                transaction.check(self._paths.pause, pause_version)

        await self._session.commit(describe)
