"""What a successor's first calculation needs beyond what was learned, as one run of bytes for the peer channel.

A law learns from differences: entries and busy time since the previous snapshot, dispositions between the two newest
replies. Without these, and without the times the platform reported last, a successor allowed another number than the
master before would have in one target of five.

Saved form, little-endian: a header (magic, version, CRC-32 of all that follows it), the time of the previous snapshot
and of the newest reply in Unix seconds, NaN without one, the lag found of the statistics in seconds, the number of
targets, then eleven columns as float32, in the order of the record's targets: 44 bytes a target. It is taken as a whole
or refused as a whole.
"""

from __future__ import annotations

import math
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

from pacing_node.algorithms.feed_lag import LONGEST_SECONDS
from pacing_node.algorithms.state import UnusableStateError, match, name_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.algorithms.controller import Controller
    from pacing_node.algorithms.ledger import Ledger
    from pacing_node.algorithms.model import FloatArray

_MAGIC = b"PACF"
_VERSION = 1
_HEADER = struct.Struct("<4sII")
_HEAD = struct.Struct("<dddI")
_STATE = 4
"""Columns of the controller; those of the ledger follow."""
_COLUMNS = 11
_COUNTS = slice(7, 11)


def save_first_look(controller: Controller, ledger: Ledger) -> bytes:
    """What the next calculation goes by: the previous snapshot, replies not looked at yet, the platform's times."""
    taken_at, state = controller.previous()
    reported_at, unread = ledger.unread()
    columns = np.vstack([state, unread])
    head = _HEAD.pack(taken_at, reported_at, ledger.lag.seconds, columns.shape[1])
    numbers = columns.astype("<f4").data
    return b"".join([_HEADER.pack(_MAGIC, _VERSION, zlib.crc32(numbers, zlib.crc32(head))), head, numbers])


def restore_first_look(saved: bytes, names: Sequence[str], controller: Controller, ledger: Ledger, now: float) -> None:
    """Go on from where the master before was, after ``restore_learned``, for the targets whose names match.

    ``names`` are those of the record, ``now`` is Unix time in seconds. Raises ``UnusableStateError``, and changes
    nothing, when ``saved`` is damaged, of another version, or holds what cannot be.
    """
    taken_at, reported_at, lag, columns = _parse(saved, len(names))
    here, there = match(name_keys(ledger.names), name_keys(names))
    ours = np.full((_COLUMNS, len(ledger.names)), np.nan)
    ours[:, here] = columns[:, there]
    controller.resume(taken_at, ours[:_STATE])
    ledger.resume_unread(min(reported_at, now), lag, ours[_STATE:])


def _parse(saved: bytes, size: int) -> tuple[float, float, float, FloatArray]:
    """Times, lag and columns. Raises ``UnusableStateError``."""
    if len(saved) != _HEADER.size + _HEAD.size + 4 * _COLUMNS * size:
        raise UnusableStateError(f"the first look has {len(saved)} bytes, which do not fit {size} targets")
    magic, version, checksum = _HEADER.unpack_from(saved)
    body = saved[_HEADER.size :]
    if (magic, version) != (_MAGIC, _VERSION) or zlib.crc32(body) != checksum:
        raise UnusableStateError(f"the first look is of form {magic!r} version {version}, or its checksum does not fit")
    taken_at, reported_at, lag, count = _HEAD.unpack_from(body)
    columns = np.frombuffer(body, "<f4", offset=_HEAD.size).astype(np.float64).reshape(_COLUMNS, size)
    if count != size or not 0.0 <= lag <= LONGEST_SECONDS or math.isinf(taken_at) or math.isinf(reported_at):
        raise UnusableStateError(f"the first look is of {count} targets, with a lag of {lag:g} s")
    counts = columns[_COUNTS]
    if np.isinf(columns).any() or not (counts >= 0.0).all():
        raise UnusableStateError("the first look holds numbers that cannot be")
    return taken_at, reported_at, lag, columns
