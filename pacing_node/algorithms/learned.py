"""All that a successor needs, controller and ledger, as one run of bytes for the peer channel.

Saved form, little-endian: magic, version, the ledger's time, number of targets; the name keys; pending in the newest
report and invitations allotted since as float32; then the controller's own form.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from pacing_node.algorithms.state import match, name_keys

if TYPE_CHECKING:
    from pacing_node.algorithms.controller import Controller
    from pacing_node.algorithms.ledger import Ledger

_MAGIC = b"PACL"
_VERSION = 1
_HEADER = struct.Struct("<4sIdI")


def save_learned(controller: Controller, ledger: Ledger, at: float) -> bytes:
    """Controller and ledger as of ``at`` (Unix seconds): 92 bytes a target."""
    reported, allotted = ledger.position()
    header = _HEADER.pack(_MAGIC, _VERSION, at, len(ledger.names))
    counts = np.stack([reported, allotted]).astype("<f4").tobytes()
    return header + name_keys(ledger.names).astype("<u8").tobytes() + counts + controller.save()


def restore_learned(saved: bytes, controller: Controller, ledger: Ledger) -> bool:
    """Resume from saved bytes; False, and nothing changed, when they are empty, damaged or of another version."""
    if len(saved) < _HEADER.size:
        return False
    magic, version, at, size = _HEADER.unpack_from(saved)
    body = _HEADER.size + 16 * size
    if (magic, version) != (_MAGIC, _VERSION) or len(saved) < body:
        return False
    counts = np.frombuffer(saved, dtype="<f4", count=2 * size, offset=_HEADER.size + 8 * size).reshape(2, size)
    if not bool(np.isfinite(counts).all() and (counts >= 0.0).all() and np.isfinite(at)):
        return False
    if not controller.restore(saved[body:]):
        return False
    keys = np.frombuffer(saved, dtype="<u8", count=size, offset=_HEADER.size).astype(np.uint64).view(np.int64)
    here, there = match(name_keys(ledger.names), keys)
    known = np.zeros((2, len(ledger.names)))
    known[:, here] = counts[:, there]
    ledger.resume(at, known[0], known[1])
    return True
