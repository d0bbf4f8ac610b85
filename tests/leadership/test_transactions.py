"""What the election reads and writes takes as few round trips to ZooKeeper as are safe."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cluster.documents import Document
from cluster.election.transactions import Transactions
from cluster.errors import ConflictError, NodeMissingError, RefusedError
from cluster.records import Pause
from cluster.zookeeper import paths as layout
from cluster.zookeeper.client import ZooKeeperSession
from cluster.zookeeper.paths import locate
from cluster.zookeeper.pause import encode_pause
from tests.leadership.conftest import CALM_SESSION_TIMEOUT_SECONDS, CLUSTER, Members
from tests.leadership.test_pause import pair
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cluster.election.events import Claim, ElectionRecord
    from cluster.zookeeper.types import NodeStat

pytestmark = pytest.mark.ensemble

CALL_SECONDS = 5.0
PAUSED = encode_pause(Pause("somebody", time.time(), time.time() + 3600.0))


class Contender:
    """A session, what the election does over it, and how often it reads each node."""

    def __init__(self, hosts: str) -> None:
        address, self.paths = locate(hosts, CLUSTER)
        self.session = ZooKeeperSession(address, CALM_SESSION_TIMEOUT_SECONDS, CALL_SECONDS)
        self.known_pause: Document | None = None
        self.transactions = Transactions(self.session, self.paths, "a", known_pause=lambda: self.known_pause)
        self.reads: Counter[str] = Counter()
        get = self.session.get

        async def counted(path: str, *more: object) -> object:
            self.reads[path] += 1
            return await get(path, *more)  # type: ignore[arg-type]

        self.session.get = counted  # type: ignore[method-assign, assignment]

    async def acquire(self) -> Claim:
        return (await self.transactions.acquire(await self.transactions.read_election(), None))[0]

    async def write_pause(self, data: bytes) -> Document:
        return Document(data, await self.session.set(self.paths.pause, data))


@pytest.fixture
async def contender(zookeeper_hosts: str) -> AsyncIterator[Contender]:
    made = Contender(zookeeper_hosts)
    made.session.start()
    await until(lambda: made.session.connected)
    await made.transactions.prepare(None)
    made.reads.clear()
    yield made
    await made.session.stop(2.0)


class TestAnAcquisitionOnItsWay:
    async def test_comes_before_what_is_read_from_then_on(self, contender: Contender) -> None:
        behind: list[asyncio.Task[tuple[bytes, NodeStat]]] = []
        record = await contender.transactions.read_election()

        def on_sent() -> None:
            behind.append(asyncio.ensure_future(contender.session.get(contender.paths.epoch)))

        await contender.transactions.acquire(record, None, on_sent=on_sent)
        ((data, _),) = await asyncio.gather(*behind)
        assert layout.decode_epoch(data, contender.paths.epoch) == record.epoch + 1

    async def test_is_told_of_to_the_members_application(self, members: Members) -> None:
        a, b = await pair(members)
        states: list[tuple[str, int]] = []
        b.on_acquiring.add(lambda: states.append((b.status().state, b.status().epoch)))
        await members.leave(a)
        await asyncio.wait_for(b.mastership.wait_for_term(), 60.0)
        assert states == [("acquiring", 1)]


class TestReadingAhead:
    async def test_is_taken_over_by_an_attempt(self, contender: Contender) -> None:
        contender.transactions.read_ahead()
        record = await contender.transactions.read_election()
        assert contender.reads[contender.paths.epoch] == 1
        assert (await contender.transactions.acquire(record, None))[0].epoch == 1
        await contender.transactions.read_election()
        assert contender.reads[contender.paths.epoch] == 2, "once only"

    async def test_does_not_outlive_its_connection(self, contender: Contender) -> None:
        contender.transactions.read_ahead()
        contender.session.change = replace(contender.session.change)
        await contender.transactions.read_election()
        assert contender.reads[contender.paths.epoch] == 2

    async def test_that_is_old_gives_no_term(self, contender: Contender) -> None:
        contender.transactions.read_ahead()
        record: ElectionRecord = await contender.transactions._ahead[1]  # type: ignore[index]
        await contender.write_pause(b"{}")
        assert await contender.transactions.read_election() is record
        with pytest.raises(ConflictError):
            await contender.transactions.acquire(record, None)

    async def test_that_fails_is_a_failed_attempt(self, contender: Contender) -> None:
        await contender.session.delete(contender.paths.pause)
        contender.transactions.read_ahead()
        with pytest.raises(NodeMissingError):
            await contender.transactions.read_election()

    async def test_spares_a_standby_a_round_trip_when_its_master_is_gone(
        self, members: Members, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        a, b = await pair(members)
        transactions = b.mastership._transactions  # type: ignore[attr-defined]
        order: list[str] = []

        def note(name: str) -> None:
            own = getattr(transactions, name)

            def noted(*given: object, **more: object) -> object:
                order.append(name)
                return own(*given, **more)

            monkeypatch.setattr(transactions, name, noted)

        for name in ("_read_record", "read_election", "acquire"):
            note(name)
        await members.leave(a)
        await asyncio.wait_for(b.mastership.wait_for_term(), 60.0)
        assert order == ["_read_record", "read_election", "acquire"]


class TestAReleaseThatAPauseForbids:
    async def test_reads_nothing_where_it_knows_that_there_is_none(self, contender: Contender) -> None:
        contender.known_pause = await contender.write_pause(b"")
        claim = await contender.acquire()
        contender.reads.clear()
        await contender.transactions.release(claim, unless_paused=True)
        assert not contender.reads
        assert (await contender.transactions.read_election()).vacant

    async def test_is_refused_although_it_does_not_know_of_the_pause_yet(self, contender: Contender) -> None:
        contender.known_pause = await contender.write_pause(b"")
        claim = await contender.acquire()
        await contender.write_pause(PAUSED)
        with pytest.raises(RefusedError):
            await contender.transactions.release(claim, unless_paused=True)
        assert not (await contender.transactions.read_election()).vacant

    async def test_is_refused_where_it_knows_of_the_pause(self, contender: Contender) -> None:
        claim = await contender.acquire()
        contender.known_pause = await contender.write_pause(PAUSED)
        with pytest.raises(RefusedError):
            await contender.transactions.release(claim, unless_paused=True)

    @pytest.mark.parametrize("known", [b"", None])
    async def test_goes_on_where_the_pause_it_knows_of_has_ended(
        self, contender: Contender, known: bytes | None
    ) -> None:
        contender.known_pause = await contender.write_pause(PAUSED if known is None else known)
        claim = await contender.acquire()
        await contender.write_pause(PAUSED)
        await contender.write_pause(b"{}")
        await contender.transactions.release(claim, unless_paused=True)
        assert (await contender.transactions.read_election()).vacant
