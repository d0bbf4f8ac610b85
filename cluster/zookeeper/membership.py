"""Who has joined: one ephemeral node for each member, and everybody's view of them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

import structlog

from cluster import addresses, errors, tasks
from cluster.listeners import Listeners
from cluster.mastership import ZooKeeperState
from cluster.outside_text import one_line
from cluster.records import MemberInfo
from cluster.zookeeper.content import Content
from cluster.zookeeper.owner_process import Life, OwnerProcess, decode_owner_process
from cluster.zookeeper.upkeep import keep_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cluster.zookeeper.client import ZooKeeperSession
    from cluster.zookeeper.paths import Paths

log = structlog.get_logger(__name__)


def encode_member(info: MemberInfo) -> bytes:
    """The content of a member's node."""
    content = asdict(info)
    del content["broken"]
    return json.dumps(content).encode()


def decode_member(name: str, data: bytes) -> MemberInfo:
    """The member in the content of its node; unknown keys are left alone, missing ones are empty.

    Members of a newer or an older version can run side by side. Never raises: what cannot be read is empty, and named
    in ``broken``.
    """
    content = Content(data)
    info = MemberInfo(
        name=one_line(name),
        http=content.text("http"),
        clustering=_address(content, "clustering"),
        version=content.text("version"),
        started_at=content.moment("started_at") or 0.0,
        incarnation=content.text("incarnation"),
    )
    return replace(info, broken=tuple(content.broken))


def _address(content: Content, key: str) -> str:
    """A ``host:port``; empty when it is missing or something else, for nobody may be dialled there."""
    address = content.optional_text(key, required=True)
    if address is None:
        return ""
    try:
        addresses.split(address)
    except ValueError as failure:
        content.broken.append(f"{key}: {failure}")
        return ""
    return address


EXPIRY_FACTOR = 2.0
"""Session time-outs after which an entry that is still there is known to belong to a session that lives."""
NOBODYS_ENTRY = "found a persistent node, which no member has made; delete it"
"""What is wrong with an entry that belongs to no session: it stays when its member is gone."""
LOOK_SECONDS = 0.1
"""Time between two looks at an entry whose session may be ending."""


