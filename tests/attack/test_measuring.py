"""Harm done to a real cluster is seen: a whole attack, measured and judged, that costs something on purpose."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from simulator.attack.attack_run import Attack, Extent, run_attacks
from simulator.attack.bystander import Bystander
from simulator.attack.ground import Ground
from simulator.attack.limits import AttackResult, Limits
from simulator.attack.scene import Scene
from simulator.harness.node_files import NodePlan
from tests.support.listening import listening
from tests.support.waiting import until

TWO = Ground("two", nodes=2)


async def harm(scene: Scene) -> None:
    """Kills the master, and writes what no node would into a log."""
    master = scene.arena.master or ""
    scene.arena.signal_worker(master, signal.SIGKILL)
    with scene.arena.nodes[master].log.open("a") as log:
        log.write("Traceback (most recent call last):\n" + "x" * 2**21 + "\n")
    scene.server_errors.append("500 /x")
    await scene.arena.steady()


async def no_harm(_: Scene) -> None:
    """Does nothing."""
    await asyncio.sleep(1.0)


@pytest.mark.ensemble
async def test_harm_is_measured_and_an_attack_that_does_none_has_held(tmp_path: Path):
    results: list[AttackResult] = []
    lenient = Limits(missed_periods=None, memory_mib=1000.0, answer_seconds=None)
    attacks = [Attack("none", TWO, no_harm, lenient), Attack("harm", TWO, harm)]
    await run_attacks(attacks, Extent(1.0, 0.01), tmp_path, lambda _: None, results)
    held, failed = results
    assert held.shortcomings == ()
    found = "\n".join(failed.shortcomings)
    assert "the epoch changed" in found
    assert "a log grew by 2.0" in found
    assert "processes ended: node-" in found
    assert "unhandled exceptions, the first: node-" in found
    assert "1 answers of a broken server, the first: 500 /x" in found


async def test_a_bystander_notices_broken_pages_and_silence(tmp_path: Path):
    silent = False

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        if not silent:
            writer.write(b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        await asyncio.sleep(0.2)

    async with listening(accept) as server:
        bystander = Bystander([NodePlan("node-1", tmp_path, server.port, 0)])
        bystander.begin()
        await until(lambda: bystander.server_errors)
        silent = True
        await until(lambda: bystander.unanswered)
        await bystander.end()
    assert bystander.server_errors[0] == "500 node-1/liveness"
    assert bystander.answer_seconds >= 0.2
