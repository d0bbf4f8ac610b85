"""Whether a member that was named as successor could take over now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.errors import RefusedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cluster.peers.peer_client import PeerClient
    from cluster.records import MemberInfo


async def check_successor(
    name: str, node: str, members: Sequence[MemberInfo], client: PeerClient, timeout_seconds: float
) -> None:
    """Ask the member ``name``, on behalf of the master ``node``.

    Raises RefusedError when it is the master already, is no member, cannot be reached within ``timeout_seconds``, or
    answers that it could not do the master's work.
    """
    if name == node:
        message = f"{name} is the master already"
        raise RefusedError(message)
    member = next((each for each in members if each.name == name and each.clustering), None)
    if member is None:
        message = f"{name} is not a member now; members are {', '.join(each.name for each in members)}"
        raise RefusedError(message)
    try:
        reason = await client.why_unable(member, timeout_seconds)
    except UnavailableError as failure:
        message = f"{name} cannot be reached: {failure}"
        raise RefusedError(message) from failure
    if reason is not None:
        message = f"{name} cannot take over: {reason}"
        raise RefusedError(message)


async def newest_able(
    own: MemberInfo, members: Sequence[MemberInfo], client: PeerClient, timeout_seconds: float
) -> str:
    """The member that started last, if it did after ``own`` and could take over now; else empty.

    In a rolling update it is the one that was replaced last and will not be again: named by each master that stops, it
    keeps the hand-overs of an update at two.
    """
    newest = max(members, key=lambda each: each.started_at, default=own)
    if newest.started_at <= own.started_at:
        return ""
    try:
        await check_successor(newest.name, own.name, members, client, timeout_seconds)
    except RefusedError:
        return ""
    return newest.name
