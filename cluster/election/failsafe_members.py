"""Who may become master while a term may still go on without ZooKeeper, by promises."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cluster.errors import DamagedStateError, NotAdmittedError

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
    """Whether this node may become master now, with a failsafe list in force.

    A member of the failsafe list is bound by the promises it has given; those of an earlier process at its address are
    over once this one has lived for as long as a promise binds. Any other node has promised nothing: it waits, by its
    own clock and from when it first saw the mastership vacant, for as long as a term may outlive its last proof.
    """

    def __init__(self, started_at: float) -> None:
        """``started_at``: when this process began to take part, in seconds on the clock of leases."""
        self._started_at = started_at
        self._seen = (0, 0, 0)
        self._since = 0.0

    def check(
        self, own: FailsafeMember, failsafe_list: FailsafeList | None, seen: tuple[int, int, int], now: float
    ) -> None:
        """Raises NotAdmittedError while this node must wait.

        ``seen``: the epoch, and the versions of the epoch's and the failsafe list's node, all read while the mastership
        was vacant.
        """
        if failsafe_list is None:
            return
        if seen != self._seen:
            self._seen, self._since = seen, now
        if own in failsafe_list.members:
            self._wait(self._started_at + failsafe_list.promise_seconds, now, "an earlier process may have promised it")
        else:
            self._wait(
                self._since + failsafe_list.longest_seconds, now, "a master it never met may be in failsafe mode"
            )

    @staticmethod
    def _wait(until: float, now: float, reason: str) -> None:
        if now < until:
            message = f"this node waits for {until - now:.1f} s: {reason}"
            raise NotAdmittedError(message, until - now)
