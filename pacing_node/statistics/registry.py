"""References: the numbers by which values on the wire find their place in the arrays. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

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


class Change(NamedTuple):
    """What a new set of subjects adds to and takes from the set before."""

    added: tuple[int, ...]
    """References of new subscriptions."""
    removed: tuple[int, ...]
    """References whose subscription ends."""


class Registry:
    """Gives every wanted subject a reference and keeps it as long as the subject is wanted.

    A slot whose subject is gone is reused under a new reference, so that a late value of the old subject is told apart
    and dropped instead of landing at the new one.
    """

    def __init__(self) -> None:
        self._references: dict[Subject, int] = {}
        self._subjects: dict[int, Subject] = {}
        self._free: list[int] = []
        self._current: NDArray[np.uint32] = np.zeros(1024, dtype=np.uint32)  # the valid reference of each slot, or 0
        self._last: NDArray[np.uint32] = np.zeros(1024, dtype=np.uint32)  # the newest reference a slot ever had
        self._is_agent: BoolArray = np.zeros(1024, dtype=np.bool_)
        self._next = 1  # slot 0 stays unused: an unset field on the wire reads as reference 0

    def __len__(self) -> int:
        return len(self._references)

    @property
    def size(self) -> int:
        """Length arrays by slot must have."""
        return len(self._current)

    def assign(self, wanted: Iterable[Subject]) -> Change:
        """Make ``wanted`` the set of subjects. Raises ``OverflowError`` when there are more than the slots hold."""
        goal = dict.fromkeys(wanted)
        if len(goal) >= MAX_SLOTS:
            raise OverflowError(f"{len(goal)} statistics are wanted, at most {MAX_SLOTS - 1} can be held")
        removed = tuple(self._drop(subject) for subject in [each for each in self._references if each not in goal])
        added = tuple(self._add(subject) for subject in goal if subject not in self._references)
        return Change(added, removed)

    def slot(self, subject: Subject) -> int:
        """The slot of a wanted subject; ``KeyError`` for any other."""
        return self._references[subject] % MAX_SLOTS

    def subject(self, reference: int) -> Subject:
        """The subject behind a current reference; ``KeyError`` for any other."""
        return self._subjects[reference]

    def at(self, slot: int) -> Subject | None:
        """The subject that holds a slot now."""
        return self._subjects.get(int(self._current[slot]))

    def slots(self) -> IntArray:
        """Slots in use, in no order."""
        return np.flatnonzero(self._current).astype(np.int64)

    def items(self) -> list[tuple[int, Subject]]:
        """Every current reference with its subject."""
        return list(self._subjects.items())

    def locate(self, reference: int) -> tuple[int, bool] | None:
        """Slot and kind (True: agent) of a reference from the wire; None when nobody waits for it."""
        slot = reference % MAX_SLOTS
        if reference == 0 or slot >= len(self._current) or self._current[slot] != reference:
            return None
        return slot, bool(self._is_agent[slot])

    def _add(self, subject: Subject) -> int:
        slot = self._free.pop() if self._free else self._fresh_slot()
        generation = (int(self._last[slot]) // MAX_SLOTS + 1) % _GENERATIONS if self._last[slot] else 0
        reference = generation * MAX_SLOTS + slot
        self._current[slot] = self._last[slot] = reference
        self._is_agent[slot] = subject.agent
        self._references[subject] = reference
        self._subjects[reference] = subject
        return reference

    def _drop(self, subject: Subject) -> int:
        reference = self._references.pop(subject)
        del self._subjects[reference]
        slot = reference % MAX_SLOTS
        self._current[slot] = 0
        self._free.append(slot)
        return reference

    def _fresh_slot(self) -> int:
        slot = self._next
        self._next += 1
        if slot >= len(self._current):
            room = len(self._current)
            self._current = np.concatenate([self._current, np.zeros(room, dtype=np.uint32)])
            self._last = np.concatenate([self._last, np.zeros(room, dtype=np.uint32)])
            self._is_agent = np.concatenate([self._is_agent, np.zeros(room, dtype=np.bool_)])
        return slot
