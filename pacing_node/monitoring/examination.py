"""What the node found when it last examined itself, for its pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Checked:
    """One finding of the doctor."""

    severity: str
    """``ok``, ``skipped``, ``warning`` or ``error``."""
    check: str
    found: str
    allowed: str
    remedy: str


class Examination:
    """Keeps the newest examination; one that could not be carried out leaves the previous one, and says why."""

    def __init__(self) -> None:
        self.period_seconds: float | None = None
        """From one examination to the next; None where the node does not examine itself."""
        self.examined_at: float | None = None
        """When the newest examination ended, Unix time in seconds; None before the first."""
        self.took_seconds: float | None = None
        self.checks: Sequence[Checked] = ()
        self.failure = ""
        """Why the newest attempt brought nothing; empty when it did."""

    def succeeded(self, checks: Sequence[Checked], at: float, took_seconds: float) -> None:
        """An examination has ended at ``at``, Unix time in seconds."""
        self.checks, self.examined_at, self.took_seconds, self.failure = checks, at, took_seconds, ""

    def failed(self, reason: str) -> None:
        """An examination could not be carried out."""
        self.failure = reason
