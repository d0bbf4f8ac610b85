"""Work that lasts is begun anew when it fails, with growing pauses, and only cancellation ends it."""

from __future__ import annotations

import asyncio

import pytest

from cluster.lasting import lasting, restarts
from cluster.tasks import cancel, spawn
from tests.support.waiting import until


async def test_it_is_begun_anew_after_an_error_and_after_an_end() -> None:
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            raise RuntimeError("broke")
        if begun > 2:
            await asyncio.Event().wait()

    before = restarts["some work"]
    task = spawn("some work", lasting("some work", work))
    await until(lambda: begun == 3)
    assert restarts["some work"] - before == 2
    await cancel(task)
    assert task.cancelled()


async def test_cancellation_ends_it_during_a_pause_too() -> None:
    async def work() -> None:
        raise RuntimeError("broke")

    before = restarts["other work"]
    task = spawn("other work", lasting("other work", work))
    await until(lambda: restarts["other work"] > before)
    await cancel(task)
    with pytest.raises(asyncio.CancelledError):
        await task
