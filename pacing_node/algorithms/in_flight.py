"""How many accepts the invitations out will still bring, at the time of the snapshot.

The ledger says how many were out when the platform last reported and how many were allotted since. An invitation of
age t that will be accepted is still open with chance e^(-t/a), one that will be refused with e^(-t/r), where a and r
are the mean times to an accept and to a refusal. Where these differ, the invitations out are not a sample of all:
after quick refusals nearly all that is still open will be accepted. Two numbers per target follow that, the accepts A
and the refusals R among the reported ones: they age with their own times, take in p and 1 - p of what is allotted,
and are scaled to every count reported, so A / (A + R) is the chance that a reported invitation is accepted.

From the report to the snapshot the N invitations out, of which a share P will be accepted and a share s of those later
than the snapshot, lost the E that entered the queue; the remaining N - E bring

    (N - E) P s / (1 - P (1 - s))

accepts, E told apart from refusals because only accepts are visible. Divided by p that is m, the number of new
invitations the ones out are worth; with equal times it is their expected number. Without a report's age the ledger's
count is taken as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pacing_node.algorithms.model import Feedback, FloatArray
    from pacing_node.algorithms.observation import Observation
    from pacing_node.algorithms.state import LearnedState


class InFlight:
    """Follows what the reported invitations will bring."""

    def __init__(self, state: LearnedState) -> None:
        self._state = state

    def pending(
        self, feedback: Feedback, observation: Observation, acceptance: FloatArray, accept_seconds: FloatArray
    ) -> FloatArray:
        """M ≥ 0: what is out at the time of the snapshot, in new invitations' worth."""
        if not len(feedback.reported):
            return feedback.pending
        everything = feedback.pending
        accepted = everything * acceptance
        age = feedback.report_age_seconds
        open_reported = np.exp(-age / accept_seconds)
        chance = self._chance(feedback, acceptance, accept_seconds)
        if chance is not None:
            accepted += feedback.reported * (chance - acceptance)
        later = accepted * open_reported
        younger = np.flatnonzero(feedback.allotted_age_seconds < age)
        if len(younger):  # allotted again since the report
            share = (acceptance if chance is None else chance)[younger]
            since = np.exp(-feedback.allotted_age_seconds[younger] / accept_seconds[younger]) - open_reported[younger]
            later[younger] += (accepted[younger] - feedback.reported[younger] * share) * since
        seen = observation.entries * _part(age, observation)
        left = everything - np.minimum(seen, everything, out=seen)
        none = np.maximum(everything - accepted + later, 1e-9)  # those not accepted by now
        left *= later
        none *= acceptance
        left /= none
        return np.asarray(left)

    def _chance(self, feedback: Feedback, acceptance: FloatArray, accept_seconds: FloatArray) -> FloatArray | None:
        """Chance that an invitation of the newest report is accepted; None where it is p for every row."""
        refuse = feedback.refuse_seconds
        if not len(refuse):
            return None
        differ = np.isfinite(refuse)
        if not differ.any():
            return None
        differ &= feedback.accept_seconds != refuse
        if not differ.any():
            return None
        span, state = feedback.report_seconds, self._state
        refuse = np.where(differ, np.maximum(refuse, 1.0), accept_seconds)
        accepts = (state.accepts_out + acceptance * feedback.sent) * np.exp(-span / accept_seconds)
        refusals = (state.refusals_out + (1.0 - acceptance) * feedback.sent) * np.exp(-span / refuse)
        both = accepts + refusals
        chance = np.where(differ & (both > 1e-6), accepts / np.maximum(both, 1e-6), acceptance)
        known = span > 0.0
        state.accepts_out[:] = np.where(known, chance * feedback.reported, state.accepts_out)
        state.refusals_out[:] = np.where(known, (1.0 - chance) * feedback.reported, state.refusals_out)
        return chance


def _part(age: FloatArray, observation: Observation) -> FloatArray:
    """Share of the time since the previous snapshot that the report is older than this one."""
    part = np.minimum(age * observation.per_second, 1.0)
    if not observation.continued:
        part = np.where(observation.elapsed > 0.0, part, 0.0)
    return part
