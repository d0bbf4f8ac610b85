"""Dual control: besides the invitations, the share of inbound traffic a page should allow (InboundPortion).

Over h = max(T, d): slots that are or become free F = R + B (1 - e^(-h/H)), proactive interactions expected
P = Q + p (m + invites) (1 - e^(-h/d)), reactive ones V = lr h + Qr.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pacing_node.algorithms.model import BoolArray, Estimates, FloatArray, Policy
    from pacing_node.algorithms.observation import Observation
    from pacing_node.algorithms.state import LearnedState

SHARE_SECONDS = 150.0
"""A deficit of the proactive share is made up over about this long."""
MOST_DEFICIT_SECONDS = 600.0
"""The deficit remembered is at most the work of this long."""


def inbound_portion(
    observation: Observation, estimates: Estimates, out: FloatArray, refresh_seconds: float, proactive_ratio: float
) -> FloatArray:
    """InboundPortion of the vendor's dual laws; ``out`` = invitations pending and allowed now."""
    size = len(out)
    if proactive_ratio >= 1.0:
        return np.zeros(size)
    if proactive_ratio <= 0.0:
        return np.ones(size)
    horizon = np.maximum(refresh_seconds, estimates.disposition_seconds)
    free = observation.ready + observation.busy * -np.expm1(-horizon / estimates.handle_seconds)
    accepts = estimates.acceptance_ratio * out * -np.expm1(-horizon / estimates.disposition_seconds)
    proactive = observation.waiting + accepts
    reactive = estimates.reactive_per_second * horizon + observation.reactive_waiting
    left = free - proactive
    share = np.clip(left / np.maximum(reactive, 1e-12), 0.0, 1.0)
    return np.where((proactive <= 0.0) | (left >= reactive), 1.0, np.where(left <= 0.0, 0.0, share))


def learn_share(state: LearnedState, observation: Observation, estimates: Estimates, policy: Policy) -> None:
    """Book the proactive share of one interval against its ratio: the deficit in interactions."""
    wanted = policy.proactive_ratio * (1.0 - state.spent)
    both = observation.accepted + observation.reactive_entered
    limit = MOST_DEFICIT_SECONDS * observation.slots / estimates.handle_seconds
    state.share_integral[:] = np.clip(state.share_integral + wanted * both - observation.accepted, -limit, limit)


def shared_portion(
    state: LearnedState, observation: Observation, estimates: Estimates, pending: FloatArray, policy: Policy
) -> FloatArray:
    """InboundPortion of LOOKAHEAD_DUAL: holds the proactive share while reactive traffic suffices.

    Reactive traffic gets its share of what is free and becomes free within h, less what is needed to make up the
    deficit of the proactive share. What proactive traffic leaves unused it may borrow.
    """
    if policy.proactive_ratio >= 1.0:
        return np.zeros(len(pending))
    if policy.proactive_ratio <= 0.0:
        return np.ones(len(pending))
    horizon = np.maximum(policy.refresh_seconds, estimates.disposition_seconds)
    promised = observation.waiting + observation.reactive_waiting + pending * estimates.acceptance_ratio
    free = np.maximum(observation.ready - promised, 0.0) + observation.slots * horizon / estimates.handle_seconds
    share = 1.0 - policy.proactive_ratio * (1.0 - state.spent)
    allowed = share * free - state.share_integral * horizon / SHARE_SECONDS
    offered = estimates.reactive_per_second * horizon
    portion = np.clip(allowed / np.maximum(offered, 1e-9), 0.0, 1.0)
    idle = (observation.slots <= 0.0) | (offered <= 1e-9)
    return np.where(idle, 1.0, portion)


def promised(observation: Observation, out: FloatArray) -> BoolArray:
    """Rows where every free slot is promised to an invitation that is ``out``: inbound traffic would take one."""
    free = np.maximum(observation.ready - observation.waiting - observation.reactive_waiting, 0.0)
    return np.asarray((out > 0.0) & (free - out < 1.0))
