"""LOOKAHEAD in closed form for one target in plain numbers: what the arrays must agree with."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pacing_node.algorithms import Reason, estimators, outer

if TYPE_CHECKING:
    from pacing_node.algorithms import Feedback, Policy, Snapshot


@dataclass
class Seen:
    """One row of a snapshot, cleaned and differenced."""

    usable: bool
    ready: float
    busy: float
    waiting: float
    reactive_waiting: float
    accepted: float
    abandoned: float
    completed: float
    reactive_entered: float
    entries: float
    elapsed: float
    waiting_seconds: float
    busy_seconds: float


@dataclass
class PlainTarget:
    """Learns and calculates for row ``row``; keeps its learned values in plain attributes."""

    row: int
    before: tuple[float, float, float] | None = None
    last: tuple[float, float] = (0.0, 0.0)
    proven_share: float = 1.0
    learned: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_LEARNED, 0.0))

    def calculate(self, snapshot: Snapshot, feedback: Feedback, policy: Policy) -> dict[str, float]:
        """Invitations, reason and level of one calculation."""
        seen = self._observe(snapshot, policy)
        self._learn(seen, feedback, policy)
        acceptance, handle, disposition, patience = self._believed(snapshot, feedback, policy)
        pending = self._still_pending(seen, feedback, acceptance, disposition)
        slots, goal = seen.ready + seen.busy, float(policy.goal[self.row])
        goes_on = bool(feedback.acknowledged[self.row]) and slots > 0.0
        self._learn_abandonment(seen, patience, goal, free=goes_on)
        z, added = self._margin(seen, goal, handle, patience, policy.caution, free=goes_on)
        ahead = seen.waiting + seen.reactive_waiting + self.learned["reactive"] * disposition
        level = _level(seen, ahead, acceptance, handle, disposition, z)
        paced = seen.usable and slots > 0.0
        invitations = (
            max(math.floor(level - pending + _rounding(added, disposition, policy.refresh_seconds)), 0)
            if paced and level > 0.0
            else 0
        )
        if added >= outer.MOST_FEEDBACK:
            count = float(feedback.pending[self.row])
            invitations = min(
                invitations, max(math.floor(seen.ready - seen.waiting - seen.reactive_waiting - count), 0)
            )
        turnover = disposition / (disposition + handle)
        free = max(seen.ready + seen.busy * turnover, seen.ready)
        reason = self._reason(snapshot, policy, seen, (invitations, level, pending, free, added))
        return {"invitations": invitations, "reason": reason, "level": level, "pending": pending, "p": acceptance}

    def _observe(self, snapshot: Snapshot, policy: Policy) -> Seen:
        row = self.row
        usable = bool(snapshot.valid[row] and policy.enabled[row])

        def clean(column: str, *, keep: bool) -> float:
            value = float(getattr(snapshot, column)[row])
            return value if keep and value > 0.0 else 0.0

        known = usable and self.before is not None
        taken_at, was_busy, was_waiting = self.before or (snapshot.taken_at, 0.0, 0.0)
        if self.before is None:
            was_busy, was_waiting = self.last
        ready, busy, waiting = (clean(name, keep=usable) for name in ("ready", "busy", "waiting"))
        elapsed = min(max(snapshot.taken_at - taken_at, 0.0), 60.0) if known else 0.0
        accepted, abandoned = clean("accepted", keep=known), clean("abandoned", keep=known)
        entries = max(accepted + abandoned + (waiting - was_waiting if known else 0.0), 0.0)
        self.before = (snapshot.taken_at, busy, waiting) if usable else None
        self.last = (busy, waiting)
        return Seen(
            usable,
            ready,
            busy,
            waiting,
            clean("reactive_waiting", keep=usable),
            accepted,
            abandoned,
            clean("completed", keep=known),
            clean("reactive_entered", keep=known),
            entries,
            elapsed,
            0.5 * (was_waiting + waiting) * elapsed,
            0.5 * (was_busy + busy) * elapsed,
        )

    def _learn(self, seen: Seen, feedback: Feedback, policy: Policy) -> None:
        learned, row = self.learned, self.row
        wait = learned["disposition"] or policy.default_disposition_seconds
        given, sent, seconds = (float(x[row]) for x in (feedback.disposed, feedback.sent, feedback.report_seconds))
        mean = max(float(feedback.reported[row]) + 0.5 * (given - sent), 0.0)
        expected = mean * seconds / max(wait, 1.0)
        likely = given <= 1.25 * expected + 2.0 * math.sqrt(expected) + 2.0
        disposed = given if likely else expected
        reported = seconds > 0.0
        if reported and sent > 0.0:
            unspent = 0.0 if likely else 1.0 - disposed / max(given, 1.0)
            learned["spent"] += (unspent - learned["spent"]) / estimators.SPENT_PERIODS
        self._learn_acceptance(seen, feedback, (disposed, reported, likely), policy)
        handle = learned["handle"] or policy.default_handle_seconds
        memory = estimators.TIME_MEMORY
        learned["completed"] = learned["completed"] * memory / (memory + seen.completed) + seen.completed
        if seen.elapsed > 0.0:
            learned["handle"] = _moved(handle, seen.busy_seconds - handle * seen.completed, learned["completed"])
        if reported and likely:
            surplus = (float(feedback.pending_seconds[row]) - wait * given) * self.proven_share
            learned["disposition"] = _moved(wait, surplus, learned["disposed"])
        fade = estimators.PATIENCE_MEMORY / max(learned["abandoned"], estimators.PATIENCE_MEMORY)
        learned["waiting_seconds"] = fade * learned["waiting_seconds"] + seen.waiting_seconds
        learned["abandoned"] = fade * learned["abandoned"] + seen.abandoned
        if seen.elapsed > 0.0:
            weight = seen.elapsed / (estimators.RATE_SECONDS + seen.elapsed)
            learned["reactive"] += weight * (seen.reactive_entered / seen.elapsed - learned["reactive"])

    def _learn_acceptance(
        self, seen: Seen, feedback: Feedback, found: tuple[float, bool, bool], policy: Policy
    ) -> None:
        learned, (disposed, reported, likely) = self.learned, found
        later = min(float(feedback.report_age_seconds[self.row]) / max(seen.elapsed, 1e-9), 1.0)
        covered = learned["open"] + seen.entries * (1.0 - later)
        entries = min(covered, disposed) if reported and likely else covered * reported
        learned["open"] = covered * (not reported) + seen.entries * later
        ratio = max(self._mean(policy), estimators.LEAST_ACCEPTANCE)
        disposed = self._proven(entries, disposed, ratio)
        memory = max(estimators.FAST_ACCEPTS / ratio, estimators.FAST_MEMORY)
        slow = _slow_memory(ratio) / (_slow_memory(ratio) + disposed)
        learned["entries"] = learned["entries"] * slow + entries
        learned["disposed"] = learned["disposed"] * slow + disposed
        if reported and likely:
            fast = math.exp(-disposed / memory)
            learned["fast_entries"] = learned["fast_entries"] * fast + entries
            learned["fast_disposed"] = learned["fast_disposed"] * fast + disposed
        mean, newer = self._mean(policy), learned["fast_entries"] / max(learned["fast_disposed"], 1.0)
        deviation = math.sqrt(mean * (1.0 - mean) / max(2.0 * learned["fast_disposed"], 1.0))
        enough = learned["fast_disposed"] >= 0.5 * memory
        if enough and abs(newer - mean) > estimators.STEP_DEVIATIONS * deviation:
            learned["entries"], learned["disposed"] = learned["fast_entries"], learned["fast_disposed"]
        mean = self._mean(policy)
        if learned["disposed"] >= estimators.SLOW_MEMORY:
            faded = learned["proven"] + (mean - learned["proven"]) * seen.elapsed / estimators.PROVEN_SECONDS
            learned["proven"] = max(faded, mean)

    def _proven(self, entries: float, disposed: float, ratio: float) -> float:
        """Dispositions that accepts back: three accepts' worth per accept, five on credit."""
        balance = estimators.PROVEN_PER_ACCEPT * entries - self.learned["unproven"]
        counted = min(disposed, (estimators.PROVEN_ON_CREDIT + balance) / ratio)
        self.proven_share = counted / disposed if disposed > 0.0 else self.proven_share
        self.learned["unproven"] = min(max(-balance, 0.0) + counted * ratio, estimators.PROVEN_ON_CREDIT)
        return counted

    def _mean(self, policy: Policy) -> float:
        prior = estimators.PRIOR_WEIGHT * policy.default_acceptance
        return min((self.learned["entries"] + prior) / (self.learned["disposed"] + estimators.PRIOR_WEIGHT), 1.0)

    def _believed(self, snapshot: Snapshot, feedback: Feedback, policy: Policy) -> tuple[float, float, float, float]:
        learned = self.learned
        mean = max(self._mean(policy), estimators.LEAST_ACCEPTANCE)
        spread = math.sqrt(mean * (1.0 - mean))
        steady = spread / math.sqrt(_slow_memory(mean) + estimators.PRIOR_WEIGHT)
        now = spread / math.sqrt(learned["disposed"] + estimators.PRIOR_WEIGHT)
        given = float(snapshot.handle_seconds[self.row])
        cautious = min(mean + estimators.CAUTION_DEVIATIONS * max(now - steady, 0.0), 1.0)
        return (
            max(cautious, estimators.PROVEN_SHARE * learned["proven"]),
            max(given if given > 0.0 else learned["handle"] or policy.default_handle_seconds, 1.0),
            max(learned["disposition"] or policy.default_disposition_seconds, 1.0),
            (30.0 + learned["waiting_seconds"]) / (0.5 + learned["abandoned"]),
        )

    def _still_pending(self, seen: Seen, feedback: Feedback, acceptance: float, disposition: float) -> float:
        row = self.row
        everything, reported = float(feedback.pending[row]), float(feedback.reported[row])
        age, allotted_age = float(feedback.report_age_seconds[row]), float(feedback.allotted_age_seconds[row])
        still = reported * math.exp(-age / disposition)
        still += (everything - reported) * math.exp(-min(allotted_age, age) / disposition)
        share = still / max(everything, 1e-9)
        part = min(age / max(seen.elapsed, 1e-9), 1.0) if seen.elapsed > 0.0 else 0.0
        came = min(seen.entries * part, everything)
        return (everything - came) * share / max(1.0 - acceptance * (1.0 - share), 1e-9)

    def _learn_abandonment(self, seen: Seen, patience: float, goal: float, *, free: bool) -> None:
        if not free:
            return
        learned = self.learned
        error = 0.25 * seen.waiting_seconds / patience + 0.75 * seen.abandoned - goal * seen.entries
        unit = math.sqrt(max(seen.ready + seen.busy, 1.0)) / outer.GAIN
        least = outer.LEAST_FEEDBACK * unit - 2.0 * math.sqrt(learned["budget"] + 1.0)
        learned["integral"] = min(max(learned["integral"] + error, least), outer.MOST_FEEDBACK * unit)
        learned["budget"] += goal * seen.entries

    def _margin(
        self, seen: Seen, goal: float, handle: float, patience: float, caution: float, *, free: bool
    ) -> tuple[float, float]:
        slots = seen.ready + seen.busy
        chance = max(min(goal * (1.0 + slots * patience / handle), 0.25), 1e-9)
        t = math.sqrt(-2.0 * math.log(chance))
        above = 2.515517 + 0.802853 * t + 0.010328 * t * t
        below = 1.0 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t
        whole = self.learned["integral"] + caution * math.sqrt(self.learned["budget"] + 1.0)
        feedback = outer.GAIN / math.sqrt(max(slots, 1.0)) * whole
        feedback = min(max(feedback, outer.LEAST_FEEDBACK), outer.MOST_FEEDBACK)
        if free:
            seconds = max(outer.OFFSET_SECONDS, outer.OFFSET_ROOT_SECONDS / math.sqrt(max(seen.ready + seen.busy, 1.0)))
            moved = self.learned["offset"] + feedback * seen.elapsed / seconds
            self.learned["offset"] = min(max(moved, outer.LEAST_OFFSET), outer.MOST_OFFSET)
        feedback += self.learned["offset"]
        share = min(self.learned["reactive"] * handle / max(slots, 1.0), 1.0)
        inbound = outer.INBOUND_MARGIN * share / math.sqrt(max(slots, 1.0))
        return t - above / below + 0.2 + inbound + feedback, feedback

    def _reason(
        self, snapshot: Snapshot, policy: Policy, seen: Seen, found: tuple[float, float, float, float, float]
    ) -> Reason:
        invitations, level, pending, free, added = found
        nothing, row = invitations == 0, self.row
        rules = (
            (not policy.enabled[row], Reason.TARGET_DISABLED),
            (not snapshot.valid[row], Reason.STATISTICS_STALE),
            (snapshot.logged_in[row] <= 0.0, Reason.NO_AGENTS_LOGGED_IN),
            (snapshot.capable[row] <= 0.0, Reason.NO_CAPACITY_FOR_MEDIA),
            (seen.ready + seen.busy <= 0.0, Reason.NO_READY_AGENTS),
            (nothing and level < 1.0 and seen.waiting > 0.0 and seen.waiting >= free, Reason.WAITING_COVERS_CAPACITY),
            (nothing and added > 1.0, Reason.ABANDONMENT_OVER_GOAL),
            (nothing and level < 1.0 and pending < 0.5, Reason.NO_READY_AGENTS),
            (nothing, Reason.PENDING_COVERS_CAPACITY),
            (self.learned["disposed"] < estimators.PRIOR_WEIGHT, Reason.WARMING_UP),
        )
        return next((reason for applies, reason in rules if applies), Reason.AGENTS_AVAILABLE)


