"""Frames of the dashboard in a real browser: by the clock, what of that was the machine's, and the CPU time they cost.

Knows nothing of how the browser is driven; it needs a page that evaluates scripts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from simulator.benchmark.process_cost import cpu_seconds
from simulator.benchmark.starvation import Starvation, started_with

if TYPE_CHECKING:
    from collections.abc import Sequence

STEPS = 240
"""Of a scroll through the list: 180 of the wheel, then 60 of the bar, which go through all of it."""
LONGEST_MS = 100.0
"""What a person does not notice yet."""
DRAWING = ("--type=renderer", "--type=gpu-process")
"""The processes of Chromium that draw a page, by their command line."""

STEP = """async step => {
  const grid = document.querySelector('.grid');
  const most = grid.scrollHeight - grid.clientHeight;
  const before = performance.now();
  grid.scrollTop = step <= 180 ? step * 90 : most * (step - 180) / 60;
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - before;
}"""
"""One step, and the two frames after it: the first draws the new rows, the second cannot begin before that is done."""


class Page(Protocol):
    """A page of a browser."""

    async def evaluate(self, expression: str) -> Any:
        """Run a script in the page and return its value."""
        ...


@dataclass(frozen=True, slots=True)
class Frames:
    """The two frames of one step, in milliseconds."""

    clock_ms: float
    own_ms: float
    """By the clock, without what those who draw waited for a processor."""
    cpu_ms: float
    """CPU time of everything that draws, in whatever thread."""


def drawing_processes() -> list[int]:
    """Processes that draw the pages of a browser which this process has started."""
    return started_with(DRAWING)


async def scroll(page: Page) -> list[Frames]:
    """Scroll through the list of targets, which must be on the screen."""
    found, processes = [], drawing_processes()
    for step in range(1, STEPS + 1):
        starved, used = Starvation(lambda: processes), _cpu_ms(processes)
        clock_ms = float(await page.evaluate(f"({STEP})({step})"))
        own_ms = 1000.0 * starved.own_seconds(clock_ms / 1000.0)
        found.append(Frames(clock_ms, own_ms, _cpu_ms(processes) - used))
    return found


def summed(name: str, values: Sequence[float]) -> dict[str, float]:
    """Median, 99th percentile and longest of times in milliseconds."""
    ordered = sorted(values)
    places = {"median": len(ordered) // 2, "p99": int(0.99 * (len(ordered) - 1)), "longest": -1}
    return {f"{name}_{key}_ms": round(ordered[place], 1) for key, place in places.items()}


def _cpu_ms(processes: Sequence[int]) -> float:
    return 1000.0 * sum(cpu_seconds(pid) for pid in processes)
