"""What a check found, and how bad that is. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class FindingSeverity(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    SKIPPED = "skipped"
    """Could not be looked at; the remedy says what would allow it."""
    WARNING = "warning"
    """Works, but not as well or not as safely as it could."""
    ERROR = "error"
    """The node does not work, or what is promised does not hold."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One finding."""

    check: str
    """What was looked at: area, then detail, with a dot between."""
    severity: FindingSeverity
    found: str
    allowed: str = ""
    remedy: str = ""
    """What to change; empty when nothing has to."""

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self) | {"severity": self.severity.value}


def ok(check: str, found: str, allowed: str = "") -> Diagnosis:
    """Nothing to change."""
    return Diagnosis(check, FindingSeverity.OK, found, allowed)


def skipped(check: str, found: str, remedy: str = "") -> Diagnosis:
    """Not looked at."""
    return Diagnosis(check, FindingSeverity.SKIPPED, found, "", remedy)


def warning(check: str, found: str, allowed: str, remedy: str) -> Diagnosis:
    """Could be better."""
    return Diagnosis(check, FindingSeverity.WARNING, found, allowed, remedy)


def error(check: str, found: str, allowed: str, remedy: str) -> Diagnosis:
    """Must be changed."""
    return Diagnosis(check, FindingSeverity.ERROR, found, allowed, remedy)


def healthy(diagnoses: Iterable[Diagnosis]) -> bool:
    """Whether nothing must be changed."""
    return not any(diagnosis.severity is FindingSeverity.ERROR for diagnosis in diagnoses)
