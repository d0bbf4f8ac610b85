"""A run of the nemesis: storms of trouble with calm between them, then the judgement.

``python -m simulator.drill.nemesis --seconds 60 --seed 7``
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING

from cluster import tasks
from simulator.drill.nemesis.nemesis_history import History, Storm
from simulator.drill.nemesis.plan import Kind, plan_storm
from simulator.drill.nemesis.receiver import USUAL, Pushing
from simulator.drill.nemesis.troubles import Troublemaker
from simulator.harness.arena import Arena
from simulator.harness.harness_error import HarnessError
from simulator.harness.instruments import Instruments
from simulator.harness.namespace import why_impossible
from simulator.harness.proxy_wiring import ProxyWiring
from simulator.harness.shared_entrance import HOST, SharedEntrance

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from simulator.drill.nemesis.nemesis_history import Fault
    from simulator.drill.nemesis.plan import Trouble

NODES = ("node-1", "node-2", "node-3")
STORM_SECONDS = 10.0
MEAN_PAUSE_SECONDS = 0.4
CALM_SECONDS = 3.0
"""How long pushes are watched after they came back."""
_READ_SECONDS = 0.2


class Nemesis:
    """Runs storms over one cluster and writes their history."""

    def __init__(
        self,
        arena: Arena,
        instruments: Mapping[str, Instruments],
        seed: int,
        say: Callable[[str], None],
        kinds: Sequence[Kind] = tuple(Kind),
    ) -> None:
        self._arena = arena
        self._kinds = kinds
        self._chance = random.Random(seed)
        self._say = say
        self._troublemaker = Troublemaker(arena, instruments)
        self.history = History(arena.bounds.period, arena.bounds.recovery, seed)

    async def run(self, seconds: float) -> History:
        """Storm after storm until the time is over; returns the history, complete after the last calm.

        Raises HarnessError when it cannot go on; the history then holds what was seen until then.
        """
        ends_at = time.monotonic() + seconds
        reading = tasks.spawn("nemesis.read", self._keep_reading())
        try:
            while (left := ends_at - time.monotonic()) > 0:
                await self._storm(min(STORM_SECONDS, left))
            await self._arena.read()
        finally:
            await tasks.cancel(reading)
            self.history.pushes = self._arena.pushes
            self.history.senders = self._senders()
        return self.history

    async def _storm(self, seconds: float) -> None:
        names = list(self._arena.nodes), [member.name for member in self._arena.ensemble.members]
        plan = plan_storm(
            self._chance, *names, seconds=seconds, mean_pause_seconds=MEAN_PAUSE_SECONDS, kinds=self._kinds
        )
        storm = Storm(time.time())
        over = asyncio.Event()
        begun = time.monotonic()
        running = [tasks.spawn("nemesis.trouble", self._after_pause(each, begun, over), finite=True) for each in plan]
        await asyncio.sleep(seconds)
        over.set()
        done = await asyncio.gather(*running)
        self._arena.start_ended()
        storm.healed_at = time.time()
        faults = [fault for fault in done if fault is not None]
        self.history.faults += faults
        await self._calm(storm)
        self.history.storms.append(storm)
        waited = next((at for at in self._arena.times() if at > storm.healed_at), storm.calm_until) - storm.healed_at
        number, kinds = len(self.history.storms), ", ".join(f"{fault.kind} {fault.target}" for fault in faults)
        self._say(f"storm {number}: {len(faults)} faults, pushes came back after {waited:.1f} s: {kinds}")

    async def _after_pause(self, trouble: Trouble, begun: float, over: asyncio.Event) -> Fault | None:
        await asyncio.sleep(max(0.0, begun + trouble.at_seconds - time.monotonic()))
        return None if over.is_set() else await self._troublemaker.make(trouble, over)

    async def _calm(self, storm: Storm) -> None:
        """Wait until pushes must be back, and look at them for a while longer."""
        deadline = storm.healed_at + self._arena.bounds.recovery
        while time.time() < deadline and not self._back(storm):  # noqa: ASYNC110 - the record is polled anyway
            await asyncio.sleep(_READ_SECONDS)
        await asyncio.sleep(CALM_SECONDS)
        await self._arena.read()
        storm.calm_until = time.time()

    def _back(self, storm: Storm) -> bool:
        return any(at > storm.healed_at for at in self._arena.times())

    async def _keep_reading(self) -> None:
        while True:
            await self._arena.read()
            await asyncio.sleep(_READ_SECONDS)

    def _senders(self) -> dict[int, list[str]]:
        senders: dict[int, list[str]] = {}
        for name, lines in self._arena.wiring.lines.items():
            for epoch in lines.epochs:
                senders.setdefault(epoch, []).append(name)
        return senders


async def unleash(
    directory: Path,
    seconds: float,
    seed: int,
    say: Callable[[str], None],
    keep: Callable[[History], None],
    *,
    failsafe: bool = False,
    kinds: Sequence[Kind] = tuple(Kind),
    pushing: Pushing = USUAL,
) -> History:
    """Bring a cluster up in ``directory``, run the nemesis with trouble of these kinds over it, and end it.

    The history is given to ``keep`` whatever happens. Raises HarnessError when the run cannot go on.
    """
    missing = "the nodes share an address" if pushing.shares_an_address else why_impossible()
    cables = Kind.PLATFORM_CABLE in kinds and not missing
    if missing and Kind.PLATFORM_CABLE in kinds:
        say(f"left out: {Kind.PLATFORM_CABLE.value}: {missing}")
        kinds = [kind for kind in kinds if kind is not Kind.PLATFORM_CABLE]
    wiring = ProxyWiring(cables=cables)
    instruments = {name: Instruments(directory, name) for name in NODES}
    wiring.prefixes = {name: each.prefix for name, each in instruments.items()}
    arenas: list[Arena] = []
    async with SharedEntrance(lambda: _ports(arenas[0]) if arenas else {}) as entrance:
        more = {"cluster_extra": pushing.sections(HOST, entrance.port)}
        period = pushing.period_seconds
        arenas.append(
            Arena(
                directory,
                say,
                nodes=len(NODES),
                failsafe=failsafe,
                period_seconds=period,
                wiring=wiring,
                more=more,
            )
        )
        async with arenas[0] as arena:
            nemesis = Nemesis(arena, instruments, seed, say, kinds)
            nemesis.history.partials = pushing.partials
            try:
                return await nemesis.run(seconds)
            except OSError as error:
                raise HarnessError(f"the nemesis cannot go on: {error}{arena.logs()}") from error
            finally:
                keep(nemesis.history)


def _ports(arena: Arena) -> dict[int, int]:
    """By the id of each node's process the port of its line to the platform."""
    lines = arena.wiring.lines
    return {node.worker_pid: lines[name].platform[0].port for name, node in arena.nodes.items() if name in lines}
