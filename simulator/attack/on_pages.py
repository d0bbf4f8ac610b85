"""Attacks on the pages of the nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.attack.assaults import http_requests, slow_clients

if TYPE_CHECKING:
    from simulator.attack.scene import Scene

HEADER_SECONDS = 30.0
"""How long a node may hold a request whose headers do not end."""


async def malformed_requests(scene: Scene) -> None:
    """10,000 requests that break HTTP, the pages or the API, to each HTTP port of every node."""
    for number, port in enumerate(("default", "public")):
        tally = await scene.assault(http_requests.malformed, count=scene.count(10_000), port=number)
        scene.expect(tally.answers["400"], f"no request to the port {port} was answered with 400")


async def idle_connections(scene: Scene) -> None:
    """4,000 connections to the master that say nothing."""
    await scene.assault(http_requests.idle, count=scene.count(4_000), seconds=scene.seconds)


async def slow_requests(scene: Scene) -> None:
    """1,000 clients of each HTTP port of the master, from one address, that send a byte a second."""
    for port in (await scene.victim()).master.http_ports:
        await scene.assault(slow_clients.slow, count=scene.count(1_000), seconds=scene.seconds, ports=[port])


async def slow_everywhere(scene: Scene) -> None:
    """1,000 clients of each port of the master at once, from twenty addresses, that send a byte a second."""
    master = (await scene.victim()).master
    await scene.assault(
        slow_clients.slow,
        count=scene.count(1_000),
        seconds=scene.seconds,
        ports=[*master.http_ports, *master.grpc_ports],
        spread=True,
    )


async def half_headers(scene: Scene) -> None:
    """200 requests that stop in the middle of their headers; the node must close them."""
    await scene.assault(http_requests.half_headers, count=scene.count(200), seconds=HEADER_SECONDS)


async def endless_requests(scene: Scene) -> None:
    """URLs, headers and bodies of up to 32 MiB each, at every node."""
    await scene.assault(http_requests.endless, mebibytes=32)


async def unread_answers(scene: Scene) -> None:
    """50 connections with 500 requests for `/metrics` each, whose answers nobody reads."""
    requests = scene.count(500)
    await scene.assault(http_requests.unread_answers, connections=50, requests=requests, seconds=scene.seconds)


async def metrics_readers(scene: Scene) -> None:
    """Ten clients that ask the master for `/metrics` all the time."""
    await scene.assault(http_requests.page_readers, clients=10, seconds=scene.seconds, path="/metrics")


async def targets_readers(scene: Scene) -> None:
    """Ten clients that ask the master for `/targets` all the time."""
    await scene.assault(http_requests.page_readers, clients=10, seconds=scene.seconds, path="/targets")


async def exhaust_one(scene: Scene) -> None:
    """Up to 3,000 connections to each port of the master, for as long as it lasts."""
    await scene.assault(
        http_requests.exhaust_descriptors, count=scene.count(3_000), seconds=scene.seconds, all_nodes=False
    )


async def exhaust_all(scene: Scene) -> None:
    """Up to 2,000 connections to each port of every node at once."""
    await scene.assault(
        http_requests.exhaust_descriptors, count=scene.count(2_000), seconds=scene.seconds, all_nodes=True
    )
