"""The newest value of every subscription at one server, in arrays by slot. Pure; no input can make it fail."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

import numpy as np

from cluster.outside_text import one_line
from contact_center.v1 import statistics_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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

_AT_WORK = frozenset({wire.AGENT_STATUS_READY, wire.AGENT_STATUS_BUSY, wire.AGENT_STATUS_AFTER_CALL_WORK, 21, 22})
_LOGGED_OUT = wire.AGENT_STATUS_LOGGED_OUT
_AGENT, _NUMBER = "agent_state", "number"
"""Kinds of values, by their fields."""


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

    def store(self, slots: IntArray, entries: Sequence[_Entry], states: _States, known: BoolArray) -> None:
        """Take over the entries of these agents, each slot once; a state without an entry is worth nothing here.

        ``known`` says which agents had a state before.
        """
        size = len(states.different)
        maximum, in_use, routable = np.zeros(size), np.zeros(size), np.zeros(size, dtype=np.bool_)
        if entries:
            places, *columns = map(list, zip(*entries, strict=True))
            maximum[places], in_use[places], routable[places] = columns
        now_in_use = in_use[states.of_agent]
        ended = np.maximum(self.in_use[slots] - now_in_use, 0.0)
        self.completed[slots] += np.where(known, ended, 0.0)
        self.maximum[slots], self.in_use[slots] = maximum[states.of_agent], now_in_use
        self.routable[slots] = routable[states.of_agent]


_Entry: TypeAlias = "tuple[int, int, int, bool]"
"""What a state has of a medium: place of the state, maximum, in use, routable."""


_AgentState: TypeAlias = "tuple[int, list[tuple[str, int, int, bool]]]"
"""Status of an agent, and per medium its name, maximum, in use, routable."""


class _States(NamedTuple):
    """States of agents, who have few different ones."""

    of_agent: IntArray
    """Per agent the place of its state in ``different``."""
    different: Sequence[_AgentState]


def _agent_state(state: wire.AgentState) -> _AgentState:
    """What a message says."""
    # A slice, for going through a repeated field ends with an exception.
    return state.status, [(entry.media, entry.maximum, entry.in_use, entry.routable) for entry in state.media[:]]


def _states(values: Sequence[wire.StatisticValue]) -> _States:
    """States of agents as messages say them, equal ones read once: each look at a field makes an object.

    A value without a state has one without a status.
    """
    keys = [value.agent_state.SerializeToString() for value in values]
    first = dict(zip(reversed(keys), reversed(values), strict=True))
    place = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    of_agent = np.fromiter(map(place.__getitem__, keys), np.int64, len(keys))
    return _States(of_agent, [_agent_state(first[key].agent_state) for key in place])


def _apart(states: Mapping[int, _AgentState]) -> tuple[IntArray, _States]:
    """Slots and states, none of which is taken for another."""
    return np.array(list(states), np.int64), _States(np.arange(len(states)), list(states.values()))


def _numbers(values: Sequence[wire.StatisticValue], rows: BoolArray) -> FloatArray | None:
    """The numbers of these values; None when one has none, or one that is impossible."""
    numbers = np.array([value.number for value in compress(values, rows)], np.float64)
    if not np.all((numbers >= 0.0) & (numbers <= MAX_NUMBER)):
        return None
    # A value without a number reads as 0.
    nothing = np.flatnonzero(rows)[numbers == 0.0].tolist()
    return numbers if all(values[row].WhichOneof("value") == _NUMBER for row in nothing) else None


def grown(array: NDArray[Element], size: int) -> NDArray[Element]:
    """The array with zeros behind it up to ``size``: memory that the system gives when it is first written to."""
    if size <= len(array):
        return array
    larger = np.zeros(size, dtype=array.dtype)
    larger[: len(array)] = array
    return larger


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

    @property
    def heard(self) -> int:
        """Slots of which something was heard: a value, or that the server has none."""
        return int(np.count_nonzero(self.state))

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
        self._drop_reasons(slots)
        self.state[slots] = UNKNOWN
        self.number[slots] = 0.0
        self.logged_in[slots] = self.at_work[slots] = False
        for medium in self.media.values():
            for column in (medium.maximum, medium.in_use, medium.completed):
                column[slots] = 0.0
            medium.routable[slots] = False
        self.agents_version += 1

    def apply(self, values: Iterable[wire.StatisticValue], registry: Registry) -> None:
        """Take over values in their order; those of one kind together, for thousands come at once."""
        values = list(values)
        slots, agents = registry.locate_all([value.reference for value in values])
        if not self._apply_usual(values, np.array(slots, np.int64), np.array(agents, np.bool_)):
            self._apply_each(values, slots, agents)

    def _apply_usual(self, values: Sequence[wire.StatisticValue], slots: IntArray, agents: BoolArray) -> bool:
        """Take over what comes nearly always: numbers of queues and states of agents, each agent once, none impossible.

        False, and nothing is taken over, when there is anything else.
        """
        of_agents, numbers = slots[agents], _numbers(values, ~agents)
        if numbers is None or np.any(slots < 0) or len(set(of_agents.tolist())) < len(of_agents):
            return False
        states = _states(list(compress(values, agents)))
        if any(_agent_fault(each) is not None for each in states.different):
            return False
        self._store_numbers(slots[~agents], numbers)
        self._store_agents(of_agents, states)
        return True

    def _apply_each(self, values: Sequence[wire.StatisticValue], slots: list[int], agents: list[bool]) -> None:
        """Take over whatever has come, value by value."""
        numbers: dict[int, float] = {}
        states: dict[int, _AgentState] = {}
        for value, slot, agent in zip(values, slots, agents, strict=True):
            if slot < 0:
                self.strangers += 1
                continue
            kind = value.WhichOneof("value")
            if agent and slot in states:
                self._store_agents(*_apart(states))  # what ended between two states of an agent counts
                states = {}
            fault: str | None
            if agent and kind == _AGENT:
                state = _agent_state(value.agent_state)
                if (fault := _agent_fault(state)) is None:
                    states[slot] = state
                    continue
            elif not agent and kind == _NUMBER:
                number = value.number
                if 0 <= number <= MAX_NUMBER:
                    numbers[slot] = number
                    continue
                fault = f"impossible number: {number}"
            else:
                fault = value.invalid.reason if kind == "invalid" else f"unexpected value: {kind}"
            numbers.pop(slot, None)
            self._store_invalid(slot, fault)
        self._store_numbers(np.array(list(numbers), np.int64), np.array(list(numbers.values()), np.float64))
        self._store_agents(*_apart(states))

    def take_completed(self, medium: str, slots: IntArray) -> FloatArray:
        """Interactions of the medium that ended at these agents since the last call."""
        column = self.media.get(medium)
        if column is None:
            return np.zeros(len(slots))
        taken = column.completed[slots]
        column.completed[slots] = 0.0
        return taken

    def forget_completed(self, medium: str, slots: IntArray) -> None:
        """What :meth:`take_completed` would give is not wanted."""
        if (column := self.media.get(medium)) is not None:
            column.completed[slots] = 0.0

    def _store_numbers(self, slots: IntArray, numbers: FloatArray) -> None:
        """Of a slot that comes twice the last number counts."""
        self.number[slots] = numbers
        self._mark_valid(slots)

    def _store_agents(self, slots: IntArray, found: _States) -> None:
        """Take over states of agents, each slot once."""
        if not len(slots):
            return
        given: dict[str, list[_Entry]] = {name: [] for name in self.media}
        for place, (_, media) in enumerate(found.different):
            for name, maximum, in_use, routable in media:
                if name not in given and len(given) < MAX_MEDIA:
                    self.media[name] = Medium.empty(len(self.state))
                    given[name] = []
                if name in given:
                    given[name].append((place, maximum, in_use, routable))
        known_before = self.state[slots] == VALID
        for name, medium in self.media.items():
            medium.store(slots, given[name], found, known_before)
        status = [each for each, _ in found.different]
        self.logged_in[slots] = np.array([each != _LOGGED_OUT for each in status])[found.of_agent]
        self.at_work[slots] = np.array([each in _AT_WORK for each in status])[found.of_agent]
        self.agents_version += len(slots)
        self._mark_valid(slots)

    def _store_invalid(self, slot: int, reason: str) -> None:
        self.logged_in[slot] = self.at_work[slot] = False
        self.agents_version += 1
        self.state[slot] = INVALID
        self.reasons.pop(slot, None)
        if len(self.reasons) < _MAX_REASONS:
            self.reasons[slot] = reason[:_MAX_REASON_LENGTH]

    def _mark_valid(self, slots: IntArray) -> None:
        self._drop_reasons(slots)
        self.state[slots] = VALID

    def _drop_reasons(self, slots: IntArray) -> None:
        """Slots that were invalid no longer are; the others have no reason to look for."""
        if self.reasons:
            for slot in slots[self.state[slots] == INVALID].tolist():
                self.reasons.pop(slot, None)


def _agent_fault(state: _AgentState) -> str | None:
    """Why this is no state of an agent; None when it is one."""
    status, media = state
    if status == wire.AGENT_STATUS_UNSPECIFIED:
        return "agent state without a status"
    for name, maximum, in_use, _ in media:
        if maximum > MAX_CAPACITY or in_use > MAX_CAPACITY:
            return f"impossible capacity for {one_line(name, _SHOWN)}: {in_use} of {maximum} in hand"
    return None
