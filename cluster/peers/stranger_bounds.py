"""What somebody who has not shown yet who they are may send over one connection. Pure.

gRPC keeps every header of a call until the last one has come, however many those are, and opens and closes calls as
fast as it is asked to. Who belongs here shows it with the first call, some hundred bytes; strangers get a rate, and no
header block of theirs may be large. Frames can be looked at where there is no TLS; with it a stranger gets no further
than the handshake.
"""

from __future__ import annotations

from dataclasses import dataclass, field

BURST_BYTES = 256 * 1024
"""Sent at once: a handshake and a message of the largest size several times over."""
BYTES_PER_SECOND = 16 * 1024.0
"""After that; what keeps a connection alive, health checks included, is a hundredth of it."""
MOST_HEADER_BYTES = 32 * 1024
"""Of one header block, with the frames it comes in: a token or a signature has some hundred bytes."""
MOST_FIELDS = 64
"""Of one header block: a call has about a dozen. One byte can stand for a large field of an earlier call."""

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_FRAME_HEAD = 9
_HEADERS, _CONTINUATION = 1, 9
_END_HEADERS, _PADDED, _PRIORITY = 0x04, 0x08, 0x20
_MOST_INTEGER_BYTES = 6


class StrangerBounds:
    """The bounds of one connection; asked with every piece that comes, until the caller has shown who they are."""

    def __init__(self, now: float) -> None:
        """``now`` is in seconds, of a clock that never goes back."""
        self._left = float(BURST_BYTES)
        self._at = now
        self._frames = _Frames()

    def allow(self, data: bytes, now: float) -> bool:
        """Whether a piece may still be passed on; the connection is to be closed otherwise."""
        self._left = min(float(BURST_BYTES), self._left + (now - self._at) * BYTES_PER_SECOND) - len(data)
        self._at = now
        return self._left >= 0.0 and self._frames.bounded(data)


class _HeaderBlock:
    """Counts the bytes and the fields of one header block (HPACK, RFC 7541, 6) as they come."""

    def __init__(self) -> None:
        self._size = 0
        self._fields = 0
        self._open = b""
        """The beginning of a field that is not complete."""

    def frame(self) -> bool:
        """One more frame carries the block."""
        self._size += _FRAME_HEAD
        return self._size <= MOST_HEADER_BYTES

    def add(self, piece: bytes) -> bool:
        """One more piece of it; whether it is not too large."""
        self._size += len(piece)
        if self._size > MOST_HEADER_BYTES:
            return False
        self._open += piece
        at = 0
        while (end := _end_of_field(self._open, at)) is not None:
            at = end
            self._fields += 1
            if self._fields > MOST_FIELDS:
                return False
        self._open = self._open[at:]
        return True


@dataclass(slots=True)
class _Frames:
    """Follows the frames of a connection without TLS (RFC 9113, 4.1 and 6.2)."""

    _start: bytes = b""
    _plain: bool | None = None
    _head: bytes = b""
    _payload_left: int = 0
    _in_block: bool = False
    _ends: bool = False
    _skipped: int = 0
    """Bytes of the payload's beginning that are no part of the block: the length of its padding, and a priority."""
    _block: _HeaderBlock = field(default_factory=_HeaderBlock)

    def bounded(self, data: bytes) -> bool:
        """Whether no header block is too large yet; always true of what is no HTTP/2 in the clear."""
        if self._plain is None:
            data = self._begin(data)
        return not self._plain or self._frames_bounded(data)

    def _begin(self, data: bytes) -> bytes:
        """What follows the preface; nothing while that is not complete."""
        self._start += data
        if len(self._start) < len(_PREFACE) and _PREFACE.startswith(self._start):
            return b""
        self._plain = self._start.startswith(_PREFACE)
        rest, self._start = self._start[len(_PREFACE) :], b""
        return rest

    def _frames_bounded(self, data: bytes) -> bool:
        at = 0
        while at < len(data):
            if self._payload_left:
                step = min(self._payload_left, len(data) - at)
                if not self._payload(data[at : at + step]):
                    return False
            else:
                step = min(_FRAME_HEAD - len(self._head), len(data) - at)
                self._head += data[at : at + step]
                if len(self._head) == _FRAME_HEAD and not self._next_frame():
                    return False
            at += step
        return True

    def _payload(self, piece: bytes) -> bool:
        """Take in a piece of a frame's payload."""
        self._payload_left -= len(piece)
        if not self._in_block:
            return True
        kept = piece[self._skipped :]
        self._skipped -= len(piece) - len(kept)
        bounded = self._block.add(kept)
        if not self._payload_left and self._ends:
            self._block = _HeaderBlock()
        return bounded

    def _next_frame(self) -> bool:
        """Take in a frame's head; whether its header block, if it is part of one, is not too large."""
        size, kind, flags = int.from_bytes(self._head[:3]), self._head[3], self._head[4]
        self._head, self._payload_left = b"", size
        self._in_block, self._ends = kind in {_HEADERS, _CONTINUATION}, bool(flags & _END_HEADERS)
        self._skipped = 0
        if kind == _HEADERS:
            self._block = _HeaderBlock()
            self._skipped = (1 if flags & _PADDED else 0) + (5 if flags & _PRIORITY else 0)
        return not self._in_block or self._block.frame()


def _end_of_field(block: bytes, at: int) -> int | None:
    """Where the field that begins at a place ends; None while it is not complete."""
    if at >= len(block):
        return None
    first = block[at]
    if first & 0x80:
        return _integer(block, at, 7)[1]
    if first & 0xE0 == 0x20:  # a change of the table's size
        return _integer(block, at, 5)[1]
    index, end = _integer(block, at, 6 if first & 0x40 else 4)
    for _ in range(1 if index else 2):
        if end is None or end >= len(block):
            return None
        length, begin = _integer(block, end, 7)
        end = begin + length if begin is not None else None
    return end if end is not None and end <= len(block) else None


def _integer(block: bytes, at: int, prefix: int) -> tuple[int, int | None]:
    """An integer (5.1) and where it ends; None as the end while it is not complete. Far above any bound it is cut."""
    most = (1 << prefix) - 1
    value = block[at] & most
    if value < most:
        return value, at + 1
    for count, byte in enumerate(block[at + 1 : at + 1 + _MOST_INTEGER_BYTES]):
        value += (byte & 0x7F) << (7 * count)
        if not byte & 0x80:
            return value, at + 2 + count
    return value, at + 1 + _MOST_INTEGER_BYTES if len(block) > at + _MOST_INTEGER_BYTES else None
