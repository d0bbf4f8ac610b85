"""Sections of options: models with the spelling, meaning and liveness of every option beside its type.

A section is a frozen pydantic model. Its fields carry a ``Key`` where their name in files differs, and say whether a
change takes effect at once or at the next start. Reading goes in two steps, so that every problem is found at once:
``canonical`` resolves spellings and refuses unknown keys, pydantic then checks the values.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, ClassVar, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from pacing_node.options.allowed import Allowed, describe_allowed, plain_type
from pacing_node.options.errors import ConfigurationError, Problem
from pacing_node.options.meanings import meanings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from pacing_node.options.yaml_documents import KeyPath, Value, YamlDocument

M = TypeVar("M", bound="Section")
_FOLLOWS = "default_factory_not_called"
"""What pydantic says of a default that hangs on a wrong value; the wrong value has a problem of its own."""
NONE_WORD = "none"
"""Stands for an absent section, for example ``zookeeper: none``."""


class Applies(StrEnum):
    """When a changed option takes effect."""

    LIVE = "live"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class Key:
    """Spelling of an option in files; further spellings are accepted for the same option."""

    name: str
    others: tuple[str, ...] = ()


class Section(BaseModel):
    """Base of all options."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )
    applies: ClassVar[Applies] = Applies.RESTART
    """When a change of this section's options takes effect, unless the option says otherwise."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a section, as documentation and messages need it."""

    path: tuple[str, ...]
    """Python names from the root section."""
    key: tuple[str, ...]
    """Spelling in files from the root section."""
    others: tuple[str, ...]
    """Further accepted spellings of the last part."""
    allowed: str
    """What values are accepted, in words."""
    default: str
    model: type[Section]
    """The section that holds it."""
    description: str
    """What it means, where its field says so itself."""
    applies: Applies
    section: bool = False
    """True for a section as a whole, whose options follow."""

    @property
    def meaning(self) -> str:
        """What it means, in one line; may read a source file: nothing for an event loop."""
        return self.description or meanings(self.model).get(self.path[-1], "")


