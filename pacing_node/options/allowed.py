"""What an option accepts, in words; one wording for messages and documentation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import annotated_types
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo


@dataclass(frozen=True, slots=True)
class Allowed:
    """Wording for a field whose type does not say enough."""

    text: str


_WORDS: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
    SecretStr: "text",
}


def plain_type(info: FieldInfo) -> tuple[Any, tuple[Any, ...]]:
    """The type of a field without ``None`` and ``Annotated``, and everything the annotations carry."""
    kind, carried = info.annotation, list(info.metadata)
    while True:
        inner = [item for item in get_args(kind) if item is not type(None)]
        if type(None) in get_args(kind) and len(inner) == 1:
            kind = inner[0]
        elif get_origin(kind) is Annotated:
            kind, *rest = get_args(kind)
            carried += rest
        else:
            return kind, tuple(carried)


def describe_allowed(info: FieldInfo) -> str:
    """Describe the values a field accepts: its ``Allowed``, else its type and bounds."""
    kind, carried = plain_type(info)
    for item in carried:
        if isinstance(item, Allowed):
            return item.text
    choices = _choices(kind)
    if choices:
        return "one of " + ", ".join(choices)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "a section"
    if get_origin(kind) is tuple:
        return "a list, or text separated by commas"
    return _WORDS.get(kind, "text") + _bounds(carried)


def _choices(kind: Any) -> tuple[str, ...]:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(str(member.value) for member in kind)
    return tuple(map(str, get_args(kind))) if get_origin(kind) is Literal else ()


def _bounds(carried: tuple[Any, ...]) -> str:
    """Words for the lower and upper bound; ``Field`` in an inner annotation keeps its bounds in its own metadata."""
    bounds = [part for item in carried for part in (item.metadata if isinstance(item, FieldInfo) else (item,))]
    low = next((f"from {item.ge}" for item in bounds if isinstance(item, annotated_types.Ge)), "")
    low = next((f"above {item.gt}" for item in bounds if isinstance(item, annotated_types.Gt)), low)
    high = next((f"to {item.le}" for item in bounds if isinstance(item, annotated_types.Le)), "")
    high = next((f"to below {item.lt}" for item in bounds if isinstance(item, annotated_types.Lt)), high)
    return f" {low} {high}".rstrip() if low else f" up {high}" if high else ""
