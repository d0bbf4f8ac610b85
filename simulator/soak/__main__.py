"""A whole cluster of real processes at the shortest refresh period, handed over and changed again and again, measured.

What it is given changes too: targets, groups and agents come and go.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from simulator.drill.field import Field, Options
from simulator.harness.arena import Arena
from simulator.harness.callers_settings import forget_settings
from simulator.harness.harness_error import HarnessError
from simulator.harness.pick import only_warnings
from simulator.harness.process_readings import open_files, resident_mib, threads
from simulator.harness.push_record import changes_of_epoch, full_pushes, out_of_order
from simulator.soak.churn import MEDIA, Churn
from simulator.soak.growth import (
    FILES,
    LEAST_SAMPLES,
    MEMORY,
    TASKS,
    THREADS,
    Growth,
    Quantity,
    judge,
    table,
)
from terminal.printing import complain, say
from terminal.standard_streams import answered, prepare

if TYPE_CHECKING:
    from collections.abc import Callable

_SAMPLES = 60
_LEAST_SAMPLE_SECONDS = 1.0
_KNOWN_SECONDS = 60.0
_MOST_REFUSED = 10
"""Orders to step down that may be refused in a run."""
_MOST_TURNS = 5
"""Hand-overs for each node within which all of them have been master."""
_TASKS, _IS_MASTER = "pacing_asyncio_tasks ", "pacing_master "
AS_MASTER = " as master"
"""What is added to a node's name while it is that; a node that led for too few samples is judged as a standby only."""

