"""References: the numbers by which values on the wire find their place in the arrays. Pure."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from pacing_node.algorithms.model import BoolArray, IntArray

SLOT_BITS = 22
"""Low bits of a reference: the slot, an index into the arrays. The high bits count how often the slot was reused."""
MAX_SLOTS = 1 << SLOT_BITS
_GENERATIONS = 1 << (32 - SLOT_BITS)


class Subject(NamedTuple):
    """One statistic of one object."""

    agent: bool
    """True for an agent's state, False for a number of a queue."""
    object_id: str
    """An agent's user name, or a queue as ``number@switch``."""
    statistic: str
    filter: str = ""


class ObjectsChange(NamedTuple):
    """What a new set of objects adds to and takes from the set before."""

    added: tuple[int, ...]
    """References of new subscriptions."""
    removed: tuple[int, ...]
    """References whose subscription ends."""

    def slots(self) -> IntArray:
        """Slots of both."""
        references = np.concatenate([np.array(each, np.int64) for each in self])
        return references % MAX_SLOTS


class Registry:
    """Gives every statistic of every wanted object a reference, and keeps it as long as the object is wanted.

    A queue has a block of slots, one for each of its statistics; an agent has one slot. A slot whose object is gone is
    reused under a new reference, so that a late value of the old object is recognised and dropped instead of landing at
    the new one.
    """

    def __init__(self, queue_statistics: Sequence[tuple[str, str]], agent_statistic: str) -> None:
        """``queue_statistics`` are (statistic, filter), asked for of every queue."""
        self._statistics = tuple(queue_statistics)
        self._agent_statistic = agent_statistic
        self._queues: dict[str, int] = {}
        self._agents: dict[str, int] = {}
        self._names: dict[int, str] = {}  # name of the object whose block begins at a slot
        self._free: dict[int, list[int]] = {}  # width of a block to first slots of free ones
        self._next = 1  # slot 0 stays unused: an unset field on the wire reads as reference 0
        self._current: NDArray[np.uint32] = np.zeros(1024, dtype=np.uint32)  # the valid reference of each slot, or 0
        self._last: NDArray[np.uint32] = np.zeros(1024, dtype=np.uint32)  # the newest reference a slot ever had
        self._offset: NDArray[np.uint8] = np.zeros(1024, dtype=np.uint8)  # place of a slot in its block
        self._is_agent: BoolArray = np.zeros(1024, dtype=np.bool_)

    def __len__(self) -> int:
        return len(self._queues) * len(self._statistics) + len(self._agents)

    @property
    def size(self) -> int:
        """Length arrays by slot must have."""
        return len(self._current)

    @property
    def agents(self) -> Mapping[str, int]:
        """Slot of each agent."""
        return self._agents

    def queues(self, names: Sequence[str]) -> IntArray:
        """First slot of each of these queues; ``KeyError`` for one that is not wanted."""
        return np.array([self._queues[name] for name in names], dtype=np.int64)

    def offset(self, statistic: str, only: str = "") -> int:
        """Place of a statistic in a queue's block; ``ValueError`` for one that is not asked for."""
        return self._statistics.index((statistic, only))

    def assign(self, queues: Iterable[str], agents: Iterable[str]) -> ObjectsChange:
        """Make these the objects. Raises ``OverflowError``, and changes nothing, when there are more than slots."""
        wanted_queues, wanted_agents = dict.fromkeys(queues), dict.fromkeys(agents)
        needed = len(wanted_queues) * len(self._statistics) + len(wanted_agents)
        if needed >= MAX_SLOTS // 2:
            raise OverflowError(f"{needed} statistics are wanted, at most {MAX_SLOTS // 2 - 1} can be held")
        removed = self._drop(self._queues, wanted_queues, len(self._statistics)) + self._drop(
            self._agents, wanted_agents, 1
        )
        added = self._add(self._queues, wanted_queues, len(self._statistics)) + self._add(
            self._agents, wanted_agents, 1, agents=True
        )
        return ObjectsChange(tuple(added), tuple(removed))

    def copied(self) -> Registry:
        """Another one with the same content, which can be changed on any thread while this one is in use."""
        content = {name: copy.copy(each) for name, each in vars(self).items()}
        content["_free"] = {width: list(firsts) for width, firsts in self._free.items()}
        other = Registry(self._statistics, self._agent_statistic)
        vars(other).update(content)
        return other

    def become(self, other: Registry) -> None:
        """Hold what another one holds, for all who hold this one; the other must not be changed any more."""
        vars(self).update(vars(other))

    def references(self) -> list[int]:
        """Every current reference."""
        references: list[int] = self.reference_column().tolist()
        return references

    def reference_column(self) -> NDArray[np.uint32]:
        """Every current reference, without an object for each."""
        references: NDArray[np.uint32] = self._current[self._current != 0]
        return references

    def at(self, slot: int) -> Subject | None:
        """The subject that holds a slot now."""
        if not self._current[slot]:
            return None
        offset = int(self._offset[slot])
        name = self._names[slot - offset]
        if self._is_agent[slot]:
            return Subject(True, name, self._agent_statistic)
        return Subject(False, name, *self._statistics[offset])

    def locate(self, reference: int) -> tuple[int, bool] | None:
        """Slot and kind (True: agent) of a reference from the wire; None when nobody waits for it."""
        slot = reference % MAX_SLOTS
        if reference == 0 or slot >= len(self._current) or self._current[slot] != reference:
            return None
        return slot, bool(self._is_agent[slot])

    def locate_all(self, references: Sequence[int]) -> tuple[list[int], list[bool]]:
        """Slots and kinds as :meth:`locate` gives them; slot -1 where nobody waits for a reference."""
        wanted = np.array(references, np.int64)
        slots = wanted % MAX_SLOTS
        inside = np.where(slots < len(self._current), slots, 0)
        known = (wanted != 0) & (slots < len(self._current)) & (self._current[inside] == wanted)
        return np.where(known, slots, -1).tolist(), self._is_agent[inside].tolist()

    def subject(self, reference: int) -> Subject | None:
        """The subject behind a current reference; None for any other."""
        place = self.locate(reference)
        return None if place is None else self.at(place[0])

    def subjects(self, references: Sequence[int]) -> list[Subject | None]:
        """The subjects behind references, as :meth:`subject` gives each."""
        slots, agents = self.locate_all(references)
        offsets = self._offset[slots].tolist()  # of slot -1 it is not used
        return [
            None
            if slot < 0
            else Subject(True, self._names[slot], self._agent_statistic)
            if agent
            else Subject(False, self._names[slot - offset], *self._statistics[offset])
            for slot, agent, offset in zip(slots, agents, offsets, strict=True)
        ]

    def _drop(self, known: dict[str, int], wanted: Mapping[str, object], width: int) -> list[int]:
        gone = [name for name in known if name not in wanted]
        firsts = [known.pop(name) for name in gone]
        for first in firsts:
            del self._names[first]
        slots = _blocks(firsts, width)
        references: list[int] = self._current[slots].tolist()
        self._current[slots] = 0
        self._free.setdefault(width, []).extend(firsts)
        return references

    def _add(
        self, known: dict[str, int], wanted: Mapping[str, object], width: int, *, agents: bool = False
    ) -> list[int]:
        new = [name for name in wanted if name not in known]
        firsts = self._allocate(len(new), width)
        known.update(zip(new, firsts, strict=True))
        self._names.update(zip(firsts, new, strict=True))
        slots = _blocks(firsts, width)
        last = self._last[slots].astype(np.int64)
        generation = np.where(last > 0, (last // MAX_SLOTS + 1) % _GENERATIONS, 0)
        references = generation * MAX_SLOTS + slots
        self._current[slots] = self._last[slots] = references
        self._offset[slots] = np.tile(np.arange(width, dtype=np.uint8), len(new))
        self._is_agent[slots] = agents
        found: list[int] = references.tolist()
        return found

    def _allocate(self, count: int, width: int) -> list[int]:
        """First slots of free blocks: those given back, then new ones."""
        free = self._free.setdefault(width, [])
        reused = [free.pop() for _ in range(min(count, len(free)))]
        fresh = [self._next + index * width for index in range(count - len(reused))]
        self._next += len(fresh) * width
        size = len(self._current)
        while size < self._next:
            size *= 2
        if size > len(self._current):
            self._current, self._last, self._offset = (
                np.concatenate([array, np.zeros(size - len(array), dtype=array.dtype)])
                for array in (self._current, self._last, self._offset)
            )
            self._is_agent = np.concatenate([self._is_agent, np.zeros(size - len(self._is_agent), dtype=np.bool_)])
        return reused + fresh


def _blocks(firsts: Sequence[int], width: int) -> IntArray:
    """All slots of the blocks that begin at these."""
    starts = np.array(firsts, dtype=np.int64)
    return (starts[:, np.newaxis] + np.arange(width, dtype=np.int64)).reshape(-1)
