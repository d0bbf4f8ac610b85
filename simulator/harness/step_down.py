"""The order to a member to resign, as `pacing step-down` gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.admin.member_calls import open_calls
from cluster.errors import ClusterError, SettingsError
from cluster.records import MemberInfo
from simulator.harness.harness_error import HarnessError

if TYPE_CHECKING:
    from cluster.access.credentials import CallCredentials
    from cluster.security import PeerTls

CALL_SECONDS = 5.0
CALLER = "drill"
"""Name under which a drill signs its orders."""


async def step_down(
    member: dict[str, object], tls: PeerTls | None = None, credentials: CallCredentials | None = None
) -> None:
    """Ask a member, as `/cluster` lists it, to resign; with ``tls`` by showing a certificate, and ``credentials``.

    Raises HarnessError when it does not answer or is not master, SettingsError for files that cannot be used.
    """
    info = MemberInfo(str(member["name"]), "", str(member["clustering"]), "", 0.0)
    async with open_calls(CALL_SECONDS, tls, credentials) as client:
        try:
            await client.step_down(info, "pacing drill", CALL_SECONDS)
        except SettingsError:
            raise
        except ClusterError as error:
            raise HarnessError(f"{info.name} at {info.clustering} did not resign: {error}") from error


def listed_member(page: dict[str, object], node: str) -> dict[str, object]:
    """A member as a node's page `/cluster` lists it. Raises HarnessError when it does not."""
    members = page.get("members")
    for member in members if isinstance(members, list) else ():
        if member["name"] == node:
            return dict(member)
    raise HarnessError(f"no node knows where {node} is")
