"""A server is silent when nothing was heard while the event loop ran; a loop that was held up proves nothing."""

from __future__ import annotations

import asyncio

from pacing_node.statistics.silence_watch import LATE_SECONDS, STEPS, SilenceWatch
from tests.support.waiting import still, until


def hold_the_loop(seconds: float) -> None:
    """As a long calculation does."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while loop.time() < end:
        pass


async def test_silence_is_found_once() -> None:
    found: list[str] = []
    watch = SilenceWatch(0.01, lambda: found.append("silent"))
    await until(lambda: bool(found))
    await still(lambda: found == ["silent"], 0.05)
    watch.stop()


async def test_what_came_while_the_loop_was_held_is_heard_before_silence_is_found() -> None:
    found: list[str] = []
    watch = SilenceWatch(0.01, lambda: found.append("silent"))
    hold_the_loop(LATE_SECONDS + 0.05)
    for _ in range(2):  # the timer, which is due, fires in the second
        await asyncio.sleep(0)
    assert not found
    watch.heard(60.0)
    await still(lambda: not found, 0.05)
    watch.stop()


async def test_a_server_that_goes_on_being_silent_after_a_hold_is_found() -> None:
    found: list[str] = []
    watch = SilenceWatch(0.01, lambda: found.append("silent"))
    hold_the_loop(LATE_SECONDS + 0.05)
    await until(lambda: bool(found))
    watch.stop()


async def test_a_loop_that_is_late_all_the_time_finds_no_silence() -> None:
    found: list[str] = []
    watch = SilenceWatch(0.01, lambda: found.append("silent"))
    for _ in range(STEPS + 2):
        hold_the_loop(LATE_SECONDS + 0.01)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert not found
    await until(lambda: bool(found))
    watch.stop()


async def test_a_shorter_time_counts_from_when_something_was_heard() -> None:
    found: list[str] = []
    watch = SilenceWatch(3600.0, lambda: found.append("silent"))
    watch.heard(0.01)
    await until(lambda: bool(found))
    watch.stop()
