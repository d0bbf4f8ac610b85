"""What goes into a pacing law and what comes out: arrays with one row per pacing target.

Every array of one object has the same length and order, that of the targets. Arrays are float64 unless said otherwise,
and no function of this package changes an array it was given.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]
    IntArray = NDArray[np.int64]


def _nothing() -> FloatArray:
    return np.zeros(0)


def _no_numbers() -> IntArray:
    return np.zeros(0, dtype=np.int64)


class Algorithm(StrEnum):
    """The pacing laws by the value of the option ``algorithm``."""

    SUPER_PROGRESSIVE = "SUPER_PROGRESSIVE"
    PREDICTIVE_B = "PREDICTIVE_B"
    SUPER_PROGRESSIVE_DUAL = "SUPER_PROGRESSIVE_DUAL"
    PREDICTIVE_B_DUAL = "PREDICTIVE_B_DUAL"
    LOOKAHEAD = "LOOKAHEAD"
    LOOKAHEAD_DUAL = "LOOKAHEAD_DUAL"

    @property
    def dual(self) -> bool:
        """Whether the law also controls inbound traffic."""
        return self.value.endswith("_DUAL")


class OptimizationTarget(StrEnum):
    """What a law aims at."""

    ABANDONMENT_RATE = "ABANDONMENT_RATE"
    BUSY_FACTOR = "BUSY_FACTOR"


class Reason(IntEnum):
    """What limited a result. The numbers are part of the peer protocol: append, never renumber."""

    AGENTS_AVAILABLE = 0
    """The number is what the agents can serve within the goal."""
    PENDING_COVERS_CAPACITY = 1
    """Invitations already out will fill the agents; more would wait."""
    NO_AGENTS_LOGGED_IN = 2
    """No agent of the target's groups is logged in. Look at: the agents of its groups; does the group list this
    queue, do they log in under other names?"""
    NO_READY_AGENTS = 3
    """Agents are logged in, but too few are ready, or about to be, for one more invitation within the goal."""
    NO_CAPACITY_FOR_MEDIA = 4
    """Agents are logged in, but their capacity rules allow nothing of this medium. Look at: the agents' capacity
    rules; without one an agent takes one voice interaction."""
    ABANDONMENT_OVER_GOAL = 5
    """Recent abandonment used up the goal; the law holds back until it recovers. Look at: whether agents log out or
    take longer than usual; it recovers by itself."""
    RESERVED_FOR_REACTIVE = 6
    """What is free is kept for inbound traffic. Look at: `reservedAgents`, and how much inbound traffic there is."""
    STATISTICS_STALE = 7
    """The statistics are too old or marked invalid by their source; nothing is assumed. Look at:
    `pacing_statistics_server_up`, and whether the queue exists under that number and switch."""
    TARGET_DISABLED = 8
    """The target is switched off in the configuration. Look at: `enabled` of the queue."""
    WARMING_UP = 9
    """Too little is known yet; the law is cautious."""
    SHARED_AGENTS_SPENT = 10
    """The agents are promised to another target that shares them. Look at: the finding `agents_in_several_groups`."""
    WAITING_COVERS_CAPACITY = 11
    """Visitors who accepted already wait for every agent that can become free."""
    GOAL_INFEASIBLE = 12
    """Inbound load alone breaks the goal: it takes slots before those who were invited for them accept. At most one
    invitation per free slot goes out. Look at: inbound traffic and the number of agents."""
    INPUT_IMPLAUSIBLE = 13
    """A value cannot be: more slots than the agents have, more visitors than were invited, a time that doubled at once.
    The previous one counts until the next period confirms it. Look at: the statistics and the platform's replies at
    that time, when it comes again and again."""
    HELD = 14
    """An operator holds the target: no invitations until it is released, or for a time. Look at: `hold` of the target,
    which says who, why and until when; `pacing release`."""
    STOPPED = 15
    """An operator has stopped all invitations. Look at: who and why in `pacing list`; `pacing release --all`."""

    @property
    def code(self) -> str:
        """The reason as results and pages show it, for example ``statistics_stale``."""
        return self.name.lower()


class Rounding(IntEnum):
    """How a real number became whole invitations. The numbers are part of the peer protocol: append, never renumber."""

    NONE = 0
    """Nothing was to be rounded: the target is not paced."""
    NEAREST = 1
    """To the nearest whole number."""
    LESS_UP = 2
    """Less is rounded up, since more visitors were lost lately than the goal allows."""
    DOWN = 3
    """Down; the law promises agents who are ready and no fraction of one."""
    CARRIED = 4
    """Down, and the fraction is carried on to the next periods."""
    DEALT = 5
    """Targets that share agents get whole invitations together, what was owed longest first; less up after losses."""
    ONE_PER_FREE = 6
    """Cut to one invitation per free slot, since the goal is in danger or cannot be kept."""


@dataclass(frozen=True, slots=True)
class SharedAgents:
    """Who is shared by whom: agents of the targets, keyed by identity.

    A class of agents is the set of agents that serve the same set of targets. ``class_index`` and ``class_target`` are
    the pairs of a sparse matrix: pair i says that class ``class_index[i]`` serves target ``class_target[i]``, with
    capacity ``ready[i]`` and ``busy[i]`` in slots of that target's medium. ``ready_agents[c]`` counts the ready agents
    of class c, whatever the medium. Classes of a single target are listed too, so that sums over a target's pairs are
    the snapshot's ``ready`` and ``busy``.
    """

    class_index: IntArray
    class_target: IntArray
    ready: FloatArray
    busy: FloatArray
    ready_agents: FloatArray


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The contact centre at one moment, one row per target.

    A slot is room for one interaction of the target's medium. An agent at work (ready, busy or in after-call work, not
    "not ready") with a capacity rule of ``maximum`` for the medium adds ``maximum`` slots: those the agent
    would be given now to ``ready``, the others to ``busy``, whatever medium occupies the agent.
    """

    taken_at: float
    """Unix time in seconds by the source's clock: all values were current then."""
    logged_in: FloatArray
    """Agents logged in, in whatever state; people, not slots."""
    capable: FloatArray
    """Logged-in agents whose capacity rule allows the medium at all; people, not slots."""
    ready: FloatArray
    """R: slots that would be given an interaction now."""
    busy: FloatArray
    """B: slots occupied by agents at work. n = R + B."""
    waiting: FloatArray
    """Q: proactive interactions waiting in the queue."""
    accepted: FloatArray
    """Proactive interactions an agent took since the previous snapshot; never negative."""
    abandoned: FloatArray
    """Proactive interactions the visitor left before an agent took them since the previous snapshot; never negative."""
    completed: FloatArray
    """Interactions of the medium, proactive or not, that ended at the target's agents since the previous snapshot."""
    reactive_waiting: FloatArray
    """Qr: reactive interactions waiting in the queue."""
    reactive_entered: FloatArray
    """Reactive interactions that entered the queue since the previous snapshot; never negative."""
    handle_seconds: FloatArray
    """H: mean handle time with wrap-up from a statistic, seconds; NaN where no statistic gives it."""
    valid: BoolArray
    """False where a value is missing, marked invalid by its source, or older than the limit."""
    shared: SharedAgents | None = None
    """Set when at least one agent serves several targets."""
    age_seconds: float = 0.0
    """How long ago the values were current, by the receiver's clock; the two clocks may differ."""

    def __len__(self) -> int:
        """Number of targets."""
        return len(self.ready)


