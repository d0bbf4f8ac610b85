"""What happens to mastership when ZooKeeper, or the way to it, fails."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from typing import TYPE_CHECKING

import pytest
from kazoo.client import KazooClient
from kazoo.handlers.threading import KazooTimeoutError

from cluster.mastership import EndCause, ZooKeeperState
from cluster.zookeeper import paths
from simulator.harness.zookeeper import Ensemble, ProcessMember
from tests.leadership.conftest import CLUSTER, SESSION_TIMEOUT_SECONDS, Members
from tests.support.fault_proxy import FaultProxy
from tests.support.waiting import PATIENCE_SECONDS, still, timed, until

if TYPE_CHECKING:
    from pathlib import Path

    from cluster.mastership import Term
    from cluster.member import ClusterMember
    from simulator.harness.zookeeper import Member

pytestmark = pytest.mark.ensemble


def session_of(member: ClusterMember):
    return member._backend._session


def server_of(member: ClusterMember, ensemble: Ensemble) -> Member:
    port = session_of(member)._handler._connection.getpeername()[1]
    return next(server for server in ensemble.members if server.client_port == port)


async def connect_anew(session) -> None:
    """Drop a connection, and wait until there is another."""
    lost = session._handler._connection
    session.drop_connection()
    await until(lambda: session._handler._connection is not lost and session.state is ZooKeeperState.CONNECTED)


async def test_the_same_term_goes_on_after_the_ensemble_lost_its_leader(
    members: Members, three_members: Ensemble
) -> None:
    for node in ("a", "b"):
        await members.join(node, session_timeout_seconds=8.0)
    master = await members.master()
    term = master.mastership.term
    leader = three_members.leader()
    assert leader is not None
    with timed("without acting after ZooKeeper's leader was killed"):
        await asyncio.to_thread(leader.kill)
        await until(lambda: master.status().state == "suspended")
        await until(lambda: term.act_until(0.5) is not None)
    assert master.mastership.term is term


async def test_a_server_that_stopped_answering_is_left_for_another_one(
    members: Members, three_members: Ensemble
) -> None:
    master = await members.join("a", session_timeout_seconds=8.0)
    await members.master()
    term = master.mastership.term
    while server_of(master, three_members) is three_members.leader():
        await connect_anew(session_of(master))
    frozen = server_of(master, three_members)
    frozen.freeze()
    await until(lambda: term.act_until(0.5) is not None and server_of(master, three_members) is not frozen)
    assert master.mastership.term is term


async def test_a_master_without_a_connection_starts_nothing_and_ends_with_its_lease(
    members: Members, ensemble: Ensemble
) -> None:
    port = ensemble.members[0].client_port
    async with FaultProxy("127.0.0.1", port) as proxy:
        member = await members.join(
            "a", hosts=f"127.0.0.1:{proxy.port}/cut-{time.monotonic_ns()}", session_timeout_seconds=4.0
        )
        term = await member.mastership.wait_for_term()
        await until(lambda: term.act_until(0.5) is not None)
        proxy.silent = True
        # Nothing is renewed from here on: what is left now ends before the session could.
        assert 0.0 < member.status().lease_left_seconds < 4.0
        with timed("lease over after the cut, session time-out 4 s"):
            await term.ended.wait()
        assert term.cause is EndCause.LEASE_EXPIRED
        assert term.act_until(0.01) is None
        proxy.silent = False
        again = await asyncio.wait_for(member.mastership.wait_for_term(), PATIENCE_SECONDS)
        assert again.epoch > term.epoch
        await members.leave(member)


async def test_an_acquisition_whose_answer_was_lost_leaves_no_ghost(members: Members, ensemble: Ensemble) -> None:
    async with FaultProxy("127.0.0.1", ensemble.members[0].client_port) as proxy:
        proxy.cut_before_answer(b'{"node": "a"')
        member = await members.join("a", hosts=f"127.0.0.1:{proxy.port}/ghost-{time.monotonic_ns()}")
        with timed("serving after joining, one answer lost"):
            term = await member.mastership.wait_for_term()
        assert proxy.cuts == 1
        # The lost one took effect, was found by its owner and deleted: the session has never changed.
        assert term.epoch == 2
        await members.leave(member)


def close_session(hosts: str, identity: tuple[int, bytes]) -> None:
    """End a session from outside: join it by its id and password, and close it."""
    thief = KazooClient(hosts=hosts, client_id=identity)
    with contextlib.suppress(KazooTimeoutError):
        thief.start(5)
        thief.stop()
    thief.close()


# The thief's own client may stumble over the session it has closed.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_an_expired_session_ends_the_term_and_another_begins(members: Members) -> None:
    member = await members.join("a")
    term = await member.mastership.wait_for_term()
    session = session_of(member)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not term.ended.is_set():
            await asyncio.to_thread(close_session, session._hosts, session._client.client_id)
            # The owner may have taken its session back before it was closed: then once more.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(term.ended.wait(), 3)
        again = await member.mastership.wait_for_term()
    assert again.epoch > term.epoch
    await until(lambda: [each.name for each in member.members()] == ["a"])


async def test_a_receiver_that_knows_a_higher_epoch_raises_ours_above_it(members: Members) -> None:
    member = await members.join("a")
    term = await member.mastership.wait_for_term()
    term.fenced(term.cluster_id, 57, 3)
    assert term.ended.is_set()
    assert term.cause is EndCause.FENCED
    again = await asyncio.wait_for(member.mastership.wait_for_term(), PATIENCE_SECONDS)
    assert again.epoch == 58


async def test_a_receiver_of_another_cluster_silences_the_node(members: Members) -> None:
    member = await members.join("a")
    term = await member.mastership.wait_for_term()
    term.fenced("00000000-0000-0000-0000-000000000000", 57, 3)
    await still(lambda: member.mastership.term is None, 1.0)
    assert member.status().epoch == term.epoch


def erase(client: KazooClient, root: str) -> None:
    """Delete a tree in one transaction, again if somebody changed it in between."""

    def below(path: str) -> list[str]:
        return [*(deeper for name in client.get_children(path) for deeper in below(f"{path}/{name}")), path]

    results: list[object] = [Exception()]
    while any(isinstance(result, Exception) for result in results):
        transaction = client.transaction()
        for path in below(root):
            transaction.delete(path)
        results = transaction.commit()


async def test_a_tree_that_was_wiped_comes_back_with_the_same_identity(members: Members, ensemble: Ensemble) -> None:
    member = await members.join("a")
    term = await member.mastership.wait_for_term()
    _, place = paths.locate(member.settings.zookeeper_hosts or "", CLUSTER)
    eraser = KazooClient(hosts=ensemble.hosts)
    await asyncio.to_thread(eraser.start)
    await asyncio.to_thread(erase, eraser, place.root)
    await asyncio.to_thread(eraser.stop)
    await asyncio.to_thread(eraser.close)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await term.ended.wait()
        again = await member.mastership.wait_for_term()
    assert again.cluster_id == term.cluster_id
    # Epochs began anew; the receiver says so, and they are raised.
    again.fenced(again.cluster_id, term.epoch + 10, 1)
    third = await asyncio.wait_for(member.mastership.wait_for_term(), PATIENCE_SECONDS)
    assert third.epoch > term.epoch + 10


async def test_a_zookeeper_that_lost_its_data_is_joined_anew(members: Members, tmp_path: Path) -> None:
    with Ensemble(tmp_path, members=1) as lonely:
        if not isinstance(lonely.members[0], ProcessMember):
            pytest.skip("needs a ZooKeeper of its own")
        member = await members.join("a", hosts=f"{lonely.hosts}/wiped", session_timeout_seconds=4.0)
        term = await member.mastership.wait_for_term()
        lonely.members[0].kill()
        shutil.rmtree(tmp_path / "zookeeper-1" / "data" / "version-2")
        await asyncio.to_thread(lambda: [lonely.members[0].start(), lonely.wait_ready()])
        # The server refuses a client that has seen newer transactions: only a new one gets in.
        with timed("serving after ZooKeeper came back empty"):
            again = await _next_term(member, term)
        assert again.cluster_id == term.cluster_id
        await members.leave(member)


async def test_an_outage_longer_than_any_session_costs_no_session(members: Members, three_members: Ensemble) -> None:
    """ZooKeeper does not count time while it is down, so the session outlives the outage if the client keeps it."""
    member = await members.join("a", session_timeout_seconds=SESSION_TIMEOUT_SECONDS)
    term = await member.mastership.wait_for_term()
    session = session_of(member).session_id
    for server in three_members.members:
        server.kill()
    await term.ended.wait()
    # Any session would have expired in this time.
    await still(lambda: member.mastership.term is None, 3.5 * SESSION_TIMEOUT_SECONDS)
    for server in three_members.members:
        server.start()
    await asyncio.to_thread(three_members.wait_ready)
    with timed("serving after ZooKeeper's return"):
        await member.mastership.wait_for_term()
    assert session_of(member).session_id == session


async def _next_term(member: ClusterMember, before: Term) -> Term:
    await before.ended.wait()
    return await member.mastership.wait_for_term()
