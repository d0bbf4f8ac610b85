"""Members in this process and workers in others, all ended with their test."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING

import pytest

from cluster.errors import RefusedError
from cluster.member import ClusterMember
from cluster.settings import ClusterSettings
from simulator.harness.children import start_child
from tests.support.receiver import Receiver
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

SESSION_TIMEOUT_SECONDS = 2.0
"""Of the workers, and of members that are to lose their session."""
CALM_SESSION_TIMEOUT_SECONDS = 10.0
"""Of members otherwise: a busy machine costs nobody the session, and nothing that happens waits for its end."""
TICK_SECONDS = 0.5
SLACK_SECONDS = 15.0
"""Room in what is asserted about times, for a busy machine; the times themselves are printed."""
CLUSTER = "test"


class Members:
    """Members of one cluster in this process."""

    def __init__(self, hosts: str) -> None:
        self._hosts = self.hosts = hosts
        self.all: list[ClusterMember] = []

    async def join(
        self,
        node: str,
        hosts: str | None = None,
        health_services: tuple[str, str] = ("node", "master"),
        why_unable: Callable[[], Awaitable[str | None]] | None = None,
        ended_clean: Callable[[int], bool] | None = None,
        **options,
    ) -> ClusterMember:
        settings = ClusterSettings(
            **{
                "node": node,
                "cluster": CLUSTER,
                "zookeeper_hosts": hosts or self._hosts,
                "clustering_port": 0,
                "session_timeout_seconds": CALM_SESSION_TIMEOUT_SECONDS,
                "cooldown_seconds": 2.0,
                **options,
            }
        )
        member = ClusterMember(
            settings,
            version="1",
            http_address=f"{node}:8080",
            health_services=health_services,
            why_unable=why_unable,
            ended_clean=ended_clean,
        )
        await member.start()
        self.all.append(member)
        return member

    async def leave(self, member: ClusterMember) -> None:
        self.all.remove(member)
        await member.stop()

    def masters(self) -> list[ClusterMember]:
        return [member for member in self.all if member.mastership.term is not None]

    async def master(self, other_than: ClusterMember | None = None) -> ClusterMember:
        found = await until(lambda: [each for each in self.masters() if each is not other_than], "a member is master")
        return found[0]


async def order_step_down(member: ClusterMember, by: str, successor: str = "") -> int:
    """Give the order as soon as it is taken: the mastership is not handed over twice within a cooldown."""

    async def given() -> int | None:
        try:
            return await member.step_down(by, successor)
        except RefusedError as refusal:
            if "just been handed over" not in str(refusal):
                raise
            return None

    return int(await until(given, "the order is taken"))


@pytest.fixture
async def members(zookeeper_hosts: str) -> AsyncIterator[Members]:
    joined = Members(zookeeper_hosts)
    yield joined
    for member in list(joined.all):
        await joined.leave(member)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as running:
        yield running


class Workers:
    """Nodes that push, each a process of its own."""

    def __init__(self, hosts: str, directory: Path) -> None:
        self._hosts = self.hosts = hosts
        self._directory = directory
        self._cluster = f"workers-{uuid.uuid4().hex[:8]}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, node: str, receiver: Receiver, prefix: tuple[str, ...] = (), **options) -> subprocess.Popen[bytes]:
        """``prefix`` is a command that runs the worker's command somewhere else."""
        configuration = {
            "node": node,
            "cluster": self._cluster,
            "hosts": self._hosts,
            "receiver_port": receiver.port,
            "session_timeout_seconds": SESSION_TIMEOUT_SECONDS,
            **options,
        }
        command = [*prefix, sys.executable, "-m", "tests.support.pushing_worker", json.dumps(configuration)]
        self.processes[node] = start_child(command, log=self._directory / f"{node}.log")
        return self.processes[node]

    def end(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()


@pytest.fixture
def workers(zookeeper_hosts: str, tmp_path: Path) -> Iterator[Workers]:
    running = Workers(zookeeper_hosts, tmp_path)
    yield running
    running.end()
