"""Who has joined: one ephemeral node for each member, and everybody's view of them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import structlog

from cluster import errors, tasks
from cluster.listeners import Listeners
from cluster.mastership import ZooKeeperState
from cluster.outside_text import one_line
from cluster.records import MemberInfo
from cluster.zookeeper.content import Content
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
        clustering=content.text("clustering"),
        version=content.text("version"),
        started_at=content.moment("started_at") or 0.0,
    )
    return replace(info, broken=tuple(content.broken))


class Membership:
    """The entry of this node among the members, and the list of all."""

    def __init__(self, session: ZooKeeperSession, paths: Paths) -> None:
        self.on_change: Listeners[[]] = Listeners("members")
        """Called when the list has changed."""
        self._session = session
        self._paths = paths
        self._own: MemberInfo | None = None
        self._members: tuple[MemberInfo, ...] = ()
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

    async def _follow(self) -> None:
        await self._enter()
        await self._refresh()

    async def _enter(self) -> None:
        """Make sure that this node's entry belongs to this session.

        An entry of an earlier process of this name is not waited for: it is recognised by its owner and replaced. When
        a younger process has the name, this one leaves the entry to it and says so.
        """
        if self._own is None:
            return
        path, data = f"{self._paths.members}/{self._own.name}", encode_member(self._own)
        while True:
            stat = await self._session.exists(path, self._wanted.set)
            if stat is None:
                try:
                    await self._session.create(path, data, ephemeral=True)
                except errors.NodeExistsError:
                    continue
                log.info("membership.entered", node=self._own.name)
                continue
            if stat.owner == self._session.session_id:
                return
            old, stat = await self._session.get(path)
            if decode_member(self._own.name, old).started_at > self._own.started_at:
                log.error("membership.name_taken", node=self._own.name, by=f"{stat.owner:#x}")
                return
            try:
                await self._session.delete(path)
            except errors.NodeMissingError:
                continue

    async def _refresh(self) -> None:
        found = []
        for name in sorted(await self._session.children(self._paths.members, self._wanted.set)):
            try:
                data, _ = await self._session.get(f"{self._paths.members}/{name}")
            except errors.NodeMissingError:
                continue
            found.append(decode_member(name, data))
        if tuple(found) != self._members:
            self._members = tuple(found)
            log.info("membership.changed", members=[each.name for each in found])
            self.on_change.notify()

    async def _leave(self, own: MemberInfo) -> None:
        path = f"{self._paths.members}/{own.name}"
        stat = await self._session.exists(path)
        if stat is not None and stat.owner == self._session.session_id:
            await self._session.delete(path)
