"""Who calls through a balancer: visitors that read all the time, and somebody who asks the master."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
import httpx
from grpc_health.v1 import health_pb2, health_pb2_grpc

from cluster.admin.member_calls import open_calls
from cluster.errors import RefusedError
from cluster.records import MemberInfo, MemberStatus
from tests.support.step_down import TOO_SOON
from tests.support.waiting import until

READ = "/backend/data/pacing/reactiveState?channel=chat"
CALL_SECONDS = 2.0


@dataclass
class Reads:
    """What visitors got."""

    answered: int = 0
    failed: list[str] = field(default_factory=list)


@contextmanager
def visitors(address: str, *, threads: int = 2, pause: float = 0.01) -> Iterator[Reads]:
    """Read through a balancer while the block runs, half of it over new connections; ``pause`` in seconds."""
    reads, stop, lock = Reads(), threading.Event(), threading.Lock()

    def read(keep: bool) -> None:
        client = httpx.Client(trust_env=False, timeout=10.0)
        while not stop.wait(pause):
            found = _read(client, f"http://{address}{READ}", {} if keep else {"Connection": "close"})
            with lock:
                reads.answered += not found
                reads.failed += [found] if found else []
        client.close()

    running = [threading.Thread(target=read, args=(number % 2 == 0,), daemon=True) for number in range(threads)]
    for each in running:
        each.start()
    try:
        yield reads
    finally:
        stop.set()
        for each in running:
            each.join()


def _read(client: httpx.Client, url: str, headers: dict[str, str]) -> str:
    """What went wrong with one read; empty when nothing did."""
    try:
        answer = client.get(url, headers=headers)
    except httpx.HTTPError as error:
        return f"{time.time():.2f}: {error!r}"
    return "" if answer.status_code == 200 and "reactiveState" in answer.text else f"{answer.status_code} {answer.text}"


async def ask_master(address: str) -> MemberStatus:
    """Status of the node that orders reach through an address, over a connection of its own."""
    async with open_calls(CALL_SECONDS) as client:
        return await client.get_status(_at(address))


async def order_step_down(address: str) -> int:
    """Have whoever orders reach through an address step down, as soon as it is not too soon; the epoch that ended."""
    async with open_calls(CALL_SECONDS) as client:

        async def given() -> int | None:
            try:
                return await client.step_down(_at(address), "a test", CALL_SECONDS)
            except RefusedError as error:
                if TOO_SOON in str(error):
                    return None
                raise

        epoch: int = await until(given, "the order is taken")
        return epoch


def _at(address: str) -> MemberInfo:
    return MemberInfo("master", "", address, "", 0.0)


async def is_serving(address: str, service: str) -> bool:
    """The standard health check through an address; False too when nobody answers."""
    async with grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        try:
            answer = await health_pb2_grpc.HealthStub(channel).Check(request, timeout=CALL_SECONDS)
        except grpc.aio.AioRpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def followed(address: str, epoch: int) -> bool:
    """Whether orders reach the master of a term after ``epoch``."""
    status = asyncio.run(ask_master(address))
    return status.reachable and status.epoch > epoch and status.lease_left_seconds > 0
