"""What the laws must keep in every scenario, and which rows of a run do not.

From ten agents on: abandonment on average at most the goal, and at most twice the goal in the worst half hour. At
three to nine agents: nine days of ten within the goal. Where no simple rule keeps that, one invitation per ready
agent included, nor ours, nobody can: then such a row is judged by another rule, and says by which: no more than one
invitation per free slot, and most calculations say that the goal cannot be kept. Where a busy factor is to be held it
counts instead, from ten agents on, to a point, with at most the ceiling of abandonment. Everywhere else: within one
point of the busy factor of the best simple rule that is told the same and abandons no more; one and two agents: not
below one invitation per ready agent. A row misses a bound when it is beyond it by more than two standard errors.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from simulator.benchmark.figures import Figures

SIMPLE_RULES = ("one-per-ready/as-told", "fixed-ratio-2/as-told", "free-agents-window/as-told")
"""Laws of ``laws.py`` that ours are held against, with the same information."""
BEHIND_POINTS = 1.0
WORST_TIMES = 2.0
LEAST_DAYS_PERCENT = 90.0
_ERRORS = 2.0
_OVER_FREE_PERCENT = 1.0
_SAID_PERCENT = 50.0
BY_GOAL = "goal"
BY_FREE_SLOTS = "one per free slot"
BY_BUSY_FACTOR = "busy factor"
_BUSY_POINTS = 1.0
_CEILING_PERCENT = 5.0


@dataclass(frozen=True, slots=True)
class Missed:
    """One bound that one row misses."""

    law: str
    scenario: str
    agents: int
    bound: str
    found: float
    allowed: float

    def as_row(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def __str__(self) -> str:
        where = f"{self.scenario}, {self.agents} agents, {self.law}"
        return f"{where}: {self.bound} {self.found:g}, allowed {self.allowed:g}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """By which rule a row of ours is judged, why by that one, and the bounds it misses."""

    row: Figures
    rule: str
    """``BY_GOAL``, ``BY_FREE_SLOTS`` or ``BY_BUSY_FACTOR``."""
    why: str
    missed: tuple[Missed, ...]

    def as_row(self) -> dict[str, Any]:
        """For JSON."""
        row = self.row
        place = {"law": row.law, "scenario": row.scenario, "agents": row.agents}
        return place | {"rule": self.rule, "why": self.why, "kept": not self.missed}

    def __str__(self) -> str:
        row = self.row
        return f"{row.scenario}, {row.agents} agents, {row.law}: judged by {self.rule}; {self.why}"


def verdicts(found: Sequence[Figures]) -> list[Verdict]:
    """A verdict on every row of a law of ours, in the order of the rows."""
    simple = {(f.law, f.scenario, f.agents): f for f in found if f.law in SIMPLE_RULES}
    result = []
    for row in found:
        if row.law.startswith("LOOKAHEAD"):
            rules = [simple[key] for name in SIMPLE_RULES if (key := (name, row.scenario, row.agents)) in simple]
            result.append(_verdict(row, rules))
    return result


def _verdict(row: Figures, rules: Sequence[Figures]) -> Verdict:
    rule, why = BY_GOAL, ""
    if row.busy_goal_percent is not None:
        rule, why, bounds = BY_BUSY_FACTOR, f"{row.busy_goal_percent:g} % are to be held", [*_busy_factor(row)]
    elif _keepable(row, rules):
        bounds = [*_goal(row), *_behind(row, rules)]
    else:
        rule, why, bounds = BY_FREE_SLOTS, _why_not_by_goal(row, rules), [*_without_goal(row), *_behind(row, rules)]
    return Verdict(row, rule, why, tuple(Missed(row.law, row.scenario, row.agents, *each) for each in bounds))


def _keepable(row: Figures, rules: Sequence[Figures]) -> bool:
    """Whether some simple rule, or our law, keeps the goal; one and two agents have no goal to keep.

    A dual law can turn inbound traffic away and always can.
    """
    if row.law.endswith("_DUAL") or row.agents <= 2 or not any(rule.law == SIMPLE_RULES[0] for rule in rules):
        return True
    return any(not list(_goal(each)) for each in (row, *rules))


def _why_not_by_goal(row: Figures, rules: Sequence[Figures]) -> str:
    careful = next(rule for rule in rules if rule.law == SIMPLE_RULES[0])
    return (
        f"no simple rule keeps it, {careful.law} loses {careful.abandonment_percent:g} % "
        f"({careful.days_within_goal_percent:g} % of days within {row.goal_percent:g}); "
        f"{row.infeasible_percent:g} % of calculations say so, {row.over_said_percent:g} % of them and "
        f"{row.over_free_percent:g} % of all allow more than one per free slot"
    )


def _goal(row: Figures) -> Iterator[tuple[str, float, float]]:
    goal = row.goal_percent
    if row.agents >= 10:
        if row.abandonment_percent - _ERRORS * row.abandonment_error > goal:
            yield "abandoned %", row.abandonment_percent, goal
        if row.worst_30min_percent - _ERRORS * row.worst_30min_error > WORST_TIMES * goal:
            yield "worst half hour %", row.worst_30min_percent, WORST_TIMES * goal
    elif row.agents >= 3:
        share = row.days_within_goal_percent / 100.0
        error = 100.0 * (share * (1.0 - share) / row.days) ** 0.5
        if row.days_within_goal_percent + _ERRORS * error < LEAST_DAYS_PERCENT:
            yield "days within goal %", row.days_within_goal_percent, LEAST_DAYS_PERCENT


def _busy_factor(row: Figures) -> Iterator[tuple[str, float, float]]:
    goal = row.busy_goal_percent
    if goal is None or row.agents < 10:
        return
    if abs(row.busy_percent - goal) - _ERRORS * row.busy_error > _BUSY_POINTS:
        yield "busy % to be held", row.busy_percent, goal
    if row.abandonment_percent - _ERRORS * row.abandonment_error > _CEILING_PERCENT:
        yield "abandoned % against the ceiling", row.abandonment_percent, _CEILING_PERCENT


def _without_goal(row: Figures) -> Iterator[tuple[str, float, float]]:
    if row.over_free_percent > _OVER_FREE_PERCENT:
        yield "calculations above one per free slot %", row.over_free_percent, _OVER_FREE_PERCENT
    if row.over_said_percent:
        yield "calculations that say so and allow more than one per free slot %", row.over_said_percent, 0.0
    if row.infeasible_percent < _SAID_PERCENT:
        yield "calculations that say the goal cannot be kept %", row.infeasible_percent, _SAID_PERCENT


def _behind(row: Figures, rules: Sequence[Figures]) -> Iterator[tuple[str, float, float]]:
    small = row.agents <= 2
    allowed = max(row.goal_percent, row.abandonment_percent)
    fit = [rule for rule in rules if rule.abandonment_percent <= allowed]
    if small:
        fit = [rule for rule in fit if rule.law == SIMPLE_RULES[0]]
    if not fit:
        return
    best = max(fit, key=lambda rule: rule.busy_percent)
    least = best.busy_percent - (0.0 if small else BEHIND_POINTS)
    error = (row.busy_error**2 + best.busy_error**2) ** 0.5
    if row.busy_percent + _ERRORS * error < least:
        yield f"busy % against {best.law}", row.busy_percent, round(least, 2)
