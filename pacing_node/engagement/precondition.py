"""Conditional writes for a receiver that checks no token: each push replaces a state its sender has seen. Pure.

The receiver keeps one resource. Every accepted write gives it a new ETag, and reading it shows which push wrote it
last. A write carries ``If-Match`` with the newest ETag its sender knows. A sender knows an ETag when it came with the
answer to its own write, or with a state that no newer push has written. So a writer replaces something older,
whatever was lost or late: the accepted pushes are ordered by (epoch, sequence, part).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from pacing_node.engagement.json_reader import ReplyError, read_json, whole_number
from pacing_node.engagement.platform import FencingMark

if TYPE_CHECKING:
    from cluster.token import Token


class Place(NamedTuple):
    """Place of a write in the order of all writes of a cluster."""

    epoch: int
    sequence: int
    part: int


@dataclass(frozen=True, slots=True)
class Holder:
    """The push that wrote a resource last."""

    cluster_id: str
    place: Place

    @property
    def mark(self) -> FencingMark:
        """What a refusal by token would have reported."""
        return FencingMark(self.cluster_id, self.place.epoch, self.place.sequence)


class StateFound(Enum):
    """What a look at the resource means for the write that is to be made."""

    FREE = "free"
    """It holds something older: the write may replace it."""
    OURS = "ours"
    """This very write took effect; its answer was lost."""
    FENCED = "fenced"
    """Somebody newer, another cluster or a stranger has written: this term is over."""


class Precondition:
    """What one sender knows of the resource, within one term."""

    def __init__(self) -> None:
        self._term: tuple[str, int] | None = None
        self._etag: str | None = None
        self._known = False
        self._own = False
        self._sent: Place | None = None
        self._confirmed: Place | None = None

    def begin(self, token: Token) -> None:
        """A write of this token's term follows; of an earlier term nothing is remembered."""
        term = (token.cluster_id, token.epoch)
        if term != self._term:
            self._term, self._etag, self._known, self._own = term, None, False, False
            self._sent, self._confirmed = None, None

    @property
    def known(self) -> bool:
        """Whether a write can be made; otherwise the resource must be looked at first."""
        return self._known

    @property
    def own(self) -> bool:
        """Whether the state is the one that the newest own write has left: its answer gave the ETag."""
        return self._known and self._own

    def headers(self) -> dict[str, str]:
        """The condition of the next write."""
        return {"If-None-Match": "*"} if self._etag is None else {"If-Match": self._etag}

    def sent(self, place: Place) -> None:
        """A write goes out: until its answer is here, nobody knows what the resource holds."""
        self._known = False
        self._sent = place

    def written(self, place: Place, etag: str | None) -> None:
        """The write was accepted; ``etag`` is what its answer gave, None when it gave none that can be used."""
        self._confirmed = place
        self._etag, self._known = etag, etag is not None
        self._own = self._known

    def inspect(self, place: Place, etag: str | None, holder: Holder | None) -> StateFound:
        """Judge what the resource holds: ``etag`` is None when it holds nothing yet, ``holder`` when no push wrote it.

        Raises RuntimeError when no write has begun.
        """
        if self._term is None:
            raise RuntimeError("a write begins before anything is looked at")
        if holder is not None and (holder.cluster_id != self._term[0] or holder.place > place):
            return StateFound.FENCED
        held = holder.place if holder is not None else None
        if held == place and self._sent != place:
            return StateFound.FENCED  # somebody has the same place: ZooKeeper has given an epoch twice
        if self._confirmed is not None and (held is None or held < self._confirmed):
            return StateFound.FENCED  # a stranger wrote, or the resource was put back
        self._etag, self._known, self._own = etag, True, False
        if held != place:
            return StateFound.FREE
        self._confirmed = place
        return StateFound.OURS


def strong_etag(text: str | None) -> str | None:
    """An ETag that ``If-Match`` can be compared with; None for a weak one, which never matches, or none."""
    etag = (text or "").strip()
    return etag if len(etag) >= 2 and etag[0] == etag[-1] == '"' else None


def read_holder(body: bytes) -> Holder | None:
    """The push a representation of the resource names as its writer; None when it names none."""
    try:
        document = read_json(body)
    except ReplyError:
        return None
    if not isinstance(document, dict) or not isinstance(document.get("cluster_id"), str):
        return None
    epoch, sequence, part = (whole_number(document.get(key)) for key in ("epoch", "sequence", "part"))
    if epoch is None or sequence is None or part is None:
        return None
    return Holder(document["cluster_id"], Place(epoch, sequence, part))