Series = dict[tuple[str, Quantity], list[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a run goes on, and after how many seconds each there is a hand-over, and other objects."""

    seconds: float = 90.0
    hand_over_seconds: float = 2.0
    change_seconds: float = 5.0


class Soak:
    """One run: hand-overs and changes on one side, samples on the other."""

    def __init__(self, arena: Arena, pace: Pace, say: Callable[[str], None]) -> None:
        self._arena = arena
        self._pace = pace
        self._say = say
        self.churn = Churn(arena.wiring)
        self._began = time.monotonic()
        self._series: Series = defaultdict(list)
        self.hand_overs = 0
        self.refused = 0

    async def run(self) -> list[Growth]:
        """Hand over and measure until the time is over; how everything has developed.

        Raises HarnessError when the cluster does not come back from a hand-over.
        """
        await self._let_every_node_lead()
        self._began, self.hand_overs = time.monotonic(), 0
        beside = [
            asyncio.create_task(self._sample(max(_LEAST_SAMPLE_SECONDS, self._pace.seconds / _SAMPLES))),
            asyncio.create_task(self._change()),
        ]
        try:
            while time.monotonic() - self._began < self._pace.seconds:
                await asyncio.sleep(self._pace.hand_over_seconds)
                await self._hand_over()
                for each in beside:
                    if each.done():
                        await each  # none ends by itself: this raises what went wrong
        finally:
            for each in beside:
                each.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
        await self._see_the_newest()
        return [
            judge(subject, quantity, samples)
            for (subject, quantity), samples in self._series.items()
            if len(samples) >= LEAST_SAMPLES or AS_MASTER not in subject
        ]

    async def _let_every_node_lead(self) -> None:
        """Hand over until each node has been master once: what its first term loads is no growth."""
        names = {plan.name for plan in self._arena.stage.plans}
        led: set[str] = set()
        for _ in range(_MOST_TURNS * len(names)):
            await self._arena.read()
            led |= {self._arena.master} if self._arena.master else set()
            if led == names:
                return
            await self._hand_over()
        raise HarnessError(f"no term began at {', '.join(sorted(names - led))}")

    async def _hand_over(self) -> None:
        field = Field(self._arena, Options(), self._say)
        await self._arena.read()
        master, epoch = self._arena.master, self._arena.epoch
        if master is None:
            raise HarnessError("there is no master")
        await field.rest()
        try:
            await self._arena.resign(master)
        except HarnessError as error:
            # On a busy machine a term can end by itself meanwhile: the next turn has the new master.
            complain(f"soak: no hand-over this time: {error}")
            self.refused += 1
            if self.refused > _MOST_REFUSED:
                raise
            return
        await field.successor(0.0, epoch)
        # The successor counts the cooldown from the beginning of its own term.
        self._arena.resigned_at[master] = time.time()
        self.hand_overs += 1

    async def _see_the_newest(self) -> None:
        """Raise HarnessError where a node does not come to have the objects of the last change."""
        deadline = time.monotonic() + _KNOWN_SECONDS
        for plan in self._arena.stage.plans:
            while self.churn.steps and not await self._has_newest(plan.name):
                if time.monotonic() > deadline:
                    raise HarnessError(f"{plan.name} does not have {self.churn.newest}: no change reaches it")
                await asyncio.sleep(_LEAST_SAMPLE_SECONDS)

    async def _has_newest(self, node: str) -> bool:
        page = await self._arena.page(node, "/targets")
        return any(target["name"] == f"{self.churn.newest} - {MEDIA}" for target in page.get("targets") or ())

    async def _change(self) -> None:
        while True:
            await asyncio.sleep(self._pace.change_seconds)
            self.churn.step()

    async def _sample(self, every_seconds: float) -> None:
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
            while True:
                for plan in self._arena.stage.plans:
                    process = self._arena.nodes[plan.name]
                    page = (await client.get(f"{plan.http}/metrics")).text
                    # A master holds more than a standby: each role is compared with itself alone.
                    worker = plan.name + (AS_MASTER if _reading(page, _IS_MASTER) else "")
                    self._sample_process(worker, process.worker_pid)
                    self._sample_process(f"{plan.name} supervisor", process.pid)
                    self._note(worker, TASKS, _reading(page, _TASKS))
                await asyncio.sleep(every_seconds)

    def _sample_process(self, subject: str, pid: int) -> None:
        self._note(subject, FILES, open_files(pid))
        self._note(subject, THREADS, threads(pid))
        self._note(subject, MEMORY, resident_mib(pid))

    def _note(self, subject: str, quantity: Quantity, value: float) -> None:
        self._series[subject, quantity].append((time.monotonic() - self._began, value))


def _reading(page: str, metric: str) -> float:
    line = next(line for line in page.splitlines() if line.startswith(metric))
    return float(line.removeprefix(metric))


async def soak(directory: Path, pace: Pace, say: Callable[[str], None]) -> bool:
    """Run a cluster and judge it; whether nothing grows and the order of pushes was kept."""
    async with Arena(directory, say) as arena:
        first = arena.pushes[-1].index if arena.pushes else 0
        run = Soak(arena, pace, lambda _: None)
        growths = await run.run()
        await arena.read()
        disordered = max(len(out_of_order(arena.pushes)), await arena.out_of_order())
        pushes = [push for push in full_pushes(arena.pushes) if push.index > first]
    say(table(growths))
    held = disordered == 0 and all(growth.passed for growth in growths)
    say(
        f"soak: {pace.seconds:g} s, {len(pushes)} pushes accepted, "
        f"{run.hand_overs} hand-overs ({run.refused} refused), "
        f"{run.churn.steps} changes of targets and agents, "
        f"{changes_of_epoch(pushes)} changes of master, accepted out of order {disordered}, "
        f"{'nothing grows' if all(growth.passed for growth in growths) else 'SOMETHING GROWS'}"
    )
    return held


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 only when nothing grows and the order was kept."""
    parser = argparse.ArgumentParser(prog="soak", description="A cluster handed over again and again, measured.")
    usual = Pace()
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="how long it goes on; at least 20")
    parser.add_argument(
        "--hand-over", type=float, default=usual.hand_over_seconds, help="seconds between two hand-overs"
    )
    parser.add_argument(
        "--change", type=float, default=usual.change_seconds, help="seconds between two changes of targets and agents"
    )
    given = parser.parse_args(arguments)
    if given.seconds < 20.0:
        parser.error("fewer than 20 seconds tell nothing")
    pace = Pace(given.seconds, given.hand_over, given.change)
    only_warnings()
    forget_settings()
    try:
        with tempfile.TemporaryDirectory(prefix="pacing-soak-") as name:
            return 0 if asyncio.run(soak(Path(name), pace, _say)) else 1
    except HarnessError as error:
        complain(f"soak: {error}")
        return 1


def _say(text: str) -> None:
    say(text)
    sys.stdout.flush()


if __name__ == "__main__":
    prepare()
    with answered("soak"):
        sys.exit(main())
