"""Levels of the log as the suite knows them, and which event belongs to which. Pure.

========== ==========================================================================================================
alarm       alarms raised and cleared (events ``alarm.*``)
standard    everything from INFO up: starts, stops, changes, warnings, errors
interaction DEBUG of what goes to and comes from other systems: engagement, statistics, configuration, cycle
trace       DEBUG of the rest of this service: leadership, peers, tasks
debug       DEBUG of libraries
========== ==========================================================================================================
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from pacing_node.options.log_options import Verbosity

if TYPE_CHECKING:
    from pacing_node.options.log_options import LogOptions


class SuiteLevel(IntEnum):
    """Levels by how much they say, from the least."""

    ALARM = 0
    STANDARD = 1
    INTERACTION = 2
    TRACE = 3
    DEBUG = 4


INTERACTIONS = (
    "pacing_node.cycle",
    "pacing_node.discovery",
    "pacing_node.engagement",
    "pacing_node.objects",
    "pacing_node.options",
    "pacing_node.statistics",
)
"""Packages that talk to other systems."""
OWN = ("cluster", "pacing_node")
"""Packages of this service."""
ALARM_EVENTS = "alarm."

_VERBOSITY = {
    Verbosity.NONE: None,
    Verbosity.STANDARD: SuiteLevel.STANDARD,
    Verbosity.INTERACTION: SuiteLevel.INTERACTION,
    Verbosity.TRACE: SuiteLevel.TRACE,
    Verbosity.DEBUG: SuiteLevel.DEBUG,
    Verbosity.ALL: SuiteLevel.DEBUG,
}


def level_of(logger: str, level: int, event: str) -> SuiteLevel:
    """Level of an event by its logger, its level of the standard module, and its name."""
    if event.startswith(ALARM_EVENTS):
        return SuiteLevel.ALARM
    if level >= logging.INFO:
        return SuiteLevel.STANDARD
    if _within(logger, INTERACTIONS):
        return SuiteLevel.INTERACTION
    return SuiteLevel.TRACE if _within(logger, OWN) else SuiteLevel.DEBUG


def _within(logger: str, packages: tuple[str, ...]) -> bool:
    return any(logger == package or logger.startswith(package + ".") for package in packages)


@dataclass(frozen=True, slots=True)
class LevelFilter:
    """Which levels an output takes."""

    most: SuiteLevel | None = None
    """The most talkative level, with all above it but alarms; None for none of them."""
    alarms: bool = False

    def takes(self, level: SuiteLevel) -> bool:
        """Whether an event of this level goes to the output."""
        return self.alarms if level is SuiteLevel.ALARM else self.most is not None and level <= self.most


def level_filters(options: LogOptions) -> dict[str, LevelFilter]:
    """What each output takes: every event once, however many options name the output. An alarm is a standard event."""
    limit = _VERBOSITY[options.verbose]
    if limit is None:
        return {}
    named = (
        (options.all, limit),
        (options.standard, SuiteLevel.STANDARD),
        (options.interaction, SuiteLevel.INTERACTION),
        (options.trace, SuiteLevel.TRACE),
        (options.debug, SuiteLevel.DEBUG),
    )
    found = {output: LevelFilter(alarms=True) for output in options.alarm}
    for outputs, level in named:
        for output in outputs:
            before = found.get(output, LevelFilter()).most
            most = min(max(level, before or level), limit)
            found[output] = LevelFilter(most, alarms=True)
    return found
