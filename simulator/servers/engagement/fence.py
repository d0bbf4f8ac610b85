"""The receiver's side of fencing: one atomic compare per stream of pushes. No I/O.

A stream is what one OAuth client sends. A push is the whole state of a period; split into k parts it stays one push, so
all parts carry the same epoch and sequence, and each part has its own stored answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

A = TypeVar("A")

_PART = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})")
_COUNT = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class PushToken:
    """What the headers of a request say: which push it belongs to, and which part of it this is."""

    cluster_id: str
    epoch: int
    sequence: int
    part: int = 1
    parts: int = 1
    key: str = ""
    """Idempotency-Key of the push, without its part: another one means another sender."""

    @property
    def order(self) -> tuple[int, int]:
        """Tokens of one cluster are ordered by this."""
        return self.epoch, self.sequence


def read_token(headers: Mapping[str, str]) -> PushToken:
    """The token in a request's headers (Pacing-Cluster-Id, Pacing-Epoch, Pacing-Sequence, Pacing-Part,
    Idempotency-Key).

    Raises ValueError naming the header that is missing or malformed. Without Pacing-Part the push is one part.
    """
    cluster_id = headers.get("pacing-cluster-id", "").strip()
    if not cluster_id:
        raise ValueError("Pacing-Cluster-Id is missing")
    match = _PART.fullmatch(headers.get("pacing-part", "1/1"))
    if match is None or int(match[1]) > int(match[2]):
        raise ValueError("Pacing-Part must be i/k with 1 <= i <= k")
    epoch, sequence = (_count(headers, name) for name in ("Pacing-Epoch", "Pacing-Sequence"))
    key = headers.get("idempotency-key", "").removesuffix(f":{match[1]}")
    return PushToken(cluster_id, epoch, sequence, int(match[1]), int(match[2]), key)


def _count(headers: Mapping[str, str], name: str) -> int:
    text = headers.get(name.lower(), "")
    if not _COUNT.fullmatch(text):
        raise ValueError(f"{name} must be a non-negative integer")
    return int(text)


class Verdict(Enum):
    """What the compare says of a request."""

    APPLY = "apply"
    REPLAY = "replay"
    """This very part was applied before; its stored answer is the answer."""
    STALE = "stale_token"
    """A newer token has been accepted."""
    FOREIGN = "foreign_cluster"
    """The stream belongs to another cluster."""
    MISMATCH = "part_mismatch"
    """Another part of the same push said it has a different number of parts."""


@dataclass(slots=True)
class StreamFence(Generic[A]):
    """The mark of one stream and the answers of its newest push. ``judge`` and ``store`` belong in one instant."""

    mark: PushToken | None = None
    """Newest token accepted; its part is the first one that came."""
    answers: dict[int, A] = field(default_factory=dict)
    """Stored answers of the newest push by part."""

    def judge(self, token: PushToken) -> Verdict:
        """Compare a token with the mark; changes nothing."""
        mark = self.mark
        if mark is None:
            return Verdict.APPLY
        if token.cluster_id != mark.cluster_id:
            return Verdict.FOREIGN
        if token.order != mark.order:
            return Verdict.APPLY if token.order > mark.order else Verdict.STALE
        if token.key != mark.key:
            return Verdict.STALE  # the same place by another term: ZooKeeper has given an epoch twice
        if token.parts != mark.parts:
            return Verdict.MISMATCH
        return Verdict.REPLAY if token.part in self.answers else Verdict.APPLY

    def store(self, token: PushToken, answer: A) -> None:
        """Raise the mark to an applied token and keep the answer for a replay."""
        if self.mark is None or token.order != self.mark.order:
            self.mark = token
            self.answers = {}
        self.answers[token.part] = answer

    @property
    def complete(self) -> bool:
        """Whether every part of the newest push has been applied."""
        return self.mark is not None and len(self.answers) == self.mark.parts
