"""Attacks below the calls: junk, broken messages, floods of frames, handshakes, and ZooKeeper's own port."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.attack.assaults import handshakes, http2_floods, peer_junk, slow_clients, zookeeper_floods
from simulator.attack.assaults.peer_messages import HEALTH, PEERS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from simulator.attack.scene import Scene

HANDSHAKE_SECONDS = 20.0
"""How long a node may hold a handshake that does not go on."""
_ABORT_AFTER_SECONDS = 3.0


async def junk_bytes(scene: Scene) -> None:
    """3,000 connections to the clustering ports with bytes that are no call."""
    await scene.assault(peer_junk.junk_bytes, count=scene.count(3_000))


async def malformed_messages(scene: Scene) -> None:
    """10,000 messages that cannot be read to each gRPC port of every node, and methods that do not exist."""
    victim = await scene.victim()
    for node in victim.nodes:
        for number, service in enumerate((PEERS, HEALTH)):
            one = replace(victim, nodes=(node,))
            count = scene.count(10_000)
            await scene.assault_on(one, peer_junk.malformed_messages, count=count, port=number, service=service)
    await scene.assault(peer_junk.unknown_methods, count=scene.count(200))


async def slow_calls(scene: Scene) -> None:
    """1,000 clients of each gRPC port of the master, from one address, that send a byte a second."""
    for port in (await scene.victim()).master.grpc_ports:
        await scene.assault(slow_clients.slow, count=scene.count(1_000), seconds=scene.seconds, ports=[port])


async def silent_connections(scene: Scene) -> None:
    """1,000 connections to the master's clustering port that say nothing."""
    await scene.assault(peer_junk.silent_connections, count=scene.count(1_000), seconds=scene.seconds)


def frame_flood(flood: str) -> Callable[[Scene], Awaitable[None]]:
    """The attack with one of the known floods of HTTP/2 frames, over four connections to each node."""

    async def strike(scene: Scene) -> None:
        seconds = scene.seconds / 2
        await scene.assault(http2_floods.http2_flood, flood=flood, seconds=seconds, connections=4)

    strike.__doc__ = http2_floods.FLOODS[flood].__doc__
    return strike


async def aborted_handshakes(scene: Scene) -> None:
    """400 TLS handshakes at once, begun and broken off after 3 s; six rounds."""
    rounds = max(1, scene.count(6) if scene.seconds >= 20 else 1)
    await scene.assault(
        handshakes.aborted_handshakes, count=scene.count(400), rounds=rounds, wait_seconds=_ABORT_AFTER_SECONDS
    )


async def held_handshakes(scene: Scene) -> None:
    """100 handshakes that are begun and held; the node must close them."""
    await scene.assault(handshakes.held_handshakes, count=scene.count(100), seconds=HANDSHAKE_SECONDS)


async def zookeeper_flood(scene: Scene) -> None:
    """2,000 four-letter words, 100 sessions that ask all the time, and oversized requests, at the ensemble."""
    await scene.assault(
        zookeeper_floods.zookeeper_flood, words=scene.count(2_000), sessions=scene.count(100), seconds=scene.seconds
    )


async def zookeeper_connections(scene: Scene) -> None:
    """1,000 connections to the ensemble that say nothing."""
    await scene.assault(zookeeper_floods.hold_connections, count=scene.count(1_000), seconds=scene.seconds)
