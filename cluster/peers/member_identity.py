"""The calls that only members make, and how the one that is called knows who makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cluster.access.principal import CURRENT, Proof

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cluster.records import MemberInfo


@dataclass(frozen=True, slots=True)
class MemberIdentity:
    """Name and process of a member, as its entry among the members has them."""

    name: str
    incarnation: str
    """Chosen at random by each process; only who reads the members' entries knows that of another one."""

    @classmethod
    def of(cls, info: MemberInfo) -> MemberIdentity:
        """The identity of the member that wrote this about itself."""
        return cls(info.name, info.incarnation)


def why_no_member(claimed: MemberIdentity, members: Iterable[MemberInfo]) -> str:
    """Why a caller that claims to be this member is not taken for it; empty when it is.

    The claim is compared with the members as last seen. Where the caller has proved who they are by the cluster's
    secret, the proof must be of the same name; without any proof the claim alone keeps strangers out who cannot read
    the members' entries.
    """
    proved = CURRENT.get()
    if proved is not None and proved.proof is Proof.SECRET and proved.name != claimed.name:
        return f"the call is signed by {proved.name}, and claims to come from {claimed.name or 'nobody'}"
    if not any(each.name == claimed.name and each.incarnation == claimed.incarnation != "" for each in members):
        return f"{claimed.name or 'nobody'} is no member now, or another process of that name is"
    return ""
