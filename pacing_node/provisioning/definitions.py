"""The definitions the service needs: three statistics, one filter, five alarm conditions. Pure.

Names and folder are those of the reference product. The content of the definitions is not public; it follows from
the vocabulary of Stat Server, and the filter's expression has to fit what the site's routing attaches.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FOLDER = "PacingService"
FILTER_NAME = "PACS_Proactive_Interaction"
FILTER_EXPRESSION = 'PairExist("Proactive","true")'
"""Inferred: interactions that a proactive invitation triggered carry this pair."""
ALARM_EVENTS = ("alarm.raised", "alarm.cleared")
"""Events of syslog and log that raise and clear the alarm conditions; the reference product's are not public."""


class Kind(StrEnum):
    """Kinds of definitions, by their key in a file of configuration objects."""

    STATISTIC = "statistics"
    FILTER = "filters"
    ALARM_CONDITION = "alarm_conditions"

    @property
    def label(self) -> str:
        """One of the kind, for people."""
        return {"statistics": "statistic", "filters": "filter", "alarm_conditions": "alarm condition"}[self.value]


@dataclass(frozen=True, slots=True)
class Definition:
    """One definition; ``fields`` holds everything but its name, as text."""

    kind: Kind
    name: str
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[Kind, str]:
        """What makes it the same definition, whatever its fields."""
        return self.kind, self.name


class Action(StrEnum):
    """What becomes of a definition."""

    ADD = "added"
    RECREATE = "recreated"
    KEEP = "left alone"

    @property
    def changes(self) -> bool:
        """Whether anything is written for it."""
        return self is not Action.KEEP


@dataclass(frozen=True, slots=True)
class DefinitionChange:
    """One definition and what becomes of it."""

    action: Action
    definition: Definition

    def __str__(self) -> str:
        """Render for people."""
        return f'{self.definition.kind.label} "{self.definition.name}": {self.action.value}'


def wanted(
    application: str, filter_expression: str = FILTER_EXPRESSION, alarm_events: tuple[str, str] = ALARM_EVENTS
) -> tuple[Definition, ...]:
    """Everything the service needs.

    Args:
        application: name of the Stat Server application, or of the cluster's.
        filter_expression: marks a proactive interaction.
        alarm_events: the log events that raise and clear the alarm conditions.
    """
    alarms = _alarm_conditions(application, *alarm_events)
    return (*_statistics(application), _filter(application, filter_expression), *alarms)


def _statistics(application: str) -> Iterator[Definition]:
    for name, category, mask in (
        ("PACS_VQ_Abandoned", "TotalNumber", "CallAbandoned"),
        ("PACS_VQ_Accepted", "TotalNumber", "CallAnswered"),
        ("PACS_VQ_Current", "CurrentNumber", "CallWait"),
    ):
        yield Definition(
            Kind.STATISTIC,
            name,
            {
                "application": application,
                "objects": "Queue",
                "category": category,
                "subject": "DNAction",
                "main_mask": mask,
            },
        )


def _filter(application: str, expression: str) -> Definition:
    return Definition(Kind.FILTER, FILTER_NAME, {"application": application, "expression": expression})


def _alarm_conditions(application: str, raised: str, cleared: str) -> Iterator[Definition]:
    for name, category, description in (
        ("GC Latency", "minor", "The garbage collector held up a node of the pacing service"),
        ("Heap Memory Usage", "major", "A node of the pacing service is short of memory"),
        ("PacingRequestsFailed", "critical", "Pacing requests to the engagement platform failed"),
        ("PacingResponseTargetError", "major", "The engagement platform refused a pacing target"),
        ("PacingResponseValidationError", "major", "Replies of the engagement platform did not fit"),
    ):
        yield Definition(
            Kind.ALARM_CONDITION,
            name,
            {
                "folder": FOLDER,
                "application": application,
                "category": category,
                "description": description,
                "detect_event": raised,
                "cancel_event": cleared,
            },
        )


def plan(
    existing: Iterable[tuple[Kind, str]], needed: Iterable[Definition], *, overwrite: bool
) -> tuple[DefinitionChange, ...]:
    """What to do with each needed definition: what exists is left alone, or made anew with ``overwrite``."""
    there = set(existing)
    present = Action.RECREATE if overwrite else Action.KEEP
    return tuple(DefinitionChange(present if item.identity in there else Action.ADD, item) for item in needed)
