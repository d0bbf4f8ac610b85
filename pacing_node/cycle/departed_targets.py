"""What was learned of targets that are gone, kept for a day in case they come back.

A target vanishes with a slip in the configuration and is back with its correction. Without what was learned of it the
cycle would begin anew and invite too many. Every node remembers it from the reports of the master, its own or
received, so that the next master knows it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from pacing_node.algorithms.controller import Controller
from pacing_node.algorithms.learned import restore_learned, save_learned
from pacing_node.algorithms.ledger import Ledger
from pacing_node.algorithms.state import UnusableStateError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pacing_node.cycle.report import CycleReport

log = structlog.get_logger(__name__)

KEPT_SECONDS = 86_400.0
"""How long it is remembered."""
MOST_BYTES = 16_000_000
"""Beyond this what is oldest is given up; a target takes about 100 bytes."""


@dataclass(frozen=True, slots=True)
class _Departure:
    """Targets that went at the same time."""

    at: float
    """Unix time in seconds."""
    names: frozenset[str]
    learned: bytes
    """Their learned state alone."""


class DepartedTargets:
    """Remembers the learned state of targets that are in no report any more.

    What was learned may be asked for on any thread while reports come on the loop: departures are replaced whole.
    """

    def __init__(self) -> None:
        self._departures: tuple[_Departure, ...] = ()
        """The oldest first."""

    def note(self, before: CycleReport | None, report: CycleReport) -> None:
        """Look at the next report; what it lacks of the previous one has departed."""
        now = report.calculated_at
        self._departures = tuple(each for each in self._departures if now - each.at <= KEPT_SECONDS)
        if not self._departures if before is None else before.targets == report.targets:
            return  # nobody is gone, or who is gone is gone still
        present = frozenset(report.targets)
        if before is not None and before.learned_state:
            gone = [name for name in before.targets if name not in present]
            if gone:
                self._keep(gone, before.learned_state, now)
        self._departures = tuple(each for each in self._departures if not each.names <= present)

    def learned(self, names: Iterable[str], now: float) -> tuple[bytes, ...]:
        """Saved states that know any of these targets, the oldest first; ``now`` is Unix time in seconds."""
        wanted = frozenset(names)
        return tuple(each.learned for each in self._departures if now - each.at <= KEPT_SECONDS and wanted & each.names)

    def _keep(self, names: list[str], learned: bytes, now: float) -> None:
        controller, ledger = Controller(names), Ledger(names)
        try:
            restore_learned(learned, controller, ledger, now)
        except UnusableStateError as error:
            log.warning("cycle.departed_not_kept", targets=len(names), error=str(error))
            return
        departures = [*self._departures, _Departure(now, frozenset(names), save_learned(controller, ledger, now))]
        while sum(len(each.learned) for each in departures) > MOST_BYTES:
            del departures[0]
        self._departures = tuple(departures)