@dataclass(frozen=True, slots=True)
class Feedback:
    """What is known of invitations, from the platform's replies and the ledger of what was sent since.

    Before the first reply ``pending`` is 0, ``sent`` 0, and the rest NaN.
    """

    pending: FloatArray
    """m: invitations out without disposition: the newest report plus what was allotted after the report's timestamp."""
    sent: FloatArray
    """Invitations that went out since the previous calculation, as far as reports show: Δpending + dispositions."""
    disposed: FloatArray
    """Invitations that got a disposition since the previous calculation, never negative."""
    acceptance_ratio: FloatArray
    """p as the platform reports it, 0..1; NaN where it does not."""
    disposition_seconds: FloatArray
    """d as the platform reports it: mean time to a disposition; NaN where it does not."""
    acknowledged: BoolArray
    """False while the newest push of a target has no accepted reply; laws freeze what they integrate."""
    reported: FloatArray = field(default_factory=_nothing)
    """Pending in the newest report not after the snapshot; empty when ``pending`` is to be taken as it is."""
    report_age_seconds: FloatArray = field(default_factory=_nothing)
    """Seconds from that report to the snapshot, ≥ 0; empty with ``reported``."""
    allotted_age_seconds: FloatArray = field(default_factory=_nothing)
    """Seconds from the newest allotment after that report to the snapshot, ≥ 0; empty with ``reported``."""
    report_seconds: FloatArray = field(default_factory=_nothing)
    """Seconds that ``sent`` and ``disposed`` cover; 0 where no report came since the previous calculation."""
    pending_seconds: FloatArray = field(default_factory=_nothing)
    """Integral of the pending count over ``report_seconds``, invitations times seconds."""
    accept_seconds: FloatArray = field(default_factory=_nothing)
    """Mean time to an accept as the platform reports it; NaN where it does not. Empty counts as not reported."""
    refuse_seconds: FloatArray = field(default_factory=_nothing)
    """Mean time to a refusal, in the same way."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What is wanted, one row per target, and the options that hold for all."""

    algorithm: Algorithm
    optimization_target: OptimizationTarget
    goal: FloatArray
    """optimizationGoal / 100, 0..1."""
    enabled: BoolArray
    """False where the target is switched off."""
    refresh_seconds: float
    """T: seconds from one push to the next."""
    proactive_ratio: float = 1.0
    """φ = proactiveRatio / 100; dual laws only."""
    reserved_slots: FloatArray = field(default_factory=_nothing)
    """Slots held back for reactive traffic; empty means none."""
    caution: float = 1.0
    """c: reserve of LOOKAHEAD's outer law; 0 aims the mean at the goal, 1 keeps nearly every day under it."""
    abandonment_ceiling: float = 0.05
    """Abandonment that a busy-factor goal may not exceed, 0..1."""
    default_acceptance: float = 0.3
    """p before anything is known."""
    default_handle_seconds: float = 300.0
    """H before anything is known."""
    default_disposition_seconds: float = 15.0
    """d before anything is known."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """What a law believed when it calculated, one row per target."""

    acceptance_ratio: FloatArray
    handle_seconds: FloatArray
    disposition_seconds: FloatArray
    patience_seconds: FloatArray
    reactive_per_second: FloatArray
    pending: FloatArray = field(default_factory=_nothing)
    """m as the law used it: invitations expected to be still without disposition at the time of the snapshot."""
    level: FloatArray = field(default_factory=_nothing)
    """M: invitations that may be without disposition at once; ``invitations`` fills the difference to ``pending``."""
    acceptance_seen: FloatArray = field(default_factory=_nothing)
    """p by the dispositions alone; ``acceptance_ratio`` is higher while little is known or only refusals come."""
    acceptance_floor: FloatArray = field(default_factory=_nothing)
    """The least p in use, a share of what accepts proved of late; 0 = nothing is proven."""


@dataclass(frozen=True, slots=True)
class Result:
    """Outcome of one calculation, one row per target."""

    invitations: IntArray
    """InteractionsToSend: proactive invitations that may go out until the next push; ≥ 0."""
    inbound_portion: FloatArray
    """InboundPortion 0..1: share of inbound traffic a page should allow; NaN for laws that are not dual."""
    reason: IntArray
    """A ``Reason`` per row."""
    estimates: Estimates
    rounding: IntArray = field(default_factory=_no_numbers)
    """A ``Rounding`` per row; empty where it is not known."""
