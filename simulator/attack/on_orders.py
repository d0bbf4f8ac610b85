"""Attacks by orders and questions at the clustering ports, by somebody who may give none."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.attack.assaults import stranger_orders
from simulator.harness.harness_error import HarnessError
from simulator.harness.namespace import Namespace
from simulator.harness.znodes import UnreachableError, Znodes

if TYPE_CHECKING:
    from simulator.attack.scene import Scene

LARGE_TEXT = 3_900_000
"""Characters of a text that just passes gRPC's usual bound of a message."""
_RETURN_SLACK_SECONDS = 2.0
"""For a busy machine, beyond the bound of an ensemble's return."""
_READY_SECONDS = 60.0
_APART_SECONDS = 1.5
"""Between the starts of two members of ZooKeeper: all at once they take the processors from the nodes."""


async def step_down_loop(scene: Scene) -> None:
    """StepDown to every node all the time."""
    await scene.assault(stranger_orders.step_down_loop, seconds=scene.seconds, every_seconds=0.2)


async def orders_from_elsewhere(scene: Scene) -> None:
    """Orders and promises to a cluster without any proof, from another machine: a network namespace."""
    victim, incarnations = await scene.victim(), await _incarnations(scene)
    with Namespace() as elsewhere:
        nodes = tuple(replace(node, host=elsewhere.outside) for node in victim.nodes)
        strange = replace(victim, nodes=nodes, attacked_from=elsewhere.prefix)
        loop, seconds = stranger_orders.step_down_loop, scene.seconds / 2
        reached = await scene.assault_on(strange, loop, seconds=seconds, every_seconds=0.2)
        scene.expect(set(reached.answers) - {"UNAVAILABLE"}, "the nodes were not reached from elsewhere")
        await scene.assault_on(strange, stranger_orders.endless_pause, count=6)
        await scene.assault_on(strange, stranger_orders.resume_loop, count=6)
        await scene.assault_on(strange, stranger_orders.promises, count=1, seconds=60.0, incarnations=incarnations)
        await scene.assault_on(strange, stranger_orders.unread_follow_streams, count=20, seconds=1.0)


async def endless_pause(scene: Scene) -> None:
    """Pause for ever, at every node."""
    await scene.assault(stranger_orders.endless_pause, count=scene.count(30))


async def resume_loop(scene: Scene) -> None:
    """Resume again and again, at every node."""
    await scene.assault(stranger_orders.resume_loop, count=scene.count(200))


async def strange_promises(scene: Scene) -> None:
    """Promises that bind every node for a minute, for this epoch, the next and the last there can be."""
    incarnations = await _incarnations(scene)
    await scene.assault(stranger_orders.promises, count=scene.count(5), seconds=60.0, incarnations=incarnations)


async def promises_in_an_outage(scene: Scene) -> None:
    """ZooKeeper is frozen for longer than a session; meanwhile a stranger asks everybody for promises of a minute."""
    arena, incarnations = scene.arena, await _incarnations(scene)
    frozen_at = time.time()
    for member in arena.ensemble.members:
        member.freeze()
    try:
        await _promises_once_sessions_end(scene, incarnations)
    finally:
        for member in arena.ensemble.members:
            member.thaw()
    back_at = time.time()
    try:
        first = await arena.await_push(70.0, since=back_at)
    except HarnessError:
        scene.complaints.append("nobody pushed within 70 s after ZooKeeper was back")
        return
    gap = first.received_at - back_at
    scene.figures["push_after_return_seconds"] = round(gap, 2)
    scene.figures["outage_seconds"] = round(back_at - frozen_at, 1)
    most = arena.bounds.ensemble_return + _RETURN_SLACK_SECONDS
    scene.expect(gap <= most, f"{gap:.1f} s from ZooKeeper's return to the first push, allowed are {most:g}")


async def promises_under_failsafe(scene: Scene) -> None:
    """ZooKeeper is killed for longer than a session; meanwhile a stranger asks everybody for promises of a minute.

    The master must go on by its members' promises as if nobody had asked. It is killed, not frozen: a frozen ensemble
    ends every session the moment it goes on, with or without a stranger.
    """
    arena, incarnations = scene.arena, await _incarnations(scene)
    gone_at = time.time()
    for member in arena.ensemble.members:
        member.kill()
    try:
        await _promises_once_sessions_end(scene, incarnations)
    finally:
        for member in arena.ensemble.members:
            member.start()
            await asyncio.sleep(_APART_SECONDS)
        await asyncio.to_thread(arena.ensemble.wait_ready, _READY_SECONDS)
    scene.figures["outage_seconds"] = round(time.time() - gone_at, 1)
    await asyncio.sleep(arena.bounds.session_timeout)  # long enough for a session to end that nobody resumed


async def _promises_once_sessions_end(scene: Scene, incarnations: dict[str, str]) -> None:
    """Ask everybody for promises of a minute, when an outage that has just begun is longer than a session."""
    await asyncio.sleep(scene.arena.bounds.session_timeout + 1.0)
    await scene.assault(stranger_orders.promises, count=3, seconds=60.0, incarnations=incarnations)


async def _incarnations(scene: Scene) -> dict[str, str]:
    """What everybody who reaches ZooKeeper can read of the members' processes. Raises HarnessError."""
    root = f"/pacing/{(await scene.victim()).cluster}"
    try:
        members = await asyncio.to_thread(Znodes(scene.arena.ensemble.hosts, root).members)
    except UnreachableError as error:
        raise HarnessError(f"the members cannot be read: {error}") from error
    return {name: str(content.get("incarnation", "")) for name, content in members.items()}


async def nasty_texts(scene: Scene) -> None:
    """Markup, terminal control and 3.9 MB as names, infinity and no number as seconds, in every order."""
    await scene.assault(stranger_orders.nasty_texts, big=LARGE_TEXT)
    await _pages_hold(scene)


async def nasty_pauses(scene: Scene) -> None:
    """Pauses under markup, terminal control, and for no time: the command and the pages must hold meanwhile."""
    for name, seconds in (("[/foo]", None), ("\x1b[2J\n\x07x", None), ("x", float("inf")), ("x", 1e300)):
        await scene.assault(stranger_orders.pause_named, name=name, seconds=seconds)
        await _pages_hold(scene)
        await scene.assault(stranger_orders.resume_loop, count=1)


async def _pages_hold(scene: Scene) -> None:
    """`/cluster` answers, and `pacing list` prints nothing a terminal would obey."""
    plan = scene.arena.stage.plans[0]
    page = await scene.arena.page(plan.name, "/cluster")
    scene.expect(page.get("members"), "/cluster did not answer")
    command = scene.arena.wiring.command("list", "--url", plan.http)
    pipe, errors = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=errors)
    output, _ = await process.communicate()
    scene.expect(b"Traceback" not in output, "`pacing list` ended with a traceback")
    scene.expect(b"\x1b" not in output and b"\x07" not in output, "`pacing list` printed terminal control")


async def can_serve_flood(scene: Scene) -> None:
    """CanServe with names of 3.9 MB, 50 times at every node."""
    await scene.assault(stranger_orders.can_serve_flood, count=scene.count(50), size=LARGE_TEXT)


async def unread_follow_streams(scene: Scene) -> None:
    """300 Follow streams that nobody reads."""
    await scene.assault(stranger_orders.unread_follow_streams, count=scene.count(300), seconds=min(10.0, scene.seconds))
