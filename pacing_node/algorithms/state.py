"""What the laws learn of each target, as a structure of arrays, and its compact form for a successor.

Saved form, little-endian: a header (magic, version, fields, targets), then for each target an 8-byte key of its name,
then the fields as float32, field by field: 112 bytes a target.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.algorithms.model import FloatArray, IntArray

VERSION = 3
"""Version of the saved form; another one is refused."""

Positions: TypeAlias = "IntArray | slice"
"""Rows of a table: by number, or all of them as they are."""

_ALL = slice(None)
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
    "unproven",
    "proven",
    "offset",
    "open_entries",
    "counted",
    "possible",
    "reported_seconds",
    "accepts_out",
    "refusals_out",
)
"""Names of the saved fields, in the order of the saved form."""


class UnusableStateError(ValueError):
    """Saved state that cannot be restored: damaged, of another version, or with values that cannot be."""


class LearnedState:
    """Learned values of all targets; every attribute of ``FIELDS`` is a row of one table, a value per target."""

    entries: FloatArray
    """Accepted invitations in memory (acceptance, slow copy)."""
    disposed: FloatArray
    """Dispositions in memory (acceptance, slow copy)."""
    fast_entries: FloatArray
    """Accepted invitations in memory (fast copy)."""
    fast_disposed: FloatArray
    """Dispositions in memory (fast copy)."""
    waiting_seconds: FloatArray
    """Integral of the waiting count over time."""
    abandoned: FloatArray
    """Interactions abandoned over the same time."""
    handle: FloatArray
    """Moving average of the handle time in seconds; 0 = nothing known."""
    completed: FloatArray
    """Interactions the handle time was learned from, in memory."""
    disposition: FloatArray
    """Moving average of the time to a disposition in seconds; 0 = nothing known."""
    reactive: FloatArray
    """Offered reactive interactions per second."""
    integral: FloatArray
    """Integral of the outer law: abandonment beyond the goal, in interactions."""
    budget: FloatArray
    """Interactions the goal would have allowed to abandon so far."""
    busy_integral: FloatArray
    """Integral of the busy-factor law."""
    inbound: FloatArray
    """InboundPortion in force; stored as 1 - value so that a fresh row means 1."""
    spent: FloatArray
    """Share of allotted invitations that went unspent, moving average."""
    share_integral: FloatArray
    """Integral that holds the proactive share, in interactions."""
    flow: FloatArray
    """Accepted interactions per second, moving average; weighs targets that share agents."""
    unproven: FloatArray
    """Accepts that dispositions since the last accepts should have brought; what accepts back is taken off."""
    proven: FloatArray
    """The highest acceptance ratio of late; 0 = nothing known."""
    offset: FloatArray
    """What the start margin lacks, learned from lasting feedback of the outer law; standard deviations."""
    open_entries: FloatArray
    """Interactions that entered the queue and that no report covers yet."""
    counted: FloatArray
    """Dispositions as counted, in memory; compared with ``possible``."""
    possible: FloatArray
    """Dispositions that the pending counts can explain, over the same time."""
    reported_seconds: FloatArray
    """Seconds that the platform's reports covered so far."""
    accepts_out: FloatArray
    """Of the invitations in the newest report, those that will be accepted."""
    refusals_out: FloatArray
    """Those that will be refused."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.keys = name_keys(self.names)
        """The names' keys, in their order."""
        self._table = np.zeros((len(FIELDS), len(self.names)))
        for name, row in zip(FIELDS, self._table, strict=True):
            setattr(self, name, row)

    def __len__(self) -> int:
        """Number of targets."""
        return len(self.names)

    def save(self) -> bytes:
        """The table as bytes, keyed by target name."""
        return b"".join(self.saved_parts())

    def saved_parts(self) -> list[bytes | memoryview]:
        """What ``save`` gives, in parts to be joined: of very many targets each copy takes milliseconds."""
        header = _HEADER.pack(_MAGIC, VERSION, len(FIELDS), len(self))
        return [header, self.keys.astype("<i8", copy=False).data, self._table.astype("<f4").data]

    def restore(self, saved: bytes) -> None:
        """Take over rows whose names match. Raises ``UnusableStateError``, and changes nothing, if unfit."""
        keys, table = _parse(saved)
        here, there = match(self.keys, keys)
        self._table[:, here] = table[:, there]


def name_keys(names: Sequence[str]) -> IntArray:
    """An 8-byte key per name, stable across processes and versions of Python. Not to be changed: callers share it."""
    return _name_keys(tuple(names))


@lru_cache(maxsize=4)
def _name_keys(names: tuple[str, ...]) -> IntArray:
    """Kept for the sets of targets in force: every cycle saves what was learned, by key."""
    digests = b"".join(blake2b(name.encode(), digest_size=8).digest() for name in names)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64).view(np.int64)


def match(ours: IntArray, theirs: IntArray) -> tuple[Positions, Positions]:
    """Positions in both arrays of the keys they have in common, to index columns with.

    The same targets in the same order, as nearly always when a master resumes, need no sorting.
    """
    if np.array_equal(ours, theirs):
        return _ALL, _ALL
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
