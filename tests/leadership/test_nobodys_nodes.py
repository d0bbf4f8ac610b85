"""Nodes in ZooKeeper that belong to no session although they must: named where they keep anybody from something."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from kazoo.client import KazooClient

from cluster.zookeeper import paths
from cluster.zookeeper.membership import NOBODYS_ENTRY
from tests.leadership.conftest import CLUSTER, Members
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from simulator.harness.zookeeper import Ensemble

pytestmark = pytest.mark.ensemble


@pytest.fixture
def place(zookeeper_hosts: str) -> paths.Paths:
    return paths.locate(zookeeper_hosts, CLUSTER)[1]


@asynccontextmanager
async def outsider(ensemble: Ensemble) -> AsyncIterator[KazooClient]:
    client = KazooClient(hosts=ensemble.hosts)
    await asyncio.to_thread(client.start)
    try:
        yield client
    finally:
        await asyncio.to_thread(client.stop)
        await asyncio.to_thread(client.close)


async def test_a_persistent_master_is_named_by_every_node_and_gone_once_it_is_deleted(
    members: Members, ensemble: Ensemble, place: paths.Paths
) -> None:
    async with outsider(ensemble) as client:
        await asyncio.to_thread(client.create, place.master, b"mine", makepath=True)
        a, b = await members.join("a"), await members.join("b")
        await until(lambda: a.faults and b.faults, "both nodes name the node")
        assert a.faults == b.faults
        assert place.master in a.faults[0]
        assert "persistent" in a.faults[0]
        assert "delete it" in a.faults[0]
        assert not members.masters()
        await asyncio.to_thread(client.delete, place.master)
        await members.master()
        await until(lambda: not a.faults and not b.faults)


async def test_a_persistent_master_that_was_deleted_during_a_pause_is_named_no_more(
    members: Members, ensemble: Ensemble, place: paths.Paths
) -> None:
    async with outsider(ensemble) as client:
        await asyncio.to_thread(client.create, place.master, b"mine", makepath=True)
        a = await members.join("a")
        await until(lambda: a.faults)
        await a.pause("somebody")
        await asyncio.to_thread(client.delete, place.master)
        await until(lambda: not a.faults)
        assert not members.masters()


async def test_a_persistent_entry_of_a_member_keeps_nobody_from_its_name(
    members: Members, ensemble: Ensemble, place: paths.Paths
) -> None:
    async with outsider(ensemble) as client:
        await asyncio.to_thread(client.create, f"{place.members}/a", b"{}", makepath=True)
        a = await members.join("a")
        await asyncio.wait_for(a.wait_entered(), 60.0)
        stat = await asyncio.to_thread(client.exists, f"{place.members}/a")
        assert stat is not None
        assert stat.ephemeralOwner != 0


async def test_a_persistent_entry_of_another_member_is_broken(
    members: Members, ensemble: Ensemble, place: paths.Paths
) -> None:
    a = await members.join("a")
    await a.wait_entered()
    async with outsider(ensemble) as client:
        await asyncio.to_thread(client.create, f"{place.members}/z", b'{"clustering": "127.0.0.1:1"}')
        await until(lambda: len(a.members()) == 2)
    assert [each.broken for each in a.members()] == [(), (NOBODYS_ENTRY,)]
