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
