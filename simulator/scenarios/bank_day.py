"""One recorded day of a bank's call centre as the reactive stream of the scenario ``bank``.

The records ("Anonymous Bank Call-Center Data", Technion) are not part of the project: they
are read where they are, and the scenario says so when they are missing.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from simulator.model.distributions import Empirical
from simulator.model.spec import Call, Queue, Reactive
from simulator.scenarios.scenario import Scenario, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TYPES_BY_QUEUE: Mapping[str, tuple[str, ...]] = {
    "VQ_Regular_Voice": ("PS", "NW", "PE", "TT"),
    "VQ_Stock_Voice": ("NE",),
    "VQ_Internet_Voice": ("IN",),
}
"""Which recorded types of service each queue gets."""

SHORTEST_SERVICE_SECONDS = 10.0
"""Shorter services are hang-ups of agents or slips, not service: they are left out of the source of service times."""


def bank_day(bank: Scenario, path: Path) -> Scenario:
    """The bank with the recorded calls of the file at ``path``.

    Calls that were offered to agents arrive when they did; a call an agent served keeps its service time, one whose
    caller gave up draws one. Proactive interactions of a queue draw from the service times recorded for it. Raises
    ScenarioError when the file is missing or is not such a record.
    """
    rows = _read(path)
    queues = tuple(_with_calls(queue, rows) for queue in bank.centre.queues)
    if not any(queue.reactive.calls for queue in queues):
        raise ScenarioError(f"{path}: no call that was offered to an agent")
    centre = bank.centre.model_copy(update={"queues": queues})
    return Scenario(name="bank-day", description=f"The recorded day {path.name}", centre=centre)


def _read(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(
            f"bank-day needs the recorded day, and {path} cannot be read ({error}): "
            "give its directory with --data or in PACING_DATA, or take --scenario bank"
        ) from error
    wanted = {"offered", "offer_s", "outcome", "svc_s", "type"}
    missing = wanted - set(rows[0] if rows else ())
    if missing:
        raise ScenarioError(f"{path}: columns missing: {', '.join(sorted(missing))}")
    return [row for row in rows if row["offered"] == "1"]


def _with_calls(queue: Queue, rows: list[dict[str, str]]) -> Queue:
    types = TYPES_BY_QUEUE.get(queue.number, ())
    calls = sorted((_call(row) for row in rows if row["type"] in types), key=lambda call: call.at)
    served = tuple(c.service for c in calls if c.service is not None and c.service >= SHORTEST_SERVICE_SECONDS)
    if not served:
        return queue
    changed = {"reactive": Reactive(calls=tuple(calls)), "handle": Empirical(seconds=served)}
    return queue.model_copy(update=changed)


def _call(row: dict[str, str]) -> Call:
    try:
        service = float(row["svc_s"]) if row["outcome"] == "AGENT" else None
        return Call(at=float(row["offer_s"]), service=service)
    except ValueError as error:
        raise ScenarioError(f"recorded day: not a number in {row}") from error
