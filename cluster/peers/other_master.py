"""Which other member is master: what a standby follows, and who is asked to step down."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from cluster.errors import NotMasterError
from cluster.mastership import Role

if TYPE_CHECKING:
    from cluster.peers.own_member import OwnMember
    from cluster.records import MemberInfo


class OtherMaster:
    """The master among the other members."""

    def __init__(self, member: OwnMember) -> None:
        self._member = member
        self._news = asyncio.Event()
        """Set, and replaced by a new one, at each change."""

    def known(self) -> MemberInfo | None:
        """The other member that is master; None when there is none, when it has no address, or when it is this one."""
        status, own = self._member.status(), self._member.settings.node
        if status.role is Role.MASTER or status.master in {None, own}:
            return None
        return next((each for each in self._member.members() if each.name == status.master and each.clustering), None)

    def refresh(self) -> None:
        """Role, state, master or members have changed."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def find(self) -> MemberInfo:
        """The same; one that was just elected, or has just joined, may take a moment to find.

        Raises NotMasterError when none is known within the peer time-out.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._member.settings.peer_timeout_seconds):
                while (master := self.known()) is None:
                    await self._news.wait()
                return master
        raise NotMasterError(self._member.status().master)
