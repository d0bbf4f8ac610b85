"""Dual control: besides the invitations, the share of inbound traffic a page should allow (InboundPortion).

Over h = max(T, d): slots that are or become free F = R + B (1 - e^(-h/H)), proactive interactions expected
P = Q + p (m + invites) (1 - e^(-h/d)), reactive ones V = lr h + Qr.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pacing_node.algorithms.model import Estimates, FloatArray
    from pacing_node.algorithms.observation import Observation


def inbound_portion(
    observation: Observation,
    estimates: Estimates,
    out: FloatArray,
    refresh_seconds: float,
    proactive_ratio: float,
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


def channel_portion(portion: FloatArray, capacity: FloatArray) -> float:
    """InboundPortion of a channel: the mean over its targets weighted by capacity, equal weights without any."""
    if not len(portion):
        return 1.0
    total = float(capacity.sum())
    return float((portion * capacity).sum() / total) if total > 0.0 else float(portion.mean())
