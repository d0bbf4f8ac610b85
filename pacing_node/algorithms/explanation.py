"""The sum behind one number, in a few lines a supervisor understands; from plain scalars, so any node can explain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pacing_node.algorithms.estimators import PROVEN_SECONDS, PROVEN_SHARE
from pacing_node.algorithms.model import Reason, Rounding

if TYPE_CHECKING:
    from collections.abc import Mapping

_BECAUSE = {
    Reason.AGENTS_AVAILABLE: "agents can take this many within the goal",
    Reason.PENDING_COVERS_CAPACITY: "invitations already out will fill the agents; more would wait",
    Reason.NO_AGENTS_LOGGED_IN: "no agent of the target's groups is logged in",
    Reason.NO_READY_AGENTS: "agents are logged in, but too few are ready, or about to be, for one more",
    Reason.NO_CAPACITY_FOR_MEDIA: "agents are logged in, but their capacity rules allow nothing of this medium",
    Reason.ABANDONMENT_OVER_GOAL: "recent abandonment used up the goal; held back until it recovers",
    Reason.RESERVED_FOR_REACTIVE: "what is free is kept for inbound traffic",
    Reason.STATISTICS_STALE: "statistics are too old or marked invalid; nothing is assumed",
    Reason.TARGET_DISABLED: "the target is switched off in the configuration",
    Reason.WARMING_UP: "too little is known yet; the number is cautious",
    Reason.SHARED_AGENTS_SPENT: "the agents are promised to another target that shares them",
    Reason.WAITING_COVERS_CAPACITY: "visitors who accepted already wait for every agent that can become free",
    Reason.GOAL_INFEASIBLE: "inbound load alone breaks the goal; no more than one per free slot",
    Reason.INPUT_IMPLAUSIBLE: "a value cannot be; the previous one counts until the next period confirms it",
    Reason.HELD: "an operator holds this target",
    Reason.STOPPED: "an operator has stopped all invitations",
}
_UNKNOWABLE = {Reason.STATISTICS_STALE, Reason.TARGET_DISABLED}
_BY_AN_OPERATOR = {Reason.HELD, Reason.STOPPED}
_ROUNDED: Mapping[int, str] = {
    Rounding.NEAREST: "rounded to the nearest",
    Rounding.LESS_UP: "rounded up less, since more visitors were lost lately than the goal allows",
    Rounding.DOWN: "rounded down, for no part of an agent is promised",
    Rounding.CARRIED: "in whole ones, the fraction carried on from period to period",
    Rounding.DEALT: (
        "dealt out in whole ones with the targets that share its agents, each after its share of them, "
        "what was owed longest first, and less rounded up after losses"
    ),
    Rounding.ONE_PER_FREE: "cut to one per free slot, with all counted that may be out",
}
_OLDER_MASTER = (
    "How the acceptance in use and the whole number came about is not known: "
    "the master that calculated is of an older version."
)


@dataclass(frozen=True, slots=True)
class Row:
    """One target of one calculation as a record shows it; NaN where a value is not known."""

    algorithm: str
    reason: int
    invitations: int
    goal_percent: float
    logged_in: float
    ready: float
    busy: float
    waiting: float
    pending: float
    acceptance_ratio: float
    handle_seconds: float
    disposition_seconds: float
    patience_seconds: float
    inbound_portion: float = math.nan
    interval_seconds: float = 5.0
    level: float = math.nan
    still_out: float = math.nan
    acceptance_seen: float = math.nan
    acceptance_floor: float = math.nan
    rounding: int | None = None
    """A ``Rounding``; None from a master of an older version, which sends none of the four above either."""


def explain(row: Row) -> list[str]:
    """Lines from the result down to what it was made of."""
    reason = Reason(row.reason)
    lines = [f"{row.invitations} invitations for the next {_number(row.interval_seconds)} s: {_BECAUSE[reason]}."]
    if reason in _UNKNOWABLE:
        return lines
    lines.append(
        f"Agents: {_number(row.logged_in)} logged in; {_number(row.ready)} slots ready, {_number(row.busy)} busy; "
        f"{_number(row.waiting)} accepted visitors waiting."
    )
    if reason in {Reason.NO_AGENTS_LOGGED_IN, Reason.NO_CAPACITY_FOR_MEDIA}:
        return lines
    lines.extend(_sum(row))
    lines.extend(_guards(row))
    lines.append(
        f"Goal: {row.goal_percent:g} % with {row.algorithm}; "
        f"a waiting visitor gives up after {_number(row.patience_seconds)} s on average."
    )
    if math.isfinite(row.inbound_portion):
        lines.append(f"Inbound traffic: {100 * row.inbound_portion:.0f} % may be let in.")
    return lines


def _sum(row: Row) -> list[str]:
    """Slots becoming free against accepts to come, over the time an invitation takes to be answered."""
    if not (row.handle_seconds > 0.0 and row.disposition_seconds > 0.0):
        return []
    freed = row.busy * -math.expm1(-row.disposition_seconds / row.handle_seconds)
    accepts = row.pending * row.acceptance_ratio
    soon = (
        f"Free soon: {_number(row.ready)} ready + {freed:.1f} of the busy within {_number(row.disposition_seconds)} s "
        f"(an interaction takes {_number(row.handle_seconds)} s) - {_number(row.waiting)} waiting "
        f"= {row.ready + freed - row.waiting:.1f}."
    )
    out = (
        f"Already out: {_number(row.pending)} invitations, of which {100 * row.acceptance_ratio:.0f} % are accepted "
        f"= {accepts:.1f} more visitors."
    )
    return [soon, out]


def _guards(row: Row) -> list[str]:
    """What stood between the sum and the number: the acceptance in use, and how a real number became a whole one."""
    if row.rounding is None:
        return [_OLDER_MASTER]
    return [*_acceptance(row), *_room(row)]


def _acceptance(row: Row) -> list[str]:
    """Why the acceptance in use is higher than what the answers say, where it is."""
    seen, used, floor = row.acceptance_seen, row.acceptance_ratio, row.acceptance_floor
    if not (math.isfinite(seen) and used > 1.001 * seen):
        return []
    head = f"Acceptance: the answers so far say {_percent(seen)} %, {_percent(used)} % is in use"
    if floor >= 0.9999 * used:
        proved = f"{_percent(floor / PROVEN_SHARE)} % that accepts proved within {PROVEN_SECONDS / 60.0:.0f} minutes"
        return [f"{head}: never below {_percent(PROVEN_SHARE)} % of the {proved}, for refusals alone may be a fault."]
    return [f"{head} until more are known, for a higher one means fewer invitations."]


def _room(row: Row) -> list[str]:
    """From what may be out to whole invitations."""
    if (
        row.rounding is None
        or row.rounding == Rounding.NONE
        or row.reason in _BY_AN_OPERATOR
        or not math.isfinite(row.level)
    ):
        return []
    head = f"Room: {row.level:.1f} may be out at once, {row.still_out:.1f} still are by now as far as can be told"
    room = row.level - row.still_out
    if room <= 0.0 and not row.invitations:
        return [f"{head}; none."]
    rule = _ROUNDED.get(row.rounding, "rounded by a rule that this version does not know")
    return [f"{head}: {room:.1f} more, {rule}: {row.invitations}."]


def _percent(share: float) -> str:
    return f"{100.0 * share:.1f}".removesuffix(".0")


def _number(value: float) -> str:
    return "?" if not math.isfinite(value) else f"{value:.1f}".removesuffix(".0")
