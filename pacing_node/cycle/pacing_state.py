"""Controller and ledger of the targets in force, carried over when the targets change or the master does."""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import structlog

from pacing_node.algorithms.controller import Controller
from pacing_node.algorithms.first_look import restore_first_look, save_first_look
from pacing_node.algorithms.learned import restore_learned, save_learned
from pacing_node.algorithms.ledger import HISTORY_PERIODS, HISTORY_SECONDS, Ledger
from pacing_node.algorithms.model import Reason
from pacing_node.algorithms.state import UnusableStateError
from pacing_node.cycle.plan import policy_for
from pacing_node.engagement.replies import ReplyColumns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.algorithms.model import Feedback, FloatArray, IntArray, Result, Snapshot
    from pacing_node.cycle.departed_targets import DepartedTargets
    from pacing_node.cycle.holds import Holds
    from pacing_node.cycle.plan import CycleSettings
    from pacing_node.cycle.report import CycleReport
    from pacing_node.engagement.replies import TargetReply
    from pacing_node.targets import TargetSet

log = structlog.get_logger(__name__)

_TOTALS = ("accepted_total", "abandoned_total", "term_accepted", "term_abandoned")
_INCREMENTS = ("accepted", "abandoned", "completed", "reactive_entered")


@dataclass(frozen=True, slots=True)
class CycleResult:
    """What one cycle calculated, and what it calculated from."""

    at: float
    """Unix time in seconds, this node's clock."""
    snapshot: Snapshot
    feedback: Feedback
    result: Result


