"""Whether the goals are kept once the first minute is over, by the contact centre's own counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIRST_SECONDS = 60.0
"""What the laws get to learn times and acceptance; not judged."""
_TOLD = 4


@dataclass(frozen=True, slots=True)
class TargetShare:
    """What became of the invited visitors of one target, who left its queue in a stretch of time."""

    target: str
    goal_percent: float | None
    """None where no node has said."""
    answered: int
    """Taken by an agent."""
    abandoned: int
    """Left before."""

    @property
    def abandonment_percent(self) -> float | None:
        """Share of those who abandoned; None when nobody left the queue."""
        left = self.answered + self.abandoned
        return round(100.0 * self.abandoned / left, 2) if left else None

    @property
    def kept(self) -> bool | None:
        """Whether the share is within the goal; None when one of the two is not known."""
        share = self.abandonment_percent
        return None if share is None or self.goal_percent is None else share <= self.goal_percent

    def as_dict(self) -> dict[str, Any]:
        """As written to the report."""
        return {
            "target": self.target,
            "goal_percent": self.goal_percent,
            "answered": self.answered,
            "abandoned": self.abandoned,
            "abandonment_percent": self.abandonment_percent,
            "goal_kept": self.kept,
        }


@dataclass(frozen=True, slots=True)
class GoalKeeping:
    """All targets over the same stretch of time."""

    seconds: float
    """How long it was, by the contact centre's clock."""
    shares: Sequence[TargetShare]

    @classmethod
    def between(cls, before: Mapping[str, Any], after: Mapping[str, Any], goals: Mapping[str, float]) -> GoalKeeping:
        """From two answers of ``GET /simulator/status``, and the goals in percent by target."""
        old = {str(row["name"]): row for row in before.get("targets", ())}
        rows = [row for row in after.get("targets", ()) if row["name"] in old]
        shares = [_share(old[row["name"]], row, goals.get(str(row["name"]))) for row in rows]
        return cls(round(float(after["time_seconds"]) - float(before["time_seconds"]), 1), shares)

    @property
    def judged(self) -> Sequence[TargetShare]:
        """Targets of which something can be said, those furthest over their goal first."""
        known = [share for share in self.shares if share.kept is not None]
        return sorted(known, key=_room)

    def __str__(self) -> str:
        """One line for people."""
        judged = self.judged
        if not judged:
            return f"after the first minute ({self.seconds:.0f} s): no invited visitor has left a queue"
        kept = sum(1 for share in judged if share.kept)
        more = f"; and {len(judged) - _TOLD} more" if len(judged) > _TOLD else ""
        told = "; ".join(
            f"{share.target} {share.abandonment_percent:.1f} % of {share.answered + share.abandoned}"
            f" (goal {share.goal_percent:g} %)"
            for share in judged[:_TOLD]
        )
        return (
            f"after the first minute ({self.seconds:.0f} s): {kept} of {len(judged)} targets keep their goal"
            f" of abandonment; {told}{more}"
        )

    def as_dict(self) -> dict[str, Any]:
        """As written to the report."""
        return {"seconds": self.seconds, "targets": [share.as_dict() for share in self.shares]}


def goals_of(targets: Mapping[str, Any]) -> dict[str, float]:
    """Goals in percent by target, from an answer of ``GET /targets``."""
    rows = targets.get("targets", ())
    return {str(row["name"]): float(row["goal_percent"]) for row in rows if row.get("goal_percent") is not None}


def _share(before: Mapping[str, Any], after: Mapping[str, Any], goal_percent: float | None) -> TargetShare:
    answered, abandoned = (int(after[key]) - int(before[key]) for key in ("served", "abandoned"))
    return TargetShare(str(after["name"]), goal_percent, answered, abandoned)


def _room(share: TargetShare) -> float:
    """Percentage points left below the goal."""
    return (share.goal_percent or 0.0) - (share.abandonment_percent or 0.0)
