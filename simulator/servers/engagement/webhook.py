"""The shape of the project's own push, ``docs/openapi/webhook.yaml``, for platforms of other vendors."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from simulator.servers.engagement.fence import PARTIAL
from simulator.servers.engagement.platform_targets import PlatformTargets, TargetError, inbound_portion

if TYPE_CHECKING:
    from starlette.requests import Request

    from simulator.servers.engagement.fence import PushToken

CLIENT = "webhook"
"""All requests of the webhook are one stream."""
CONDITIONAL_CLIENT = "webhook-conditional"
"""So are those of the webhook that compares ETags."""

_KEYS = frozenset({"cluster_id", "epoch", "sequence", "part", "parts", "targets"})
_KEYS_OF_PARTIAL = _KEYS | {"kind", "prev"}


class WebhookDialect:
    """``POST /webhook``, with a bearer token and a signature of the body where they are configured."""

    def __init__(
        self, targets: PlatformTargets, bearer: str | None, signing_key: str | None, client: str = CLIENT
    ) -> None:
        self._targets = targets
        self._client = client
        self._bearer = bearer
        self._signing_key = signing_key

    def client_of(self, request: Request, body: bytes) -> str | None:
        """The stream, or None when the bearer token or the signature is not as configured."""
        if self._bearer is not None:
            given = request.headers.get("authorization", "")
            if not hmac.compare_digest(given.encode(), f"Bearer {self._bearer}".encode()):
                return None
        if self._signing_key is not None:
            digest = hmac.new(self._signing_key.encode(), body, hashlib.sha256).hexdigest()
            given = request.headers.get("pacing-signature", "")
            if not hmac.compare_digest(given.encode(), f"sha256={digest}".encode()):
                return None
        return self._client

    def read(self, document: Any, token: PushToken) -> list[Any]:
        """The targets of a request. Raises ValueError saying what is wrong, also when headers and document disagree."""
        keys = _KEYS if token.prev is None else _KEYS_OF_PARTIAL
        if not isinstance(document, dict) or set(document) != keys:
            raise ValueError(f"the document must be an object with {', '.join(sorted(keys))}")
        if token.prev is not None and (document["kind"], document["prev"]) != (PARTIAL, token.prev):
            raise ValueError("kind and prev in the document are not those of the headers")
        said = (document[key] for key in ("cluster_id", "epoch", "sequence", "part", "parts"))
        if tuple(said) != (token.cluster_id, token.epoch, token.sequence, token.part, token.parts):
            raise ValueError("the token in the document is not that of the headers")
        targets = document["targets"]
        if not isinstance(targets, list) or not targets:
            raise ValueError("targets must be a list that is not empty")
        return targets

    def apply(self, items: list[Any]) -> dict[str, Any]:
        """Allow what the targets say and report each by name."""
        self._targets.advance()
        return {"targets": [self._apply_one(item) for item in items]}

    @staticmethod
    def refusal(status: int, code: str, message: str, mark: PushToken | None) -> dict[str, Any]:  # noqa: ARG004 - the interface
        """The document of a refusal."""
        body: dict[str, Any] = {"code": code, "message": message}
        if mark is not None:
            body["mark"] = {"cluster_id": mark.cluster_id, "epoch": mark.epoch, "sequence": mark.sequence}
        return body

    def _apply_one(self, item: Any) -> dict[str, Any]:
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, str):
            return {"name": "", "error": "a target must be an object with a name"}
        portion = item.get("inbound_portion")
        try:
            report = self._targets.allow(
                name,
                item.get("invitations"),
                item.get("interval_seconds"),
                None if portion is None else inbound_portion(portion),
            )
        except TargetError as error:
            return {"name": name, "error": f"{error.code}: {error}"}
        return {
            "name": name,
            "pending": report.pending,
            "acceptance_ratio": report.acceptance_ratio,
            "positive_disposition_seconds": report.positive_seconds,
            "negative_disposition_seconds": report.negative_seconds,
        }
