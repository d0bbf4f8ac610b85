"""The statistics servers as a primary/backup pair: one counts, the other stands by until the first fails."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog

from cluster.tasks import cancel, spawn
from contact_center.v1 import statistics_pb2 as pb
from simulator.servers.faults.fault_board import (
    ClockSkew,
    StatisticsDown,
    StatisticsInvalid,
    StatisticsSilent,
    StatisticsUnavailable,
    TotalsJump,
)
from simulator.servers.statistics.statistics_server import StatisticsServer

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from simulator.servers.faults.fault_board import Fault, FaultBoard
    from simulator.servers.live_centre import LiveCentre

log = structlog.get_logger(__name__)

BACKUP_HEAD_START = 517
"""What the backup's totals are ahead at the start, as if it had been counting for longer."""


class StatisticsPair:
    """Both servers over one model. After a failure the backup is primary and stays it; the other returns as backup."""

    def __init__(self, live: LiveCentre, board: FaultBoard, host: str) -> None:
        self.primary = StatisticsServer("primary", live, board, host)
        self.backup = StatisticsServer("backup", live, board, host, head_start=BACKUP_HEAD_START)
        self._tasks: set[asyncio.Task[Any]] = set()
        board.on(StatisticsDown, self._fail, self._repair)
        board.on(TotalsJump, self._jump)
        for kind in (StatisticsInvalid, StatisticsSilent, StatisticsUnavailable, ClockSkew):
            board.on(kind, self._wake, self._wake)

    async def start(self, primary_port: int, backup_port: int) -> None:
        """Start both. Raises OSError when a port is taken."""
        await self.primary.start(primary_port)
        await self.backup.start(backup_port)

    async def stop(self) -> None:
        """Stop both."""
        await cancel(*self._tasks)
        await asyncio.gather(self.primary.stop(), self.backup.stop())

    def _named(self, place: str) -> tuple[StatisticsServer, StatisticsServer]:
        """The server at a place, and the other one."""
        return (self.primary, self.backup) if place == "primary" else (self.backup, self.primary)

    def _fail(self, fault: StatisticsDown) -> None:
        self._run("statistics.fail", self._take_down(fault))

    def _repair(self, fault: StatisticsDown) -> None:
        self._run("statistics.repair", self._bring_up(fault))

    def _run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = spawn(name, work, finite=True)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take_down(self, fault: StatisticsDown) -> None:
        failed, other = self._named(fault.server)
        was_primary = failed.mode == pb.SERVER_MODE_PRIMARY
        await failed.stop()
        log.info("statistics.server_down", server=failed.name)
        if was_primary:
            await asyncio.sleep(fault.takeover_seconds)
            other.set_mode(pb.SERVER_MODE_PRIMARY)
            failed.mode = pb.SERVER_MODE_BACKUP

    async def _bring_up(self, fault: StatisticsDown) -> None:
        failed, other = self._named(fault.server)
        failed.restart_counts()
        if other.mode != pb.SERVER_MODE_PRIMARY:
            failed.mode = pb.SERVER_MODE_PRIMARY
        await failed.start(failed.port)
        log.info("statistics.server_up", server=failed.name, mode=pb.ServerMode.Name(failed.mode))

    def _jump(self, fault: TotalsJump) -> None:
        for server in (self.primary, self.backup):
            if fault.server in {server.place, "both"}:
                server.jump += fault.by
                server.wake()

    def _wake(self, _: Fault) -> None:
        # A fault is known to the board only after its hook; the sessions look when this call is over.
        loop = asyncio.get_running_loop()
        loop.call_soon(self.primary.wake)
        loop.call_soon(self.backup.wake)
