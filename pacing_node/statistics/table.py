"""The newest value of every subscription at one server, in arrays by slot. Pure; no input can make it fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from cluster.outside_text import one_line
from contact_center.v1 import statistics_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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

    def store(self, slots: IntArray, entries: Entries, known_before: BoolArray) -> None:
        """Take over the entries of these agents, each slot once; one without an entry is worth nothing here."""
        maximum, in_use, routable = np.zeros(len(slots)), np.zeros(len(slots)), np.zeros(len(slots), dtype=np.bool_)
        maximum[entries.rows], in_use[entries.rows], routable[entries.rows] = entries.columns
        ended = np.maximum(self.in_use[slots] - in_use, 0.0)
        self.completed[slots] += np.where(known_before, ended, 0.0)
        self.maximum[slots], self.in_use[slots], self.routable[slots] = maximum, in_use, routable


@dataclass(slots=True)
class Entries:
    """What several agents have of one medium, by their rows."""

    rows: list[int] = field(default_factory=list)
    maximum: list[int] = field(default_factory=list)
    in_use: list[int] = field(default_factory=list)
    routable: list[bool] = field(default_factory=list)

    def add(self, row: int, capacity: wire.MediaCapacity) -> None:
        """The entry of the agent in this row."""
        self.rows.append(row)
        self.maximum.append(capacity.maximum)
        self.in_use.append(capacity.in_use)
        self.routable.append(capacity.routable)

    @property
    def columns(self) -> tuple[list[int], list[int], list[bool]]:
        """Maximum, in use, routable."""
        return self.maximum, self.in_use, self.routable


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
        """Take over values in their order; those of one kind together, for thousands come at once."""
        values = list(values)
        slots, agents = registry.locate_all([value.reference for value in values])
        numbers: dict[int, float] = {}
        states: dict[int, wire.AgentState] = {}
        for value, slot, agent in zip(values, slots, agents, strict=True):
            if slot < 0:
                self.strangers += 1
                continue
            kind = value.WhichOneof("value")
            if agent and slot in states:
                self._store_agents(states)  # what ended between two states of an agent counts
                states = {}
            fault = _fault(value, kind, agent=agent)
            if fault is not None:
                numbers.pop(slot, None)
                self._store_invalid(slot, fault)
            elif agent:
                states[slot] = value.agent_state
            else:
                numbers[slot] = value.number
        self._store_numbers(numbers)
        self._store_agents(states)

    def take_completed(self, medium: str, slots: IntArray) -> FloatArray:
        """Interactions of the medium that ended at these agents since the last call."""
        column = self.media.get(medium)
        if column is None:
            return np.zeros(len(slots))
        taken = column.completed[slots]
        column.completed[slots] = 0.0
        return taken

    def _store_numbers(self, numbers: Mapping[int, float]) -> None:
        if numbers:
            slots = np.fromiter(numbers, np.int64, len(numbers))
            self.number[slots] = np.fromiter(numbers.values(), np.float64, len(numbers))
            self._mark_valid(slots)

    def _store_agents(self, states: Mapping[int, wire.AgentState]) -> None:
        if not states:
            return
        slots = np.fromiter(states, np.int64, len(states))
        given: dict[str, Entries] = {name: Entries() for name in self.media}
        for row, state in enumerate(states.values()):
            for entry in state.media:
                if entry.media not in given and len(given) < MAX_MEDIA:
                    self.media[entry.media] = Medium.empty(len(self.state))
                    given[entry.media] = Entries()
                if entry.media in given:
                    given[entry.media].add(row, entry)
        known_before = self.state[slots] == VALID
        for name, medium in self.media.items():
            medium.store(slots, given[name], known_before)
        status = [state.status for state in states.values()]
        self.logged_in[slots] = [each != _LOGGED_OUT for each in status]
        self.at_work[slots] = [each in _AT_WORK for each in status]
        self.agents_version += len(states)
        self._mark_valid(slots)

    def _store_invalid(self, slot: int, reason: str) -> None:
        self.logged_in[slot] = self.at_work[slot] = False
        self.agents_version += 1
        self.state[slot] = INVALID
        self.reasons.pop(slot, None)
        if len(self.reasons) < _MAX_REASONS:
            self.reasons[slot] = reason[:_MAX_REASON_LENGTH]

    def _mark_valid(self, slots: IntArray) -> None:
        self.state[slots] = VALID
        for slot in slots.tolist() if self.reasons else ():
            self.reasons.pop(slot, None)


def _fault(value: wire.StatisticValue, kind: str | None, *, agent: bool) -> str | None:
    """Why this is no value of an agent, or of a queue; None when it is one."""
    if kind == "invalid":
        return value.invalid.reason
    if agent and kind == "agent_state":
        return _agent_fault(value.agent_state)
    if not agent and kind == "number":
        return None if 0 <= value.number <= MAX_NUMBER else f"impossible number: {value.number}"
    return f"unexpected value: {kind}"


def _agent_fault(state: wire.AgentState) -> str | None:
    if state.status == wire.AGENT_STATUS_UNSPECIFIED:
        return "agent state without a status"
    for entry in state.media:
        if entry.maximum > MAX_CAPACITY or entry.in_use > MAX_CAPACITY:
            found = f"{entry.in_use} of {entry.maximum} in hand"
            return f"impossible capacity for {one_line(entry.media, _SHOWN)}: {found}"
    return None
