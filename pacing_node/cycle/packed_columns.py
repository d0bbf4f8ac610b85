"""Arrays as packed repeated fields of a protobuf message, without an object per number. Pure.

A field comes in parts to be joined, for the columns of very many targets are copied once and no more.

Source: protobuf's encoding, "Packed repeated fields": tag, length in bytes, the values one after the other; doubles
are 8 bytes little-endian, floats 4, counts are varints (seven bits a byte, the lowest first, the top bit set but in the
last).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import TypeAlias

    from pacing_node.algorithms.model import FloatArray, IntArray

    Parts: TypeAlias = list[bytes | memoryview]

_LENGTH_DELIMITED = 2
_TWO_COMPLEMENT = 0xFFFF_FFFF_FFFF_FFFF
"""Negative numbers are written as 64 bits."""


def packed_doubles(number: int, column: FloatArray) -> Parts:
    """Field ``number`` of type ``repeated double``; nothing for an empty column."""
    return long_field(number, np.ascontiguousarray(column, "<f8").data) if len(column) else []


def packed_floats(number: int, column: FloatArray) -> Parts:
    """Field ``number`` of type ``repeated float``; nothing for an empty column."""
    return long_field(number, column.astype("<f4").data) if len(column) else []


def packed_counts(number: int, column: IntArray) -> Parts:
    """Field ``number`` of type ``repeated int32`` or ``int64``; quick while every number is below 128."""
    if not len(column):
        return []
    if int(column.min()) >= 0 and int(column.max()) < 0x80:
        return long_field(number, column.astype(np.uint8).data)
    return long_field(number, b"".join(map(_varint, column.tolist())))


def long_field(number: int, content: bytes | memoryview) -> Parts:
    """Field ``number`` of these bytes, of type ``bytes`` or packed."""
    return [_varint(number << 3 | _LENGTH_DELIMITED) + _varint(memoryview(content).nbytes), content]


def _varint(value: int) -> bytes:
    value &= _TWO_COMPLEMENT
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
