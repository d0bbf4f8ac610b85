"""From what is observed and believed to a level: how many invitations may be out at once, by the law in force."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from pacing_node.algorithms.erlang import OfferedLoadTable
from pacing_node.algorithms.lookahead import Flow, LookaheadLevels
from pacing_node.algorithms.model import Algorithm, OptimizationTarget
from pacing_node.algorithms.outer import inbound_margin, margin, slack, smaller_margin
from pacing_node.algorithms.small_groups import EXACT_SLOTS
from pacing_node.algorithms.super_progressive import OverInvitationTable

if TYPE_CHECKING:
    from pacing_node.algorithms.model import BoolArray, Estimates, FloatArray, IntArray, Policy
    from pacing_node.algorithms.observation import Observation
    from pacing_node.algorithms.sharing import Shares
    from pacing_node.algorithms.state import LearnedState

SUPER_PROGRESSIVE = {Algorithm.SUPER_PROGRESSIVE, Algorithm.SUPER_PROGRESSIVE_DUAL}
PREDICTIVE = {Algorithm.PREDICTIVE_B, Algorithm.PREDICTIVE_B_DUAL}

_SEAM = 45
"""Groups beyond the exact test get at least the level it allows at its end: up to this size always,"""
_SEAM_NEARLY_NONE = 60
"""up to this one where the closed form allows less than one: it may allow nothing where one slot less allows a part;"""
_SEAM_MANY_READY = 120
"""up to this one where more than a fifth is ready; larger ones have more by the closed form anyway."""

_BUSY_STANDS_IN = {
    Algorithm.SUPER_PROGRESSIVE: Algorithm.PREDICTIVE_B,
    Algorithm.SUPER_PROGRESSIVE_DUAL: Algorithm.PREDICTIVE_B_DUAL,
}


@dataclass(frozen=True, slots=True)
class Situation:
    """All a law looks at, one row per target."""

    observation: Observation
    estimates: Estimates
    pending: FloatArray
    """m: invitations out without a disposition."""
    counted: FloatArray
    """Invitations that may be out at most: none of them has got a disposition since the newest report."""
    inbound: FloatArray
    """Reactive interactions that will enter per second."""
    reserved: FloatArray
    """Slots held back for reactive traffic."""
    chance: FloatArray
    """A number 0..1 per row for rounding."""
    own_ready: FloatArray
    """Ready slots that SUPER_PROGRESSIVE may promise: whole ones where agents are shared."""
    free: BoolArray
    """Rows whose push is answered and who have slots: what is integrated goes on."""
    shares: Shares | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """What a law allows."""

    level: FloatArray
    """M ≥ 0: invitations that may be out at once, those of targets on the same agents deducted."""
    added: FloatArray
    """Standard deviations of margin that recent abandonment adds."""
    alone: FloatArray
    """The same level, nothing deducted."""


def effective(policy: Policy) -> Algorithm:
    """The law that calculates: with a busy factor PREDICTIVE_B replaces SUPER_PROGRESSIVE, which has none."""
    if policy.optimization_target is OptimizationTarget.BUSY_FACTOR:
        return _BUSY_STANDS_IN.get(policy.algorithm, policy.algorithm)
    return policy.algorithm


def abandonment_goal(policy: Policy) -> FloatArray:
    """The goal of the abandonment law: with a busy factor the ceiling."""
    if policy.optimization_target is OptimizationTarget.BUSY_FACTOR:
        return np.full(len(policy.goal), policy.abandonment_ceiling)
    return policy.goal


class Laws:
    """Every law with the tables it keeps."""

    def __init__(self) -> None:
        self._over_invitation = OverInvitationTable()
        self._offered_load = OfferedLoadTable()
        self._lookahead = LookaheadLevels()

    def __deepcopy__(self, _memo: dict[int, Any]) -> Laws:
        """The same: a copy of a controller that calculates once must neither copy nor fill tables of its own."""
        return self

    def level(self, situation: Situation, state: LearnedState, policy: Policy) -> Level:
        """The level by the law in force."""
        algorithm = effective(policy)
        nothing = np.zeros(len(state))
        if algorithm in SUPER_PROGRESSIVE:
            level = self._super_progressive(situation, policy)
            return Level(level, nothing, level)
        if algorithm in PREDICTIVE:
            level = self._predictive(situation, policy)
            return Level(level, nothing, level)
        return self._look_ahead(situation, state, policy)

    def _super_progressive(self, situation: Situation, policy: Policy) -> FloatArray:
        seen = situation.observation
        ready = situation.own_ready
        free = ready - seen.waiting
        if policy.algorithm.dual:
            # Without reactive traffic there is nothing to share with.
            alone = (situation.estimates.reactive_per_second <= 0.0) & (seen.reactive_waiting <= 0.0)
            shared = np.floor(policy.proactive_ratio * ready + situation.chance) - seen.waiting
            free = np.where(alone, free, np.minimum(shared, free))
        agents = np.maximum(free - situation.reserved, 0.0)
        return self._over_invitation.limit(agents, situation.estimates.acceptance_ratio, policy.goal)

    def _predictive(self, situation: Situation, policy: Policy) -> FloatArray:
        seen, believed = situation.observation, situation.estimates
        servers = np.maximum(_own(seen.slots, situation.shares) - situation.reserved, 0.0)
        load = self._offered_load.load(servers, policy.goal, policy.optimization_target)
        if policy.algorithm.dual:
            reactive = believed.reactive_per_second * believed.handle_seconds
            load = load - np.minimum((1.0 - policy.proactive_ratio) * load, reactive)
        return pending_level(load, believed, policy.refresh_seconds)

    def _look_ahead(self, situation: Situation, state: LearnedState, policy: Policy) -> Level:
        seen, believed = situation.observation, situation.estimates
        goal = abandonment_goal(policy)
        inbound = situation.inbound
        z, added = margin(state, seen, believed, goal, caution=policy.caution, free=situation.free, inbound=inbound)
        # Whatever else will take a free slot within the time an invitation needs counts as waiting already.
        ahead = inbound * believed.disposition_seconds
        ahead += seen.waiting
        ahead += seen.reactive_waiting
        if len(policy.reserved_slots):
            ahead += situation.reserved
        if policy.optimization_target is OptimizationTarget.BUSY_FACTOR:
            ahead = ahead + slack(state, seen, policy.goal)
        if situation.shares is not None:
            ahead = ahead + situation.shares.claims(seen.waiting)
        flow = Flow(
            seen.ready,
            seen.busy,
            ahead,
            believed.acceptance_ratio,
            believed.handle_seconds,
            believed.disposition_seconds,
        )
        level = self._lookahead.level(flow, z)
        near = np.flatnonzero((seen.slots > EXACT_SLOTS) & (seen.slots <= _SEAM_MANY_READY))
        slots = seen.slots[near]
        nearly_none = (slots <= _SEAM_NEARLY_NONE) & (level[near] < 1.0)
        near = near[(slots <= _SEAM) | nearly_none | (seen.ready[near] > 0.2 * slots)]
        if len(near):
            more = inbound_margin(inbound[near], seen.slots[near], believed.handle_seconds[near])
            z = smaller_margin(state, believed, goal, policy.caution, near, inbound=more)
            level[near] = np.maximum(level[near], self._lookahead.level(flow.smaller(near), z))
        if situation.shares is None:
            return Level(level, added, level)
        others = situation.shares.claims(situation.pending * believed.acceptance_ratio) / believed.acceptance_ratio
        return Level(np.maximum(level - others, 0.0), added, level)


def one_per_free(invitations: FloatArray, rows: IntArray, situation: Situation) -> BoolArray:
    """Allow in these rows no more than one invitation out per free slot, counting all that may be out: nobody waits.

    Returns in which of them this allowed fewer.
    """
    seen = situation.observation
    taken = seen.waiting[rows] + seen.reactive_waiting[rows] + situation.counted[rows]
    most = np.maximum(np.floor(seen.ready[rows] - taken), 0.0)
    fewer = np.asarray(invitations[rows] > most)
    invitations[rows] = np.minimum(invitations[rows], most)
    return fewer


@cache
def shared_laws() -> Laws:
    """The laws with their tables, one set for the process: tables hold facts of mathematics, nothing of a target."""
    return Laws()


def pending_level(load: FloatArray, believed: Estimates, refresh_seconds: float) -> FloatArray:
    """m*: the level right after a push whose mean over the period offers ``load`` erlangs."""
    periods = refresh_seconds / believed.disposition_seconds
    mean = load / believed.handle_seconds * believed.disposition_seconds / believed.acceptance_ratio
    return np.asarray(mean * periods / -np.expm1(-periods))


def _own(slots: FloatArray, shares: Shares | None) -> FloatArray:
    """The slots a target may promise by itself."""
    return slots if shares is None else slots * shares.portion
