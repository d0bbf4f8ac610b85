"""JSON from outside, read so that no text can do harm. Pure."""

from __future__ import annotations

from cluster.outside_text import load_json


class ReplyError(Exception):
    """A reply that does not fit the contract; the message says where and what was found."""


def read_json(body: bytes) -> object:
    """The document in ``body``; ``ReplyError`` when it is not JSON (RFC 8259: without NaN) or too deep."""
    try:
        document: object = load_json(body, parse_constant=_refuse)
    except RecursionError:
        raise ReplyError("not JSON: nested too deep") from None
    except ValueError as error:  # also bytes that are no text, and numbers with thousands of digits
        raise ReplyError(f"not JSON: {error}"[:200]) from None
    return document


def json_type(value: object) -> str:
    """What a value of a JSON document is called."""
    if isinstance(value, bool):
        return "boolean"
    for kinds, name in (((int, float), "number"), (str, "string"), (list, "array"), (dict, "object")):
        if isinstance(value, kinds):
            return name
    return "null"


def whole_number(value: object, largest: int = 2**53) -> int | None:
    """The value as a whole number from 0 to ``largest``; None when it is anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= largest:
        return None
    return int(value) if int(value) == value else None


def real_number(value: object, largest: float) -> float | None:
    """The value as a number from 0 to ``largest``; None when it is anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= largest:
        return None
    return float(value)


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is not a JSON value")
