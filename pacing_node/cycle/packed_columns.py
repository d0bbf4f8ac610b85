"""Arrays as packed repeated fields of a protobuf message, without an object per number. Pure.

Source: protobuf's encoding, "Packed repeated fields": tag, length in bytes, the values one after the other; doubles
are 8 bytes little-endian, floats 4, counts are varints (seven bits a byte, the lowest first, the top bit set but in the
last).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pacing_node.algorithms.model import FloatArray, IntArray

_LENGTH_DELIMITED = 2
_TWO_COMPLEMENT = 0xFFFF_FFFF_FFFF_FFFF
"""Negative numbers are written as 64 bits."""


def packed_doubles(number: int, column: FloatArray) -> bytes:
    """Field ``number`` of type ``repeated double``; nothing for an empty column."""
    return _field(number, column.astype("<f8", copy=False).tobytes())


def packed_floats(number: int, column: FloatArray) -> bytes:
    """Field ``number`` of type ``repeated float``; nothing for an empty column."""
    return _field(number, column.astype("<f4").tobytes())


def packed_counts(number: int, column: IntArray) -> bytes:
    """Field ``number`` of type ``repeated int32`` or ``int64``; quick while every number is below 128."""
    if not len(column):
        return b""
    if int(column.min()) >= 0 and int(column.max()) < 0x80:
        return _field(number, column.astype(np.uint8).tobytes())
    return _field(number, b"".join(map(_varint, column.tolist())))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(content)) + content if content else b""


def _varint(value: int) -> bytes:
    value &= _TWO_COMPLEMENT
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
