"""Entities of a bulk push: which target each means, what it is allowed, and what is reported back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from simulator.servers.faults import PendingJump, TargetErrors

if TYPE_CHECKING:
    from simulator.model import Target
    from simulator.servers.faults import FaultBoard
    from simulator.servers.live import LiveCentre

MOST_INVITATIONS = 1_000_000
"""Largest allowedInvitationCount the platform takes."""


class EntityError(Exception):
    """An entity cannot be taken; the others can."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class PlatformTargets:
    """The targets as the engagement platform knows them."""

    def __init__(self, live: LiveCentre, board: FaultBoard) -> None:
        self._live = live
        self._board = board

    def apply(self, entities: list[Any]) -> dict[str, Any]:
        """Allow what the entities say and answer in the shape of the bulk reply."""
        self._live.advance()
        results: list[dict[str, Any]] = []
        failed: list[int] = []
        for index, entity in enumerate(entities):
            try:
                results.append({"entity": self._apply_one(entity)})
            except EntityError as error:
                failed.append(index)
                results.append({"error": {"code": error.code, "message": str(error), "status": error.status}})
        return {"results": results, "errorCount": len(failed), "errorIndexes": failed}

    def _apply_one(self, entity: Any) -> dict[str, Any]:
        if not isinstance(entity, dict):
            raise EntityError(400, "bad.request", "an entity must be an object")
        target = self._find(entity)
        self._refuse_if_asked(target)
        count = _number(entity, "allowedInvitationCount", MOST_INVITATIONS)
        interval = _number(entity, "allowedInvitationIntervalSeconds", 86_400.0)
        centre = self._live.centre
        centre.allow(target, int(count), interval * self._live.speed, _inbound_portion(entity))
        return entity | self._report(target)

    def _find(self, entity: dict[str, Any]) -> Target:
        for key in ("externalId", "id", "name"):
            name = entity.get(key)
            target = self._live.centre.target(name) if isinstance(name, str) else None
            if target is not None:
                return target
        shown = next(
            (str(entity[key])[:100] for key in ("externalId", "id", "name") if key in entity), "without a name"
        )
        raise EntityError(404, "not.found", f"no action target {shown}")

    def _refuse_if_asked(self, target: Target) -> None:
        for fault in self._board.active(TargetErrors):
            if not fault.targets or target.spec.target in fault.targets:
                raise EntityError(400, fault.code, "simulated error of a single target")

    def _report(self, target: Target) -> dict[str, Any]:
        report = self._live.centre.report(target)
        jumps = (f.add for f in self._board.active(PendingJump) if not f.targets or target.spec.target in f.targets)
        shown: dict[str, Any] = {"pendingInvitationCount": max(0, report.pending + sum(jumps))}
        if report.acceptance_ratio is not None:
            shown["acceptanceRate"] = round(report.acceptance_ratio, 4)
        if report.accept_seconds is not None:
            shown["timeToPositiveDispositionAvgSeconds"] = round(report.accept_seconds / self._live.speed, 3)
        if report.refuse_seconds is not None:
            shown["timeToNegativeDispositionAvgSeconds"] = round(report.refuse_seconds / self._live.speed, 3)
        return shown


def _number(entity: dict[str, Any], key: str, largest: float) -> float:
    value = entity.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise EntityError(400, "bad.request", f"{key} must be a number")
    if not 0 <= value <= largest:
        raise EntityError(400, "bad.request", f"{key} must lie within 0..{largest:g}")
    return value


def _inbound_portion(entity: dict[str, Any]) -> float | None:
    """The share of reactive traffic to let through, from the user data key ``inboundPortion``."""
    data = entity.get("userData")
    for pair in data if isinstance(data, list) else ():
        if isinstance(pair, dict) and pair.get("key") == "inboundPortion":
            try:
                return min(1.0, max(0.0, float(pair.get("value", ""))))
            except (TypeError, ValueError) as error:
                raise EntityError(400, "bad.request", "inboundPortion must be a number within 0..1") from error
    return None
