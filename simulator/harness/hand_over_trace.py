"""Where the time of a hand-over went, from the logs of the two nodes and the platform's record. Pure.

All times are of one machine's clock. A step that no log tells of is left out, and its time falls to the next one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ORDER = frozenset({"leadership.step_down"})
NOTICE = frozenset({"leadership.ended", "supervisor.worker_died"})
RELEASE = frozenset({"leadership.released", "supervisor.mastership_released"})
WATCH = frozenset({"leadership.vacant"})
ACQUIRE = frozenset({"leadership.acquired"})
STEPS = ("order", "notice", "release", "watch", "acquire", "first push")
"""An order to step down, where there is one, has reached the old node, which has let it pass; the old node ends its
term, or its supervisor sees it dead; the mastership is released in ZooKeeper; another node sees that there is no
master; its term has begun, with the lease; the platform has received its first push."""
_LINE = re.compile(r"^(\d{4}-\d\d-\d\dT\S+Z) \[\w+ *\] (\S+)\s*(.*)$")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a hand-over. Times in seconds."""

    name: str
    at: float
    """Since the fault or the order."""
    took: float
    """Since the step before it."""

    def as_dict(self) -> dict[str, object]:
        """Ready for JSON, in milliseconds."""
        return {"step": self.name, "at_ms": round(1000.0 * self.at, 1), "took_ms": round(1000.0 * self.took, 1)}


def hand_over_trace(fault_at: float, received_at: float, old_log: str, new_log: str) -> tuple[Step, ...]:
    """The steps from ``fault_at`` until the first push of the next term was received, both Unix time in seconds.

    ``old_log`` is of the node that was master, ``new_log`` of the one that is.
    """
    old, new = list(_lines(old_log, fault_at)), list(_lines(new_log, fault_at))
    found = (
        _first(old, ORDER, received_at),
        _first(old, NOTICE, received_at),
        _first(old, RELEASE, received_at),
        _last(new, WATCH, received_at),
        _last(new, ACQUIRE, received_at),
        received_at,
    )
    steps, before = [], fault_at
    for name, at in zip(STEPS, found, strict=True):
        if at is not None:
            # An answer of ZooKeeper may reach the one who asked after the news of it has reached the other.
            took = max(0.0, at - before)
            steps.append(Step(name, at - fault_at, took))
            before = max(before, at)
    return tuple(steps)


def _lines(log: str, since: float) -> Iterator[tuple[str, float]]:
    for line in log.splitlines():
        if (match := _LINE.match(line)) is not None:
            at = datetime.fromisoformat(match[1]).timestamp()
            if at >= since:
                yield match[2], at


def _first(lines: Iterable[tuple[str, float]], names: frozenset[str], until: float) -> float | None:
    return next((at for name, at in lines if name in names and at <= until), None)


def _last(lines: Iterable[tuple[str, float]], names: frozenset[str], until: float) -> float | None:
    return max((at for name, at in lines if name in names and at <= until), default=None)
