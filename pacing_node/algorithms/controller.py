"""The controller: learns from each snapshot, asks the law in force for a level, and says why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import structlog

from pacing_node.algorithms.dual import inbound_portion, learn_share, promised, shared_portion
from pacing_node.algorithms.estimators import PRIOR_WEIGHT, Estimator
from pacing_node.algorithms.feasibility import infeasible
from pacing_node.algorithms.in_flight import InFlight
from pacing_node.algorithms.laws import (
    PREDICTIVE,
    SUPER_PROGRESSIVE,
    Situation,
    abandonment_goal,
    effective,
    one_per_free,
    shared_laws,
)
from pacing_node.algorithms.model import Algorithm, OptimizationTarget, Result, Rounding
from pacing_node.algorithms.observation import Observer
from pacing_node.algorithms.outer import (
    CALM_FEEDBACK,
    HELD_BACK,
    MOST_FEEDBACK,
    learn_abandonment,
    learn_busy,
    rounding,
)
from pacing_node.algorithms.plausibility import Plausibility
from pacing_node.algorithms.reasons import Limits, reasons
from pacing_node.algorithms.sharing import deal, share_agents
from pacing_node.algorithms.state import LearnedState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.algorithms.laws import Level
    from pacing_node.algorithms.model import BoolArray, Feedback, FloatArray, IntArray, Policy, Snapshot

log = structlog.get_logger(__name__)

_GOLDEN = 0.6180339887498949


class Controller:
    """Learned state of all targets and every law; the policy of each call says which law calculates.

    What is learned serves all laws, so the algorithm may change between two calls. A controller belongs to one ordered
    set of targets. It is not thread-safe; a calculation does no I/O.
    """

    def __init__(self, names: Sequence[str], seed: int = 0) -> None:
        """Begin with nothing learned; ``seed`` fixes the random rounding. Raises ValueError for a name given twice."""
        if len(set(names)) != len(names):
            raise ValueError("target names must differ")
        self._state = LearnedState(names)
        self._estimator = Estimator(self._state)
        self._observer = Observer(len(self._state))
        self._in_flight = InFlight(self._state)
        self._plausibility = Plausibility(len(self._state))
        # A low-discrepancy sequence per target, from its name: no target's number depends on its row.
        start = (self._state.keys % 999_983).astype(np.float64) / 999_983.0
        self._chance = (start + seed * _GOLDEN) % 1.0
        self._carry = np.zeros(len(self._state))
        self._laws = shared_laws()
        self._busy_warned = False

    def calculate(self, snapshot: Snapshot, feedback: Feedback, policy: Policy) -> Result:
        """Learn from the snapshot and the feedback, and return what may be sent now.

        Raises ValueError when the policy is for another number of targets.
        """
        if len(policy.goal) != len(self._state):
            raise ValueError(f"policy has {len(policy.goal)} rows, there are {len(self._state)} targets")
        snapshot, feedback = self._plausibility.contain(snapshot, feedback)
        situation = self._situation(snapshot, feedback, policy)
        self._warn_of_replacement(policy)
        level = self._laws.level(situation, self._state, policy)
        impossible, guarded = self._in_danger(situation, level, policy)
        paced = situation.observation.usable & (situation.observation.slots > 0.0)
        if _all_for_inbound(policy):
            paced = np.zeros(len(paced), dtype=np.bool_)
        invitations, rule = self._invitations(situation, level, paced, policy)
        careful = np.flatnonzero(impossible | guarded | (level.added >= MOST_FEEDBACK))
        if len(careful):
            cut = careful[one_per_free(invitations, careful, situation)]
            rule[cut] = Rounding.ONE_PER_FREE
        self._plausibility.remember(snapshot, feedback, situation.estimates, invitations)
        portion = self._inbound_portion(situation, invitations, guarded, policy)
        return self._result(snapshot, policy, situation, (level, impossible), (invitations, portion, rule))

    def save(self) -> bytes:
        """The learned state, 112 bytes a target, keyed by name."""
        return self._state.save()

    def saved_parts(self) -> list[bytes | memoryview]:
        """What ``save`` gives, in parts to be joined."""
        return self._state.saved_parts()

    def restore(self, state: bytes) -> None:
        """Take over saved state for the targets whose names match.

        Raises ``UnusableStateError``, and changes nothing, when it does not fit.
        """
        self._state.restore(state)

    def previous(self) -> tuple[float, FloatArray]:
        """What the next calculation takes differences from, for a successor: a time, and four columns.

        The columns: ready, busy and waiting of the previous snapshot, NaN without one, and the fraction carried on.
        """
        taken_at, state = self._observer.previous()
        return taken_at, np.vstack([*state, self._carry])

    def resume(self, taken_at: float, columns: FloatArray) -> None:
        """Go on after a predecessor's ``previous``; NaN in targets it did not know."""
        self._observer.resume(taken_at, columns[:3])
        self._carry = np.clip(np.nan_to_num(columns[3]), -1.0, 1.0)

    def _situation(self, snapshot: Snapshot, feedback: Feedback, policy: Policy) -> Situation:
        """Observe and learn."""
        state = self._state
        seen = self._observer.observe(snapshot, policy.enabled)
        self._estimator.learn(seen, feedback, policy)
        believed = self._estimator.estimates(snapshot, feedback, policy)
        acceptance, disposition = believed.acceptance_ratio, believed.disposition_seconds
        pending = self._in_flight.pending(feedback, seen, acceptance, disposition)
        if policy.algorithm is Algorithm.SUPER_PROGRESSIVE_DUAL:  # the only law that rounds by chance
            self._chance = np.where(seen.moved, (self._chance + _GOLDEN) % 1.0, self._chance)
        free = feedback.acknowledged & (seen.slots > 0.0)
        learn_abandonment(state, seen, believed.patience_seconds, abandonment_goal(policy), free)
        if policy.optimization_target is OptimizationTarget.BUSY_FACTOR:
            learn_busy(state, seen, policy.goal, free)
        if policy.algorithm.dual:
            learn_share(state, seen, believed, policy)
        shares = None if snapshot.shared is None else share_agents(snapshot.shared, state.flow)
        own_ready = seen.ready
        if shares is not None and effective(policy) in SUPER_PROGRESSIVE:
            # Whole agents by turns: a portion below one agent would never promise anybody.
            dealt, self._carry = deal(seen.ready * shares.portion, shares.component, self._carry)
            own_ready = dealt.astype(np.float64)
        return Situation(
            observation=seen,
            estimates=replace(believed, pending=pending),
            pending=pending,
            counted=feedback.pending,
            inbound=believed.reactive_per_second * (1.0 - state.inbound)
            if policy.algorithm.dual
            else believed.reactive_per_second,
            reserved=policy.reserved_slots if len(policy.reserved_slots) else np.zeros(1),
            chance=self._chance,
            own_ready=own_ready,
            free=free,
            shares=shares,
        )

    def _warn_of_replacement(self, policy: Policy) -> None:
        stands_in = effective(policy)
        if stands_in is not policy.algorithm and not self._busy_warned:
            self._busy_warned = True
            log.warning("algorithm.replaced", algorithm=policy.algorithm.value, by=stands_in.value)

    def _invitations(
        self, situation: Situation, found: Level, paced: BoolArray, policy: Policy
    ) -> tuple[FloatArray, IntArray]:
        """Whole invitations up to the level, and the ``Rounding`` by which: Erlang levels carry their fraction on."""
        wanted = found.level - situation.pending
        wanted[np.flatnonzero(~(paced & (found.level > 0.0)))] = 0.0
        algorithm = effective(policy)
        if algorithm in PREDICTIVE:
            wanted = wanted + self._carry
            whole = np.maximum(np.floor(wanted), 0.0)
            self._carry = np.clip(wanted - whole, 0.0, 1.0)
            return whole, _rule(paced, Rounding.CARRIED)
        if algorithm not in {Algorithm.LOOKAHEAD, Algorithm.LOOKAHEAD_DUAL}:
            return np.maximum(np.floor(wanted + 1e-9), 0.0), _rule(paced, Rounding.DOWN)
        part, less = rounding(found.added, situation.estimates.disposition_seconds, policy.refresh_seconds)
        if situation.shares is None:
            wanted += part
            rule = _rule(paced, Rounding.NEAREST, less)
            return np.maximum(np.floor(wanted, out=wanted), 0.0, out=wanted), rule
        # Its portion is a target's own whatever its neighbours have out: a large one does not crowd out a small one.
        portion = situation.shares.portion
        own = np.where(paced, portion * found.alone - situation.pending, 0.0)
        dealt, self._carry = deal(np.maximum(wanted * portion, own), situation.shares.component, self._carry, part)
        return dealt.astype(np.float64), _rule(paced, Rounding.DEALT)

    def _in_danger(self, situation: Situation, level: Level, policy: Policy) -> tuple[BoolArray, BoolArray]:
        """Rows where inbound traffic breaks the goal, and where slots must be guarded against it.

        LOOKAHEAD_DUAL can turn inbound traffic away, so it can always keep the goal: it guards the slots it promised
        where all that is offered would break the goal and the reserve is used up.
        """
        slots, goal, inbound = situation.observation.slots, abandonment_goal(policy), situation.inbound
        nothing = np.zeros(len(slots), dtype=np.bool_)
        if policy.algorithm is not Algorithm.LOOKAHEAD_DUAL:
            return infeasible(situation.estimates, slots, inbound, goal, policy.caution), nothing
        offered = np.minimum(situation.estimates.reactive_per_second, 0.99 * slots / situation.estimates.handle_seconds)
        threat = infeasible(situation.estimates, slots, offered, goal, policy.caution)
        return nothing, threat & (level.added - self._state.offset > CALM_FEEDBACK)

    def _inbound_portion(
        self, situation: Situation, invitations: FloatArray, guarded: BoolArray, policy: Policy
    ) -> FloatArray:
        if not policy.algorithm.dual:
            self._state.inbound[:] = 0.0
            return np.full(len(invitations), np.nan)
        seen, believed, out = situation.observation, situation.estimates, situation.pending + invitations
        if policy.algorithm is Algorithm.LOOKAHEAD_DUAL:
            portion = shared_portion(self._state, seen, believed, situation.pending, policy)
            portion[guarded & promised(seen, situation.counted + invitations)] = 0.0
        else:
            portion = inbound_portion(seen, believed, out, policy.refresh_seconds, policy.proactive_ratio)
        self._state.inbound[:] = 1.0 - portion
        return portion

    def _result(
        self,
        snapshot: Snapshot,
        policy: Policy,
        situation: Situation,
        found: tuple[Level, BoolArray],
        outputs: tuple[FloatArray, FloatArray, IntArray],
    ) -> Result:
        (level, impossible), (whole, portion, rule) = found, outputs
        seen, believed, invitations = situation.observation, situation.estimates, whole.astype(np.int64)
        nobody = np.zeros(len(whole), dtype=np.bool_)
        short = nobody
        if len(policy.reserved_slots) or situation.shares is not None:
            short = (seen.ready - seen.waiting >= 1.0) & (invitations == 0) & (level.level < 1.0)
        limits = Limits(
            level=level.level,
            pending=situation.pending,
            disposition_seconds=believed.disposition_seconds,
            handle_seconds=believed.handle_seconds,
            held_back=level.added > HELD_BACK,
            reserved=~nobody if _all_for_inbound(policy) else short & (situation.reserved > 0.0),
            spent=nobody if situation.shares is None else short & situation.shares.shared,
            warming_up=self._state.disposed < PRIOR_WEIGHT,
            infeasible=impossible,
            implausible=self._plausibility.held,
        )
        reason = reasons(snapshot, policy, seen, invitations, limits)
        return Result(invitations, portion, reason, replace(believed, level=level.level), rule)


def _all_for_inbound(policy: Policy) -> bool:
    """Whether the options leave every agent to inbound traffic."""
    return policy.algorithm.dual and policy.proactive_ratio <= 0.0


def _rule(paced: BoolArray, rule: Rounding, less: IntArray | None = None) -> IntArray:
    """How numbers became whole, per row; in the rows ``less`` by rounding up less."""
    rules = np.full(len(paced), int(rule), dtype=np.int64)
    if less is not None:
        rules[less] = Rounding.LESS_UP
    if not paced.all():
        rules[~paced] = Rounding.NONE
    return rules
