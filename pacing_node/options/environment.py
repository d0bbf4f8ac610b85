"""Options from environment variables: ``PACING_`` and the path of the option, upper case, joined by underscores.

``zookeeper.session_timeout_seconds`` is ``PACING_ZOOKEEPER_SESSION_TIMEOUT_SECONDS``. An empty variable counts as not
set. A variable of the namespace that belongs to no option is refused when it looks like a misspelled one; others are
only mentioned in the log, because the namespace is not ours alone: Kubernetes makes variables of every service whose
name starts with "pacing".
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

import structlog

from pacing_node.options.allowed import plain_type
from pacing_node.options.errors import Problem
from pacing_node.options.schema import (
    NONE_WORD,
    Input,
    Option,
    Origin,
    Section,
    optional,
    options,
    section_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

log = structlog.get_logger(__name__)

PREFIX = "PACING_"
RESERVED = (
    "PACING_TEST_",
    "PACING_DEMO_",
    "PACING_CONFIG",
    "PACING_SUPERVISOR_",
    "PACING_URL",
    "PACING_CLIENT_",
    "PACING_DATA",
    "PACING_TOKEN",
    "PACING_SECRET_FILE",
)
"""Variables read elsewhere: by the tests, the demonstration, the simulator, and the command line."""
_SOURCE = "environment"
_KUBERNETES = re.compile(
    r"^PACING_(?:[A-Z0-9_]+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT|PORT_\d+_(?:TCP|UDP|SCTP)(?:_[A-Z]+)?)$"
)


def variable(option: Option) -> str:
    """Name of the environment variable of an option."""
    return _variable(option.path)


def _variable(path: tuple[str, ...]) -> str:
    return PREFIX + "_".join(path).upper()


def overlay(model: type[Section], given: Input, environ: Mapping[str, str]) -> None:
    """Put the values of environment variables over the data of a file; unknown variables become problems."""
    known = {variable(option): option.path for option in options(model)}
    sections = {_variable(path): path for path in _optional_sections(model)}
    for name in sorted(environ):
        value = environ[name]
        if not name.startswith(PREFIX) or name.startswith(RESERVED) or not value:
            continue
        if name in sections and value == NONE_WORD:
            _put(given, sections[name], name, None)
        elif name in sections:
            given.problems.append(Problem(_SOURCE, name, repr(value), f"the word {NONE_WORD}"))
        elif name in known:
            _put(given, known[name], name, value)
        elif not _KUBERNETES.match(name):
            _unknown(given, name, (*known, *sections))


def _unknown(given: Input, name: str, known: tuple[str, ...]) -> None:
    """Refuse what looks like a slip of the pen, mention the rest."""
    meant = difflib.get_close_matches(name.removeprefix(PREFIX), [item.removeprefix(PREFIX) for item in known], 1, 0.8)
    if meant:
        given.problems.append(Problem(_SOURCE, name, "an unknown variable", f"did you mean {PREFIX}{meant[0]}?"))
    else:
        log.warning("environment.unknown_variable", variable=name)


def _put(given: Input, path: tuple[str, ...], name: str, value: str | None) -> None:
    """Set one value, making the sections above it where the file has none."""
    data = given.data
    for step in path[:-1]:
        below = data.get(step)
        if not isinstance(below, dict):
            below = data[step] = {}
        data = below
    data[path[-1]] = value
    for origin in [known for known in given.origins if known[: len(path)] == path]:
        del given.origins[origin]
    given.origins[path] = Origin(None, (), _SOURCE, name)


def _optional_sections(model: type[Section], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, info in model.model_fields.items():
        section = section_of(info)
        if section is not None:
            if optional(info):
                yield (*path, name)
            yield from _optional_sections(section, (*path, name))


def resolve_paths(model: type[Section], data: dict[str, object], directory: FilePath) -> None:
    """Make the relative paths of a file absolute, counted from its directory."""
    for name, info in model.model_fields.items():
        value = data.get(name)
        section = section_of(info)
        if section is not None and isinstance(value, dict):
            resolve_paths(section, value, directory)
        elif isinstance(value, str) and value and plain_type(info)[0] is FilePath and not value.startswith("~"):
            data[name] = str(directory / value)
