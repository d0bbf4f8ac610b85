"""Abandonment of proactive interactions, of one target and of all: now, in the last hour, today."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pacing_node.monitoring.last_hour import NOW_SLOTS, OUTCOMES, SLOT_SECONDS, SLOTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.monitoring.last_hour import LastHour


LONGEST_DAY_SECONDS = 90_000.0
"""A day on which clocks are put back."""


@dataclass(frozen=True, slots=True)
class Share:
    """What was abandoned of what reached a queue and left it again, in a time."""

    since: float | None
    """From when on it is counted, Unix seconds: later than the time's beginning where this node knows no more."""
    accepted: int
    abandoned: int

    @property
    def percent(self) -> float | None:
        """Abandoned of all, in percent; None where nothing happened."""
        total = self.accepted + self.abandoned
        return round(100.0 * self.abandoned / total, 3) if total else None


@dataclass(frozen=True, slots=True)
class Abandonment:
    """The shares of three times."""

    now: Share
    """Of the last five minutes."""
    hour: Share
    today: Share


def abandonment(hour: LastHour, at: float, name: str | None = None) -> Abandonment:
    """Abandonment of one target, or of all without a name; ``at`` is Unix time in seconds.

    A name nobody knows has nothing.
    """
    places = hour.places(at)
    recent = [place for place in places if hour.slots[place] > at // SLOT_SECONDS - NOW_SLOTS]
    day_is_on = 0.0 < hour.day_began_at <= at < hour.day_began_at + LONGEST_DAY_SECONDS
    day = _of_day(hour, name) if day_is_on else (0, 0)
    return Abandonment(
        now=Share(_later(at - NOW_SLOTS * SLOT_SECONDS, hour), *_of_slots(hour, recent, name)),
        hour=Share(_later(at - SLOTS * SLOT_SECONDS, hour), *_of_slots(hour, places, name)),
        today=Share(hour.day_complete_since if day_is_on else None, *day),
    )


def _of_slots(hour: LastHour, places: list[int], name: str | None) -> tuple[int, int]:
    """Accepted and abandoned in some slots."""
    if name is None:
        accepted, abandoned = (hour.totals[each][places].sum() for each in OUTCOMES)
    else:
        row = hour.rows.get(name)
        accepted, abandoned = (
            0.0 if row is None else np.nansum(hour.columns[each][places, row], dtype=np.float64) for each in OUTCOMES
        )
    return round(float(accepted)), round(float(abandoned))


def _of_day(hour: LastHour, name: str | None) -> tuple[int, int]:
    if name is None:
        accepted, abandoned = (hour.day_totals[each] for each in OUTCOMES)
    else:
        row = hour.rows.get(name)
        accepted, abandoned = (0.0 if row is None else float(hour.day[each][row]) for each in OUTCOMES)
    return round(accepted), round(abandoned)


def _later(since: float, hour: LastHour) -> float | None:
    return None if hour.complete_since is None else max(since, hour.complete_since)


def moving_percent(
    at: Sequence[float], accepted: Sequence[float | None], abandoned: Sequence[float | None]
) -> list[float | None]:
    """Per slot the share of the five minutes that end with it, in percent; None where nothing left the queue in them.

    The sequences are of equal length, ``at`` in Unix seconds, ascending.
    """
    span, first, found = NOW_SLOTS * SLOT_SECONDS, 0, list[float | None]()
    taken = lost = 0.0
    for place, moment in enumerate(at):
        taken, lost = taken + (accepted[place] or 0.0), lost + (abandoned[place] or 0.0)
        while at[first] <= moment - span:
            taken, lost, first = taken - (accepted[first] or 0.0), lost - (abandoned[first] or 0.0), first + 1
        found.append(round(100.0 * lost / (taken + lost), 3) if taken + lost > 0.5 else None)
    return found
