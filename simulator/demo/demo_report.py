"""The demonstration's report: what was shown, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.harness.harness_error import HarnessError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from simulator.demo.goal_keeping import GoalKeeping
    from simulator.harness.observation import Observation
    from simulator.harness.push_audit import PushAudit, TermChange


PROCESS_DIED = "process_died"
"""Cause of a hand-over whose old master's process was seen to end."""
UNKNOWN_CAUSE = "unknown"
"""Cause of a hand-over that no member has explained."""


@dataclass(frozen=True, slots=True)
class Handover:
    """One change of master."""

    cause: str
    old_master: str | None
    """None when no page showed who it was."""
    new_master: str | None
    epoch: int
    """The new term's."""
    gap_seconds: float
    """Time between the last accepted push of the old term and the first accepted push of the new one."""

    @classmethod
    def of(cls, change: TermChange, *, cause: str, masters: Mapping[int, str]) -> Handover:
        """The hand-over behind a change of term, with the masters' names by epoch."""
        return cls(
            cause=cause,
            old_master=masters.get(change.old_epoch),
            new_master=masters.get(change.epoch),
            epoch=change.epoch,
            gap_seconds=round(change.gap_seconds, 3),
        )

    def __str__(self) -> str:
        """One line for people."""
        return (
            f"{self.old_master or '?'} → {self.new_master or '?'}, epoch {self.epoch}, {self.cause}, "
            f"{self.gap_seconds:.2f} s without an accepted push"
        )

    def as_dict(self) -> dict[str, Any]:
        """As written to the report."""
        return {
            "cause": self.cause,
            "from": self.old_master,
            "to": self.new_master,
            "epoch": self.epoch,
            "gap_seconds": self.gap_seconds,
        }


def build_report(
    seen: Observation, audit: PushAudit, handovers: Sequence[Handover], keeping: GoalKeeping | None = None
) -> dict[str, Any]:
    """The report of a demonstration that is about to end.

    Nodes are the members that answer, targets those of the last calculation. The order is judged twice, by the platform
    and from its record; the worse of both counts. Only a run of more than a minute has ``after_first_minute``.
    """
    later = {} if keeping is None else {"after_first_minute": keeping.as_dict()}
    return {
        "nodes": seen.reachable,
        "targets": len(seen.targets.get("targets", ())),
        "cycles": audit.cycles,
        "pushes_accepted": audit.accepted,
        "pushes_refused": audit.refused,
        "accepted_out_of_order": max(audit.out_of_order, int(seen.centre.get("accepted_out_of_order", 0))),
        "busy_ratio": seen.centre.get("busy_ratio"),
        "abandonment_percent": seen.centre.get("abandonment_percent"),
        "handovers": [handover.as_dict() for handover in handovers],
        **later,
    }


def check_report_place(path: Path) -> None:
    """Find out before the demonstration whether its report can be written. Raises HarnessError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("a").close()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise HarnessError(f"cannot write the report {path}: {reason}") from None


def write_report(path: Path, report: dict[str, Any]) -> None:
    """Write the report as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n")


def shortcomings(report: dict[str, Any], *, nodes: int, kill_asked: bool) -> list[str]:
    """What the demonstration failed to show, one sentence each; empty when all is well."""
    found: list[str] = []
    if report["pushes_accepted"] == 0:
        found.append("no push was accepted")
    if report["accepted_out_of_order"] > 0:
        found.append(f"{report['accepted_out_of_order']} pushes were accepted out of order")
    if report["nodes"] < nodes:
        found.append(f"only {report['nodes']} of {nodes} nodes answered at the end")
    if kill_asked and not report["handovers"]:
        found.append("the master was to be killed, and no hand-over followed")
    return found
