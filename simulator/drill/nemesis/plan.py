"""Which trouble comes when: a storm, planned from a seed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

MASTER = "master"
"""A target that is chosen when the fault begins: the node that has pushed last."""
LEADER = "leader"
"""The leader of the ensemble at that moment."""
ENSEMBLE = "zookeeper"
"""The ensemble as a whole, and what it holds."""
_MASTER_SHARE = 0.5
_LEADER_SHARE = 0.4


class Kind(Enum):
    """Kinds of trouble; the value is the name in histories."""

    KILL_WORKER = "kill-worker"
    """SIGKILL to the working process; its supervisor frees the mastership."""
    KILL_NODE = "kill-node"
    """SIGKILL to supervisor and worker, as when a machine is lost."""
    TERMINATE = "terminate"
    """SIGTERM."""
    FREEZE_SHORT = "freeze-short"
    """SIGSTOP for less than the lease."""
    FREEZE_LONG = "freeze-long"
    """SIGSTOP for longer than the session."""
    MACHINE_SLEEP = "machine-sleep"
    """Supervisor and worker stand still, and so does the clock that a machine stops while it sleeps."""
    CLOCK_STEP = "clock-step"
    """The node's wall clock jumps by up to a day, forward or back."""
    STEP_FAILS = "step-fails"
    """Steps of the node's election end in an exception nobody expects, before or after they took effect."""
    ZOOKEEPER_DROP = "zookeeper-drop"
    """Nothing passes between the node and ZooKeeper; what is held back arrives afterwards."""
    ZOOKEEPER_RESET = "zookeeper-reset"
    """Connections to ZooKeeper are reset."""
    ZOOKEEPER_SLOW = "zookeeper-slow"
    """Every message between the node and ZooKeeper is late."""
    ZOOKEEPER_CUT = "zookeeper-cut"
    """A request reaches ZooKeeper, and the connection is cut before the answer."""
    ZOOKEEPER_STALL = "zookeeper-stall"
    """Open connections to ZooKeeper go silent; new ones work."""
    PLATFORM_STALL = "platform-stall"
    """The same with the platform: a push that is held back arrives after its followers."""
    PLATFORM_DROP = "platform-drop"
    """Nothing passes between the node and the engagement platform; what is held back arrives afterwards."""
    PLATFORM_SLOW = "platform-slow"
    """Every message between the node and the platform is late."""
    PLATFORM_CUT = "platform-cut"
    """A push reaches the platform, and the connection is cut before the answer."""
    PLATFORM_CABLE = "cable-pulled"
    """The node's line to the platform is pulled: what is in flight stays in the kernels until the line is back."""
    ISOLATE = "isolate"
    """Nothing passes between the node and either."""
    MEMBER_KILL = "member-kill"
    """SIGKILL to a member of the ensemble."""
    MEMBER_FREEZE = "member-freeze"
    """SIGSTOP to a member of the ensemble."""
    ZNODE_EMPTY = "znode-empty"
    """An entry of the cluster in ZooKeeper is deleted and created again without data."""
    ZNODE_GARBLED = "znode-garbled"
    """An entry of the cluster in ZooKeeper is filled with what nobody has written."""
    ADDRESSES_SWAPPED = "addresses-swapped"
    """A member stands in ZooKeeper at another's clustering address, or each of two at the other's."""
    ZOOKEEPER_RESTORED = "restored"
    """ZooKeeper is put back to a copy of its data that knows less than its clients do."""


class Place(Enum):
    """What a kind of trouble hits."""

    NODE = "node"
    MEMBER = "member"
    ENSEMBLE = "ensemble"


@dataclass(frozen=True, slots=True)
class _Habit:
    """How often a kind comes, and within which bounds; seconds."""

    weight: int
    shortest: float
    longest: float
    place: Place = Place.NODE

    @property
    def on_zookeeper(self) -> bool:
        """Whether it hits ZooKeeper, and so every node."""
        return self.place is not Place.NODE


