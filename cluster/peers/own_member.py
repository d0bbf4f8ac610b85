"""The member that the parts of the clustering port belong to, as they see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cluster.mastership import LeadershipStatus, Mastership
    from cluster.records import MemberInfo, Pause
    from cluster.settings import ClusterSettings


class OwnMember(Protocol):
    """What a member knows of itself and the others, from memory."""

    @property
    def settings(self) -> ClusterSettings:
        """Its settings."""
        ...

    @property
    def info(self) -> MemberInfo:
        """What it publishes about itself."""
        ...

    @property
    def mastership(self) -> Mastership:
        """Whether it may act, and how to end that."""
        ...

    @property
    def paused(self) -> Pause | None:
        """The pause in force; None when there is none."""
        ...

    def status(self) -> LeadershipStatus:
        """Its leadership status."""
        ...

    def members(self) -> Sequence[MemberInfo]:
        """Members that have joined, this one among them."""
        ...
