"""What open dashboards cost a node: its CPU time with so many of them, less what it uses while nobody looks.

A browser is what the dashboard does: one stream of events, the header every two seconds, and at each cycle what its
view reads. They share out the views Overview, Targets and one target. Nothing is drawn: only the node's side is
measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from simulator.benchmark.lean_stage import lean_stage
from simulator.benchmark.process_cost import cpu_seconds, resident_mib
from simulator.benchmark.spread import spread
from simulator.harness.harness_error import HarnessError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from simulator.benchmark.lean_stage import LeanStage, StagePlan

HEADER_SECONDS = 2.0
HEADER = ("/api/v1/cluster", "/api/v1/alarms")
_OVERVIEW = ("/api/v1/overview",)
_TARGETS = ("/api/v1/targets?offset=0&limit=100&sort=name&recent=true",)


async def measure_browsers(plan: StagePlan, *, browsers: int, seconds: float, readings: int) -> dict[str, Any]:
    """CPU time of a node in percent of a core, resting and with browsers in turn. Raises HarnessError."""
    resting, looked_at = [], []
    async with lean_stage(plan) as stage:
        stage.start_node()
        before = await stage.wait_accepted(0, plan.start_seconds)
        await stage.wait_accepted(before + 1, 6.0 * plan.period_seconds)
        counted = [0]
        for _ in range(readings):
            resting.append(await _used(stage.node_pid, seconds))
            async with _open(stage, browsers, counted):
                await asyncio.sleep(plan.period_seconds)  # the views are open, and have read once
                looked_at.append(await _used(stage.node_pid, seconds))
        memory = round(resident_mib(stage.node_pid), 1)
    more = [with_them - without for with_them, without in zip(looked_at, resting, strict=True)]
    return {
        "path": "browsers",
        "targets": plan.targets,
        "browsers": browsers,
        "resting_percent_of_core": spread(resting, 2),
        "browsers_percent_of_core": spread(more, 2),
        "answers": counted[0],
        "resident_mib": memory,
    }


async def _used(pid: int, seconds: float) -> float:
    """CPU time of a process over so many seconds, in percent of a core."""
    began, used = time.monotonic(), cpu_seconds(pid)
    await asyncio.sleep(seconds)
    return 100.0 * (cpu_seconds(pid) - used) / (time.monotonic() - began)


@contextlib.asynccontextmanager
async def _open(stage: LeanStage, browsers: int, counted: list[int]) -> AsyncIterator[None]:
    """So many dashboards, as long as the block lasts. Raises HarnessError when one of them is not answered."""
    names = await asyncio.to_thread(_names, stage.node_http, browsers)
    views: list[Sequence[str]] = [
        (_OVERVIEW, _TARGETS, (f"/api/v1/targets/{quote(names[place % len(names)], safe='')}",))[place % 3]
        for place in range(browsers)
    ]
    running = [asyncio.create_task(_browse(stage.node_http, view, counted)) for view in views]
    try:
        yield
        for each in running:
            if each.done():
                each.result()
    except httpx.HTTPError as failure:
        raise HarnessError(f"a browser was not answered: {failure!r}") from failure
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _names(address: str, count: int) -> list[str]:
    answer = httpx.get(f"{address}/api/v1/targets?limit={count}&fields=reason", timeout=30.0, trust_env=False)
    return [target["name"] for target in answer.json()["targets"]]


async def _browse(address: str, view: Sequence[str], counted: list[int]) -> None:
    """One dashboard until cancelled. Raises httpx.HTTPError."""
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=30.0) as client:

        async def read(pages: Sequence[str]) -> None:
            for page in pages:
                (await client.get(page)).raise_for_status()
                counted[0] += 1

        async def header() -> None:
            while True:
                await read(HEADER)
                await asyncio.sleep(HEADER_SECONDS)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(header())
            await read(view)
            async with client.stream("GET", "/api/v1/events") as events:
                async for line in events.aiter_lines():
                    if line == "event: cycle":
                        await read(view)
