"""Holds: targets, or all of them, that an operator allows no invitations, until released or for a time. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cluster.outside_text import one_line
from pacing_node.algorithms.model import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pacing_node.algorithms.model import IntArray

MOST_HOLDS = 2000
"""Most targets that are held one by one: beyond it the emergency stop is meant, and the document has its bounds."""
LONGEST_SECONDS = 30 * 86_400.0
"""Longest hold for a time."""
MOST_TEXT = 200


class DamagedHoldsError(ValueError):
    """The document with the holds cannot be read."""


@dataclass(frozen=True, slots=True)
class Hold:
    """One order to send no invitations. Moments are Unix seconds."""

    by: str
    why: str
    since: float
    until: float | None = None
    """When it ends by itself; None: when it is released."""

    def in_force(self, now: float) -> bool:
        """Whether it has not run out by this machine's clock."""
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class Holds:
    """Every hold there is. Replaced whole."""

    stop: Hold | None = None
    """The emergency stop of all targets."""
    targets: Mapping[str, Hold] = field(default_factory=dict)

    def of(self, name: str, now: float) -> Hold | None:
        """What keeps a target from invitations: the emergency stop before its own hold; None when nothing does."""
        found = self.stop if self.stop is not None and self.stop.in_force(now) else self.targets.get(name)
        return found if found is not None and found.in_force(now) else None

    def stopped(self, now: float) -> Hold | None:
        """The emergency stop in force; None when there is none."""
        return self.stop if self.stop is not None and self.stop.in_force(now) else None

    def current(self, now: float) -> Holds:
        """Those that have not run out."""
        targets = {name: hold for name, hold in self.targets.items() if hold.in_force(now)}
        return Holds(self.stopped(now), targets)

    def with_target(self, name: str, hold: Hold | None) -> Holds:
        """With another hold of a target, or none."""
        targets = {each: kept for each, kept in self.targets.items() if each != name}
        return replace(self, targets=targets if hold is None else {**targets, name: hold})

    def reasons(self, names: Sequence[str], now: float) -> IntArray | None:
        """Per target the reason ``HELD`` or ``STOPPED``, and -1 for those not held; None when nothing is held."""
        current = self.current(now)
        if current.stop is not None:
            return np.full(len(names), Reason.STOPPED, np.int64)
        if not current.targets:
            return None
        held = [Reason.HELD if name in current.targets else -1 for name in names]
        return np.array(held, np.int64)


def encode_holds(holds: Holds) -> bytes:
    """The document as it is kept."""
    stop = asdict(holds.stop) if holds.stop is not None else None
    return json.dumps({"stop": stop, "targets": {name: asdict(hold) for name, hold in holds.targets.items()}}).encode()


def decode_holds(data: bytes) -> Holds:
    """The holds in a document: all or none. Raises DamagedHoldsError."""
    try:
        content: Any = json.loads(data)
        stop = content["stop"]
        targets = {str(name): _hold(entry) for name, entry in content["targets"].items()}
        return Holds(_hold(stop) if stop is not None else None, targets)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise DamagedHoldsError("the list of holds cannot be read") from error


def _hold(entry: dict[str, Any]) -> Hold:
    since, until = float(entry["since"]), entry["until"]
    if not 0.0 <= since < 1e11 or not (until is None or 0.0 <= float(until) < 1e11):
        raise ValueError("a moment that is none")
    by, why = (one_line(str(entry[key]), MOST_TEXT) for key in ("by", "why"))
    return Hold(by, why, since, None if until is None else float(until))
