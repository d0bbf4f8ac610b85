"""One node that runs alone beside a lean peer, each a process of its own, in a directory that goes with them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from simulator.benchmark.loop_holds import VARIABLE, HoldsFile
from simulator.harness.harness_error import HarnessError
from simulator.harness.node_files import NodePlan, node_options, write_yaml
from simulator.harness.ports import choose_quiet
from simulator.harness.processes import DemoProcess, end, pacing_command

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

POLL_SECONDS = 0.02
_GRACE_SECONDS = 10.0
_READS_PER_SECOND = 100_000
"""A caller's bound is not what is measured."""
_START_SECONDS_A_TARGET = 0.01
"""Ten times what node and peer take on a quiet machine."""
_MEASURED = "import simulator.benchmark.loop_holds; from pacing_node.cli.main import main; main()"


@dataclass(frozen=True, slots=True)
class StagePlan:
    """What is to be run."""

    targets: int = 10_000
    agents_per_target: int = 3
    period_seconds: float = 5.0

    @property
    def start_seconds(self) -> float:
        """Longest time until the peer serves, and until the first push is accepted."""
        return 300.0 + _START_SECONDS_A_TARGET * self.targets

    @property
    def push_budget_seconds(self) -> float:
        """Most of a period: a busy machine should make a measured push slow, not fail it."""
        return 0.8 * self.period_seconds


class LeanStage:
    """The two processes, and what the benchmark asks of them."""

    def __init__(self, plan: StagePlan, directory: Path) -> None:
        self.plan = plan
        self._directory = directory
        ready = self._ready = directory / "ready.json"
        self.holds = HoldsFile(directory / "holds")
        self._peer = DemoProcess(
            "lean peer",
            pacing_command(
                *("simulator", "--lean", "--scenario", "large", "--targets", str(plan.targets)),
                *("--agents-per-target", str(plan.agents_per_target)),
                *("--objects-file", str(self.objects_file), "--ready-file", str(ready)),
            ),
            directory / "peer.log",
        )
        http, clustering = choose_quiet(2)
        self._node_plan = NodePlan("bench", directory / "node", http, clustering)
        self._node = DemoProcess(
            "node",
            # Without a parent: what is measured is the process that was started.
            [sys.executable, "-c", _MEASURED, "node", "--no-supervise", "--config", str(self._node_plan.file)],
            directory / "node.log",
        )
        self._client = httpx.AsyncClient(trust_env=False, timeout=30.0)
        self.node_began = 0.0
        """Time at which the node was started, by ``time.monotonic``."""

    @property
    def node_pid(self) -> int:
        """The process of the node."""
        return self._node.pid

    @property
    def objects_file(self) -> Path:
        """The configuration objects the node reads."""
        return self._directory / "objects.yaml"

    @property
    def node_http(self) -> str:
        """Address of the node's pages."""
        return self._node_plan.http

    @property
    def peer_http(self) -> str:
        """Address of the peer's tokens and bulk call."""
        address: str = json.loads(self._ready.read_text())["http"]
        return address

    async def start_peer(self) -> None:
        """Start the peer and wait until it serves. Raises HarnessError when it ends or takes too long."""
        self._peer.start()
        await self._until(self._ready.exists, "the peer serves")
        self._write_options(json.loads(self._ready.read_text()))

    def start_node(self) -> None:
        """Start the node; returns at once."""
        os.environ[VARIABLE] = str(self._directory / "holds")
        self.node_began = time.monotonic()
        try:
            self._node.start()
        finally:
            del os.environ[VARIABLE]

    async def accepted(self) -> int:
        """Pushes the peer has accepted whole. Raises HarnessError when a process has ended."""
        self._node.check()
        self._peer.check()
        status = (await self._client.get(f"{self.peer_http}/simulator/status")).json()
        if status["accepted_out_of_order"]:
            raise HarnessError(f"{status['accepted_out_of_order']} pushes were accepted out of order")
        return int(status["pushes_accepted"])

    async def wait_accepted(self, more_than: int, seconds: float) -> int:
        """Wait until the peer has accepted more pushes than that; how many. Raises HarnessError."""
        deadline = time.monotonic() + seconds
        while (found := await self.accepted()) <= more_than:
            if time.monotonic() > deadline:
                raise HarnessError(f"no further push within {seconds:g} s{self._node.tail()}")
            await asyncio.sleep(POLL_SECONDS)
        return found

    async def newest_bodies(self) -> list[bytes]:
        """The parts of the newest push, as the node sent them, unpacked."""
        parts: list[bytes] = []
        while True:
            answer = await self._client.get(f"{self.peer_http}/simulator/pushes/newest/{len(parts) + 1}")
            if answer.status_code != httpx.codes.OK:
                return parts
            parts.append(answer.content)

    async def close(self) -> None:
        """End both processes."""
        await end([self._node], _GRACE_SECONDS)
        await end([self._peer], _GRACE_SECONDS)
        await self._client.aclose()

    def _write_options(self, addresses: dict[str, Any]) -> None:
        seed = self._directory / "cluster.yaml"
        write_yaml(
            seed,
            {
                "pacing": {"refreshPeriod": self.plan.period_seconds},
                "pacingEndpoint": {"kind": "predictive-engagement"},
                "configServer": {"kind": "file", "path": addresses["objects_file"]},
                "statServer": {"kind": "bridge", **addresses["statistics"]},
            },
        )
        node = node_options(self._node_plan, cluster="bench", zookeeper=None, seed=seed)
        more = {"push_budget_seconds": self.plan.push_budget_seconds, "http": {"reads_per_second": _READS_PER_SECOND}}
        write_yaml(self._node_plan.file, node | more)

    async def _until(self, condition: Any, what: str) -> None:
        deadline = time.monotonic() + self.plan.start_seconds
        while not condition():
            self._peer.check()
            if time.monotonic() > deadline:
                raise HarnessError(f"waited {self.plan.start_seconds:g} s for: {what}{self._peer.tail()}")
            await asyncio.sleep(POLL_SECONDS)


@asynccontextmanager
async def lean_stage(plan: StagePlan) -> AsyncIterator[LeanStage]:
    """A stage whose peer serves already; everything of it is gone afterwards. Raises HarnessError."""
    with tempfile.TemporaryDirectory(prefix="pacing-benchmark-") as directory:
        stage = LeanStage(plan, Path(directory))
        try:
            await stage.start_peer()
            yield stage
        finally:
            await stage.close()
