"""What a worker tells its supervisor."""

from __future__ import annotations

import asyncio
import os
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cluster.election.events import Claim
from cluster.election.transactions import Transactions
from cluster.process.supervisor import _Reports
from cluster.process.worker_pipe import VARIABLE, Reporter, decode_claim
from cluster.zookeeper.paths import Paths

if TYPE_CHECKING:
    from pathlib import Path

HOLD = Claim(epoch=3, epoch_version=5, session_id=0x100002798DD0001, zxid=4294967305)


def test_a_hold_goes_through_the_pipe() -> None:
    reading, writing = os.pipe()
    reporter = Reporter.from_environment({VARIABLE: str(writing)})
    assert reporter is not None
    reporter.holds(HOLD)
    assert decode_claim(os.read(reading, 1000)) == HOLD
    os.close(reading)
    reporter.holds(HOLD)  # nobody listens any more: no harm
    os.close(writing)


async def test_the_newest_claim_is_known_after_more_terms_than_a_pipe_holds() -> None:
    reading, writing = os.pipe()
    reports, reporter = _Reports(reading), Reporter(writing)
    for epoch in range(1, 5001):
        reporter.holds(replace(HOLD, epoch=epoch, term_id=str(uuid.UUID(int=epoch))))
        if epoch % 100 == 0:
            await asyncio.sleep(0)  # the supervisor's loop goes round far more often than a worker begins a term
    newest = reports.newest()
    assert newest is not None
    assert (newest.epoch, newest.term_id) == (5000, str(uuid.UUID(int=5000)))
    os.close(writing)
    assert reports.newest() == newest, "also once the worker is dead"
    reports.close()


class LaggingSession:
    """A server that does not know of the newest nodes yet; its quorum does."""

    def __init__(self) -> None:
        self.committed = 0

    async def exists(self, _path: str) -> None:
        return None

    async def commit(self, _describe: object) -> list[object]:
        self.committed += 1
        return []


async def test_a_server_that_lags_behind_does_not_keep_the_dead_in_office() -> None:
    session = LaggingSession()
    transactions = Transactions(session, Paths("/pacing/test"), "a")  # type: ignore[arg-type] - all that is asked of it
    assert await transactions.release_of_dead(HOLD)
    assert session.committed == 1


@pytest.mark.parametrize("value", ["", "none", "999"])
def test_without_a_supervisor_nothing_is_reported(value: str) -> None:
    assert Reporter.from_environment({VARIABLE: value}) is None


def test_a_descriptor_that_is_no_pipe_is_left_alone(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        assert Reporter.from_environment({VARIABLE: str(file.fileno())}) is None
