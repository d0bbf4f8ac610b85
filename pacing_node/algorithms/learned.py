"""All that a successor needs, controller and ledger, as one run of bytes for the peer channel.

Saved form, little-endian: a header (magic, version, CRC-32 of all that follows it, the ledger's time, number of
targets), then the name keys, then pending in the newest report and invitations allotted since as float32, then the
controller's own form: 36 bytes and 128 bytes a target. A record is taken as a whole or refused as a whole.
"""

from __future__ import annotations

import contextlib
import math
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

from pacing_node.algorithms.state import UnusableStateError, match, name_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.algorithms.controller import Controller
    from pacing_node.algorithms.ledger import Ledger
    from pacing_node.algorithms.model import FloatArray, IntArray

_MAGIC = b"PACL"
_VERSION = 2
_HEADER = struct.Struct("<4sII")
_POSITION = struct.Struct("<dI")


def save_learned(controller: Controller, ledger: Ledger, at: float) -> bytes:
    """Controller and ledger as of ``at`` (Unix seconds): 128 bytes a target."""
    counts = np.stack(ledger.position()).astype("<f4").data
    keys = name_keys(ledger.names).astype("<i8", copy=False).data
    parts = [_POSITION.pack(at, len(ledger.names)), keys, counts, *controller.saved_parts()]
    checksum = 0
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    return b"".join([_HEADER.pack(_MAGIC, _VERSION, checksum), *parts])


def restore_learned(
    saved: bytes, controller: Controller, ledger: Ledger, now: float, departed: Sequence[bytes] = ()
) -> None:
    """Resume from saved bytes, for the targets whose names match; ``now`` is Unix time in seconds.

    ``departed`` are records of targets that were gone for a while, the oldest first: they count for targets ``saved``
    does not know, and one that is damaged is left out. A record from the future, by another machine's clock, counts as
    of now. Raises ``UnusableStateError``, and changes nothing, when ``saved`` is empty, damaged, of another version,
    or holds what cannot be.
    """
    known = np.zeros((2, len(ledger.names)))
    at = _take(saved, controller, ledger, known)
    if departed:
        for record in departed:
            with contextlib.suppress(UnusableStateError):
                _take(record, controller, ledger, known)
        _take(saved, controller, ledger, known)
    ledger.resume(min(at, now), known[0], known[1])


def _take(saved: bytes, controller: Controller, ledger: Ledger, known: FloatArray) -> float:
    """Enter one record into the controller and the counts; returns its time. Raises ``UnusableStateError``."""
    at, keys, counts, rest = _position(_body(saved))
    controller.restore(rest)
    here, there = match(name_keys(ledger.names), keys)
    known[:, here] = counts[:, there]
    return at


def _body(saved: bytes) -> bytes:
    """What follows the header. Raises ``UnusableStateError``."""
    if len(saved) < _HEADER.size:
        raise UnusableStateError(f"found {len(saved)} bytes, a header has {_HEADER.size}")
    magic, version, checksum = _HEADER.unpack_from(saved)
    if (magic, version) != (_MAGIC, _VERSION):
        raise UnusableStateError(f"found form {magic!r} version {version}, expected {_MAGIC!r} version {_VERSION}")
    body = saved[_HEADER.size :]
    if zlib.crc32(body) != checksum:
        raise UnusableStateError("the checksum does not fit: cut off or damaged")
    return body


def _position(body: bytes) -> tuple[float, IntArray, FloatArray, bytes]:
    """The ledger's time, keys and counts, and the controller's form. Raises ``UnusableStateError``."""
    if len(body) < _POSITION.size:
        raise UnusableStateError("the ledger's part is missing")
    at, size = _POSITION.unpack_from(body)
    end = _POSITION.size + 16 * size
    if len(body) < end:
        raise UnusableStateError(f"the ledger's part is too short for {size} targets")
    if not math.isfinite(at) or at < 0.0:
        raise UnusableStateError(f"found time {at:g}, allowed is 0 or later")
    keys = np.frombuffer(body, "<u8", size, _POSITION.size).astype(np.uint64).view(np.int64)
    counts = np.frombuffer(body, "<f4", 2 * size, _POSITION.size + 8 * size).astype(np.float64).reshape(2, size)
    wrong = counts[~(np.isfinite(counts) & (counts >= 0.0))]
    if len(wrong):
        raise UnusableStateError(f"found {len(wrong)} impossible counts in the ledger's part, the first is {wrong[0]}")
    return at, keys, counts, body[end:]
