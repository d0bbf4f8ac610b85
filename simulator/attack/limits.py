"""What an attack may cost, what it did cost, and the verdict. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from simulator.drill.verdict import FAIL, PASS

LEFT_OUT = "left out"
"""Verdict beside pass and fail: not run, and the result says why."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an attack may cost at most; every attack has these limits unless it says why it needs others."""

    missed_periods: int | None = 0
    """Refresh periods without an accepted push; None where the attack itself takes the pushes away."""
    epoch_changes: int = 0
    """Changes of the master."""
    memory_mib: float = 50.0
    """Growth of the resident memory of any process of a node."""
    log_mib_per_minute: float = 1.0
    """What any node writes to its log; what lasts less than a minute may write as much as in one."""
    answer_seconds: float | None = 3.0
    """Longest wait of a bystander for `/liveness` of any node; None where nodes are stopped or cut off."""
    deaths: int = 0
    """Processes of nodes that ended."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What was measured while an attack lasted, and until the cluster had pushed again a few times."""

    seconds: float
    missed_periods: int
    epoch_changes: int
    out_of_order: int
    memory_mib: float
    """Greatest growth of a process's resident memory."""
    log_mib: float
    """What the node that wrote most has written."""
    answer_seconds: float
    silence_seconds: float = 0.0
    """Longest time without an accepted push, beyond the refresh period."""
    exceptions: tuple[str, ...] = ()
    """Unhandled exceptions in the nodes' logs: `node: line`."""
    server_errors: tuple[str, ...] = ()
    """Answers 500 and above, as `status path`."""
    deaths: tuple[str, ...] = ()
    """Processes that ended, by the names of their nodes."""
    complaints: tuple[str, ...] = ()
    """What else must not be, one sentence each."""

    @property
    def log_mib_per_minute(self) -> float:
        """MiB a minute; what lasted less than a minute counts as one."""
        return self.log_mib / max(1.0, self.seconds / 60.0)


@dataclass(frozen=True, slots=True)
class AttackResult:
    """One attack, judged."""

    attack: str
    ground: str
    limits: Limits
    cost: Cost
    shortcomings: tuple[str, ...]
    figures: dict[str, Any] = field(default_factory=dict)
    """What was sent and what was answered."""
    left_out: str = ""
    """Why it was not run; then nothing else holds, and it is neither held nor failed."""

    @classmethod
    def judge(
        cls, attack: str, ground: str, limits: Limits, cost: Cost, figures: dict[str, Any] | None = None
    ) -> AttackResult:
        """Compare what an attack has cost with what it may cost."""
        return cls(attack, ground, limits, cost, tuple(_shortcomings(limits, cost)), figures or {})

    @classmethod
    def unfinished(cls, attack: str, ground: str, limits: Limits, reason: str) -> AttackResult:
        """An attack whose cost could not be measured has failed."""
        return cls.judge(
            attack, ground, limits, Cost(0.0, 0, 0, 0, 0.0, 0.0, 0.0, complaints=(reason.splitlines()[0],))
        )

    @classmethod
    def not_run(cls, attack: str, ground: str, limits: Limits, reason: str) -> AttackResult:
        """An attack this machine cannot provide."""
        return cls(attack, ground, limits, Cost(0.0, 0, 0, 0, 0.0, 0.0, 0.0), (), left_out=reason)

    @property
    def passed(self) -> bool:
        """Whether it was run, and every limit was kept."""
        return not self.shortcomings and not self.left_out

    @property
    def failed(self) -> bool:
        """Whether it was run, and a limit was exceeded."""
        return bool(self.shortcomings)

    @property
    def may_be_the_machine(self) -> bool:
        """Whether nothing but a push that was late by less than a period stands against it.

        On a machine without a free processor that happens without any attack too; an attack that causes it does so
        again.
        """
        late = 0.0 < self.cost.silence_seconds < 1.0 and self.cost.missed_periods > 0
        without = replace(self.cost, missed_periods=0)
        return late and self.failed and not _shortcomings(self.limits, without)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        if self.left_out:
            return {"attack": self.attack, "ground": self.ground, "verdict": LEFT_OUT, "reason": self.left_out}
        cost = self.cost
        return {
            "attack": self.attack,
            "ground": self.ground,
            "verdict": PASS if self.passed else FAIL,
            "shortcomings": list(self.shortcomings),
            "seconds": round(cost.seconds, 1),
            "missed_periods": cost.missed_periods,
            "silence_seconds": round(cost.silence_seconds, 3),
            "epoch_changes": cost.epoch_changes,
            "accepted_out_of_order": cost.out_of_order,
            "memory_mib": round(cost.memory_mib, 1),
            "log_mib_per_minute": round(cost.log_mib_per_minute, 3),
            "answer_seconds": round(cost.answer_seconds, 3),
            "exceptions": list(cost.exceptions),
            "server_errors": list(cost.server_errors),
            "deaths": list(cost.deaths),
            "figures": self.figures,
        }


def _shortcomings(limits: Limits, cost: Cost) -> list[str]:
    found = list(cost.complaints)
    if limits.missed_periods is not None and cost.missed_periods > limits.missed_periods:
        found.append(f"{cost.missed_periods} refresh periods were missed, allowed are {limits.missed_periods}")
    if cost.epoch_changes > limits.epoch_changes:
        found.append(f"the epoch changed {cost.epoch_changes} times, allowed are {limits.epoch_changes}")
    if cost.out_of_order:
        found.append(f"{cost.out_of_order} pushes were accepted out of order")
    if cost.memory_mib > limits.memory_mib:
        found.append(f"memory grew by {cost.memory_mib:.0f} MiB, allowed are {limits.memory_mib:g}")
    if cost.log_mib_per_minute > limits.log_mib_per_minute:
        rate = cost.log_mib_per_minute
        found.append(f"a log grew by {rate:.2f} MiB a minute, allowed are {limits.log_mib_per_minute:g}")
    if limits.answer_seconds is not None and cost.answer_seconds > limits.answer_seconds:
        found.append(f"a bystander waited {cost.answer_seconds:.1f} s, allowed are {limits.answer_seconds:g}")
    if len(cost.deaths) > limits.deaths:
        found.append(f"processes ended: {', '.join(cost.deaths)}, allowed are {limits.deaths}")
    if cost.exceptions:
        found.append(f"{len(cost.exceptions)} unhandled exceptions, the first: {cost.exceptions[0]}")
    if cost.server_errors:
        found.append(f"{len(cost.server_errors)} answers of a broken server, the first: {cost.server_errors[0]}")
    return found
