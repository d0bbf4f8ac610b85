"""The shape of the engagement platform's bulk action-target call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.servers.engagement.platform_targets import PlatformTargets, TargetError, TargetReport, inbound_portion

if TYPE_CHECKING:
    from starlette.requests import Request

    from simulator.servers.engagement.fence import PushToken
    from simulator.servers.oauth import TokenOffice


class BulkDialect:
    """``POST /api/v2/journey/actiontargets/bulk`` with a bearer token of the token endpoint."""

    def __init__(self, targets: PlatformTargets, office: TokenOffice) -> None:
        self._targets = targets
        self._office = office

    def client_of(self, request: Request, body: bytes) -> str | None:  # noqa: ARG002 - other calls sign the body
        """The OAuth client a request comes from; None when its token is unknown or expired."""
        return self._office.client_of(request.headers.get("authorization", ""))

    def read(self, document: Any, token: PushToken) -> list[Any]:  # noqa: ARG002 - any JSON
        """The entities of a request. Raises ValueError saying what is wrong."""
        entities = document.get("entities") if isinstance(document, dict) else None
        if not isinstance(entities, list):
            raise ValueError("entities must be a list")
        return entities

    def apply(self, items: list[Any]) -> dict[str, Any]:
        """Allow what the entities say; each is answered as sent, with what is reported, or with an error."""
        self._targets.advance()
        results: list[dict[str, Any]] = []
        failed: list[int] = []
        for index, entity in enumerate(items):
            try:
                results.append({"entity": self._apply_one(entity)})
            except TargetError as error:
                failed.append(index)
                results.append({"error": {"code": error.code, "message": str(error), "status": error.status}})
        return {"results": results, "errorCount": len(failed), "errorIndexes": failed}

    @staticmethod
    def refusal(status: int, code: str, message: str, mark: PushToken | None) -> dict[str, Any]:
        """The document of a refusal."""
        body: dict[str, Any] = {"status": status, "code": code, "message": message}
        if mark is not None:
            body["mark"] = {"clusterId": mark.cluster_id, "epoch": mark.epoch, "sequence": mark.sequence}
        return body

    def _apply_one(self, entity: Any) -> dict[str, Any]:
        if not isinstance(entity, dict):
            raise TargetError(400, "bad.request", "an entity must be an object")
        names = [entity[key] for key in ("externalId", "id", "name") if key in entity]
        name = next((name for name in names if self._targets.knows(name)), names[0] if names else "without a name")
        count, interval = entity.get("allowedInvitationCount"), entity.get("allowedInvitationIntervalSeconds")
        return entity | _shown(self._targets.allow(name, count, interval, _portion(entity)))


def _portion(entity: dict[str, Any]) -> float | None:
    """The share of reactive traffic to let through, from the user data key ``inboundPortion``."""
    data = entity.get("userData")
    for pair in data if isinstance(data, list) else ():
        if isinstance(pair, dict) and pair.get("key") == "inboundPortion":
            return inbound_portion(pair.get("value"))
    return None


def _shown(report: TargetReport) -> dict[str, Any]:
    shown = {
        "pendingInvitationCount": report.pending,
        "acceptanceRate": report.acceptance_ratio,
        "timeToPositiveDispositionAvgSeconds": report.positive_seconds,
        "timeToNegativeDispositionAvgSeconds": report.negative_seconds,
    }
    return {key: value for key, value in shown.items() if value is not None}