def name_in_use(holder: MemberInfo, session_id: int) -> str:
    """Who holds a name, since when, and what to do."""
    since = datetime.fromtimestamp(holder.started_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return (
        f'the name "{holder.name}" is in use by a node that lives: {holder.clustering or "address unknown"} '
        f"(http {holder.http or 'unknown'}) since {since}, session {session_id:#x}; "
        "give this node another name, or stop that one"
    )


class Membership:
    """The entry of this node among the members, and the list of all."""

    def __init__(self, session: ZooKeeperSession, paths: Paths) -> None:
        self.on_change: Listeners[[]] = Listeners("members")
        """Called when the list has changed."""
        self._session = session
        self._paths = paths
        self._own: MemberInfo | None = None
        self._members: tuple[MemberInfo, ...] = ()
        self._process = OwnerProcess.current()
        self._refusal: errors.AlreadyRunningError | None = None
        self._decided = asyncio.Event()
        """Set once this node's entry is there, or its name is known to be in use."""
        self._refused = asyncio.Event()
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def members(self) -> Sequence[MemberInfo]:
        """Members by name, as last seen; this one is always among them."""
        others = [each for each in self._members if self._own is None or each.name != self._own.name]
        return sorted([*others, *([self._own] if self._own else [])], key=lambda each: each.name)

    def start(self, own: MemberInfo) -> None:
        """Enter this node among the members, again after every change of session, and follow the list."""
        self._own = own
        self._task = tasks.spawn(
            "membership", keep_up("members", self._wanted, self._follow, can_retry=lambda: self._session.connected)
        )

    def joined(self) -> None:
        """A session is connected and the tree in place: enter and look again."""
        self._wanted.set()

    async def stop(self) -> None:
        """Leave; best effort, closing the session does the same."""
        await tasks.cancel(self._task)
        if self._own is not None and self._session.state is ZooKeeperState.CONNECTED:
            try:
                await self._leave(self._own)
            except errors.ClusterError as failure:
                log.info("membership.leave_failed", error=str(failure))

    async def wait_entered(self) -> None:
        """Wait until this node's entry is there. Raises AlreadyRunningError when its name is in use by another."""
        await self._decided.wait()
        if self._refusal is not None:
            raise self._refusal

    async def wait_refused(self) -> NoReturn:
        """Wait until another node that lives has this one's name. Always raises: AlreadyRunningError."""
        await self._refused.wait()
        raise self._refusal or errors.AlreadyRunningError("the name of this node is in use")

    async def _follow(self) -> None:
        try:
            await self._enter()
        except errors.AlreadyRunningError as refusal:
            if self._refusal is None:
                log.error("membership.name_taken", error=str(refusal))
            self._refusal = refusal
            self._refused.set()
        self._decided.set()
        await self._refresh()

    def _entry(self, own: MemberInfo) -> bytes:
        """The content of this node's entry: what it says of itself, and which process it is."""
        return json.dumps(json.loads(encode_member(own)) | self._process.as_content()).encode()

    def _life(self, entry: bytes) -> Life:
        """Whether the process of an entry with this node's name lives."""
        life = decode_owner_process(entry).life(self._process)
        if life is Life.UNKNOWN and self._process.boot and self._own is not None:
            known = decode_member(self._own.name, entry)
            same_machine = decode_owner_process(entry).boot.split(" ")[0] == self._process.boot.split(" ")[0]
            # Two processes cannot listen on one address, and this one does.
            if same_machine and known.clustering == self._own.clustering:
                return Life.DEAD
        return life

    async def _enter(self) -> None:
        """Make sure that this node's entry belongs to this session.

        An entry that a dead process of this machine left, or an earlier session of this process, is replaced at once,
        and so is a persistent one, which no member has made. One whose process cannot be looked at is given the time
        in which a dead session ends. Raises AlreadyRunningError when another process that lives has the name.
        """
        if self._own is None:
            return
        path, data = f"{self._paths.members}/{self._own.name}", self._entry(self._own)
        given_up_at: float | None = None
        while True:
            stat = await self._session.exists(path, self._wanted.set)
            if stat is None:
                try:
                    await self._session.ensure_path(self._paths.members)
                    await self._session.create(path, data, ephemeral=True)
                except errors.NodeExistsError:
                    continue
                log.info("membership.entered", node=self._own.name)
                continue
            if stat.owner == self._session.session_id:
                return
            try:
                old, stat = await self._session.get(path)
                life = self._life(old) if stat.owner else Life.DEAD
                if life in {Life.OWN, Life.DEAD}:
                    await self._session.delete(path)
                    continue
            except errors.NodeMissingError:
                continue
            now = asyncio.get_running_loop().time()
            given_up_at = given_up_at or now + EXPIRY_FACTOR * self._session.change.timeout_seconds
            if life is Life.ALIVE or now >= given_up_at:
                raise errors.AlreadyRunningError(name_in_use(decode_member(self._own.name, old), stat.owner))
            await asyncio.sleep(LOOK_SECONDS)

    async def _refresh(self) -> None:
        found = []
        for name in sorted(await self._session.children(self._paths.members, self._wanted.set)):
            try:
                data, stat = await self._session.get(f"{self._paths.members}/{name}")
            except errors.NodeMissingError:
                continue
            info = decode_member(name, data)
            found.append(info if stat.owner else replace(info, broken=(*info.broken, NOBODYS_ENTRY)))
        if tuple(found) != self._members:
            self._members = tuple(found)
            log.info("membership.changed", members=[each.name for each in found])
            self.on_change.notify()

    async def _leave(self, own: MemberInfo) -> None:
        path = f"{self._paths.members}/{own.name}"
        stat = await self._session.exists(path)
        if stat is not None and stat.owner == self._session.session_id:
            await self._session.delete(path)
