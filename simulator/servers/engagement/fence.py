"""The receiver's side of fencing: one atomic compare per stream of pushes. No I/O.

A stream is what one OAuth client sends. A full push is the whole state of a period; split into k parts it stays one
push, so all parts carry the same epoch and sequence, and each part has its own stored answer. A partial push is one
part. It changes some targets of a state, which it names by the sequence of the push that made it, and no other state.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

A = TypeVar("A")

FULL, PARTIAL = "full", "partial"
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
    prev: int | None = None
    """Of a partial push: sequence of the push whose state it changes. None: a full push."""

    @property
    def term(self) -> str:
        """Which term it belongs to: its key without the sequence."""
        return self.key.rpartition(":")[0]

    @property
    def order(self) -> tuple[int, int]:
        """Tokens of one cluster are ordered by this."""
        return self.epoch, self.sequence


def read_token(headers: Mapping[str, str]) -> PushToken:
    """The token in a request's headers (Pacing-Cluster-Id, Pacing-Epoch, Pacing-Sequence, Pacing-Part, Pacing-Kind,
    Pacing-Prev, Idempotency-Key).

    Raises ValueError naming the header that is missing or malformed. Without Pacing-Part the push is one part, without
    Pacing-Kind a full one.
    """
    cluster_id = headers.get("pacing-cluster-id", "").strip()
    if not cluster_id:
        raise ValueError("Pacing-Cluster-Id is missing")
    match = _PART.fullmatch(headers.get("pacing-part", "1/1"))
    if match is None or int(match[1]) > int(match[2]):
        raise ValueError("Pacing-Part must be i/k with 1 <= i <= k")
    epoch, sequence = (_count(headers, name) for name in ("Pacing-Epoch", "Pacing-Sequence"))
    key = headers.get("idempotency-key", "").removesuffix(f":{match[1]}")
    return PushToken(cluster_id, epoch, sequence, int(match[1]), int(match[2]), key, _prev(headers, sequence, match[2]))


def _prev(headers: Mapping[str, str], sequence: int, parts: str) -> int | None:
    """The state a partial push changes; None for a full push. Raises ValueError."""
    kind, given = headers.get("pacing-kind", FULL), headers.get("pacing-prev")
    if kind not in {FULL, PARTIAL}:
        raise ValueError(f"Pacing-Kind must be {FULL} or {PARTIAL}")
    if kind == FULL:
        if given is not None:
            raise ValueError(f"Pacing-Prev goes with Pacing-Kind: {PARTIAL}")
        return None
    prev = _count(headers, "Pacing-Prev")
    if not 1 <= prev < sequence:
        raise ValueError("Pacing-Prev must be an earlier sequence of the term, from 1")
    if parts != "1":
        raise ValueError("Pacing-Part must be 1/1 in a partial push")
    return prev


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
    """Another part of the same push said it has a different number of parts, or is of the other kind."""
    OUT_OF_STEP = "out_of_step"
    """A partial push that changes another state than the one that is here, or one that is not whole yet."""


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
            return Verdict.APPLY if token.prev is None else Verdict.OUT_OF_STEP
        if token.cluster_id != mark.cluster_id:
            return Verdict.FOREIGN
        if token.order > mark.order:
            return Verdict.APPLY if self._in_step(token, mark) else Verdict.OUT_OF_STEP
        # Another key at the same place is another term's: ZooKeeper has given an epoch twice.
        if token.order < mark.order or token.key != mark.key:
            return Verdict.STALE
        if (token.parts, token.prev) != (mark.parts, mark.prev):
            return Verdict.MISMATCH
        return Verdict.REPLAY if token.part in self.answers else Verdict.APPLY

    def _in_step(self, token: PushToken, mark: PushToken) -> bool:
        """Whether a newer push may be applied: a full one always, a partial one to the whole state it names alone."""
        if token.prev is None:
            return True
        named = (token.epoch, token.term, token.prev)
        return named == (mark.epoch, mark.term, mark.sequence) and self.complete

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