@dataclass(slots=True)
class Input:
    """Canonical data for a model, and where every part of it came from."""

    data: dict[str, object]
    origins: dict[tuple[str | int, ...], Origin]
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from: a place in a document, or a named source such as an environment variable."""

    document: YamlDocument | None
    path: KeyPath
    source: str = ""
    key: str = ""

    def problem(self, found: str, allowed: str, below: KeyPath = ()) -> Problem:
        """A problem with this value or a part of it."""
        if self.document is None:
            return Problem(self.source, self.key, found, allowed)
        return self.document.problem((*self.path, *below), found, allowed)


def key_of(name: str, info: FieldInfo) -> Key:
    """Spelling of a field: that of its ``Key``, else its own name."""
    return next((item for item in info.metadata if isinstance(item, Key)), Key(name))


def applies_of(model: type[Section], info: FieldInfo) -> Applies:
    """When a change of a field takes effect."""
    return next((item for item in info.metadata if isinstance(item, Applies)), model.applies)


def section_of(info: FieldInfo) -> type[Section] | None:
    """The section a field holds, None for a plain value."""
    kind, _ = plain_type(info)
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def optional(info: FieldInfo) -> bool:
    """Whether a field may be None."""
    return type(None) in get_args(info.annotation)


@cache
def spellings(model: type[Section]) -> Mapping[str, str]:
    """Every accepted key of a section and the field it sets."""
    table: dict[str, str] = {}
    for name, info in model.model_fields.items():
        key = key_of(name, info)
        table.update(dict.fromkeys((key.name, *key.others), name))
    return table


def options(model: type[Section], path: tuple[str, ...] = (), key: tuple[str, ...] = ()) -> Iterator[Option]:
    """Every option of a section and of the sections in it, in order of definition."""
    for name, info in model.model_fields.items():
        spelling = key_of(name, info)
        here, there = (*path, name), (*key, spelling.name)
        section = section_of(info)
        if section is None or any(isinstance(item, Allowed) for item in info.metadata):
            yield Option(
                path=here,
                key=there,
                others=spelling.others,
                allowed=describe_allowed(info),
                default=format_default(info),
                model=model,
                description=info.description or "",
                applies=applies_of(section or model, info),
                section=section is not None,
            )
        if section is not None:
            yield from options(section, here, there)


def format_default(info: FieldInfo) -> str:
    """The default of a field as a file would spell it; empty when there is none."""
    if info.is_required():
        return "required"
    if info.default_factory is not None:
        return "the host's name"
    value = info.default
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def canonical(model: type[Section], document: YamlDocument) -> Input:
    """Resolve the spellings of a whole document; unknown keys and keys given in two spellings become problems."""
    result = Input({}, {(): Origin(document, ())})
    result.data = _canonical(model, document.data, ((), ()), document, result)
    return result


def _canonical(
    model: type[Section], data: Mapping[str, Value], at: tuple[KeyPath, KeyPath], document: YamlDocument, result: Input
) -> dict[str, object]:
    """One level of ``canonical``; ``at`` is its place, in Python names and as the document spells it."""
    path, key = at
    table = spellings(model)
    clean: dict[str, object] = {}
    first: dict[str, str] = {}
    for spelled, value in data.items():
        there = (*key, spelled)
        name = table.get(spelled)
        if name is None:
            result.problems.append(document.problem(there, "an unknown key", suggestion(spelled, table)))
            continue
        if name in first:
            result.problems.append(document.problem(there, f"the option again (also {first[name]})", "one spelling"))
            continue
        first[name] = spelled
        if value is None:
            continue
        here = (*path, name)
        result.origins[here] = Origin(document, there)
        info = model.model_fields[name]
        section = section_of(info)
        if section is not None and isinstance(value, dict):
            clean[name] = _canonical(section, value, (here, there), document, result)
        elif section is not None and optional(info) and value == NONE_WORD:
            clean[name] = None
        else:
            clean[name] = value
    return clean


def build(model: type[M], given: Input) -> M:
    """Check the values and build the section.

    Raises:
        ConfigurationError: with every problem of both steps.
    """
    problems = list(given.problems)
    try:
        built = model.model_validate(given.data)
    except ValidationError as error:
        found = [detail for detail in error.errors(include_url=False) if detail["type"] != _FOLLOWS]
        problems += [_problem(model, given, detail) for detail in found]
    else:
        if not problems:
            return built
    raise ConfigurationError(tuple(sorted(problems, key=_order)))


def _order(problem: Problem) -> tuple[str, int, int]:
    return problem.source, problem.line or 0, problem.column or 0


def _problem(model: type[Section], given: Input, detail: ErrorDetails) -> Problem:
    """What pydantic says of one value, in our words."""
    location = detail["loc"]
    info = _field_at(model, location)
    known = location
    while known not in given.origins:
        known = known[:-1]
    below = spelled(model, location)[len(known) :]
    value = None if detail["type"] == "missing" else detail["input"]
    found = describe_found(value, secret=_secret(info))
    allowed = describe_allowed(info) if info is not None else detail["msg"].lower()
    reason = detail.get("ctx", {}).get("error")
    if reason is not None:
        allowed = str(reason)
    origin = given.origins[known]
    if origin.document is None:
        return Problem(origin.source, origin.key, found, allowed)
    return origin.problem(found, allowed, below)


def spelled(model: type[Section], location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Translate a path of Python names into the spelling of files."""
    keys: list[str | int] = []
    current: type[Section] | None = model
    for step in location:
        info = current.model_fields.get(str(step)) if current is not None else None
        keys.append(key_of(str(step), info).name if info is not None else step)
        current = section_of(info) if info is not None else None
    return tuple(keys)


def _field_at(model: type[Section], location: tuple[str | int, ...]) -> FieldInfo | None:
    """The field a path of Python names leads to, or the one that holds it."""
    info: FieldInfo | None = None
    current: type[Section] | None = model
    for step in location:
        if current is None:
            break
        info = current.model_fields.get(str(step))
        current = section_of(info) if info is not None else None
    return info


def _secret(info: FieldInfo | None) -> bool:
    """Whether a field holds a secret, or a section that does: a misplaced value may be one."""
    if info is None:
        return False
    section = section_of(info)
    if section is not None:
        return any(map(_secret, section.model_fields.values()))
    return plain_type(info)[0] is SecretStr


def describe_found(value: object, *, secret: bool = False) -> str:
    """A value for a message: short, one line, and never a secret."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    if secret:
        return "a value that is not shown"
    text = str(value).replace("\n", " ")
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def suggestion(word: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    """The closest known word as a question, else all of them."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6) or [
        candidate for candidate in known if candidate.lower() == word.lower()
    ]
    return f"did you mean {close[0]}?" if close else ", ".join(sorted(known))
