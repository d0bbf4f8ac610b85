"""The section ``log`` with the suite's usual options."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field

from pacing_node.options.allowed import Allowed
from pacing_node.options.schema import Applies, Section
from pacing_node.options.values import Words, usable_path


class Verbosity(StrEnum):
    """Levels of the option ``verbose``, from everything to nothing."""

    ALL = "all"
    DEBUG = "debug"
    TRACE = "trace"
    INTERACTION = "interaction"
    STANDARD = "standard"
    NONE = "none"


_SEGMENT = re.compile(r"false|[0-9]{1,7}(?: ?(?:KB|MB|hr))?")
_EXPIRE = re.compile(r"false|[0-9]{1,4}(?: ?(?:file|day))?")
_SEGMENT_TEXT = "false, a size such as 1000 KB or 100 MB, or a time such as 24 hr"
_EXPIRE_TEXT = "false, a number of files such as 10 file, or an age such as 7 day"


def _segment(value: object) -> object:
    if isinstance(value, str) and not _SEGMENT.fullmatch(value):
        raise ValueError(_SEGMENT_TEXT)
    return value


def _expire(value: object) -> object:
    if isinstance(value, str) and not _EXPIRE.fullmatch(value):
        raise ValueError(_EXPIRE_TEXT)
    return value


_WORDS = ("stdout", "stderr", "network")
_OUTPUTS_TEXT = "stdout, stderr, network or files, separated by commas"


def _outputs(words: tuple[str, ...]) -> tuple[str, ...]:
    """The outputs, ``~`` of files replaced; a word with capitals is a slip, and no file in the working directory."""
    return tuple(word if word in _WORDS else _file(word) for word in words)


def _file(word: str) -> str:
    path = usable_path(word)
    if word.lower() in _WORDS or path.name in {"", ".."}:
        raise ValueError(_OUTPUTS_TEXT)
    return str(path)


Outputs = Annotated[Words, AfterValidator(_outputs), Allowed(_OUTPUTS_TEXT)]


class LogOptions(Section):
    """What is written to which output. ``network`` is the Message Server."""

    applies: ClassVar[Applies] = Applies.LIVE

    verbose: Verbosity = Verbosity.STANDARD
    """Lowest level that is written to any output."""
    all: Outputs = ()
    """Outputs of every message that ``verbose`` lets through."""
    alarm: Outputs = ()
    """Outputs of alarms."""
    standard: Outputs = ("stdout",)
    """Outputs of messages of the level standard and above."""
    interaction: Outputs = ()
    """Outputs of messages of the level interaction and above."""
    trace: Outputs = ()
    """Outputs of messages of the level trace and above."""
    debug: Outputs = ()
    """Outputs of messages of the level debug and above."""
    segment: Annotated[str, BeforeValidator(_segment), Allowed(_SEGMENT_TEXT), Field(validate_default=True)] = "false"
    """When a log file is closed and the next one is started. A number alone is in KB."""
    expire: Annotated[str, BeforeValidator(_expire), Allowed(_EXPIRE_TEXT), Field(validate_default=True)] = "false"
    """Which old log files are deleted. A number alone counts files."""
