"""The newest value of every subscription at one server, in arrays by slot. Pure; no input can make it fail."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from cluster.outside_text import one_line
from contact_center.v1 import statistics_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from pacing_node.algorithms.model import BoolArray, FloatArray, IntArray
    from pacing_node.statistics.registry import Registry

Element = TypeVar("Element", bound=np.generic)

UNKNOWN, VALID, INVALID = 0, 1, 2
"""States of a slot: nothing heard yet, a value, the server says it has none."""
MAX_NUMBER = 1e9
"""A larger number is not a count of interactions or seconds of a contact centre."""
MAX_CAPACITY = 1000
"""An agent with more of one medium, free or in hand, is not believed: capacity rules allow no more either."""
MAX_MEDIA = 32
"""Most media; further names are ignored, so that a broken feed cannot fill the memory."""
_SHOWN = 60
_MAX_REASONS = 1000
_MAX_REASON_LENGTH = 200

_AT_WORK = (wire.AGENT_STATUS_READY, wire.AGENT_STATUS_BUSY, wire.AGENT_STATUS_AFTER_CALL_WORK, 21, 22)
_LOGGED_OUT = wire.AGENT_STATUS_LOGGED_OUT


@dataclass(slots=True)
class Medium:
    """What agents have of one medium, by slot."""

    maximum: FloatArray
    in_use: FloatArray
    routable: BoolArray
    completed: FloatArray
    """Interactions that ended since they were last taken: the drops of ``in_use``."""

    @classmethod
    def empty(cls, size: int) -> Medium:
        """Nothing of it anywhere."""
        return cls(np.zeros(size), np.zeros(size), np.zeros(size, dtype=np.bool_), np.zeros(size))

    def resize(self, size: int) -> None:
        """Make room for more slots."""
        self.maximum = grown(self.maximum, size)
        self.in_use = grown(self.in_use, size)
        self.routable = grown(self.routable, size)
        self.completed = grown(self.completed, size)

    def store(self, slot: int, capacity: wire.MediaCapacity | None, *, known_before: bool) -> None:
        """Take over one agent's entry; ``None`` means worth nothing for this medium."""
        maximum = capacity.maximum if capacity is not None else 0
        in_use = capacity.in_use if capacity is not None else 0
        if known_before:
            self.completed[slot] += max(0.0, float(self.in_use[slot]) - in_use)
        self.maximum[slot] = maximum
        self.in_use[slot] = in_use
        self.routable[slot] = capacity is not None and capacity.routable


def grown(array: NDArray[Element], size: int) -> NDArray[Element]:
    """The array with zeros behind it up to ``size``."""
    if size <= len(array):
        return array
    return np.concatenate([array, np.zeros(size - len(array), dtype=array.dtype)])


class ValueTable:
    """Values as one server gave them."""

    def __init__(self, size: int) -> None:
        self.number: FloatArray = np.zeros(size)
        self.state: NDArray[np.uint8] = np.zeros(size, dtype=np.uint8)
        self.logged_in: BoolArray = np.zeros(size, dtype=np.bool_)
        self.at_work: BoolArray = np.zeros(size, dtype=np.bool_)
        self.media: dict[str, Medium] = {}
        self.agents_version = 0
        """Changes whenever an agent changes: what was summed up before still holds while it does not."""
        self.strangers = 0
        """Values that came for references nobody waits for."""
        self.reasons: dict[int, str] = {}
        """Slot to the reason of its invalid value, as far as kept."""

    def resize(self, size: int) -> None:
        """Make room for more slots; what is known stays."""
        self.number = grown(self.number, size)
        self.state = grown(self.state, size)
        self.logged_in = grown(self.logged_in, size)
        self.at_work = grown(self.at_work, size)
        for medium in self.media.values():
            medium.resize(size)

    def forget(self, slots: IntArray) -> None:
        """Nothing is known of these slots any more."""
        self.state[slots] = UNKNOWN
        self.number[slots] = 0.0
        self.logged_in[slots] = self.at_work[slots] = False
        for medium in self.media.values():
            for column in (medium.maximum, medium.in_use, medium.completed):
                column[slots] = 0.0
            medium.routable[slots] = False
        for slot in slots.tolist() if self.reasons else ():
            self.reasons.pop(slot, None)
        self.agents_version += 1

    def apply(self, values: Iterable[wire.StatisticValue], registry: Registry) -> None:
        """Take over values in their order."""
        for value in values:
            place = registry.locate(value.reference)
            if place is None:
                self.strangers += 1
                continue
            slot, agent = place
            kind = value.WhichOneof("value")
            if agent and kind == "agent_state":
                self._store_agent(slot, value.agent_state)
            elif not agent and kind == "number":
                self._store_number(slot, value.number)
            else:
                self._store_invalid(slot, value.invalid.reason if kind == "invalid" else f"unexpected value: {kind}")

    def take_completed(self, medium: str, slots: IntArray) -> FloatArray:
        """Interactions of the medium that ended at these agents since the last call."""
        column = self.media.get(medium)
        if column is None:
            return np.zeros(len(slots))
        taken = column.completed[slots]
        column.completed[slots] = 0.0
        return taken

    def _store_number(self, slot: int, number: float) -> None:
        if not math.isfinite(number) or not 0 <= number <= MAX_NUMBER:
            self._store_invalid(slot, f"impossible number: {number}")
            return
        self.number[slot] = number
        self._mark(slot, VALID)

    def _store_agent(self, slot: int, state: wire.AgentState) -> None:
        if state.status == wire.AGENT_STATUS_UNSPECIFIED:
            self._store_invalid(slot, "agent state without a status")
            return
        for entry in state.media:
            if max(entry.maximum, entry.in_use) > MAX_CAPACITY:
                found = f"{entry.in_use} of {entry.maximum} in hand"
                self._store_invalid(slot, f"impossible capacity for {one_line(entry.media, _SHOWN)}: {found}")
                return
        known_before = self.state[slot] == VALID
        given = {entry.media: entry for entry in state.media}
        for name in given:
            if name not in self.media and len(self.media) < MAX_MEDIA:
                self.media[name] = Medium.empty(len(self.state))
        for name, medium in self.media.items():
            medium.store(slot, given.get(name), known_before=known_before)
        self.logged_in[slot] = state.status != _LOGGED_OUT
        self.at_work[slot] = state.status in _AT_WORK
        self.agents_version += 1
        self._mark(slot, VALID)

    def _store_invalid(self, slot: int, reason: str) -> None:
        self.logged_in[slot] = self.at_work[slot] = False
        self.agents_version += 1
        self._mark(slot, INVALID)
        if len(self.reasons) < _MAX_REASONS:
            self.reasons[slot] = reason[:_MAX_REASON_LENGTH]

    def _mark(self, slot: int, state: int) -> None:
        self.state[slot] = state
        if self.reasons:
            self.reasons.pop(slot, None)
