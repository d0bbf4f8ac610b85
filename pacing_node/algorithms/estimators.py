"""Estimators of what a law must know: acceptance, handle time, time to a disposition, patience, reactive rate.

All update ``LearnedState`` in place and are vectorised over targets. Memory fades with events, not with time, so that
a quiet hour forgets nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pacing_node.algorithms.model import Estimates

if TYPE_CHECKING:
    from pacing_node.algorithms.model import BoolArray, Feedback, FloatArray, Policy, Snapshot
    from pacing_node.algorithms.observation import Observation
    from pacing_node.algorithms.state import LearnedState

SLOW_MEMORY = 75.0
"""Accepts after which evidence of the acceptance ratio has faded to 1/e: accepts, not dispositions, because they set
how well a ratio is known (relative error 1/sqrt(accepts)), whatever the ratio."""
FAST_MEMORY = 16.0
"""Dispositions of the copy that notices steps; at low ratios more, ``FAST_ACCEPTS``."""
FAST_ACCEPTS = 2.5
LONGEST_MEMORY = 2500.0
"""Dispositions that any memory holds at most."""
PRIOR_WEIGHT = 10.0
"""Dispositions the prior acceptance ratio is worth."""
STEP_DEVIATIONS = 3.0
"""A fast copy this many standard deviations off the slow one is a step."""
TIME_PRIOR = 20.0
"""Events the prior of a time is worth."""
TIME_MEMORY = 250.0
"""Events after which evidence of a time has faded to 1/e."""
PATIENCE_MEMORY = 200.0
"""Abandonments after which evidence of patience fades."""
SPENT_PERIODS = 20.0
"""Periods over which the share of unspent invitations is averaged."""
UNSPENT_PERIODS = 120.0
"""Periods over which dispositions are compared with what the pending counts can explain."""
RATE_SECONDS = 600.0
"""Memory of rates."""
SHORTEST_SECONDS = 1.0
LEAST_ACCEPTANCE = 0.005


class Estimator:
    """Learns from observations and feedback; belongs to the rows of one ``LearnedState``."""

    def __init__(self, state: LearnedState) -> None:
        self._state = state
        self._open_entries = np.zeros(len(state))
        self._counted = np.zeros(len(state))
        self._possible = np.zeros(len(state))

    def learn(self, observation: Observation, feedback: Feedback, policy: Policy) -> None:
        """Take in one snapshot and what the platform reported since the calculation before."""
        disposed, plausible = self._dispositions(feedback, policy)
        self._learn_acceptance(observation, feedback, (disposed, plausible), policy)
        self._learn_handle(observation, policy)
        self._learn_disposition(feedback, plausible, policy)
        self._learn_patience(observation)
        self._learn_rates(observation)

    def estimates(self, snapshot: Snapshot, feedback: Feedback, policy: Policy) -> Estimates:
        """What is believed now; statistics and reports go before what was learned, priors stand in for both."""
        state = self._state
        prior = _known_or(feedback.acceptance_ratio, policy.default_acceptance)
        acceptance = cautious_acceptance(state.entries, state.disposed, prior)
        learned = np.where(state.handle > 0.0, state.handle, policy.default_handle_seconds)
        return Estimates(
            acceptance_ratio=np.clip(acceptance, LEAST_ACCEPTANCE, 1.0),
            handle_seconds=np.maximum(np.where(snapshot.handle_seconds > 0.0, snapshot.handle_seconds, learned), 1.0),
            disposition_seconds=self._disposition(feedback, policy),
            patience_seconds=(120.0 + state.waiting_seconds) / (2.0 + state.abandoned),
            reactive_per_second=state.reactive.copy(),
        )

    def _dispositions(self, feedback: Feedback, policy: Policy) -> tuple[FloatArray, BoolArray]:
        """Dispositions as far as they are plausible, and the rows where all of them are.

        The ledger takes every allotted invitation as sent. With few visitors some were not, and a platform may forget
        what was pending: both look like a crowd of rejections, would lower the acceptance ratio and raise the number of
        invitations. Where the count is not likely, Little's law says how many there were: mean pending over d.
        """
        if not len(feedback.reported):
            return feedback.disposed, feedback.disposed > 0.0
        mean = np.maximum(feedback.reported + 0.5 * (feedback.disposed - feedback.sent), 0.0)
        expected = mean * feedback.report_seconds / self._disposition(feedback, policy)
        most = 1.25 * expected + 2.0 * np.sqrt(expected) + 2.0
        likely = (feedback.disposed <= most) & ~self._unspent(feedback)
        reported = feedback.report_seconds > 0.0
        disposed, unspent = feedback.disposed, np.zeros(len(likely))
        if not likely.all():
            disposed = np.where(likely, feedback.disposed, expected)
            unspent = 1.0 - disposed / np.maximum(feedback.disposed, 1.0)
            unspent[likely] = 0.0
        weight = (reported & (feedback.sent > 0.0)) / SPENT_PERIODS
        self._state.spent += weight * (unspent - self._state.spent)
        return disposed, reported & likely

    def _unspent(self, feedback: Feedback) -> BoolArray:
        """Rows whose dispositions, period by period likely, are in sum more than the pending counts can explain.

        At most all of an allotment goes out at once, right after the push; so Little's law bounds the dispositions by
        (pending before the report + half of those disposed) over d. Only a reported d can tell: a learned one comes
        from the same counts.
        """
        known = np.isfinite(feedback.disposition_seconds) & (feedback.report_seconds > 0.0)
        if not known.any():
            return known
        disposed = feedback.disposed * known
        rate = feedback.report_seconds / np.fmax(feedback.disposition_seconds, SHORTEST_SECONDS)
        fade = 1.0 - 1.0 / UNSPENT_PERIODS
        self._counted = fade * self._counted + disposed
        self._possible = fade * self._possible + (feedback.reported + 0.5 * disposed) * rate * known
        surplus = 0.9 * self._counted - self._possible
        return surplus * np.abs(surplus) > 4.0 * self._counted

    def _disposition(self, feedback: Feedback, policy: Policy) -> FloatArray:
        """Mean time to a disposition: as reported, else as learned, else the prior."""
        state = self._state
        learned = np.where(state.disposition > 0.0, state.disposition, policy.default_disposition_seconds)
        return np.maximum(_known_or(feedback.disposition_seconds, learned), SHORTEST_SECONDS)

    def _learn_acceptance(
        self, observation: Observation, feedback: Feedback, dispositions: tuple[FloatArray, BoolArray], policy: Policy
    ) -> None:
        # A report covers the time up to the push it answers; entries since then belong to the next report.
        state = self._state
        reported = feedback.report_seconds > 0.0 if len(feedback.report_seconds) else feedback.disposed > 0.0
        disposed, plausible = dispositions  # none in rows without a report
        later = np.ones(len(disposed))
        if len(feedback.report_age_seconds):
            later = np.minimum(feedback.report_age_seconds / np.maximum(observation.elapsed, 1e-9), 1.0)
        covered = self._open_entries + observation.entries * (1.0 - later)
        # A count bounds the entries of its period; an expectation, below one in most periods, does so only on average.
        entries = np.where(plausible, np.minimum(covered, disposed), covered * reported)
        self._open_entries = covered * ~reported + observation.entries * later
        prior = _known_or(feedback.acceptance_ratio, policy.default_acceptance)
        ratio = np.maximum(_mean(state.entries, state.disposed, prior), LEAST_ACCEPTANCE)
        fast_memory = np.maximum(FAST_ACCEPTS / ratio, FAST_MEMORY)
        slow_memory = slow_memory_of(ratio)
        fast = np.exp(-disposed / fast_memory)
        slow = slow_memory / (slow_memory + disposed)
        state.entries[:] = state.entries * slow + entries
        state.disposed[:] = state.disposed * slow + disposed
        state.fast_entries[:] = np.where(plausible, state.fast_entries * fast + entries, state.fast_entries)
        state.fast_disposed[:] = np.where(plausible, state.fast_disposed * fast + disposed, state.fast_disposed)
        step = self._stepped(prior, fast_memory)
        state.entries[step] = state.fast_entries[step]
        state.disposed[step] = state.fast_disposed[step]

    def _stepped(self, prior: FloatArray, memory: FloatArray) -> FloatArray:
        """Rows where the fast copy is too far from the slow one to be chance."""
        state = self._state
        slow = _mean(state.entries, state.disposed, prior)
        fast = state.fast_entries / np.maximum(state.fast_disposed, 1.0)
        # Fading weights average over twice the memory.
        deviation = np.sqrt(slow * (1.0 - slow) / np.maximum(2.0 * state.fast_disposed, 1.0))
        enough = state.fast_disposed >= 0.5 * memory
        return np.asarray(enough & (np.abs(fast - slow) > STEP_DEVIATIONS * deviation))

    def _learn_handle(self, observation: Observation, policy: Policy) -> None:
        state = self._state
        known = np.where(state.handle > 0.0, state.handle, policy.default_handle_seconds)
        state.completed[:] = (
            state.completed * TIME_MEMORY / (TIME_MEMORY + observation.completed) + observation.completed
        )
        gain = 1.0 / (TIME_PRIOR + state.completed)
        moved = known + gain * (observation.busy_seconds - known * observation.completed)
        moved = np.minimum(np.maximum(moved, 0.5 * known), 2.0 * known)
        state.handle[:] = np.where(observation.elapsed > 0.0, moved, state.handle)

    def _learn_disposition(self, feedback: Feedback, plausible: BoolArray, policy: Policy) -> None:
        state = self._state
        if not len(feedback.pending_seconds):
            return
        wait = np.where(state.disposition > 0.0, state.disposition, policy.default_disposition_seconds)
        gain = 1.0 / (TIME_PRIOR + state.disposed)
        moved = wait + gain * (feedback.pending_seconds - wait * feedback.disposed)
        moved = np.minimum(np.maximum(moved, 0.5 * wait), 2.0 * wait)
        state.disposition[:] = np.where(plausible, moved, state.disposition)

    def _learn_patience(self, observation: Observation) -> None:
        state = self._state
        fade = PATIENCE_MEMORY / np.maximum(state.abandoned, PATIENCE_MEMORY)
        state.waiting_seconds[:] = fade * state.waiting_seconds + observation.waiting_seconds
        state.abandoned[:] = fade * state.abandoned + observation.abandoned

    def _learn_rates(self, observation: Observation) -> None:
        state = self._state
        seen = observation.elapsed > 0.0
        weight = observation.elapsed / (RATE_SECONDS + observation.elapsed)
        per_second = 1.0 / np.maximum(observation.elapsed, 1e-9)
        state.flow += weight * (observation.accepted * per_second - state.flow)
        portion = 1.0 - state.inbound  # the share of inbound traffic that was let in while these entered
        open_door = seen & (portion > 0.05)
        offered = observation.reactive_entered * per_second / np.maximum(portion, 0.05)
        state.reactive += weight * open_door * (offered - state.reactive)


def cautious_acceptance(entries: FloatArray, disposed: FloatArray, prior: FloatArray) -> FloatArray:
    """Posterior mean of p, raised by two standard deviations beyond what a full memory would leave.

    A high p means few invitations: what is not known yet counts against inviting.
    """
    weight = disposed + PRIOR_WEIGHT
    mean = np.clip(_mean(entries, disposed, prior), LEAST_ACCEPTANCE, 1.0)
    spread = np.sqrt(mean * (1.0 - mean))
    steady = spread / np.sqrt(slow_memory_of(mean) + PRIOR_WEIGHT)
    return np.asarray(np.minimum(mean + 2.0 * np.maximum(spread / np.sqrt(weight) - steady, 0.0), 1.0))


def slow_memory_of(ratio: FloatArray) -> FloatArray:
    """Dispositions that the slow copy remembers at this acceptance ratio."""
    return np.minimum(SLOW_MEMORY / ratio, LONGEST_MEMORY)


def _mean(entries: FloatArray, disposed: FloatArray, prior: FloatArray) -> FloatArray:
    return np.minimum((entries + PRIOR_WEIGHT * prior) / (disposed + PRIOR_WEIGHT), 1.0)


def _known_or(values: FloatArray, default: FloatArray | float) -> FloatArray:
    known = np.isfinite(values)
    return values if known.all() else np.where(known, values, default)
