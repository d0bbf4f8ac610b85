"""Orders and questions by somebody who is neither a member nor an operator, again and again."""

from __future__ import annotations

import asyncio
import time

from simulator.attack.assaults import peer_messages
from simulator.attack.assaults.peer_messages import call, channel_to
from simulator.attack.tally import Tally, Victim

NASTY_NAMES = ("[/foo]", "[red]x[/]", "\x1b[2J\x1b]0;owned\x07", "a\nb\r\nc", "\u202egnp", "x" * 201, "\0", "")
"""Markup, terminal control, line ends, direction marks, too long, nothing."""
NASTY_SECONDS = (float("inf"), float("-inf"), float("nan"), 1e300, -1.0, 0.0, 5e-324)


async def step_down_loop(victim: Victim, *, seconds: float, every_seconds: float, identity: str = "") -> Tally:
    """Ask every node to step down all the time. Complains when one does."""
    tally = Tally()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for node in victim.nodes:
            async with channel_to(node, victim, identity) as channel:
                answer = await call(channel, "StepDown", peer_messages.step_down("a stranger"), tally)
            if answer is not None:
                tally.figures["terms_ended"] = tally.figures.get("terms_ended", 0) + 1
        await asyncio.sleep(every_seconds)
    if tally.figures.get("terms_ended"):
        tally.complaints.append(f"a stranger's StepDown was obeyed {tally.figures['terms_ended']:g} times")
    return tally


async def endless_pause(victim: Victim, *, count: int) -> Tally:
    """Pause the cluster for ever. Complains when a node takes the order; then ends the pause again."""
    tally = Tally()
    for number in range(count):
        node = victim.nodes[number % len(victim.nodes)]
        async with channel_to(node) as channel:
            taken = await call(channel, "Pause", peer_messages.pause("a stranger"), tally)
            if taken is not None:
                tally.complaints.append("a stranger's endless Pause was obeyed")
                await call(channel, "Resume", peer_messages.named("a stranger"), tally)
                break
    return tally


async def resume_loop(victim: Victim, *, count: int) -> Tally:
    """End a pause again and again. Complains when a node takes the order."""
    tally = Tally()
    taken = 0
    for number in range(count):
        async with channel_to(victim.nodes[number % len(victim.nodes)]) as channel:
            taken += await call(channel, "Resume", peer_messages.named("a stranger"), tally) is not None
    if taken:
        tally.complaints.append(f"a stranger's Resume was obeyed {taken} times")
    return tally


async def promises(victim: Victim, *, count: int, seconds: float, incarnations: dict[str, str]) -> Tally:
    """Ask every node for promises that bind it, for the running epoch, the next, and the last there can be.

    ``incarnations``: what each node's entry in ZooKeeper says of its process, by the node's name.
    """
    tally = Tally()
    epochs = (victim.epoch, victim.epoch + 1, peer_messages.NEWEST_EPOCH)
    names = (victim.master.name, "a stranger")
    for _ in range(count):
        for node in victim.nodes:
            addressee = (node.name, incarnations.get(node.name, ""))
            async with channel_to(node) as channel:
                for epoch in epochs:
                    for name in names:
                        message = peer_messages.promise(name, victim.cluster_id, epoch, seconds, addressee)
                        _note_promise(await call(channel, "Promise", message, tally), tally)
    if given := tally.answers["promised"]:
        tally.complaints.append(f"{given} promises were given to a stranger")
    return tally


def _note_promise(answer: bytes | None, tally: Tally) -> None:
    """Count what a node says: a promise, or why there is none."""
    if answer is not None:
        tally.answers["promised" if answer.startswith(b"\x08\x01") else repr(answer[2:80])] += 1


async def nasty_texts(victim: Victim, *, big: int) -> Tally:
    """Names of every kind and of ``big`` characters, and seconds that are no time, in every order."""
    tally = Tally()
    names = (*NASTY_NAMES, "y" * big)
    for node in victim.nodes:
        async with channel_to(node) as channel:
            for name in names:
                await call(channel, "Pause", peer_messages.pause(name, 1.0), tally)
                await call(channel, "Resume", peer_messages.named(name), tally)
                await call(channel, "CanServe", peer_messages.named(name), tally)
                await call(channel, "StepDown", peer_messages.step_down(name, victim.epoch + 10**6), tally)
            for seconds in NASTY_SECONDS:
                await call(channel, "Pause", peer_messages.pause("a stranger", seconds), tally)
    return tally


async def pause_named(victim: Victim, *, name: str, seconds: float | None) -> Tally:
    """One Pause under a name."""
    tally = Tally()
    async with channel_to(victim.nodes[-1]) as channel:
        await call(channel, "Pause", peer_messages.pause(name, seconds), tally)
    return tally


async def can_serve_flood(victim: Victim, *, count: int, size: int) -> Tally:
    """``CanServe`` with names of ``size`` characters, to all nodes at once."""
    tally = Tally()

    async def at(index: int) -> None:
        async with channel_to(victim.nodes[index]) as channel:
            for _ in range(count):
                await call(channel, "CanServe", peer_messages.named("z" * size), tally)

    await asyncio.gather(*(at(index) for index in range(len(victim.nodes))))
    return tally


async def unread_follow_streams(victim: Victim, *, count: int, seconds: float) -> Tally:
    """``Follow`` streams to the master that nobody reads. Complains when a record reaches the stranger."""
    tally = Tally()
    async with channel_to(victim.master) as channel:
        streams = [
            await peer_messages.open_stream(channel, "Follow", peer_messages.named(f"f{index}"), seconds=seconds + 10)
            for index in range(count)
        ]
        await asyncio.sleep(seconds)
        for stream in streams:
            tally.count(await peer_messages.first_answer(stream))
    records = tally.answers["record"]
    if records:
        tally.complaints.append(f"{records} of {count} streams of a stranger were given records")
    return tally
