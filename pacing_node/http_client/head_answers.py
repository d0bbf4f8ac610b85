"""Notices a body after the answer to a HEAD, which must have none (RFC 9110, 9.3.2); some servers send one. Pure.

The library keeps such a connection, and reads the body as the answer to the next request: one that looks like an answer
would be taken for that of a push.
"""

from __future__ import annotations

import re

_END = re.compile(rb"\r?\n\r?\n")
_INTERIM = re.compile(rb"HTTP/[0-9]\.[0-9] +1[0-9][0-9]")
MOST_HEAD_BYTES = 256 * 1024
"""Of all heads of one answer; the library gives up before."""


class HeadAnswer:
    """Watches what one connection sends and reads."""

    def __init__(self) -> None:
        self._seen: bytes | None = None
        """What was read of the heads after a HEAD; None while nothing is to be watched."""
        self.body_follows = False
        """Whether something follows the answer: the connection is of no more use."""

    def wrote(self, data: bytes) -> None:
        """A request, or a part of its body, goes out; the library also writes nothing now and then."""
        if data:
            self._seen = b"" if data.startswith(b"HEAD ") else None

    def read(self, data: bytes) -> None:
        """Bytes of an answer have come."""
        if self._seen is None:
            return
        seen = self._seen + data
        while (end := _END.search(seen)) and _INTERIM.match(seen):
            seen = seen[end.end() :]
        if end is None and len(seen) <= MOST_HEAD_BYTES:
            self._seen = seen
            return
        self._seen = None
        self.body_follows = end is None or end.end() < len(seen)
