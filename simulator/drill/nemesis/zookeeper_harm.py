"""Trouble with what ZooKeeper holds: entries emptied and garbled, addresses swapped, an older copy of everything."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.drill.nemesis.plan import Kind
from simulator.harness.cluster_times import SESSION_TIMEOUT_SECONDS
from simulator.harness.harness_error import HarnessError
from simulator.harness.znodes import UnreachableError, Znodes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from simulator.harness.arena import Arena
    from simulator.harness.znodes import Harmed

IN_ZOOKEEPER = frozenset({Kind.ZNODE_EMPTY, Kind.ZNODE_GARBLED, Kind.ADDRESSES_SWAPPED, Kind.ZOOKEEPER_RESTORED})
"""Kinds that are done here."""
CLIENTS_RETURN_SECONDS = 3 * SESSION_TIMEOUT_SECONDS + 5.0
"""Clients that have seen more than ZooKeeper knows are refused, and replaced after 3 T."""
_ROOT = "/pacing/demo"
_MEND_SECONDS = 30.0
_POLL_SECONDS = 0.2


class ZooKeeperHarm:
    """Does such trouble to the ensemble of one cluster."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena

    async def begin(self, kind: Kind, target: str, strength: float) -> Callable[[], Awaitable[None]] | None:
        """Do it; how it is undone, None when ZooKeeper could not be asked."""
        if kind is Kind.ZOOKEEPER_RESTORED:
            return await self._restore()
        znodes = Znodes(self._arena.ensemble.hosts, _ROOT)
        try:
            harmed = await asyncio.to_thread(self._harm, znodes, kind, target, strength)
        except UnreachableError:
            return None

        async def undo() -> None:
            deadline = time.monotonic() + _MEND_SECONDS
            for each in harmed:
                while not await asyncio.to_thread(_mended, znodes, each):
                    if time.monotonic() > deadline:
                        raise HarnessError(f"{each.path} cannot be mended{self._arena.logs()}")
                    await asyncio.sleep(_POLL_SECONDS)

        return undo

    def _harm(self, znodes: Znodes, kind: Kind, target: str, strength: float) -> list[Harmed]:
        if kind is Kind.ADDRESSES_SWAPPED:
            names = list(self._arena.nodes)
            other = names[(names.index(target) + 1) % len(names)]
            return znodes.swap_addresses(target, other, both=strength < 0.5)
        return [znodes.empty(strength) if kind is Kind.ZNODE_EMPTY else znodes.garble(strength)]

    async def _restore(self) -> Callable[[], Awaitable[None]]:
        """Copy everything, let a term begin that the copy does not know, and go back to the copy.

        The master's worker is killed after the copy was taken; its supervisor frees the mastership.
        """
        place = Path(tempfile.mkdtemp(prefix="copy-", dir=self._arena.directory))
        self._arena.ensemble.back_up(place)
        await self._arena.read()
        master = self._arena.master
        if master is not None:
            self._arena.signal_worker(master, signal.SIGKILL)

        async def undo() -> None:
            self._arena.ensemble.restore_from(place)  # here, for a member dies with the thread that started it
            await asyncio.to_thread(self._arena.ensemble.wait_ready)
            deadline = time.monotonic() + CLIENTS_RETURN_SECONDS
            while not await self._arena.connected():
                self._arena.start_ended()
                if time.monotonic() > deadline:
                    raise HarnessError(f"not every node returned to a restored ZooKeeper{self._arena.logs()}")
                await asyncio.sleep(_POLL_SECONDS)

        return undo


def _mended(znodes: Znodes, harmed: Harmed) -> bool:
    try:
        znodes.mend(harmed)
    except UnreachableError:
        return False
    return True