_LEARNED = (
    "entries",
    "disposed",
    "fast_entries",
    "fast_disposed",
    "open",
    "spent",
    "waiting_seconds",
    "abandoned",
    "handle",
    "completed",
    "disposition",
    "reactive",
    "integral",
    "budget",
    "unproven",
    "proven",
    "offset",
)


def _slow_memory(ratio: float) -> float:
    return min(estimators.SLOW_MEMORY / ratio, estimators.LONGEST_MEMORY)


def _rounding(added: float, disposition: float, refresh_seconds: float) -> float:
    calm = max(disposition / (outer.CALM_PERIODS * refresh_seconds), outer.CALM_FEEDBACK)
    calm = min(calm, outer.MOST_CALM_FEEDBACK)
    return 0.5 - 0.5 * min(max(added - calm, 0.0), 1.0)


def _moved(known: float, surplus: float, events: float) -> float:
    moved = known + surplus / (estimators.TIME_PRIOR + events)
    return min(max(moved, 0.5 * known), 2.0 * known)


def _level(seen: Seen, ahead: float, acceptance: float, handle: float, disposition: float, z: float) -> float:
    """The smallest over the horizons of the largest M with c - ph M >= z sqrt(v + ph (1 - ph) M)."""
    levels = []
    for horizon in (1.0, 3.0):
        accept = acceptance * (1.0 - math.exp(-horizon))
        freed = 1.0 - math.exp(-horizon * disposition / handle)
        c = seen.ready + seen.busy * freed - ahead
        v = seen.busy * freed * (1.0 - freed)
        b = 2.0 * accept * c + accept * (1.0 - accept) * z * z
        k = c * c - z * z * v
        root = math.sqrt(max(b * b - 4.0 * accept * accept * k, 0.0))
        if z >= 0.0:
            levels.append((b - root) / (2.0 * accept * accept) if c > 0.0 else 0.0)
        else:
            levels.append((b + root) / (2.0 * accept * accept))
    return max(min(levels), 0.0)
