"""Where alarms and the log go: whether somebody listens there. Nothing is sent."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

from cluster import addresses
from pacing_node.doctor.diagnosis import ok, skipped, warning
from pacing_node.doctor.surroundings import ANSWER_SECONDS, ANSWERS, ask, reason
from pacing_node.http_client.client import HttpClient
from pacing_node.http_client.request_failures import REQUEST_FAILURES

if TYPE_CHECKING:
    from pacing_node.doctor.diagnosis import Diagnosis
    from pacing_node.options.cluster_options import ClusterOptions
    from pacing_node.options.connections import MessageServer

_ALLOWED = "a receiver that answers"


async def receivers(options: ClusterOptions) -> list[Diagnosis]:
    """Reach every receiver of alarms. One that is away costs no pacing: a warning."""
    found: list[Diagnosis] = []
    server = options.message_server
    if server is not None:
        found += [
            await _listens(f"alarms.messageServer.{name}", address, server)
            for name, address in (("primary", server.primary), ("backup", server.backup))
            if address is not None
        ]
    for name, url in (("alertmanager", options.alarms.alertmanager), ("webhook", options.alarms.webhook)):
        if url is not None:
            found.append(await _answers(f"alarms.{name}", url))
    return found


async def _listens(check: str, address: str, server: MessageServer) -> Diagnosis:
    if server.transport == "udp":
        return skipped(check, f"{address}: over UDP nobody answers")
    host, port = addresses.split(address)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
    except (OSError, TimeoutError) as failure:
        remedy = "start it, or correct messageServer: alarms wait for it, up to alarms.queue of them"
        return warning(check, f"{address}: {reason(failure)}", _ALLOWED, remedy)
    return ok(check, f"{address}: listens")


async def _answers(check: str, url: str) -> Diagnosis:
    try:
        async with HttpClient(ANSWERS) as client:
            status, _, _ = await ask(client, url)
    except REQUEST_FAILURES as failure:
        remedy = f"start it, or correct {check}: alarms wait for it, up to alarms.queue of them"
        return warning(check, f"{url}: {str(failure) or 'no answer in time'}", _ALLOWED, remedy)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return warning(check, f"{url}: HTTP {status}", _ALLOWED, "see its log")
    return ok(check, f"{url}: answers")
