"""Work that is done again whenever something has changed: no exception ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from cluster import tasks
from cluster.errors import UnavailableError
from cluster.zookeeper import upkeep
from cluster.zookeeper.upkeep import keep_up


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "RETRY_SECONDS", (0.001, 0.002))


class Work:
    """Fails as told, then succeeds."""

    def __init__(self, *failures: Exception) -> None:
        self._failures: Iterator[Exception] = iter(failures)
        self.wanted = asyncio.Event()
        self.succeeded = asyncio.Event()

    async def __call__(self) -> None:
        failure = next(self._failures, None)
        if failure is not None:
            raise failure
        self.succeeded.set()

    @asynccontextmanager
    async def kept_up(self, **options):
        task = tasks.spawn("upkeep", keep_up("work", self.wanted, self, **options))
        yield
        await tasks.cancel(task)


async def test_an_expected_failure_is_reported_and_the_work_done_again() -> None:
    work, reported = Work(UnavailableError("away")), []
    async with work.kept_up(failed=reported.append):
        work.wanted.set()
        await asyncio.wait_for(work.succeeded.wait(), 30.0)
    assert [str(each) for each in reported] == ["away"]


async def test_an_exception_nobody_expected_is_logged_and_the_work_done_again() -> None:
    work = Work(TypeError("cannot convert 'NoneType' object to bytes"), RecursionError())
    with capture_logs() as logged:
        async with work.kept_up():
            work.wanted.set()
            await asyncio.wait_for(work.succeeded.wait(), 30.0)
    assert [(each["event"], each["what"]) for each in logged] == [("upkeep.failed", "work")] * 2


async def test_what_cannot_be_retried_waits_for_the_next_change() -> None:
    work = Work(UnavailableError("disconnected"))
    asked = asyncio.Event()

    def can_retry() -> bool:
        asked.set()
        return False

    async with work.kept_up(can_retry=can_retry):
        work.wanted.set()
        await asyncio.wait_for(asked.wait(), 30.0)
        assert not work.succeeded.is_set()
        work.wanted.set()
        await asyncio.wait_for(work.succeeded.wait(), 30.0)
