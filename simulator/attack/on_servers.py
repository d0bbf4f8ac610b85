"""Attacks by the servers a node asks: each hostile answer in turn, then the server is itself again."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from simulator.attack.hostile_answers import ANSWERS
from simulator.attack.hostile_ground import hostile_wiring
from simulator.harness.harness_error import HarnessError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from simulator.attack.hostile_front import HostileFront
    from simulator.attack.scene import Scene

_LEAST_SECONDS = 2.0
_ASKED_SECONDS = 60.0
"""How long it may take until a node asks the server once more: alarms are delivered with a growing back-off."""
RETURN_SECONDS = 20.0
"""Longest time from the end of a hostile answer to the next push: a retry of the token, one of the push."""
_POLL_SECONDS = 0.05
_FAILING_SECONDS = 5.0


def hostile(
    role: str, answers: Sequence[str] = tuple(ANSWERS), *, provoked: bool = False
) -> Callable[[Scene], Awaitable[None]]:
    """The attack by the server of a role with these answers.

    ``provoked``: the contact centre first does what makes the nodes ask that server.
    """

    async def strike(scene: Scene) -> None:
        front = hostile_wiring(scene.arena).fronts[role]
        for name in answers:
            before, _ = await front.counts()
            epoch = await _newest_epoch(scene)
            front.turn(name)
            began = time.time()
            try:
                if provoked:
                    await _provoke(scene, role)
                await _until_asked(front, before)
                await asyncio.sleep(max(_LEAST_SECONDS, scene.seconds / 10))
                changed = await _newest_epoch(scene) - epoch
                scene.expect(not changed, f"{name}: the master changed while the server was hostile to everybody")
            finally:
                front.calm()
                await scene.arena.clear_faults()
            await _note_return(scene, name, began)
            changed = await _newest_epoch(scene) - epoch
            scene.expect(not changed, f"{name}: the master changed though nobody could do better")
            answered, lured = await front.counts()
            scene.expect(answered > before, f"{name}: no node asked the server meanwhile")
            scene.expect(not lured, f"{name}: a redirect was followed {lured} times")
            scene.figures["answered"] = answered

    strike.__doc__ = f"The {role} server gives each of {len(answers)} hostile answers in turn."
    return strike


async def _provoke(scene: Scene, role: str) -> None:
    """Make the nodes ask a server they do not ask all the time."""
    if role == "token":
        await scene.arena.fault(kind="revoke_tokens")
    else:
        # So long that a push fails with all its retries, and an alarm is raised.
        await scene.arena.fault(kind="status", status=503, seconds=_FAILING_SECONDS)


async def _newest_epoch(scene: Scene) -> int:
    """The newest epoch the nodes tell of. Raises HarnessError."""
    pages = [await scene.arena.page(plan.name, "/cluster") for plan in scene.arena.stage.plans]
    return max((int(member.get("epoch") or 0) for page in pages for member in page.get("members") or ()), default=0)


async def _until_asked(front: HostileFront, before: int) -> None:
    deadline = time.monotonic() + _ASKED_SECONDS
    while (await front.counts())[0] <= before and time.monotonic() < deadline:  # noqa: ASYNC110 - it tells of no event
        await asyncio.sleep(_POLL_SECONDS)


async def _note_return(scene: Scene, name: str, began: float) -> None:
    """Wait for a push after a hostile answer; complain when it comes late."""
    back_at = time.time()
    try:
        first = await scene.arena.await_push(RETURN_SECONDS, since=back_at)
    except HarnessError:
        scene.complaints.append(f"{name}: no push within {RETURN_SECONDS:g} s after the server was itself again")
        return
    worst = scene.figures.get("longest_return_seconds", 0.0)
    scene.figures["longest_return_seconds"] = max(worst, round(first.received_at - back_at, 2))
    scene.figures.setdefault("seconds_of_each", {})[name] = round(back_at - began, 1)
