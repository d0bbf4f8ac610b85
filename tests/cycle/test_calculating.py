"""A calculation of very many targets is beside the event loop, and nothing that it began with is taken for granted."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from pacing_node.cycle import calculating
from pacing_node.cycle.calculating import calculated
from pacing_node.cycle.pacing_state import PacingState
from pacing_node.cycle.plan import CycleSettings
from pacing_node.engagement.platform import PushStatus
from tests.cycle.test_pacer import Bench, running
from tests.support.cycle_parts import FakeTerm, snapshot, target_set
from tests.support.waiting import PATIENCE_SECONDS, until


class Slow(PacingState):
    """Calculates when the test lets it."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.thread = ""
        self.ended = False

    def calculate(self, *arguments: Any) -> Any:
        self.thread = threading.current_thread().name
        self.begun.set()
        assert self.go_on.wait(PATIENCE_SECONDS)
        result = super().calculate(*arguments)
        self.ended = True
        return result


@pytest.fixture
def slow() -> Slow:
    return Slow(CycleSettings(), target_set("a", "b"))


@pytest.fixture
def all_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calculating, "MOST_ON_LOOP", 0)


async def test_few_targets_are_calculated_on_the_loop(slow: Slow) -> None:
    slow.go_on.set()
    assert len((await calculated(slow, snapshot(2), time.time(), None)).result.invitations) == 2
    assert slow.thread == threading.current_thread().name


@pytest.mark.usefixtures("all_beside")
async def test_the_loop_goes_on_while_very_many_are_calculated(slow: Slow) -> None:
    working = asyncio.ensure_future(calculated(slow, snapshot(2), time.time(), None))
    await until(slow.begun.is_set)
    slow.go_on.set()
    assert len((await working).result.invitations) == 2
    assert slow.thread.startswith("calculation")


@pytest.mark.usefixtures("all_beside")
async def test_who_is_cancelled_waits_for_the_end_of_the_calculation(slow: Slow) -> None:
    working = asyncio.ensure_future(calculated(slow, snapshot(2), time.time(), None))
    await until(slow.begun.is_set)
    for _ in range(2):
        working.cancel()
        for _ in range(5):
            await asyncio.sleep(0)
    assert not working.done()
    slow.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert slow.ended


@pytest.mark.usefixtures("all_beside")
async def test_a_lease_that_ran_out_meanwhile_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    calculate = PacingState.calculate

    def waits(*arguments: Any) -> Any:
        begun.set()
        assert go_on.wait(PATIENCE_SECONDS)
        return calculate(*arguments)

    monkeypatch.setattr(PacingState, "calculate", waits)
    bench, term = Bench(), FakeTerm()
    bench.plan.use_settings(CycleSettings())
    bench.plan.use_targets(target_set("a", "b"))
    bench.mastership.give(term)
    async with running(bench):
        await until(begun.is_set)
        term.lease = 0.0
        go_on.set()
        await until(lambda: bench.latest_report.report)
    report = bench.latest_report.report
    assert report is not None
    assert (report.push_status, bench.platform.pushes) == (PushStatus.WITHHELD, [])
