"""Who may become master while the previous term can be in failsafe mode."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from cluster.election.wait import Wait
from cluster.errors import DamagedStateError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cluster.records import MemberInfo

_LONGEST_SECONDS = 604_800.0
"""No failsafe lasts longer than a week: a list that says so is damaged."""


class FailsafeMember(NamedTuple):
    """A member whose promise is asked for: that process, and no other one that is reached instead."""

    name: str
    clustering: str
    """Address of its clustering port."""
    incarnation: str = ""
    """Of its process (``MemberInfo``); empty for a version that has none, which promises nothing."""

    @property
    def place(self) -> tuple[str, str]:
        """Name and address, which a process shares with the one before it."""
        return self.name, self.clustering

    @classmethod
    def of(cls, info: MemberInfo) -> FailsafeMember:
        """The member that wrote this about itself."""
        return cls(info.name, info.clustering, info.incarnation)


def not_addressed(own: FailsafeMember, name: str, incarnation: str) -> str:
    """Why a process does not answer a request for the promise of ``name``; empty when it was meant.

    An address can lead to another member than it did: it has moved, a name is resolved to an old address, a balancer
    stands between. A promise of that member leaves the one that was meant free to become master.
    """
    if name != own.name:
        return f"{name or 'nobody'} was asked, and this is {own.name}"
    if not incarnation or incarnation != own.incarnation:
        return f"an earlier process of {name} was asked"
    return ""


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
        return cls(frozenset(FailsafeMember.of(each) for each in members), promise_seconds, longest_seconds)


def encode_failsafe_list(failsafe_list: FailsafeList | None) -> bytes:
    """The content of its node; empty when the master asks for no promises."""
    if failsafe_list is None:
        return b""
    content = {
        "members": [each._asdict() for each in sorted(failsafe_list.members)],
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
        failsafe_members = frozenset(
            FailsafeMember(str(each["name"]), str(each["clustering"]), str(each.get("incarnation", "")))
            for each in content["members"]
        )
        seconds = float(content["promise_seconds"]), float(content["longest_seconds"])
        if not all(0.0 <= each <= _LONGEST_SECONDS for each in seconds):
            raise ValueError(seconds)
        return FailsafeList(failsafe_members, *seconds)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as failure:
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
        # Where an earlier process of this place is in the list, this one refuses in its stead.
        if own.place in {each.place for each in failsafe_list.members}:
            started_at = now if self._started_at is None else self._started_at
            wait = Wait(started_at + failsafe_list.promise_seconds, "an earlier process may have promised to wait")
        else:
            wait = Wait(self._since + failsafe_list.longest_seconds, "a master that never asked it may be in failsafe")
        return wait if now < wait.until else None
