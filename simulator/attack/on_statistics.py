"""Attacks by a statistics server: what it sends reaches the law, and the law must answer with sane numbers."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any

from simulator.attack.hostile_values import HOSTILE
from simulator.attack.statistics_ground import statistics_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from simulator.attack.scene import Scene

_MOST_INVITATIONS = 1e6
"""More than this in one interval no target of the scenario could ever be allowed."""
_LOOK_SECONDS = 0.5


def hostile_values(name: str) -> Callable[[Scene], Awaitable[None]]:
    """The attack with one kind of values."""

    async def strike(scene: Scene) -> None:
        server = statistics_of(scene.arena)
        before = await server.sent()
        server.turn(name)
        deadline = time.monotonic() + scene.seconds / 2
        try:
            while time.monotonic() < deadline:
                await _look(scene)
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            server.calm()
        sent = await server.sent() - before
        scene.figures["messages"] = sent
        scene.expect(sent, "no node was sent anything")

    strike.__doc__ = HOSTILE[name].__doc__
    return strike


async def _look(scene: Scene) -> None:
    """Every number of `/targets` is one, and what is allowed is neither negative nor absurd."""
    page = await scene.arena.page(scene.arena.stage.plans[0].name, "/targets")
    for path, value in _values(page):
        if not math.isfinite(value):
            _once(scene, f"/targets shows {value} at {path}")
        if path.endswith(".invitations") and not 0 <= value <= _MOST_INVITATIONS:
            _once(scene, f"/targets allows {value} at {path}")


def _values(content: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number of a document with its path, in which positions of lists are left out."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _values(value, f"{path}.{key}")
    elif isinstance(content, list):
        for value in content:
            yield from _values(value, path)
    elif isinstance(content, int | float) and not isinstance(content, bool):
        yield path, content


def _once(scene: Scene, complaint: str) -> None:
    if complaint not in scene.complaints and len(scene.complaints) < 10:
        scene.complaints.append(complaint)
