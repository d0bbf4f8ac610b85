"""Traces of what the process does, when somebody collects them; without a collector a span costs a comparison.

Nothing of OpenTelemetry is loaded here: who makes the spans loads it, and only when they are wanted.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

MOST_TRACEPARENT = 128
"""Characters of a header that is looked at; those of today have 55, and later versions may add to them."""
Attribute: TypeAlias = "str | int | float | bool"


class Tracer(Protocol):
    """Makes spans and knows the one that is open in the running task."""

    def span(self, name: str, attributes: dict[str, Attribute], parent: str = "") -> AbstractContextManager[object]:
        """A span that lasts as long as the block; an exception that leaves the block marks it as failed.

        ``parent`` is the ``traceparent`` of a caller; one that is none is as if there were none.
        """

    def note(self, attributes: dict[str, Attribute]) -> None:
        """Add to the open span."""

    def traceparent(self) -> str:
        """The open span as the header of W3C Trace Context; empty without one."""

    def trace_id(self) -> str:
        """Identifier of the trace of the open span; empty without one, and where that trace is not kept."""


class _InUse:
    """The tracer of the process, as the log is the log of the process."""

    tracer: Tracer | None = None


_OFF: AbstractContextManager[object] = nullcontext()
_passed_on: ContextVar[str] = ContextVar("passed_on", default="")


def use_tracer(tracer: Tracer | None) -> None:
    """Trace with this from now on; None: not at all."""
    _InUse.tracer = tracer


def span(name: str, **attributes: Attribute) -> AbstractContextManager[object]:
    """A span around a block of work; those begun within it, tasks included, are its children."""
    tracer = _InUse.tracer
    return _OFF if tracer is None else tracer.span(name, attributes)


def continued(name: str, headers: Iterable[tuple[str, str]], **attributes: Attribute) -> AbstractContextManager[object]:
    """The same, as part of the trace a caller names in its headers: exactly one ``traceparent``, and no long one."""
    tracer = _InUse.tracer
    if tracer is None:
        return _OFF
    named = [value for key, value in headers if key.lower() == "traceparent"]
    parent = named[0] if len(named) == 1 and len(named[0]) <= MOST_TRACEPARENT else ""
    return tracer.span(name, attributes, parent)


def note(**attributes: Attribute) -> None:
    """Add to the span that is open in this task, such as how the work ended."""
    if _InUse.tracer is not None:
        _InUse.tracer.note(attributes)


def trace_id() -> str:
    """Identifier of the trace of the open span; empty without one, and where that trace is not kept."""
    return "" if _InUse.tracer is None else _InUse.tracer.trace_id()


@contextmanager
def passing_on(parent: str) -> Iterator[None]:
    """Who traces nothing itself names the trace of its caller to those it calls within the block; empty: none."""
    token = _passed_on.set(parent)
    try:
        yield
    finally:
        _passed_on.reset(token)


def trace_headers() -> dict[str, str]:
    """Headers by which another server continues the trace; none without one."""
    tracer = _InUse.tracer
    parent = _passed_on.get() if tracer is None else tracer.traceparent()
    return {"traceparent": parent} if parent else {}
