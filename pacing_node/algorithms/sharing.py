"""Agents who serve several targets: counted once, promised once.

Every target sees all agents of its groups, and on them the claims of the targets it shares them with: the visitors
who wait there and those whom invitations already out will bring, in proportion to how much of the other target's
capacity is shared. What is left is split by weights: recent accepted flow with a floor of 10 %, so that a target with
nothing going on leaves its share to the others and can still come back. Whole invitations are then dealt out so that
neighbours' fractions never add up to more than the agents they share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pacing_node.algorithms.model import BoolArray, FloatArray, IntArray, SharedAgents

FLOOR = 0.1
"""Least weight of a target among those that share a class of agents."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How the targets of one snapshot share their agents."""

    portion: FloatArray
    """Share of a target's capacity that is its own to promise, 0..1; 1 where it shares nothing."""
    component: IntArray
    """Targets with the same number depend on each other."""
    class_index: IntArray
    """The pairs (class, target) with at least one slot: the class of each."""
    class_target: IntArray
    """The target of each pair."""
    part: FloatArray
    """Share of the target's capacity that the pair is, 0..1."""

    def claims(self, values: FloatArray) -> FloatArray:
        """What other targets claim of each target's agents, in the unit of ``values``.

        Of each class a target's neighbours claim the part of their values that lies in the class.
        """
        own = self.part * values[self.class_target]
        every = np.bincount(self.class_index, own)
        others = every[self.class_index] - own if len(own) else own
        return np.asarray(np.bincount(self.class_target, np.maximum(others, 0.0), len(values)), dtype=np.float64)

    @property
    def shared(self) -> BoolArray:
        """True for targets that share at least one agent."""
        several = np.bincount(self.class_index)[self.class_index] > 1 if len(self.class_index) else self.class_index
        return np.asarray(np.bincount(self.class_target, several, len(self.portion)) > 0.0)


def share_agents(shared: SharedAgents, flow: FloatArray) -> Shares:
    """Weights, overlaps and components of a snapshot's sharing; ``flow`` = accepted interactions per second."""
    size = len(flow)
    slots = shared.ready + shared.busy
    classes = int(shared.class_index.max(initial=-1)) + 1
    weight = _weights(shared, flow, classes)
    total = np.bincount(shared.class_target, slots, size)
    own = np.bincount(shared.class_target, slots * weight, size)
    portion = np.where(total > 0.0, own / np.maximum(total, 1e-9), 1.0)
    pairs = np.flatnonzero(slots > 0.0)
    index, target = shared.class_index[pairs], shared.class_target[pairs]
    return Shares(portion, components(index, target, size), index, target, slots[pairs] / total[target])


def components(class_index: IntArray, class_target: IntArray, size: int) -> IntArray:
    """A number per target, the same for all that are connected by classes: the least row among them.

    Every class takes the least number of its targets and every target the least of its classes, until nothing moves.
    Between two rounds each number is replaced by the number of the row it names, so a chain halves with every round.
    """
    number = np.arange(size)
    if not len(class_index):
        return number
    while True:
        least = np.full(int(class_index.max()) + 1, size)
        np.minimum.at(least, class_index, number[class_target])
        moved = number.copy()
        np.minimum.at(moved, class_target, least[class_index])
        np.minimum.at(moved, number, moved.copy())
        moved = moved[moved]
        if (moved == number).all():
            return number
        number = moved


def _weights(shared: SharedAgents, flow: FloatArray, classes: int) -> FloatArray:
    """Weight of each pair (class, target); those of one class add up to 1."""
    served = flow[shared.class_target]
    members = np.bincount(shared.class_index, minlength=classes)[shared.class_index]
    sums = np.bincount(shared.class_index, served, classes)[shared.class_index]
    even = 1.0 / members
    plain = np.where(sums > 0.0, served / np.maximum(sums, 1e-12), even)
    floor = np.minimum(FLOOR, even)
    return np.asarray(floor + (1.0 - floor * members) * plain)


def deal(
    wanted: FloatArray, component: IntArray, carry: FloatArray, part: FloatArray | float = 0.5
) -> tuple[IntArray, FloatArray]:
    """Whole invitations of the wanted real numbers, and the fractions to carry to the next time.

    Within a component the sum is rounded once; the fractions that were owed longest come first, so that none is
    promised twice and none is forgotten. ``part`` is what the law adds before it cuts a fraction off: where it is below
    half, the target's own fraction counts as less.
    """
    positive = np.maximum(wanted, 0.0)
    whole = np.floor(positive)
    owed = np.where(positive > 0.0, positive - whole + carry, 0.0)
    count = int(component.max(initial=-1)) + 1
    fraction = np.maximum(positive - whole - (0.5 - part), 0.0)
    extra = np.floor(np.bincount(component, fraction, count) + 0.5)
    order = np.lexsort((-owed, component))
    ranked = component[order]
    start = np.searchsorted(ranked, np.arange(count))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order)) - start[ranked]
    more = (rank < extra[component]) & (positive > 0.0)
    return (whole + more).astype(np.int64), np.clip(owed - more, -1.0, 1.0)
