"""The bulk call's documents: the body of a request, and answers read with care for every value. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from pacing_node.engagement.dialect import BulkReply, PlatformRefusal
from pacing_node.engagement.entity_text import SEGMENTS, numbers_text, opening_text
from pacing_node.engagement.json_reader import ReplyError, json_type, read_json, real_number, whole_number
from pacing_node.engagement.push_columns import PushColumns
from pacing_node.engagement.refusal_document import read_refusal
from pacing_node.engagement.replies import TargetReply
from pacing_node.engagement.typed_reply import LONGEST_SECONDS, MOST_PENDING, read_usual_reply
from pacing_node.engagement.written_entities import WrittenEntities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cluster.token import Token
    from pacing_node.engagement.platform import TargetPush
    from pacing_node.http_client.client import Answer
    from pacing_node.targets import PacingTarget

Openings: TypeAlias = "dict[str, tuple[PacingTarget, str]]"
"""By name of a target the beginning of its entity, and what it was written from."""

_MOST_OPENINGS = 200_000


class PredictiveDialect:
    """The platform's documents."""

    def __init__(self) -> None:
        self._openings: Openings = {}
        self._written = WrittenEntities(SEGMENTS)

    def body(
        self, _token: Token, part: tuple[int, int], targets: Sequence[TargetPush], prev: int | None = None
    ) -> bytes:
        """The body of the bulk call; token and kind go in headers alone."""
        if prev is not None or not isinstance(targets, PushColumns):
            return request_body(targets, self._openings)
        return b"".join((b'{"entities":[', *self._written.pieces(part, targets), b"]}"))

    def prepare(self, part: tuple[int, int], targets: Sequence[TargetPush]) -> None:
        """Keep the texts of the entities: a push writes anew what differs."""
        if isinstance(targets, PushColumns):
            self._written.pieces(part, targets)

    def read(self, answer: Answer, names: Sequence[str]) -> BulkReply:
        """What the platform says of the targets. Raises ``ReplyError``."""
        return read_reply(answer.body, names)

    def refusal(self, body: bytes) -> PlatformRefusal | None:
        """The platform's own error document."""
        return read_refusal(body, cluster_field="clusterId")


def request_body(targets: Sequence[TargetPush], openings: Openings) -> bytes:
    """The body of the bulk call; ``openings`` is kept from call to call by the sender."""
    if len(openings) > _MOST_OPENINGS:
        openings.clear()
    entities = ",".join([_opening(each.target, openings) + numbers_text(each) for each in targets])
    return f'{{"entities":[{entities}]}}'.encode()


def _opening(target: PacingTarget, openings: Openings) -> str:
    """What an entity begins with, written once and not in every push."""
    kept = openings.get(target.name)
    if kept is not None and kept[0] is target:
        return kept[1]
    opening = opening_text(target)
    openings[target.name] = (target, opening)
    return opening


def read_reply(body: bytes, names: Sequence[str]) -> BulkReply:
    """What the platform says of the targets ``names``, in their order; raises as :func:`read_every_value`."""
    usual = read_usual_reply(body, names)
    return read_every_value(body, names) if usual is None else BulkReply(usual)


def read_every_value(body: bytes, names: Sequence[str]) -> BulkReply:
    """What the platform says of the targets ``names``, in their order, value by value.

    A fault of one result is that target's error. ``ReplyError`` when the body as a whole does not fit, or every result
    is faulty in itself.
    """
    document = read_json(body)
    if not isinstance(document, dict):
        raise ReplyError(f"the reply: found {json_type(document)}, expected object")
    results = document.get("results")
    if not isinstance(results, list):
        raise ReplyError(f"results: found {json_type(results)}, expected array")
    if len(results) != len(names):
        raise ReplyError(f"results: found {len(results)}, expected {len(names)}")
    listed = document.get("errorIndexes")
    refused = {each for each in listed if whole_number(each) is not None} if isinstance(listed, list) else set()
    notes: list[str] = []
    faults: list[str] = []
    replies = tuple(
        _target_reply(result, name, refused=index in refused, faults=faults, notes=notes)
        for index, (result, name) in enumerate(zip(results, names, strict=True))
    )
    if faults and len(faults) == len(names):
        raise ReplyError(faults[0])
    return BulkReply(replies, tuple(notes[:3]))


def _target_reply(result: object, name: str, *, refused: bool, faults: list[str], notes: list[str]) -> TargetReply:
    try:
        return _understood(result, name, refused=refused, notes=notes)
    except ReplyError as fault:
        faults.append(str(fault))
        return TargetReply(error=f"reply not valid: {fault}")


def _understood(result: object, name: str, *, refused: bool, notes: list[str]) -> TargetReply:
    if not isinstance(result, dict):
        raise ReplyError(f"result of {name!r}: found {json_type(result)}, expected object")
    if result.get("error") is not None:
        return TargetReply(error=_error_text(result["error"]))
    if refused:
        return TargetReply(error="the platform lists it in errorIndexes")
    entity = result.get("entity")
    if not isinstance(entity, dict):
        raise ReplyError(f"entity of {name!r}: found {json_type(entity)}, expected object")
    identity = entity.get("externalId")
    if isinstance(identity, str) and identity != name:
        raise ReplyError(f"entity of {name!r}: found externalId {identity!r}")
    pending = entity.get("pendingInvitationCount")
    count = whole_number(pending, MOST_PENDING)
    if pending is not None and count is None:
        raise ReplyError(f"pendingInvitationCount of {name!r}: found {_shown(pending)}, expected whole number")
    positive, negative = "timeToPositiveDispositionAvgSeconds", "timeToNegativeDispositionAvgSeconds"
    return TargetReply(
        pending=count,
        acceptance_ratio=_estimate(entity, "acceptanceRate", 1.0, name, notes),
        positive_disposition_seconds=_estimate(entity, positive, LONGEST_SECONDS, name, notes),
        negative_disposition_seconds=_estimate(entity, negative, LONGEST_SECONDS, name, notes),
    )


def _estimate(entity: dict[str, object], field: str, largest: float, name: str, notes: list[str]) -> float | None:
    """An optional number; one that makes no sense is left out and noted: pacing has estimates of its own."""
    value = entity.get(field)
    number = real_number(value, largest)
    if value is not None and number is None and len(notes) < 3:
        notes.append(f"{field} of {name!r}: left out {_shown(value)}, expected number from 0 to {largest:g}")
    return number


def _error_text(error: object) -> str:
    """The platform's error for one target in one line."""
    if not isinstance(error, dict):
        return error if isinstance(error, str) and error else "error without a message"
    parts = [str(error[key]) for key in ("code", "status", "message") if isinstance(error.get(key), (str, int))]
    details = error.get("errors")
    fields = [each for each in (details if isinstance(details, list) else ())[:3] if isinstance(each, dict)]
    parts.extend(f"{each.get('field', '')}: {each.get('message', '')}" for each in fields)
    return " · ".join(parts) or "error without a message"


def _shown(value: object) -> str:
    return f"{json_type(value)} {value!r}"