class PacingState:
    """What was learned of one set of targets and what was sent to them; calculates from both."""

    def __init__(self, settings: CycleSettings, targets: TargetSet) -> None:
        self.targets = targets
        self._settings = settings
        self.policy = policy_for(settings, targets)
        self._controller = Controller(targets.names)
        self._ledger = Ledger(targets.names, _kept_seconds(settings))
        self._held = 0
        self.accepted_total: FloatArray = np.zeros(len(targets.targets))
        self.abandoned_total: FloatArray = np.zeros(len(targets.targets))
        self.term_accepted: FloatArray = np.zeros(len(targets.targets))
        """Interactions that agents took since the term began; the next one those that visitors left."""
        self.term_abandoned: FloatArray = np.zeros(len(targets.targets))
        self._previewed: Snapshot | None = None
        """The newest snapshot that was only previewed, with the increments of all since the newest calculation."""

    def follow(self, settings: CycleSettings, targets: TargetSet, departed: Sequence[bytes] = ()) -> PacingState:
        """Continue with other settings or targets; what was learned of targets that stay is kept.

        ``departed`` is what was learned of targets that were gone for a while, the oldest record first.
        """
        if targets.version == self.targets.version:
            if settings != self._settings:
                self._settings, self.policy = settings, policy_for(settings, targets)
                self._ledger.kept_seconds = _kept_seconds(settings)
            return self
        successor = PacingState(settings, targets)
        now = time.time()
        try:
            successor.restore(self.save(now), now, departed)
        except UnusableStateError as error:
            log.error("cycle.state_not_kept", error=str(error))
        old_rows = {name: row for row, name in enumerate(self.targets.names)}
        stay = [(row, old_rows[name]) for row, name in enumerate(targets.names) if name in old_rows]
        new, old = (np.array(rows, np.intp) for rows in zip(*stay, strict=True)) if stay else ((), ())
        for total in _TOTALS if stay else ():
            getattr(successor, total)[new] = getattr(self, total)[old]
        return successor

    def calculate(self, snapshot: Snapshot, now: float, holds: Holds | None = None) -> CycleResult:
        """Learn from the snapshot and calculate what may be sent; ``now`` is Unix time in seconds.

        Targets that are held get nothing, and their agents are promised to others.
        """
        snapshot, self._previewed = joined(self._previewed, snapshot), None
        self.accepted_total += np.where(snapshot.valid, snapshot.accepted, 0.0)
        self.abandoned_total += np.where(snapshot.valid, snapshot.abandoned, 0.0)
        self.term_accepted = self.term_accepted + np.where(snapshot.valid, snapshot.accepted, 0.0)
        self.term_abandoned = self.term_abandoned + np.where(snapshot.valid, snapshot.abandoned, 0.0)
        age = snapshot.age_seconds if math.isfinite(snapshot.age_seconds) else 0.0
        lag = self._ledger.lag.seconds
        self._ledger.compare(snapshot, now - age)
        if self._ledger.lag.seconds != lag:
            log.warning("statistics.lag_found", seconds=self._ledger.lag.seconds)
        feedback = self._ledger.feedback(now - age)
        result = self._result(self._controller, snapshot, feedback, self._held_back(holds, now))
        self._tell_implausible(result)
        return CycleResult(now, snapshot, feedback, result)

    def _tell_implausible(self, result: Result) -> None:
        """One line when values are held back, until a period without any."""
        held = int(np.count_nonzero(result.reason == Reason.INPUT_IMPLAUSIBLE))
        if held and not self._held:
            log.warning("input.implausible", targets=held)
        self._held = held

    def _held_back(self, holds: Holds | None, now: float) -> IntArray | None:
        return holds.reasons(self.targets.names, now) if holds is not None else None

    def _result(self, controller: Controller, snapshot: Snapshot, feedback: Feedback, held: IntArray | None) -> Result:
        """What the law allows; held targets count as switched off, and say why."""
        if held is None:
            return controller.calculate(snapshot, feedback, self.policy)
        policy = replace(self.policy, enabled=self.policy.enabled & (held < 0))
        result = controller.calculate(snapshot, feedback, policy)
        reason = np.where(self.policy.enabled & (held >= 0), held, result.reason)
        return replace(result, invitations=np.where(held >= 0, 0, result.invitations), reason=reason)

    def rehearse(self, snapshot: Snapshot, now: float) -> CycleResult:
        """Calculate ahead of a first cycle; what that leaves are tables of the laws, which belong to the process."""
        feedback = self._ledger.feedback(now)
        return CycleResult(now, snapshot, feedback, self._controller.calculate(snapshot, feedback, self.policy))

    def preview(self, snapshot: Snapshot, now: float, holds: Holds | None = None) -> CycleResult:
        """What may be sent between two calculations; as :meth:`calculate`, but nothing is learned.

        The laws learn once in a period, and hold back for one what looks impossible. So a copy of them calculates, and
        what the snapshot counts is kept for the next calculation.
        """
        snapshot = self._previewed = joined(self._previewed, snapshot)
        age = snapshot.age_seconds if math.isfinite(snapshot.age_seconds) else 0.0
        feedback = copy.deepcopy(self._ledger).feedback(now - age)
        result = self._result(copy.deepcopy(self._controller), snapshot, feedback, self._held_back(holds, now))
        return CycleResult(now, snapshot, feedback, result)

    def term_began(self, counted: Snapshot | None = None) -> None:
        """Count anew what a term counts, and forget what was counted for a calculation that did not come.

        ``counted`` is the newest reading as a standby, with what was counted since the calculation resumed from.
        """
        self._previewed = counted
        self.term_accepted, self.term_abandoned = (np.zeros(len(self.targets.targets)) for _ in range(2))

    def clock_set(self, seconds: float, now: float) -> None:
        """The clock that gives ``now``, Unix time in seconds, was set by so many: what was learned keeps its age."""
        self._ledger.clock_set(seconds, now)

    def allotted(self, now: float, invitations: IntArray, rows: IntArray | None = None) -> None:
        """Enter into the ledger what a push that is about to start allows; ``rows`` of a partial one, None: all."""
        self._ledger.allotted(now, invitations, rows)

    def acknowledged(self, now: float, replies: Sequence[TargetReply]) -> None:
        """Enter into the ledger what the platform replied, one reply per target."""
        self._ledger.acknowledged(now, *ReplyColumns.of(replies).numbers)

    def failed(self, *, arrived: bool = True) -> None:
        """Enter into the ledger that the push got no usable reply; it may have arrived unless that is excluded."""
        self._ledger.failed(arrived=arrived)

    def save(self, now: float) -> bytes:
        """Return everything a successor needs to go on from here; ``now`` is Unix time in seconds."""
        return save_learned(self._controller, self._ledger, now)

    def first_look(self) -> bytes:
        """Return what a successor's first calculation needs beyond ``save``."""
        return save_first_look(self._controller, self._ledger)

    def look_back(self, report: CycleReport, now: float) -> None:
        """Go on from the newest calculation of a predecessor, after ``restore``.

        Raises ``UnusableStateError``, and changes nothing, when what it left is damaged or of another version.
        """
        restore_first_look(report.first_look, report.targets, self._controller, self._ledger, now)

    def restore(self, saved: bytes, now: float, departed: Sequence[bytes] = ()) -> None:
        """Take over saved state for those of its targets that are also here; ``now`` is Unix time in seconds.

        ``departed`` as for :meth:`follow`. Raises ``UnusableStateError``, and changes nothing, when it is damaged, of
        another version, or cannot be.
        """
        restore_learned(saved, self._controller, self._ledger, now, departed)

    def is_for(self, settings: CycleSettings, targets: TargetSet) -> bool:
        """Whether these settings and targets are those it calculates with."""
        return targets.version == self.targets.version and settings == self._settings


def followed(
    state: PacingState | None, settings: CycleSettings, targets: TargetSet, departed: DepartedTargets
) -> PacingState:
    """The state for other settings or targets, with what was learned so far, also of targets that were gone."""
    if state is None:
        return PacingState(settings, targets)
    new = set(targets.names).difference(state.targets.names) if targets.names is not state.targets.names else ()
    return state.follow(settings, targets, departed.learned(new, time.time()))


def resume(state: PacingState, report: CycleReport, departed: DepartedTargets, now: float) -> None:
    """Go on from the newest report of a predecessor; ``now`` is Unix time in seconds.

    Raises ``UnusableStateError`` when what it left is damaged, of another version, or cannot be.
    """
    new = set(state.targets.names).difference(report.targets)
    state.restore(report.learned_state, now, departed.learned(new, now))
    if report.first_look:
        state.look_back(report, now)


def joined(earlier: Snapshot | None, snapshot: Snapshot) -> Snapshot:
    """A snapshot with the increments of an earlier one added: those count from the snapshot before that."""
    if earlier is None:
        return snapshot
    sums = {
        name: np.where(earlier.valid, getattr(earlier, name), 0.0) + getattr(snapshot, name) for name in _INCREMENTS
    }
    return replace(snapshot, **sums)


def _kept_seconds(settings: CycleSettings) -> float:
    return max(HISTORY_SECONDS, HISTORY_PERIODS * settings.refresh_seconds)
