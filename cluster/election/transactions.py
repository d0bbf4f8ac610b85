"""What the election writes to ZooKeeper and reads from it: one coroutine for each step of the protocol."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, NamedTuple

import structlog

from cluster.election.events import Hold
from cluster.election.failsafe_members import decode_electorate, encode_electorate
from cluster.errors import ConflictError, NodeExistsError, NodeMissingError, OutcomeUnknownError, RefusedError
from cluster.zookeeper import paths as layout
from cluster.zookeeper.pause import pause_in_force

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster.election.failsafe_members import Electorate
    from cluster.zookeeper.client import Session
    from cluster.zookeeper.paths import Tree
    from cluster.zookeeper.types import Transaction

log = structlog.get_logger(__name__)


class LastReign(NamedTuple):
    """The newest reign, as the epoch's node tells."""

    epoch: int
    """The highest epoch given so far."""
    version: int
    """Version of the node: changes with every acquisition, and with a release that writes something."""
    successor: str
    """The node named as successor; empty when there is none."""
    settled: bool
    """It ended with nothing under way. Written by its own release, so a reign that ended otherwise never says so."""


class Ballot:
    """The nodes ``/master`` and ``/epoch``, and the ones around them."""

    def __init__(self, session: Session, tree: Tree, node: str) -> None:
        self._session = session
        self._tree = tree
        self._node = node

    async def prepare(self, known_cluster_id: str | None) -> str:
        """Create the tree where it is missing; returns the id of the cluster.

        A member that knows the id from before writes it again into a ZooKeeper that has lost its data, so that the
        receiver still takes it for the same cluster.
        """
        tree = self._tree
        for path in (tree.members, tree.history):
            await self._session.ensure_path(path)
        for path, data in (
            (tree.epoch, layout.encode_epoch(0, "nobody")),
            (tree.cluster_id, (known_cluster_id or str(uuid.uuid4())).encode()),
            (tree.pause, b""),
            (tree.electorate, b""),
        ):
            if await self._session.exists(path) is None:
                try:
                    await self._session.create(path, data)
                except NodeExistsError:
                    continue
        found, _ = await self._session.get(tree.cluster_id)
        cluster_id = found.decode(errors="replace")
        if known_cluster_id is not None and cluster_id != known_cluster_id:
            log.error("cluster.identity_changed", path=tree.cluster_id, found=cluster_id, known=known_cluster_id)
        return cluster_id

    async def observe(self, on_change: Callable[[], None]) -> tuple[int, str | None, int]:
        """Owner, name and epoch of the master, (0, None, 0) when there is none; ``on_change`` is told of a change."""
        while True:
            stat = await self._session.exists(self._tree.master, on_change)
            if stat is None:
                return 0, None, 0
            try:
                data, stat = await self._session.get(self._tree.master)
            except NodeMissingError:
                continue
            return stat.owner, *layout.decode_master(data)

    async def read_epoch(self) -> LastReign:
        """What ZooKeeper has recorded of the newest reign. Raises DamagedStateError."""
        data, stat = await self._session.get(self._tree.epoch)
        epoch = layout.decode_epoch(data, self._tree.epoch)
        return LastReign(epoch, stat.version, layout.decode_successor(data), layout.decode_settled(data))

    async def read_pause(self) -> int:
        """The version of a pause document by which the cluster is not paused. Raises RefusedError when it is."""
        data, stat = await self._session.get(self._tree.pause)
        pause = pause_in_force(data)
        if pause is not None:
            message = f"the cluster is paused by {pause.by}"
            raise RefusedError(message)
        return stat.version

    async def read_electorate(self) -> tuple[Electorate | None, int]:
        """Who may become master now, None when anybody may, and the version of its node. Raises DamagedStateError."""
        data, stat = await self._session.get(self._tree.electorate)
        return decode_electorate(data, self._tree.electorate), stat.version

    async def check_vacancy(self) -> None:
        """Raises NodeExistsError while there is a master."""
        if await self._session.exists(self._tree.master) is not None:
            message = f"{self._tree.master} exists"
            raise NodeExistsError(message)

    async def electorate_version(self) -> int:
        """The version of the electorate's node."""
        return (await self._session.get(self._tree.electorate))[1].version

    async def write_electorate(self, hold: Hold, electorate: Electorate, version: int) -> int:
        """Replace the electorate of this version under the hold; the new version.

        Raises NodeMissingError or ConflictError when the hold is gone or the version is another one.
        """

        def describe(transaction: Transaction) -> None:
            transaction.check(self._tree.master, 0)
            transaction.check(self._tree.epoch, hold.epoch_version)
            transaction.set_data(self._tree.electorate, encode_electorate(electorate), version=version)

        stat = (await self._session.commit(describe))[2]
        return int(stat.version)

    async def acquire(
        self, last: LastReign, pause_version: int, electorate: Electorate | None, electorate_version: int
    ) -> tuple[Hold, int]:
        """Create the master's node and write the epoch after ``last`` and the ``electorate``: all of it, or nothing.

        Nothing if the version of the epoch's, the pause's or the electorate's node has changed. So whoever was told
        that the cluster is paused knows that nobody becomes master from then on, and a master knows that nobody does
        who has not seen its electorate. Returns the hold and the new version of the electorate's node.

        Raises NodeExistsError or ConflictError when another node was faster, OutcomeUnknownError when it may yet take
        effect, also when the session changed under way.
        """
        tree, node, session_id, epoch = self._tree, self._node, self._session.session_id, last.epoch + 1

        def describe(transaction: Transaction) -> None:
            transaction.create(tree.master, layout.encode_master(node, epoch), ephemeral=True)
            transaction.set_data(tree.epoch, layout.encode_epoch(epoch, node), version=last.version)
            transaction.check(tree.pause, pause_version)
            transaction.set_data(tree.electorate, encode_electorate(electorate), version=electorate_version)

        _, stat, _, electorate_stat = await self._session.commit(describe)
        if self._session.session_id != session_id:
            message = "the session changed during the acquisition"
            raise OutcomeUnknownError(message)
        return Hold(epoch, stat.version, session_id, stat.modified_zxid, last.settled), int(electorate_stat.version)

    async def prove(self, hold: Hold, timeout_seconds: float) -> None:
        """Have the quorum confirm the hold.

        A transaction of checks is ordered like a write, and so hangs on a server cut off from its quorum, where reads
        go on succeeding. Raises NodeMissingError or ConflictError when the hold is gone.
        """

        def describe(transaction: Transaction) -> None:
            transaction.check(self._tree.master, 0)
            transaction.check(self._tree.epoch, hold.epoch_version)

        await self._session.commit(describe, timeout_seconds)

    async def release(self, hold: Hold, raise_to: int = 0, successor: str = "", *, settled: bool = False) -> None:
        """Delete the master's node of this hold and its electorate; also write the epoch ``raise_to``, a successor's
        name, or that the reign ended with nothing under way.

        All in one transaction: nobody sees the mastership free without what is written with it.
        """
        epoch = raise_to or (hold.epoch if successor or settled else 0)
        settled = settled and not raise_to
        await self._delete(hold.epoch_version, epoch, successor, settled=settled, reign_is_over=True)

    async def release_ghost(self) -> bool:
        """Delete the master's node if this session owns it; False when it does not.

        The epoch is read first: if anybody acquires after that, its version differs and nothing is deleted.
        """
        version = (await self.read_epoch()).version
        stat = await self._session.exists(self._tree.master)
        if stat is None or stat.owner != self._session.session_id:
            return False
        await self._delete(version, 0)
        return True

    async def release_of_dead(self, hold: Hold) -> bool:
        """Delete the master's node that a process known to be dead has left; False when it is gone or another's.

        Never call this for a process that is merely silent.
        """
        stat = await self._session.exists(self._tree.master)
        if stat is None or stat.created_zxid != hold.zxid:
            return False
        try:
            await self._delete(hold.epoch_version, 0, reign_is_over=True)
        except (NodeMissingError, ConflictError):
            return False
        return True

    async def _delete(
        self,
        epoch_version: int,
        epoch: int,
        successor: str = "",
        *,
        settled: bool = False,
        reign_is_over: bool = False,
    ) -> None:
        """``reign_is_over``: nobody acts by this hold any more, so that its electorate binds nobody either.

        Of a ghost this is not known: the reign before it may still be bridging an outage.
        """

        def describe(transaction: Transaction) -> None:
            if epoch:
                content = layout.encode_epoch(epoch, self._node, successor, settled=settled)
                transaction.set_data(self._tree.epoch, content, version=epoch_version)
            else:
                transaction.check(self._tree.epoch, epoch_version)
            transaction.delete(self._tree.master, 0)
            if reign_is_over:
                transaction.set_data(self._tree.electorate, b"")

        await self._session.commit(describe)
