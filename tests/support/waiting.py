"""Wait for an event, never for a fixed time; a time that matters is measured and printed.

``until`` waits in a coroutine, ``until_blocking`` in a test without an event loop; ``still`` and ``still_blocking``
watch that something does *not* happen. `make lint` finds tests that sleep instead. The patience of waiting is long, for
a machine with other work: it only decides how late a failure is seen.

What takes long is looked for less often. A look at a page of a node costs both sides some milliseconds: at a hundred
looks a second, the tests of a site kept a core busy with nothing but asking.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.01
LONGEST_POLL_SECONDS = 0.1
LATE_RATIO = 0.05
"""What has come is seen late by this part of the time it took."""


def _pause(began: float) -> float:
    """Seconds until the next look, of one who has waited since ``began``; real time, also where a test's is virtual."""
    return min(max(POLL_SECONDS, LATE_RATIO * (time.monotonic() - began)), LONGEST_POLL_SECONDS)


def _failure(what: str, seconds: float, state: Callable[[], object] | None) -> AssertionError:
    found = "" if state is None else state()
    return AssertionError(f"not within {seconds:g} s: {what or 'what was waited for'}{found}")


async def until(
    wanted: Callable[[], Any],
    what: str = "",
    *,
    seconds: float = PATIENCE_SECONDS,
    state: Callable[[], object] | None = None,
) -> Any:
    """Wait until ``wanted`` returns something true, or a coroutine that does; returns it.

    Raises AssertionError with ``what`` and ``state()`` when that has not come after ``seconds``.
    """
    began = time.monotonic()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                found = wanted()
                if isawaitable(found):
                    found = await found
                if found:
                    return found
                await asyncio.sleep(_pause(began))
    raise _failure(what, seconds, state)


def until_blocking(
    wanted: Callable[[], Any],
    what: str = "",
    *,
    seconds: float = PATIENCE_SECONDS,
    state: Callable[[], object] | None = None,
    passing: tuple[type[Exception], ...] = (),
) -> Any:
    """``until`` for a test without an event loop; an exception of the kinds ``passing`` counts as not yet."""
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        with contextlib.suppress(*passing):
            if found := wanted():
                return found
        time.sleep(_pause(began))
    raise _failure(what, seconds, state)


async def still(holds: Callable[[], Any], seconds: float) -> None:
    """Watch for ``seconds`` that a condition, or a coroutine's, goes on holding: as far as time can prove it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        await _holds(holds)
        await asyncio.sleep(POLL_SECONDS)
    await _holds(holds)


async def _holds(holds: Callable[[], Any]) -> None:
    found = holds()
    assert await found if isawaitable(found) else found


def still_blocking(holds: Callable[[], object], seconds: float) -> None:
    """``still`` for a test without an event loop, or one that must not let it turn."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert holds()
        time.sleep(POLL_SECONDS)
    assert holds()


@dataclass
class Taken:
    """How long a block took; ``seconds`` is 0 until it has ended."""

    seconds: float = 0.0


@contextlib.contextmanager
def timed(what: str) -> Iterator[Taken]:
    """Measure a block and print its time, for whoever reads the output of a run."""
    taken, began = Taken(), time.monotonic()
    yield taken
    taken.seconds = time.monotonic() - began
    print(f"{what}: {taken.seconds:.3f} s")
