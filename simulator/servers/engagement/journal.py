"""Every push the bulk endpoint answered, and a check of that history that knows nothing of the fence."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 200_000
"""Records kept; the oldest are dropped first. Counts and the check include dropped ones."""


@dataclass(frozen=True, slots=True)
class PushRecord:
    """One request of the bulk endpoint as it was answered."""

    index: int
    received_at: float
    """Unix time in seconds."""
    client: str
    cluster_id: str | None
    epoch: int | None
    sequence: int | None
    part: str | None
    """i/k."""
    accepted: bool
    replayed: bool
    reason: str
    """Empty when accepted; else the code of the refusal, or ``fault:`` and what made the endpoint misbehave."""
    key: str = ""
    """Idempotency-Key without its part."""
    kind: str = "full"
    """``full`` or ``partial``."""
    prev: int | None = None
    """Of a partial push: sequence of the push whose state it changes."""


class OrderCheck:
    """Counts accepted records that are out of order.

    Per client, over accepted records that are not replays, in the order they were applied: one cluster; (epoch,
    sequence) never falls; it repeats only for another part of the same push, and never after a newer one. A partial
    push follows the push of its own term that it names, all parts of which were accepted.
    """

    def __init__(self) -> None:
        self.violations = 0
        self._newest: dict[str, tuple[str, int, int]] = {}
        self._parts: dict[str, set[str]] = {}
        self._terms: dict[str, str] = {}

    def see(self, record: PushRecord) -> None:
        """Take the next record of the history into account."""
        if not record.accepted or record.replayed:
            return
        if record.cluster_id is None or record.epoch is None or record.sequence is None or record.part is None:
            self.violations += 1
            return
        token = (record.cluster_id, record.epoch, record.sequence)
        newest = self._newest.get(record.client)
        if newest == token:
            self.violations += record.part in self._parts[record.client]
            self._parts[record.client].add(record.part)
            return
        if newest is not None and (newest[0] != token[0] or token[1:] < newest[1:]):
            self.violations += 1
            return
        self.violations += record.kind == "partial" and not self._in_step(record)
        self._newest[record.client] = token
        self._parts[record.client] = {record.part}
        self._terms[record.client] = _term(record)

    def _in_step(self, record: PushRecord) -> bool:
        """Whether the newest push is the one a partial push names, and whole."""
        parts = self._parts.get(record.client, set())
        whole = bool(parts) and len(parts) == int(next(iter(parts)).partition("/")[2])
        named = (record.cluster_id, record.epoch, record.prev)
        newest, term = self._newest.get(record.client), self._terms.get(record.client)
        return whole and named == newest and term == _term(record)


def _term(record: PushRecord) -> str:
    """Which term a push belongs to: its key without the sequence."""
    return record.key.rpartition(":")[0]


class Journal:
    """The history of the bulk endpoint."""

    def __init__(self) -> None:
        self._records: deque[PushRecord] = deque(maxlen=KEPT)
        self._index = 0
        self._check = OrderCheck()
        self.pushes_accepted = 0
        """Pushes of which every part was accepted."""
        self.pushes_refused = 0
        """Requests that were not accepted, for whatever reason."""

    def record(self, *, complete: bool = False, **fields: Any) -> PushRecord:
        """Append a record; ``complete`` when it completes a push."""
        self._index += 1
        record = PushRecord(index=self._index, **fields)
        self._records.append(record)
        self._check.see(record)
        self.pushes_accepted += complete
        self.pushes_refused += not record.accepted
        return record

    def after(self, index: int) -> list[dict[str, Any]]:
        """Kept records with a higher index, oldest first, ready for JSON."""
        first = self._records[0].index if self._records else 0
        skip = max(0, index - first + 1) if self._records else 0
        return [asdict(self._records[i]) for i in range(skip, len(self._records))]

    @property
    def accepted_out_of_order(self) -> int:
        """Accepted records that are out of order, over the whole history."""
        return self._check.violations
