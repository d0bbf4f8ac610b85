"""Loaded into the processes of a node before its own code: clocks, and steps of the election, in a test's hand.

``simulator.harness.instruments`` holds the other end, a file with three numbers that is mapped into memory, so that a
process sees a new one at once; also one that was written while it stood still.
"""

from __future__ import annotations

import mmap
import os
import random
import struct
import time
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cluster.election.steps import Steps

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

VARIABLE = "PACING_TEST_INSTRUMENTS"
"""Environment variable with the path of the file."""
SLEPT, WALL, FAILING = 0, 1, 2
"""Places of: seconds for which the machine has slept; seconds the wall clock is off; share of steps that fail."""
NUMBER = struct.Struct("<d")
PLACES = 3


class StepFaultError(Exception):
    """A step of the election fails in a way that nobody expects."""


def install(file: Path) -> None:
    """Let this process see the numbers in the file."""
    with file.open("rb") as source:
        numbers = mmap.mmap(source.fileno(), PLACES * NUMBER.size, access=mmap.ACCESS_READ)

    def number(place: int) -> float:
        value: float = NUMBER.unpack_from(numbers, place * NUMBER.size)[0]
        return value

    _install_clocks(lambda: number(SLEPT), lambda: number(WALL))
    _install_faults(lambda: number(FAILING))


def _install_clocks(slept: Callable[[], float], wall_offset: Callable[[], float]) -> None:
    """The monotonic clock stands still while the machine sleeps, and that since boot goes on, as Linux has them."""
    wall, wall_ns, monotonic, monotonic_ns, get = (
        time.time,
        time.time_ns,
        time.monotonic,
        time.monotonic_ns,
        time.clock_gettime,
    )
    replaced: dict[str, Callable[..., float]] = {
        "time": lambda: wall() + wall_offset(),
        "time_ns": lambda: wall_ns() + int(wall_offset() * 1e9),
        "monotonic": lambda: monotonic() - slept(),
        "monotonic_ns": lambda: monotonic_ns() - int(slept() * 1e9),
        "clock_gettime": lambda clock: get(clock) - (slept() if clock == time.CLOCK_MONOTONIC else 0.0),
    }
    for name, function in replaced.items():
        setattr(time, name, function)


def _install_faults(share: Callable[[], float]) -> None:
    chance = random.Random()
    made = Steps.__init__

    def failing(step: Callable[[Any], Coroutine[Any, Any, Any]]) -> Callable[[Any], Coroutine[Any, Any, Any]]:
        @wraps(step)
        async def carried_out(action: Any) -> Any:
            before, after = (chance.random() < share() / 2 for _ in range(2))
            if before:
                raise StepFaultError("before it took effect")
            outcome = await step(action)
            if after:
                raise StepFaultError("after it took effect")
            return outcome

        return carried_out

    def make(self: Steps, *parts: Any, **more: Any) -> None:
        made(self, *parts, **more)
        self._steps = {kind: failing(step) for kind, step in self._steps.items()}

    setattr(Steps, made.__name__, make)


if VARIABLE in os.environ:
    install(Path(os.environ[VARIABLE]))
