"""The controller: learns from each snapshot, asks the law in force for a level, and says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import structlog

from pacing_node.algorithms.dual import inbound_portion
from pacing_node.algorithms.erlang import OfferedLoadTable
from pacing_node.algorithms.estimators import PRIOR_WEIGHT, Estimator
from pacing_node.algorithms.in_flight import still_pending
from pacing_node.algorithms.lookahead import Flow, LookaheadLevels
from pacing_node.algorithms.model import Algorithm, Estimates, OptimizationTarget, Result
from pacing_node.algorithms.observation import Observation, Observer
from pacing_node.algorithms.outer import learn_abandonment, margin
from pacing_node.algorithms.reasons import Limits, reasons
from pacing_node.algorithms.state import LearnedState
from pacing_node.algorithms.super_progressive import OverInvitationTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.algorithms.model import BoolArray, Feedback, FloatArray, IntArray, Policy, Snapshot

log = structlog.get_logger(__name__)


class PacingController:
    """Learned state of all targets and every law; the policy of each call says which law calculates.

    What is learned serves all laws, so the algorithm may change between two calls.
    """

    def __init__(self, names: Sequence[str], seed: int = 0) -> None:
        self._state = LearnedState(names)
        self._estimator = Estimator(self._state)
        self._observer = Observer(len(self._state))
        self._random = np.random.default_rng(seed)
        self._chance = self._random.random(len(self._state))
        self._carry = np.zeros(len(self._state))
        self._over_invitation = OverInvitationTable()
        self._offered_load = OfferedLoadTable()
        self._lookahead = LookaheadLevels()
        self._busy_warned = False

    def calculate(self, snapshot: Snapshot, feedback: Feedback, policy: Policy) -> Result:
        """Learn from the snapshot and the feedback, and return what may be sent now."""
        observation = self._observer.observe(snapshot, policy.enabled)
        self._estimator.learn(observation, feedback, policy)
        estimates = self._estimator.estimates(snapshot, feedback, policy)
        pending = still_pending(
            feedback,
            observation.entries,
            observation.elapsed,
            estimates.acceptance_ratio,
            estimates.disposition_seconds,
        )
        draw = self._random.random(len(self._state))
        self._chance = np.where(observation.moved, draw, self._chance)
        free = feedback.acknowledged & (observation.slots > 0.0)
        learn_abandonment(self._state, observation, estimates.patience_seconds, policy.goal, free)
        level, held_back = self._level(observation, estimates, policy)
        level = np.where(observation.usable & (observation.slots > 0.0), level, 0.0)
        invitations = self._invitations(level, pending, policy)
        return self._result(snapshot, policy, observation, (estimates, level, pending, held_back), invitations)

    def save(self) -> bytes:
        """The learned state, 72 bytes a target, keyed by name."""
        return self._state.save()

    def restore(self, state: bytes) -> bool:
        """Take over saved state for the targets whose names match; False, and nothing changed, when it does not fit."""
        return self._state.restore(state)

    def _level(self, observation: Observation, estimates: Estimates, policy: Policy) -> tuple[FloatArray, BoolArray]:
        """M by the law in force, and the rows that recent abandonment holds back."""
        algorithm = self._effective(policy)
        nobody = np.zeros(len(self._state), dtype=np.bool_)
        if algorithm in {Algorithm.SUPER_PROGRESSIVE, Algorithm.SUPER_PROGRESSIVE_DUAL}:
            free = np.maximum(observation.ready - observation.waiting, 0.0)
            return self._over_invitation.limit(free, estimates.acceptance_ratio, policy.goal), nobody
        if algorithm in {Algorithm.PREDICTIVE_B, Algorithm.PREDICTIVE_B_DUAL}:
            return self._predictive_level(observation, estimates, policy), nobody
        z, added = margin(self._state, estimates, observation.slots, policy.goal, policy.caution)
        flow = Flow(
            observation.ready,
            observation.busy,
            observation.waiting,
            estimates.acceptance_ratio,
            estimates.handle_seconds,
            estimates.disposition_seconds,
        )
        return self._lookahead.level(flow, z), added > 1.0

    def _effective(self, policy: Policy) -> Algorithm:
        """SUPER_PROGRESSIVE acts on abandonment only; with a busy factor PREDICTIVE_B stands in."""
        if policy.optimization_target is OptimizationTarget.BUSY_FACTOR:
            swap = {
                Algorithm.SUPER_PROGRESSIVE: Algorithm.PREDICTIVE_B,
                Algorithm.SUPER_PROGRESSIVE_DUAL: Algorithm.PREDICTIVE_B_DUAL,
            }
            if policy.algorithm in swap and not self._busy_warned:
                self._busy_warned = True
                log.warning("algorithm.replaced", algorithm=policy.algorithm.value, by=swap[policy.algorithm].value)
            return swap.get(policy.algorithm, policy.algorithm)
        return policy.algorithm

    def _predictive_level(self, observation: Observation, estimates: Estimates, policy: Policy) -> FloatArray:
        load = self._offered_load.load(observation.slots, policy.goal, policy.optimization_target)
        periods = policy.refresh_seconds / estimates.disposition_seconds
        accepts = load / estimates.handle_seconds
        level = accepts * estimates.disposition_seconds / estimates.acceptance_ratio * periods / -np.expm1(-periods)
        return np.asarray(level)

    def _invitations(self, level: FloatArray, pending: FloatArray, policy: Policy) -> IntArray:
        """Whole invitations: Erlang levels carry their fraction on, the others round by chance."""
        if policy.algorithm in {Algorithm.PREDICTIVE_B, Algorithm.PREDICTIVE_B_DUAL}:
            wanted = level - pending + self._carry
            whole = np.maximum(np.floor(wanted), 0.0)
            self._carry = np.clip(wanted - whole, 0.0, 1.0)
        elif policy.algorithm in {Algorithm.SUPER_PROGRESSIVE, Algorithm.SUPER_PROGRESSIVE_DUAL}:
            whole = np.maximum(np.floor(level - pending + 1e-9), 0.0)
        else:
            whole = np.maximum(np.floor(level - pending + self._chance), 0.0)
        return np.where(level > 0.0, whole, 0.0).astype(np.int64)

    def _result(
        self,
        snapshot: Snapshot,
        policy: Policy,
        observation: Observation,
        found: tuple[Estimates, FloatArray, FloatArray, BoolArray],
        invitations: IntArray,
    ) -> Result:
        estimates, level, pending, held_back = found
        size = len(level)
        nobody = np.zeros(size, dtype=np.bool_)
        portion = np.full(size, np.nan)
        if policy.algorithm.dual:
            out = pending + invitations
            portion = inbound_portion(observation, estimates, out, policy.refresh_seconds, policy.proactive_ratio)
        turnover = -np.expm1(-estimates.disposition_seconds / estimates.handle_seconds)
        limits = Limits(
            level=level,
            pending=pending,
            expected_free=observation.ready + observation.busy * turnover,
            held_back=held_back,
            reserved=nobody,
            spent=nobody,
            warming_up=self._state.disposed < PRIOR_WEIGHT,
            infeasible=nobody,
        )
        reason = reasons(snapshot, policy, observation, invitations, limits)
        shown = Estimates(
            acceptance_ratio=estimates.acceptance_ratio,
            handle_seconds=estimates.handle_seconds,
            disposition_seconds=estimates.disposition_seconds,
            patience_seconds=estimates.patience_seconds,
            reactive_per_second=estimates.reactive_per_second,
            pending=pending,
            level=level,
        )
        return Result(invitations=invitations, inbound_portion=portion, reason=reason, estimates=shown)
