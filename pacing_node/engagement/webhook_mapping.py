"""Documents of the ``webhook`` platform: this project's own JSON, described in ``docs/openapi/webhook.yaml``. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pacing_node.engagement.dialect import BulkReply, PlatformRefusal
from pacing_node.engagement.json_reader import ReplyError, json_type, read_json, real_number, whole_number
from pacing_node.engagement.refusal_document import read_refusal
from pacing_node.engagement.replies import TargetReply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cluster.token import Token
    from pacing_node.engagement.platform import TargetPush
    from pacing_node.http_client.client import Answer

_LONGEST_SECONDS = 30 * 86_400.0
_MOST_PENDING = 10**9


class WebhookDialect:
    """Writes pushes and reads answers of the webhook."""

    def body(
        self, token: Token, part: tuple[int, int], targets: Sequence[TargetPush], prev: int | None = None
    ) -> bytes:
        """One part of a push; the token is in the document as well as in the headers.

        Only a partial push names its kind: a full one looks as in the first version of the contract.
        """
        number, of = part
        document: dict[str, object] = {} if prev is None else {"kind": "partial", "prev": prev}
        document |= {
            "cluster_id": token.cluster_id,
            "epoch": token.epoch,
            "sequence": token.sequence,
            "part": number,
            "parts": of,
            "targets": [_target(each) for each in targets],
        }
        return json.dumps(document, separators=(",", ":")).encode()

    def prepare(self, part: tuple[int, int], targets: Sequence[TargetPush]) -> None:
        """Nothing is kept from push to push."""

    def read(self, answer: Answer, names: Sequence[str]) -> BulkReply:
        """What the platform says of the targets. Raises ``ReplyError``.

        204 says nothing of any target. Targets are found by name; one the answer leaves out has no reply, one it does
        not know is noted.
        """
        if answer.status == 204:
            return BulkReply((TargetReply(),) * len(names))
        document = read_json(answer.body)
        if not isinstance(document, dict):
            raise ReplyError(f"the reply: found {json_type(document)}, expected object")
        targets = document.get("targets")
        if not isinstance(targets, list):
            raise ReplyError(f"targets: found {json_type(targets)}, expected array")
        found: dict[str, TargetReply] = {}
        notes: list[str] = []
        for index, target in enumerate(targets):
            if not isinstance(target, dict) or not isinstance(target.get("name"), str):
                raise ReplyError(
                    f"targets[{index}]: found {json_type(target)} without a name, expected object with one"
                )
            found[target["name"]] = _reply(target, notes)
        strangers = found.keys() - set(names)
        if strangers:
            notes.append(f"targets: found {min(strangers)!r}, which was not sent")
        return BulkReply(tuple(found.get(name, TargetReply()) for name in names), tuple(notes[:3]))

    def refusal(self, body: bytes) -> PlatformRefusal | None:
        """The platform's own error document: code, message, mark."""
        return read_refusal(body, cluster_field="cluster_id")


def _target(push: TargetPush) -> dict[str, object]:
    target = push.target
    return {
        "name": target.name,
        "queue": target.queue,
        "media": target.media,
        "groups": list(target.groups),
        "invitations": push.invitations,
        "interval_seconds": push.interval_seconds,
        "inbound_portion": push.inbound_portion,
        "estimated_wait_seconds": push.estimated_wait_seconds,
        "reason": push.reason,
        "statistics": {
            "logged_in": push.logged_in,
            "ready": push.ready,
            "waiting": push.waiting,
            "accepted_total": push.accepted_total,
            "abandoned_total": push.abandoned_total,
        },
    }


def _reply(target: dict[str, object], notes: list[str]) -> TargetReply:
    error = target.get("error")
    if error is not None:
        return TargetReply(error=error if isinstance(error, str) and error else "error without a message")
    pending = whole_number(target.get("pending"), _MOST_PENDING)
    if pending is None and target.get("pending") is not None:
        found = f"found {json_type(target['pending'])} {target['pending']!r}, expected whole number"
        return TargetReply(error=f"reply not valid: pending: {found}")
    return TargetReply(
        pending=pending,
        acceptance_ratio=_estimate(target, "acceptance_ratio", 1.0, notes),
        positive_disposition_seconds=_estimate(target, "positive_disposition_seconds", _LONGEST_SECONDS, notes),
        negative_disposition_seconds=_estimate(target, "negative_disposition_seconds", _LONGEST_SECONDS, notes),
    )


def _estimate(target: dict[str, object], field: str, largest: float, notes: list[str]) -> float | None:
    value = target.get(field)
    number = real_number(value, largest)
    if value is not None and number is None and len(notes) < 3:
        notes.append(f"{field} of {target['name']!r}: left out {value!r}, expected number from 0 to {largest:g}")
    return number
