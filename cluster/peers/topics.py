"""What the application of a member keeps for the others: streams of pieces by topic, a few at a time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Pieces = Callable[[], Iterator[bytes]]
    """Begins the pieces of a topic; each is made when the one before has been taken. It must not block. It raises
    StalePiecesError when what it reads has changed so that the pieces would not fit together."""

MOST_STREAMS = 2
"""Streams at a time, of whomever: the others ask again."""


class Topics:
    """Topics of one member, and how many streams of them are under way."""

    def __init__(self) -> None:
        self._topics: dict[str, Pieces] = {}
        self._streams = 0

    def keep(self, topic: str, pieces: Pieces) -> None:
        """Answer members that ask for this topic."""
        self._topics[topic] = pieces

    def find(self, topic: str) -> Pieces | None:
        """The topic; None for one that nobody keeps."""
        return self._topics.get(topic)

    @property
    def full(self) -> bool:
        """Whether another stream must wait."""
        return self._streams >= MOST_STREAMS

    @contextmanager
    def stream(self) -> Iterator[None]:
        """A stream, as long as it lasts."""
        self._streams += 1
        try:
            yield
        finally:
            self._streams -= 1
