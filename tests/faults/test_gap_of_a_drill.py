"""The gap that a drill judges."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any, cast

from simulator.drill.field import Field, Options
from simulator.harness.bounds import Bounds

BOUNDS = Bounds(session_timeout=4.0, tick=0.5, period=1.0)


class Recorded:
    """A cluster whose record of pushes is known as of its last reading."""

    def __init__(self, happened: list[float]) -> None:
        self.pushes: list[Any] = []
        self.bounds = BOUNDS
        self._happened = happened

    async def read(self) -> None:
        self.pushes = [SimpleNamespace(received_at=at) for at in self._happened]

    def times(self) -> list[float]:
        return [push.received_at for push in self.pushes]


def field(happened: list[float]) -> Field[Any]:
    return Field(cast("Any", Recorded(happened)), Options(), lambda _: None)


async def test_pushes_after_the_last_look_at_the_record_leave_no_gap() -> None:
    fault_at = time.time() - 5.0
    assert await field([fault_at + offset for offset in (-0.5, 0.4, 1.5, 2.5, 3.4, 4.4)]).interval(fault_at) < 0.25


async def test_time_without_a_push_until_now_is_a_gap() -> None:
    fault_at = time.time() - 5.0
    assert await field([fault_at + offset for offset in (-0.5, 0.4, 1.5)]).interval(fault_at) >= 2.5
