"""Runs attacks one after the other: each on a steady cluster, measured from its beginning until all is well again."""

from __future__ import annotations

import asyncio
import contextlib
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from simulator.attack.limits import LEFT_OUT, AttackResult, Limits
from simulator.attack.measuring import Measuring
from simulator.attack.scene import NotPossibleError, Scene
from simulator.harness.harness_error import HarnessError
from terminal.progress import shown_while

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from simulator.attack.ground import Ground
    from simulator.harness.arena import Arena

SETTLE_SECONDS = 40.0
"""How long the cluster may take after an attack until it has pushed again; far above every bound."""
_SETTLED_PUSHES = 3
_PACING_SECONDS, _LOOK_SECONDS = 60.0, 0.2
"""How long a new cluster may take until it invites somebody, and how often that is looked at."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack: on which ground, what it does, and what it may cost."""

    name: str
    ground: Ground
    strike: Callable[[Scene], Awaitable[None]]
    """Its docstring says what is done."""
    limits: Limits = field(default_factory=Limits)
    short: bool = False
    """Whether it is part of the short form."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of everything is done."""

    seconds: float = 20.0
    share: float = 1.0
    """Of the full counts."""


async def run_attacks(
    attacks: Sequence[Attack],
    extent: Extent,
    directory: Path,
    say: Callable[[str], None],
    results: list[AttackResult],
) -> None:
    """Run attacks in groups of one ground each; ``results`` holds those that were run, also when something gives out.

    Raises HarnessError when a ground cannot be brought up.
    """
    by_ground = sorted(attacks, key=lambda attack: attack.ground.name)
    for number, (_, group) in enumerate(groupby(by_ground, key=lambda attack: attack.ground.name)):
        left = list(group)
        while left:
            place = directory / f"{number}-{left[0].ground.name}-{len(left)}"
            left = await _run_group(left, extent, place, say, results)


async def _run_group(
    attacks: list[Attack], extent: Extent, directory: Path, say: Callable[[str], None], results: list[AttackResult]
) -> list[Attack]:
    """Bring the ground up and run its attacks; returns those that are left because the cluster did not recover."""
    ground = attacks[0].ground
    if reason := ground.why_impossible():
        say(f"ground: {ground.name}: left out: {reason}")
        results += [AttackResult.not_run(attack.name, ground.name, attack.limits, reason) for attack in attacks]
        return []
    say(f"ground: {ground.name}")
    async with AsyncExitStack() as stack:
        async with shown_while(f"ground {ground.name}: bringing it up"):
            arena = await stack.enter_async_context(ground.arena(directory, lambda _: None))
            await _pushed(arena, ground.first_pushes)
            await _pacing(arena)
        for done, attack in enumerate(attacks, 1):
            result, recovered = await _tried(attack, arena, extent)
            if recovered and result.may_be_the_machine:
                say(line(result))
                say("    only late, and by less than a period: once more, for the machine may have been busy")
                result, recovered = await _tried(attack, arena, extent)
            results.append(result)
            say(line(result))
            if not recovered:
                return attacks[done:]
    return []


async def _pacing(arena: Arena) -> None:
    """Wait until visitors are invited: an attack on a cluster that is silent anyway shows nothing.

    Raises HarnessError, with the reason of the silence, for one that stays silent.
    """
    cycle: dict[str, Any] = {}
    deadline = time.monotonic() + _PACING_SECONDS
    while time.monotonic() < deadline:
        cycle = (await arena.page(arena.stage.plans[0].name, "/cluster")).get("cycle") or {}
        if cycle and cycle.get("silent_since") is None:
            return
        await asyncio.sleep(_LOOK_SECONDS)
    raise HarnessError(f"the cluster invites nobody before anything attacks it: {cycle.get('text') or 'no cycle'}")


async def _tried(attack: Attack, arena: Arena, extent: Extent) -> tuple[AttackResult, bool]:
    """The same as :func:`run_attack`; what cannot be measured has failed, and the cluster has not recovered."""
    try:
        async with shown_while(f"{attack.name} on {attack.ground.name}"):
            return await run_attack(attack, arena, extent)
    except HarnessError as error:
        return AttackResult.unfinished(attack.name, attack.ground.name, attack.limits, str(error)), False


async def run_attack(attack: Attack, arena: Arena, extent: Extent) -> tuple[AttackResult, bool]:
    """Run one attack; its result, and whether the cluster has recovered. One that cannot be finished has failed.

    Raises HarnessError when the cluster is not even steady before it, or the contact centre cannot be asked after it.
    """
    await arena.steady()
    scene = Scene(arena, extent.seconds, extent.share)
    measuring = Measuring(arena)
    await measuring.begin()
    try:
        await attack.strike(scene)
    except HarnessError as error:
        scene.complaints.append(str(error).splitlines()[0])
    except NotPossibleError as error:
        await measuring.end((), ())
        return AttackResult.not_run(attack.name, attack.ground.name, attack.limits, str(error)), True
    recovered = await _settled(arena)
    scene.expect(recovered, f"no {_SETTLED_PUSHES} pushes in a row within {SETTLE_SECONDS:g} s after it")
    cost = await measuring.end(scene.complaints, scene.server_errors)
    scene.figures["bystander_unanswered"] = measuring.unanswered
    scene.figures["machine_wait_seconds"] = round(measuring.own_wait_seconds, 2)
    return AttackResult.judge(attack.name, attack.ground.name, attack.limits, cost, scene.figures), recovered


async def _settled(arena: Arena) -> bool:
    """Wait for a few pushes in a row; False when they do not come."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_SECONDS):
            return await _pushed(arena, _SETTLED_PUSHES)
    return False


async def _pushed(arena: Arena, count: int) -> bool:
    """Wait for so many pushes; False when they do not come."""
    latest = time.time()
    with contextlib.suppress(HarnessError):
        for _ in range(count):
            latest = (await arena.await_push(SETTLE_SECONDS, since=latest)).received_at
        return True
    return False


def line(result: AttackResult) -> str:
    """A result for people."""
    if result.left_out:
        return f"{result.attack:<26} {LEFT_OUT}: {result.left_out}"
    row = result.as_dict()
    figures = (
        f"missed {row['missed_periods']:3d}  epochs {row['epoch_changes']:2d}  memory {row['memory_mib']:+7.1f} MiB  "
        f"log {row['log_mib_per_minute']:7.3f} MiB/min  wait {row['answer_seconds']:6.2f} s  {row['seconds']:5.1f} s"
    )
    text = f"{row['attack']:<26} {row['verdict']:<5} {figures}"
    return "\n".join([text, *(f"    {shortcoming}" for shortcoming in result.shortcomings)])
