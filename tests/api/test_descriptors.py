"""File descriptors: as many as the system allows, and a reserve no caller gets, in processes with their own limits."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import socket
import subprocess
import sys

import pytest

from cluster.descriptors import RESERVED, Descriptors
from tests.support.few_descriptors import limited_process

LIMIT = 256
NODE = """
import asyncio, os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({limit}, {limit}))
from starlette.applications import Starlette
from pacing_node.api.http_limits import HttpLimits
from pacing_node.api.http_server import HttpServer

async def main():
    server = HttpServer("127.0.0.1", 0, limits=HttpLimits(connections=10**6, connections_per_address=10**6))
    await server.start(Starlette())
    print(server.port, flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)
    taken = []
    try:
        while True:
            taken.append(os.open("/dev/null", os.O_RDONLY))
    except OSError as error:
        print(len(taken), server._counters.open, flush=True)
    for each in taken:
        os.close(each)
    await server.stop()

asyncio.run(main())
"""


def test_a_flood_of_connections_leaves_the_reserve_to_the_node() -> None:
    with limited_process(NODE.format(limit=LIMIT)) as node:
        flood = []
        for _ in range(2 * LIMIT):
            with contextlib.suppress(OSError):
                flood.append(socket.create_connection(("127.0.0.1", node.port), timeout=0.2))
        free, connections = node.counts()
        for each in flood:
            each.close()
    assert free >= LIMIT // 4 - 1
    assert connections > LIMIT // 4


@pytest.mark.parametrize(("limit", "reserve"), [(100, 25), (1024, RESERVED), (65_536, RESERVED)])
def test_at_most_a_quarter_of_a_low_limit_is_reserved(
    limit: int, reserve: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    assert not Descriptors().short(limit - reserve - 1)
    assert Descriptors().short(limit - reserve)


@pytest.mark.parametrize("error", [errno.EMFILE, errno.ENFILE])
def test_all_are_in_use_where_none_is_left_for_looking(error: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: str) -> list[str]:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "listdir", refused)
    assert Descriptors().count_open() == Descriptors().limit


def test_nobody_counts_where_the_system_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> list[str]:
        raise FileNotFoundError

    monkeypatch.setattr(os, "listdir", missing)
    assert Descriptors().count_open() is None


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (200, 400)); "
        "from cluster.descriptors import raise_limit; print(raise_limit(), raise_limit()); "
        "print(resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["(200, 400) (400, 400)", "(400, 400)"]
