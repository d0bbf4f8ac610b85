"""ZooKeeper is put back to an older copy of its data: versions, epochs and transaction numbers are given twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from cluster.election.transactions import Transactions
from cluster.errors import ConflictError, NodeMissingError
from cluster.mastership import ZooKeeperState
from cluster.zookeeper.client import ZooKeeperSession
from cluster.zookeeper.paths import Paths
from simulator.harness.zookeeper import Ensemble
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from cluster.election.events import Claim

pytestmark = pytest.mark.ensemble

PATHS = Paths("/pacing/restored")
SESSION_SECONDS = 20.0
CALL_SECONDS = 5.0


class Contender:
    """A session and what the election writes over it."""

    def __init__(self, node: str, hosts: str) -> None:
        self.session = ZooKeeperSession(hosts, SESSION_SECONDS, CALL_SECONDS)
        self.transactions = Transactions(self.session, PATHS, node)

    async def connected(self) -> None:
        await until(lambda: self.session.state is ZooKeeperState.CONNECTED)

    async def acquire(self) -> Claim:
        return (await self.transactions.acquire(await self.transactions.read_election(), None))[0]


@pytest.fixture
async def own_ensemble(tmp_path: Path) -> AsyncIterator[Ensemble]:
    made = Ensemble(tmp_path, members=3)
    if not made.controllable:
        pytest.skip("this needs a ZooKeeper of its own, to replace its data")
    with made:
        yield made


@pytest.fixture
async def pair(own_ensemble: Ensemble) -> AsyncIterator[tuple[Contender, Contender]]:
    made = Contender("a", own_ensemble.hosts), Contender("b", own_ensemble.hosts)
    for each in made:
        each.session.start()
        await each.connected()
        await each.transactions.prepare(None)
    yield made
    for each in made:
        await each.session.stop(2.0)


async def restore(ensemble: Ensemble, copy: Path, *contenders: Contender) -> None:
    """Go back to the copy; the sessions that it knows live on."""
    before = [each.session.change for each in contenders]
    sessions = [each.session.session_id for each in contenders]
    ensemble.restore_from(copy)
    await asyncio.to_thread(ensemble.wait_ready)
    await until(lambda: all(each.session.change not in before for each in contenders))
    for each in contenders:
        await each.connected()
    assert [each.session.session_id for each in contenders] == sessions, "they live on"


async def test_of_two_that_got_the_same_epoch_in_two_histories_only_the_one_of_this_history_is_confirmed(
    own_ensemble: Ensemble, pair: tuple[Contender, Contender], tmp_path: Path
) -> None:
    a, b = pair
    own_ensemble.back_up(tmp_path / "copy")
    old = await a.acquire()
    await a.transactions.prove(old, CALL_SECONDS)
    await restore(own_ensemble, tmp_path / "copy", a, b)

    new = await b.acquire()
    assert (new.epoch, new.epoch_version) == (old.epoch, old.epoch_version), "everything is given twice"
    await b.transactions.prove(new, CALL_SECONDS)
    with pytest.raises((NodeMissingError, ConflictError)):
        await a.transactions.prove(old, CALL_SECONDS)


async def test_one_of_another_history_releases_nothing_of_this_one(
    own_ensemble: Ensemble, pair: tuple[Contender, Contender], tmp_path: Path
) -> None:
    a, b = pair
    own_ensemble.back_up(tmp_path / "copy")
    old = await a.acquire()
    await restore(own_ensemble, tmp_path / "copy", a, b)
    new = await b.acquire()
    with pytest.raises((NodeMissingError, ConflictError)):
        await a.transactions.release(old)
    assert not await a.transactions.release_of_dead(old)
    await b.transactions.prove(new, CALL_SECONDS)


async def test_a_claim_whose_node_belongs_to_another_session_is_refused_on_a_new_connection(
    pair: tuple[Contender, Contender],
) -> None:
    a, b = pair
    claim = await a.acquire()
    await b.session.delete(PATHS.master)
    await b.session.create(PATHS.master, b"{}", ephemeral=True)
    with pytest.raises(ConflictError, match="another session"):
        await a.transactions.prove(claim, CALL_SECONDS, check_owner=True)
