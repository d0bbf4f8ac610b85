"""How many invitations are still without a disposition at the time of the snapshot.

The ledger says how many were out when the platform last reported and how many were allotted since. Each of these N
keeps its chance s to be still open: an exponential time to the disposition with mean d. Of the E interactions that
entered the queue meanwhile each was one of the N, so given E the expected number still open is

    m = (N - E) s / (1 - p (1 - s)),

E told apart from rejections because only accepts are visible. Without a report's age the ledger's
count is taken as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pacing_node.algorithms.model import Feedback, FloatArray
    from pacing_node.algorithms.observation import Observation


def still_pending(
    feedback: Feedback, observation: Observation, acceptance: FloatArray, disposition: FloatArray
) -> FloatArray:
    """Invitations without a disposition at the time of the snapshot, m ≥ 0."""
    if not len(feedback.reported):
        return feedback.pending
    age = feedback.report_age_seconds
    allotted = feedback.pending - feedback.reported
    open_reported = np.exp(-age / disposition)
    open_allotted = np.exp(-np.minimum(feedback.allotted_age_seconds, age) / disposition)
    everything = feedback.pending
    share = (feedback.reported * open_reported + allotted * open_allotted) / np.maximum(everything, 1e-9)
    part = np.minimum(age * observation.per_second, 1.0)
    if not observation.continued:
        part[observation.elapsed <= 0.0] = 0.0
    seen = np.minimum(observation.entries * part, everything)
    return np.asarray((everything - seen) * share / np.maximum(1.0 - acceptance * (1.0 - share), 1e-9))
