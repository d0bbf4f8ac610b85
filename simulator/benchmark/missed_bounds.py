"""What the laws must keep in every scenario, and which rows of a run do not.

From ten agents on: abandonment on average at most the goal, and at most twice the goal in the worst half hour. At three
to nine agents: nine days of ten within the goal. Where one invitation per ready agent breaks the goal already, nobody
can keep it: then no more than one invitation per free slot, and the law must say so. Everywhere: within one point of
the busy factor of the best simple rule that is told the same and abandons no more; one and two agents: not below one
invitation per ready agent. A row misses a bound when it is beyond it by more than two standard errors.
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


def missed(found: Sequence[Figures]) -> list[Missed]:
    """Every bound missed by a law of ours, in the order of the rows."""
    simple = {(f.law, f.scenario, f.agents): f for f in found if f.law in SIMPLE_RULES}
    result = []
    for row in found:
        if not row.law.startswith("LOOKAHEAD"):
            continue
        rules = [simple[key] for name in SIMPLE_RULES if (key := (name, row.scenario, row.agents)) in simple]
        result += [Missed(row.law, row.scenario, row.agents, *rest) for rest in _of_row(row, rules)]
    return result


def _of_row(row: Figures, rules: Sequence[Figures]) -> Iterator[tuple[str, float, float]]:
    if _keepable(row, rules):
        yield from _goal(row)
    else:
        yield from _without_goal(row)
    yield from _behind(row, rules)


def _keepable(row: Figures, rules: Sequence[Figures]) -> bool:
    """Whether the simplest rule keeps the goal; a dual law can turn inbound traffic away and always can."""
    if row.law.endswith("_DUAL"):
        return True
    careful = next((rule for rule in rules if rule.law == SIMPLE_RULES[0]), None)
    return careful is None or careful.abandonment_percent <= row.goal_percent


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


def _without_goal(row: Figures) -> Iterator[tuple[str, float, float]]:
    if row.over_free_percent > _OVER_FREE_PERCENT:
        yield "calculations above one per free slot %", row.over_free_percent, _OVER_FREE_PERCENT
    if not row.infeasible_percent:
        yield "calculations that say the goal cannot be kept %", 0.0, 100.0


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