HABITS: dict[Kind, _Habit] = {
    Kind.KILL_WORKER: _Habit(3, 0.2, 2.0),
    Kind.KILL_NODE: _Habit(2, 0.2, 2.0),
    Kind.TERMINATE: _Habit(3, 0.2, 1.0),
    Kind.FREEZE_SHORT: _Habit(4, 0.1, 1.5),
    Kind.FREEZE_LONG: _Habit(2, 4.5, 7.0),
    Kind.MACHINE_SLEEP: _Habit(3, 0.3, 7.0),
    Kind.CLOCK_STEP: _Habit(2, 0.5, 6.0),
    Kind.STEP_FAILS: _Habit(3, 0.5, 5.0),
    Kind.ZOOKEEPER_DROP: _Habit(4, 0.3, 7.0),
    Kind.ZOOKEEPER_RESET: _Habit(3, 0.0, 0.2),
    Kind.ZOOKEEPER_SLOW: _Habit(3, 0.5, 4.0),
    Kind.ZOOKEEPER_CUT: _Habit(4, 0.5, 2.0),
    Kind.ZOOKEEPER_STALL: _Habit(3, 0.5, 5.0),
    Kind.PLATFORM_STALL: _Habit(5, 1.3, 4.0),
    Kind.PLATFORM_DROP: _Habit(4, 0.3, 4.0),
    Kind.PLATFORM_SLOW: _Habit(3, 0.5, 4.0),
    Kind.PLATFORM_CUT: _Habit(4, 0.5, 2.0),
    Kind.PLATFORM_CABLE: _Habit(4, 1.5, 6.0),
    Kind.ISOLATE: _Habit(3, 0.5, 7.0),
    Kind.MEMBER_KILL: _Habit(2, 0.5, 4.0, Place.MEMBER),
    Kind.MEMBER_FREEZE: _Habit(2, 0.5, 4.0, Place.MEMBER),
    Kind.ZNODE_EMPTY: _Habit(2, 0.2, 3.0, Place.ENSEMBLE),
    Kind.ZNODE_GARBLED: _Habit(2, 0.2, 3.0, Place.ENSEMBLE),
    Kind.ADDRESSES_SWAPPED: _Habit(2, 1.0, 6.0),
    Kind.ZOOKEEPER_RESTORED: _Habit(1, 1.0, 4.0, Place.ENSEMBLE),
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One planned trouble."""

    at_seconds: float
    """When it begins, from the beginning of the storm."""
    kind: Kind
    target: str
    """Name of a node or of a member of the ensemble, ``master``, ``leader`` or ``zookeeper``."""
    seconds: float
    """How long it lasts; for ended processes how long they stay away."""
    strength: float
    """0 to 1: how late messages are, how many answers are cut."""


def plan_storm(
    chance: random.Random,
    nodes: Sequence[str],
    members: Sequence[str],
    *,
    seconds: float,
    mean_pause_seconds: float,
    kinds: Sequence[Kind] = tuple(HABITS),
) -> list[Trouble]:
    """Trouble of these kinds for one storm, by the time it begins; the same chance gives the same storm."""
    weights = [HABITS[kind].weight for kind in kinds]
    storm: list[Trouble] = []
    at = 0.0
    while at < seconds:
        kind = chance.choices(kinds, weights)[0]
        habit = HABITS[kind]
        special, share, all_targets = {
            Place.NODE: (MASTER, _MASTER_SHARE, nodes),
            Place.MEMBER: (LEADER, _LEADER_SHARE, members),
            Place.ENSEMBLE: (ENSEMBLE, 1.0, (ENSEMBLE,)),
        }[habit.place]
        target = special if chance.random() < share else chance.choice(all_targets)
        lasts = chance.uniform(habit.shortest, habit.longest)
        storm.append(Trouble(at, kind, target, lasts, chance.random()))
        at += chance.expovariate(1.0 / mean_pause_seconds)
    return storm
