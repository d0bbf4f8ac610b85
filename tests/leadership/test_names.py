"""A name in use by a node that lives is refused with who holds it; a restarted node has its name back at once."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from kazoo.client import KazooClient

from cluster.errors import AlreadyRunningError
from cluster.zookeeper import paths
from cluster.zookeeper.owner_process import Life, OwnerProcess, decode_owner_process
from simulator.harness.zookeeper import Ensemble
from tests.leadership.conftest import CALM_SESSION_TIMEOUT_SECONDS, CLUSTER, SESSION_TIMEOUT_SECONDS, Members
from tests.support.waiting import timed, until

pytestmark = pytest.mark.ensemble


def dead_process() -> OwnerProcess:
    """A process of this machine that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        return replace(OwnerProcess.current(), pid=process.pid, started=1)


def start_ticks(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


@asynccontextmanager
async def entry(ensemble: Ensemble, hosts: str, process: OwnerProcess | None) -> AsyncIterator[KazooClient]:
    """An entry named a whose session lives, written by this process."""
    _, place = paths.locate(hosts, CLUSTER)
    content: dict[str, object] = {"http": "h1:8080", "clustering": "h1:7800", "version": "0", "started_at": 1.0}
    content |= process.as_content() if process is not None else {}
    client = KazooClient(hosts=ensemble.hosts, timeout=30)
    await asyncio.to_thread(client.start)
    data = json.dumps(content).encode()
    await asyncio.to_thread(lambda: client.create(f"{place.members}/a", data, ephemeral=True, makepath=True))
    try:
        yield client
    finally:
        await asyncio.to_thread(client.stop)
        await asyncio.to_thread(client.close)


async def test_an_entry_of_a_dead_process_is_replaced_at_once(
    members: Members, ensemble: Ensemble, zookeeper_hosts: str
) -> None:
    async with entry(ensemble, zookeeper_hosts, dead_process()):
        a = await members.join("a")
        with timed("the name of a dead process taken") as taken:
            await a.wait_entered()
        assert taken.seconds < CALM_SESSION_TIMEOUT_SECONDS, "it waits for no session to end"
        b = await members.join("b")
        await until(lambda: [each for each in b.members() if each.name == "a"] == [a.info])
    assert a.info in b.members()


async def test_a_name_whose_process_lives_is_refused_with_who_holds_it(
    members: Members, ensemble: Ensemble, zookeeper_hosts: str
) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        ticks = start_ticks(process.pid)
        living = replace(OwnerProcess.current(), pid=process.pid, started=ticks)
        async with entry(ensemble, zookeeper_hosts, living) as holder:
            a = await members.join("a")
            with pytest.raises(AlreadyRunningError, match=r'the name "a" is in use .* h1:7800 .* since 1970-01-01'):
                await a.wait_entered()
            with pytest.raises(AlreadyRunningError):
                await a.wait_refused()
            _, place = paths.locate(zookeeper_hosts, CLUSTER)
            _, stat = await asyncio.to_thread(holder.get, f"{place.members}/a")
            assert stat.ephemeralOwner == holder.client_id[0]
        process.communicate(b"\n")


async def test_an_entry_from_elsewhere_is_refused_only_once_its_session_must_have_ended(
    members: Members, ensemble: Ensemble, zookeeper_hosts: str
) -> None:
    async with entry(ensemble, zookeeper_hosts, None):
        a = await members.join("a")
        began = time.monotonic()
        with pytest.raises(AlreadyRunningError, match="is in use"):
            await a.wait_entered()
        assert time.monotonic() - began >= SESSION_TIMEOUT_SECONDS


async def test_an_entry_from_elsewhere_whose_session_ends_gives_its_name_away(
    members: Members, ensemble: Ensemble, zookeeper_hosts: str
) -> None:
    async with entry(ensemble, zookeeper_hosts, None):
        a = await members.join("a")
        entering = asyncio.ensure_future(a.wait_entered())
        await until(lambda: a.status().zookeeper.value == "connected")
        assert not entering.done()
    await asyncio.wait_for(entering, 60.0)


class TestIncarnation:
    def test_this_process_knows_itself(self) -> None:
        own = OwnerProcess.current()
        assert own.pid == os.getpid()
        assert decode_owner_process(json.dumps(own.as_content()).encode()).life(own) is Life.OWN

    def test_a_number_that_another_process_has_now_is_a_dead_one(self) -> None:
        own = OwnerProcess.current()
        assert replace(own, started=own.started - 1).life(own) is Life.DEAD

    def test_of_another_machine_or_an_older_version_nothing_is_known(self) -> None:
        own = OwnerProcess.current()
        assert replace(own, boot="another").life(own) is Life.UNKNOWN
        assert decode_owner_process(b'{"http": "x"}').life(own) is Life.UNKNOWN
        assert decode_owner_process(b"\xff").life(own) is Life.UNKNOWN
