"""What a worker tells its supervisor."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.election.events import Claim
from cluster.election.transactions import Transactions
from cluster.process.dead_worker import decode_claim, decode_security
from cluster.process.supervisor import Reports
from cluster.process.worker_pipe import CLAIM, SETTINGS, VARIABLE, Reporter
from cluster.security import ZooKeeperSecurity
from cluster.settings import ClusterSettings
from cluster.zookeeper.paths import Paths

HOLD = Claim(epoch=3, epoch_version=5, session_id=0x100002798DD0001, zxid=4294967305)


def test_a_hold_goes_through_the_pipe() -> None:
    reading, writing = os.pipe()
    reporter = Reporter.from_environment({VARIABLE: str(writing)})
    assert reporter is not None
    reporter.holds(HOLD)
    kind, _, report = os.read(reading, 1000).decode().partition(" ")
    assert (kind, decode_claim(report)) == (CLAIM, HOLD)
    os.close(reading)
    reporter.holds(HOLD)  # nobody listens any more: no harm
    os.close(writing)


@pytest.mark.parametrize(
    "security",
    [
        ZooKeeperSecurity(),
        ZooKeeperSecurity(user="pacing", password='a "word"\n', sasl_user="sasl", sasl_password="ü"),
        ZooKeeperSecurity(
            tls=True, ca_file=Path("/a"), certificate_file=Path("/b"), key_file=Path("/c"), key_password="d"
        ),
        ZooKeeperSecurity(tls=True, check_hostname=False),
    ],
)
def test_settings_go_through_the_pipe(security: ZooKeeperSecurity) -> None:
    reading, writing = os.pipe()
    Reporter(writing).joins(ClusterSettings("a", "test", "zk1:2181,zk2:2181/base", zookeeper_security=security))
    kind, _, report = os.read(reading, 4096).decode().partition(" ")
    given = json.loads(report)
    assert kind == SETTINGS
    assert (given["node"], given["cluster"], given["zookeeper_hosts"]) == ("a", "test", "zk1:2181,zk2:2181/base")
    assert decode_security(given["zookeeper_security"]) == security
    os.close(reading)
    os.close(writing)


async def test_the_newest_claim_is_known_after_more_terms_than_a_pipe_holds() -> None:
    reading, writing = os.pipe()
    reports, reporter = Reports(reading), Reporter(writing)
    for epoch in range(1, 5001):
        reporter.holds(replace(HOLD, epoch=epoch, term_id=str(uuid.UUID(int=epoch))))
        if epoch % 100 == 0:
            await asyncio.sleep(0)  # the supervisor's loop goes round far more often than a worker begins a term

    def newest() -> tuple[int, str]:
        reports.read()
        claim = decode_claim(reports.known(CLAIM) or "")
        return claim.epoch, claim.term_id

    assert newest() == (5000, str(uuid.UUID(int=5000)))
    os.close(writing)
    assert newest() == (5000, str(uuid.UUID(int=5000))), "also once the worker is dead"
    reports.close()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread waits for the end of the worker")
def test_no_thread_stands_between_a_supervisor_and_the_end_of_its_worker() -> None:
    worker = "import os; print(len(os.listdir(f'/proc/{os.getppid()}/task')), flush=True)"
    supervisor = (
        f"import sys; from cluster.process.supervisor import run; sys.exit(run([sys.executable, '-c', {worker!r}]))"
    )
    ended = subprocess.run([sys.executable, "-c", supervisor], capture_output=True, text=True, check=True)
    assert ended.stdout == "1\n"


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
