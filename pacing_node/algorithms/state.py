"""What the laws learn of each target, as a structure of arrays, and its compact form for a successor.

Saved form, little-endian: a header (magic, version, fields, targets), then for each target an 8-byte key of its name,
then the fields as float32, field by field: 76 bytes a target.
"""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.algorithms.model import FloatArray, IntArray

VERSION = 1
"""Version of the saved form; another one is refused."""

_MAGIC = b"PACE"
_HEADER = struct.Struct("<4sHHI")

FIELDS = (
    "entries",
    "disposed",
    "fast_entries",
    "fast_disposed",
    "waiting_seconds",
    "abandoned",
    "handle",
    "completed",
    "disposition",
    "reactive",
    "integral",
    "budget",
    "busy_integral",
    "inbound",
    "spent",
    "share_integral",
    "flow",
)
"""Names of the saved fields, in the order of the saved form."""


class UnusableStateError(ValueError):
    """Saved state that cannot be restored: damaged, of another version, or with values that cannot be."""


class LearnedState:
    """Learned values of all targets; every attribute is a row of one table, a value per target."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.keys = name_keys(self.names)
        """The names' keys, in their order."""
        size = len(self.names)
        self._table = np.zeros((len(FIELDS), size))
        row = dict(zip(FIELDS, self._table, strict=True))
        self.entries: FloatArray = row["entries"]
        """Accepted invitations in memory (acceptance, slow copy)."""
        self.disposed: FloatArray = row["disposed"]
        """Dispositions in memory (acceptance, slow copy)."""
        self.fast_entries: FloatArray = row["fast_entries"]
        """Accepted invitations in memory (fast copy)."""
        self.fast_disposed: FloatArray = row["fast_disposed"]
        """Dispositions in memory (fast copy)."""
        self.waiting_seconds: FloatArray = row["waiting_seconds"]
        """Integral of the waiting count over time."""
        self.abandoned: FloatArray = row["abandoned"]
        """Interactions abandoned over the same time."""
        self.handle: FloatArray = row["handle"]
        """Moving average of the handle time in seconds; 0 = nothing known."""
        self.completed: FloatArray = row["completed"]
        """Interactions the handle time was learned from, in memory."""
        self.disposition: FloatArray = row["disposition"]
        """Moving average of the time to a disposition in seconds; 0 = nothing known."""
        self.reactive: FloatArray = row["reactive"]
        """Offered reactive interactions per second."""
        self.integral: FloatArray = row["integral"]
        """Integral of the outer law: abandonment beyond the goal, in interactions."""
        self.budget: FloatArray = row["budget"]
        """Interactions the goal would have allowed to abandon so far."""
        self.busy_integral: FloatArray = row["busy_integral"]
        """Integral of the busy-factor law."""
        self.inbound: FloatArray = row["inbound"]
        """InboundPortion in force; stored as 1 - value so that a fresh row means 1."""
        self.spent: FloatArray = row["spent"]
        """Share of allotted invitations that went unspent, moving average."""
        self.share_integral: FloatArray = row["share_integral"]
        """Integral that holds the proactive share, in interactions."""
        self.flow: FloatArray = row["flow"]
        """Accepted interactions per second, moving average; weighs targets that share agents."""

    def __len__(self) -> int:
        """Number of targets."""
        return len(self.names)

    def save(self) -> bytes:
        """The table as bytes, keyed by target name."""
        header = _HEADER.pack(_MAGIC, VERSION, len(FIELDS), len(self))
        return header + self.keys.astype("<u8").tobytes() + self._table.astype("<f4").tobytes()

    def restore(self, saved: bytes) -> None:
        """Take over rows whose names match. Raises ``UnusableStateError``, and changes nothing, if unfit."""
        keys, table = _parse(saved)
        here, there = match(self.keys, keys)
        self._table[:, here] = table[:, there]


def name_keys(names: Sequence[str]) -> IntArray:
    """An 8-byte key per name, stable across processes and versions of Python."""
    digests = b"".join(blake2b(name.encode(), digest_size=8).digest() for name in names)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64).view(np.int64)


def match(ours: IntArray, theirs: IntArray) -> tuple[IntArray, IntArray]:
    """Positions in both arrays of the keys they have in common."""
    _, here, there = np.intersect1d(ours, theirs, return_indices=True)
    return here, there


def _parse(saved: bytes) -> tuple[IntArray, FloatArray]:
    if len(saved) < _HEADER.size:
        raise UnusableStateError(f"the law's part has {len(saved)} bytes, its header has {_HEADER.size}")
    magic, version, fields, size = _HEADER.unpack_from(saved)
    if (magic, version, fields) != (_MAGIC, VERSION, len(FIELDS)):
        raise UnusableStateError(f"the law's part is of another version: {magic!r} {version}, {fields} fields")
    expected = _HEADER.size + size * (8 + 4 * fields)
    if len(saved) != expected:
        raise UnusableStateError(f"the law's part has {len(saved)} bytes, expected {expected} for {size} targets")
    keys = np.frombuffer(saved, dtype="<u8", count=size, offset=_HEADER.size).astype(np.uint64).view(np.int64)
    table = np.frombuffer(saved, dtype="<f4", offset=_HEADER.size + 8 * size).reshape(fields, size).astype(np.float64)
    if not bool(np.isfinite(table).all()):
        raise UnusableStateError("the law's part holds values that are not finite")
    return keys, table
