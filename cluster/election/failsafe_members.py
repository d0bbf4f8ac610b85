"""Who may become master while the previous term can be in failsafe mode."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cluster.election.waiting import Wait
from cluster.errors import DamagedStateError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cluster.records import MemberInfo

_LONGEST_SECONDS = 604_800.0
"""No failsafe lasts longer than a week: a list that says so is damaged."""

FailsafeMember = tuple[str, str]
"""Name and clustering address of a member."""


@dataclass(frozen=True, slots=True)
class FailsafeList:
    """The members whose promises let the master go on without ZooKeeper, as written under its epoch."""

    members: frozenset[FailsafeMember]
    promise_seconds: float
    """How long one promise binds."""
    longest_seconds: float
    """How long a term may outlive its last proof."""

    @classmethod
    def of(cls, members: Iterable[MemberInfo], promise_seconds: float, longest_seconds: float) -> FailsafeList:
        """The failsafe list of these members."""
        failsafe_members = frozenset((each.name, each.clustering) for each in members)
        return cls(failsafe_members, promise_seconds, longest_seconds)


def encode_failsafe_list(failsafe_list: FailsafeList | None) -> bytes:
    """The content of its node; empty when the master asks for no promises."""
    if failsafe_list is None:
        return b""
    content = {
        "members": [{"name": name, "clustering": address} for name, address in sorted(failsafe_list.members)],
        "promise_seconds": failsafe_list.promise_seconds,
        "longest_seconds": failsafe_list.longest_seconds,
    }
    return json.dumps(content).encode()


def decode_failsafe_list(data: bytes, path: str) -> FailsafeList | None:
    """The failsafe list in the content of its node; None when there is none. Raises DamagedStateError."""
    if not data:
        return None
    try:
        content: dict[str, Any] = json.loads(data)
        failsafe_members = frozenset((str(each["name"]), str(each["clustering"])) for each in content["members"])
        seconds = float(content["promise_seconds"]), float(content["longest_seconds"])
        if not all(0.0 <= each <= _LONGEST_SECONDS for each in seconds):
            raise ValueError(seconds)
        return FailsafeList(failsafe_members, *seconds)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as failure:
        message = f"{path}: found {data[:60]!r}, expected the list of members that may become master; empty it to go on"
        raise DamagedStateError(message) from failure


class Admission:
    """How long this node must wait before it may become master, with a failsafe list in force.

    A member of the list is bound by the promises it has given; those of an earlier process at its address have expired
    once this one has listened there for as long as a promise binds. Any other node has promised nothing: it waits, by
    its own clock and from when it first saw the mastership vacant, for as long as a term can outlive its last proof.
    """

    def __init__(self) -> None:
        self._started_at: float | None = None
        self._seen = (0, 0, 0)
        self._since = 0.0

    def started(self, at: float) -> None:
        """The process has listened on its clustering port since ``at``, in seconds on the clock of leases."""
        self._started_at = at

    def check(
        self, own: FailsafeMember, failsafe_list: FailsafeList | None, seen: tuple[int, int, int], now: float
    ) -> Wait | None:
        """The wait that the list in force asks of this node; None when it may become master now.

        ``seen``: the epoch, and the versions of the epoch's and the failsafe list's node, all read while the mastership
        was vacant.
        """
        if failsafe_list is None:
            return None
        if seen != self._seen:
            self._seen, self._since = seen, now
        if own in failsafe_list.members:
            started_at = now if self._started_at is None else self._started_at
            wait = Wait(started_at + failsafe_list.promise_seconds, "an earlier process may have promised to wait")
        else:
            wait = Wait(self._since + failsafe_list.longest_seconds, "a master that never asked it may be in failsafe")
        return wait if now < wait.until else None
