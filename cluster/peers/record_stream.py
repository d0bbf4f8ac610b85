"""The records of the master: published to the followers in a term, received from the master otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.listeners import Listeners
from cluster.peers.follower import Follower
from cluster.peers.member_identity import MemberIdentity
from cluster.peers.server import Broadcast

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster.peers.channels import Channels
    from cluster.peers.own_member import OwnMember
    from cluster.records import MemberInfo, Record


class RecordStream:
    """Both ends of the stream of one member, and the newest record of either."""

    def __init__(self, member: OwnMember, channels: Channels, find_master: Callable[[], MemberInfo | None]) -> None:
        """``find_master`` returns where another member that is master is; None when there is none."""
        self._member = member
        self.on_record: Listeners[[Record]] = Listeners("record")
        """Called with each record received while standby."""
        self.on_early_sign: Listeners[[]] = Listeners("early sign")
        """Called when the stream of the master broke, or its term has ended."""
        self.broadcast = Broadcast()
        self._follower = Follower(
            MemberIdentity.of(member.info), channels, find_master, self._received, self.on_early_sign.notify
        )
        self._newest: Record | None = None

    @property
    def newest(self) -> Record | None:
        """The newest record published or received; None before the first."""
        return self._newest

    @property
    def refusal(self) -> str:
        """Why the master does not let this member follow it; empty when it does, or has not answered."""
        return self._follower.refusal

    def start(self) -> None:
        """Follow whoever is master from now on."""
        self._follower.start()

    async def stop(self) -> None:
        """End the streams of the followers, then follow no more."""
        self.broadcast.close()
        await self._follower.stop()

    def refresh(self) -> None:
        """Master or members may have changed."""
        self._follower.refresh()

    def publish(self, record: Record) -> None:
        """Number a record of this master and hand it to all followers; the newest replaces one not yet sent."""
        self._newest = self.broadcast.publish(record)

    def _received(self, record: Record) -> None:
        # A stream keeps its order, and the one followed now is newer than those before, whatever its epoch: ZooKeeper
        # can have lost its data. Only a stream that has not been left yet is older than this node's own term.
        if self._member.mastership.term is not None:
            return
        self._newest = record
        self.on_record.notify(record)
