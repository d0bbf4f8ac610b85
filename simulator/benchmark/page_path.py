"""The dashboard in a real browser before a node with many targets: its first paint, and its frames while it scrolls.

Chromium and playwright are needed here and nowhere else, so they are looked for when a page is to be measured.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.benchmark.lean_stage import lean_stage
from simulator.benchmark.page_frames import DRAWING, LONGEST_MS, scroll, summed
from simulator.benchmark.spread import spread
from simulator.benchmark.starvation import Starvation, started_with
from simulator.harness.harness_error import HarnessError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from simulator.benchmark.lean_stage import LeanStage, StagePlan

FIRST_PAINT_MS = 1000.0
"""The latest first paint, from the beginning of the navigation, with nothing of the page in a cache."""
_PAINTED = """() => new Promise(resolve => {
  const found = () => performance.getEntriesByName('first-contentful-paint')[0];
  if (found()) return resolve(found().startTime);
  new PerformanceObserver((_, watching) => {
    if (found()) { watching.disconnect(); resolve(found().startTime); }
  }).observe({ type: 'paint', buffered: true });
})"""
_VIEWPORT = {"width": 1280, "height": 800}


async def measure_page(plan: StagePlan, *, loads: int) -> dict[str, Any]:
    """First paints of so many loads, and the frames of one scroll through all targets. Raises HarnessError."""
    async with lean_stage(plan) as stage, _chromium() as browser:
        stage.start_node()
        await stage.wait_accepted(0, plan.start_seconds)
        loaded = [await _load(browser, stage) for _ in range(loads)]
        page = await browser.new_page(viewport=_VIEWPORT)
        await page.goto(f"{stage.node_http}/dashboard/#/targets")
        await page.wait_for_selector(".grid .row a")
        frames = await scroll(page)
    figures = {
        "path": "page",
        "targets": plan.targets,
        "first_paint_ms": spread([each.paint_ms for each in loaded], 0),
        "first_paint_own_ms": spread([each.paint_own_ms for each in loaded], 0),
        "first_numbers_ms": spread([each.numbers_ms for each in loaded], 0),
        **summed("frames", [each.clock_ms for each in frames]),
        **summed("frames_own", [each.own_ms for each in frames]),
        **summed("frames_cpu", [each.cpu_ms for each in frames]),
    }
    return figures | {"missed": missed(figures)}


def missed(figures: dict[str, Any]) -> list[str]:
    """Bounds that the figures are beyond, one sentence each; what waited for a processor is not counted."""
    paint, frame = figures["first_paint_own_ms"]["most"], figures["frames_own_longest_ms"]
    found = []
    if paint >= FIRST_PAINT_MS:
        found.append(f"a first paint took {paint:g} ms; less than {FIRST_PAINT_MS:g} are wanted")
    if frame > LONGEST_MS:
        found.append(f"a step of scrolling took {frame:g} ms; at most {LONGEST_MS:g} are wanted")
    return found


@dataclass(frozen=True, slots=True)
class Load:
    """One load of the dashboard in a fresh profile, in milliseconds from the beginning of the navigation."""

    paint_ms: float
    paint_own_ms: float
    """Without what node and browser waited for a processor."""
    numbers_ms: float
    """When the header says that the service is pacing."""


async def _load(browser: Any, stage: LeanStage) -> Load:
    context = await browser.new_context(viewport=_VIEWPORT)
    # Made before the clock runs: a process of its own for each page is the browser's affair.
    page = await context.new_page()
    drawing = (*DRAWING, "--type=utility")
    starved = Starvation(lambda: [stage.node_pid, *started_with(drawing)])
    await page.goto(f"{stage.node_http}/dashboard/", wait_until="commit")
    clock_ms = float(await page.evaluate(_PAINTED))
    own_ms = 1000.0 * starved.own_seconds(clock_ms / 1000.0)
    await page.wait_for_selector(".status.pacing")
    numbers_ms = float(await page.evaluate("performance.now()"))
    await context.close()
    return Load(clock_ms, own_ms, numbers_ms)


@contextlib.asynccontextmanager
async def _chromium() -> AsyncIterator[Any]:
    """A browser without a window. Raises HarnessError where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        raise HarnessError("no Chromium is installed: on Debian, apt-get install chromium")
    try:
        playwright = importlib.import_module("playwright.async_api")
    except ImportError as error:
        raise HarnessError("playwright is not installed: make benchmark-page installs it") from error
    async with playwright.async_playwright() as running:
        # As root its sandbox cannot be made; the page it sees is our own.
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await running.chromium.launch(executable_path=program, args=sandbox)
        try:
            yield browser
        finally:
            await browser.close()
