"""The error document of a platform that refuses a push: code, message, and the mark of its fence. Pure."""

from __future__ import annotations

from pacing_node.engagement.dialect import PlatformRefusal
from pacing_node.engagement.json_reader import ReplyError, read_json, whole_number
from pacing_node.engagement.platform import FencingMark


def read_refusal(body: bytes, *, cluster_field: str) -> PlatformRefusal | None:
    """What the document says; None when the body is none. ``cluster_field`` names the cluster id in the mark."""
    try:
        document = read_json(body)
    except ReplyError:
        return None
    if not isinstance(document, dict):
        return None
    code, message, mark = document.get("code"), document.get("message"), document.get("mark")
    return PlatformRefusal(
        code=code if isinstance(code, str) else "",
        message=message if isinstance(message, str) else "",
        mark=_mark(mark, cluster_field) if isinstance(mark, dict) else None,
    )


def _mark(mark: dict[str, object], cluster_field: str) -> FencingMark:
    cluster = mark.get(cluster_field)
    return FencingMark(
        cluster_id=cluster if isinstance(cluster, str) else None,
        epoch=whole_number(mark.get("epoch")),
        sequence=whole_number(mark.get("sequence")),
    )
