"""Keeps the label of a pod equal to what its node says: master, or standby."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import grpc
import grpc.aio
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc

from cluster.backoff import Backoff
from pacing_node.http_client.request_failures import REQUEST_FAILURES, UnreadableAnswerError
from pacing_node.kubernetes.pod_labels import LabelRefusedError
from pacing_node.runtime.server_channels import open_channel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MASTER, STANDBY = "master", "standby"
SERVICE = "pacing.v1.Master"
"""The health service that serves on the master alone."""
_FIRST_SECONDS, _LONGEST_SECONDS = 0.2, 5.0

log = structlog.get_logger(__name__)


class Labels(Protocol):
    """Where the label is put."""

    async def put(self, value: str | None) -> None:
        """Set the label of this pod."""
        ...


async def watch_master(health_address: str) -> AsyncIterator[bool]:
    """Whether the node behind its health port is master, now and at each change.

    A node that does not answer is none: its master could have ended without a word. The watch begins anew then.
    """
    backoff = Backoff(_FIRST_SECONDS, _LONGEST_SECONDS)
    while True:
        try:
            async with open_channel(health_address, None) as channel:
                watched = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=SERVICE))
                async for answer in watched:
                    backoff.reset()
                    yield answer.status == health_pb2.HealthCheckResponse.SERVING
        except grpc.aio.AioRpcError as error:
            log.debug("label.node_silent", error=error.details())
        yield False
        await asyncio.sleep(backoff.next_seconds())


async def keep_label(labels: Labels, changes: AsyncIterator[bool]) -> None:
    """Put the label at each change, until cancelled; one that is not taken is tried again, the newest one only."""
    wanted: asyncio.Queue[str] = asyncio.Queue(maxsize=1)
    async with asyncio.TaskGroup() as group:
        group.create_task(_put_newest(labels, wanted), name="label the pod")
        async for is_master in changes:
            if wanted.full():
                wanted.get_nowait()
            wanted.put_nowait(MASTER if is_master else STANDBY)


async def _put_newest(labels: Labels, wanted: asyncio.Queue[str]) -> None:
    backoff, put = Backoff(_FIRST_SECONDS, _LONGEST_SECONDS), None
    value = await wanted.get()
    while True:
        if value != put:
            try:
                await labels.put(value)
            except (LabelRefusedError, UnreadableAnswerError, *REQUEST_FAILURES) as error:
                log.warning("label.not_put", label=value, error=str(error) or type(error).__name__)
                value = await _newer(wanted, backoff.next_seconds()) or value
                continue
            backoff.reset()
            put = value
            log.info("label.put", label=value)
        value = await wanted.get()


async def _newer(wanted: asyncio.Queue[str], seconds: float) -> str | None:
    """What is wanted next within so many seconds; None when nothing else is."""
    try:
        return await asyncio.wait_for(wanted.get(), seconds)
    except TimeoutError:
        return None
