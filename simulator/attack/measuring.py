"""What an attack costs a cluster, measured from outside: pushes, memory, logs, deaths, and a bystander's waits."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from cluster.tasks import cancel, spawn
from simulator.attack.bystander import Bystander
from simulator.attack.limits import Cost
from simulator.attack.log_scan import log_end, read_since
from simulator.harness.process_readings import resident_mib
from simulator.harness.push_record import applied, changes_of_epoch, longest_interval, missed_periods, out_of_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.harness.arena import Arena

_EVERY_SECONDS = 0.25


class Measuring:
    """Measures from :meth:`begin` to :meth:`end`."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self._bystander = Bystander(arena.stage.plans)
        self._began = time.time()
        self._first_index = 0
        self._log_ends: dict[str, int] = {}
        self._pids: dict[str, tuple[int, ...]] = {}
        self._memory: dict[int, float] = {}
        self._most: dict[int, float] = {}
        self._sampling: asyncio.Task[None] | None = None
        self.own_wait_seconds = 0.0
        """How late this process itself was at worst: what the machine, not the attack, may have cost the nodes too."""

    async def begin(self) -> None:
        """Take the values everything is compared with, and begin to look."""
        arena = self._arena
        await arena.read()
        self._began = time.time()
        self._first_index = arena.pushes[-1].index if arena.pushes else 0
        self._log_ends = {name: log_end(process.log) for name, process in arena.nodes.items()}
        self._pids = self._processes()
        self._memory = self._sample()
        self._sampling = spawn("attack.samples", self._keep_sampling())
        self._bystander.begin()

    async def end(self, complaints: Sequence[str], server_errors: Sequence[str]) -> Cost:
        """Stop looking; what was measured. ``complaints`` and ``server_errors`` are the attack's own."""
        await self._bystander.end()
        await cancel(self._sampling)
        self._note_memory()
        arena = self._arena
        await arena.read()
        ended = time.time()
        own = [push for push in arena.pushes if push.index > self._first_index]
        before = [push for push in applied(arena.pushes) if push.index <= self._first_index][-1:]
        parts = {name: read_since(process.log, self._log_ends[name]) for name, process in arena.nodes.items()}
        return Cost(
            seconds=ended - self._began,
            missed_periods=self._missed(ended),
            silence_seconds=longest_interval(arena.times(), self._began, ended) - arena.bounds.period,
            epoch_changes=changes_of_epoch([*before, *own]),
            out_of_order=max(len(out_of_order(arena.pushes)), await arena.out_of_order()),
            memory_mib=max((self._most[pid] - base for pid, base in self._memory.items()), default=0.0),
            log_mib=max((part.size for part in parts.values()), default=0) / 2**20,
            answer_seconds=self._bystander.answer_seconds,
            exceptions=tuple(f"{name}: {line}" for name, part in parts.items() for line in part.exceptions),
            server_errors=(*server_errors, *self._bystander.server_errors),
            deaths=tuple(name for name, pids in self._processes().items() if pids != self._pids[name]),
            complaints=tuple(complaints),
        )

    @property
    def unanswered(self) -> int:
        """Requests of the bystander that got no answer."""
        return self._bystander.unanswered

    def _missed(self, ended: float) -> int:
        """Refresh periods without a push; a silence that lasts until the end counts as if a push ended it."""
        return missed_periods([*self._arena.times(), ended], self._began, ended, self._arena.bounds.period)

    def _processes(self) -> dict[str, tuple[int, ...]]:
        """Supervisor and worker of every node."""
        return {name: (process.pid, process.worker_pid) for name, process in self._arena.nodes.items()}

    def _sample(self) -> dict[int, float]:
        found = {}
        for pid in {pid for pids in self._pids.values() for pid in pids if pid}:
            with contextlib.suppress(OSError):
                found[pid] = resident_mib(pid)
        return found

    def _note_memory(self) -> None:
        for pid, value in (self._memory | self._sample()).items():
            self._most[pid] = max(self._most.get(pid, 0.0), value)

    async def _keep_sampling(self) -> None:
        while True:
            self._note_memory()
            slept_at = time.monotonic()
            await asyncio.sleep(_EVERY_SECONDS)
            self.own_wait_seconds = max(self.own_wait_seconds, time.monotonic() - slept_at - _EVERY_SECONDS)
