"""A person at a terminal is asked before harm, and sees an appointed order count down; Ctrl-C calls it off."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from pacing_node.api.http_server import HttpServer
from simulator.harness.processes import pacing_command
from tests.cli.test_commands import MEMBER, SILENT, TERM
from tests.support.listening import listening
from tests.support.running import END_SECONDS
from tests.support.terminals import terminal


@asynccontextmanager
async def cluster() -> AsyncIterator[tuple[str, list[bytes]]]:
    """Address of a node whose master only notes that it was called, and the calls."""
    calls: list[bytes] = []

    async def master(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        calls.append(await reader.read(65536))

    async with listening(master) as port:
        members = [{**MEMBER, "clustering": f"127.0.0.1:{port.port}"}, SILENT]
        page = {"cluster": "demo", "mode": "zookeeper", "master": "node-1", "epoch": 7}

        async def answer(_: Request) -> JSONResponse:
            return JSONResponse({**page, "members": members, "history": [TERM]})

        server = HttpServer("127.0.0.1", 0)
        await server.start(Starlette(routes=[Route("/cluster", answer)]))
        try:
            yield f"http://127.0.0.1:{server.port}", calls
        finally:
            await server.stop()


async def test_a_step_down_is_asked_for_and_a_no_orders_nothing() -> None:
    async with cluster() as (url, calls):

        def answer_no() -> tuple[str, int]:
            with terminal(pacing_command("step-down", "--url", url)) as (write, process, screen):
                screen.until("[y/N] ")
                os.write(write, b"n\n")
                return screen.read(), process.wait(END_SECONDS)

        shown, status = await asyncio.to_thread(answer_no)
    assert "node-1 is master, epoch 7, and will resign. Go on?" in shown
    assert "nothing was changed" in shown
    assert (status, calls) == (1, [])


async def test_an_appointed_step_down_counts_down_and_ctrl_c_calls_it_off() -> None:
    moment = f"{datetime.now(UTC) + timedelta(hours=2):%Y-%m-%dT%H:%M}"
    async with cluster() as (url, calls):

        def interrupt() -> tuple[str, int]:
            command = pacing_command("step-down", "--at", moment, "--yes", "--url", url)
            with terminal(command) as (_, process, screen):
                screen.until("Ctrl-C calls it off")
                process.send_signal(signal.SIGINT)
                return screen.read(), process.wait(END_SECONDS)

        shown, status = await asyncio.to_thread(interrupt)
    assert f"step-down at {moment[-5:]}:00 UTC, in 1:" in shown
    assert status == 130
    assert calls == []
