"""A clustering port that is flooded while descriptors are scarce: the reserve stays for ZooKeeper, pushes and files."""

from __future__ import annotations

import contextlib
import socket

import pytest

from cluster.descriptors import RESERVED_FROM_MEMBERS, Descriptors
from tests.support.few_descriptors import limited_process

LIMIT, LEFT = 256, 80
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
MEMBER = """
import asyncio, os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({limit}, {limit}))
import structlog
from cluster.peers.peer_server import PeerServer
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))

def take(most):
    taken = []
    try:
        while len(taken) < most:
            taken.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass
    return taken

async def main():
    server = PeerServer("127.0.0.1", 0)
    port = await server.start()
    others = take({limit} - {left} - len(os.listdir("/proc/self/fd")))
    print(port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    left = take({limit})
    print(len(left), len(server._front), flush=True)
    for each in others + left:
        os.close(each)
    await server.stop()

asyncio.run(main())
"""


def flood(port: int) -> list[socket.socket]:
    """Connections from two addresses, each of which begins to speak, until the port has answered or closed it."""
    opened = []
    for number in range(LEFT):
        each = socket.socket()
        each.settimeout(5.0)
        with contextlib.suppress(OSError):
            each.bind((f"127.0.0.{2 + number % 2}", 0))
            each.connect(("127.0.0.1", port))
            each.sendall(PREFACE)
            each.recv(1)
        opened.append(each)
    return opened


def test_a_flood_of_the_clustering_port_leaves_the_reserve() -> None:
    with limited_process(MEMBER.format(limit=LIMIT, left=LEFT)) as member:
        opened = flood(member.port)
        left, connections = member.counts()
        for each in opened:
            each.close()
    # Two more are taken between a look and the next: the socket to the server, and the one the server accepts.
    assert left >= LIMIT // 8 - 2
    assert connections > 1


@pytest.mark.parametrize(("limit", "kept"), [(256, 32), (1024, RESERVED_FROM_MEMBERS), (65_536, RESERVED_FROM_MEMBERS)])
def test_members_find_room_where_other_callers_are_refused(
    limit: int, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Descriptors, "limit", limit)
    assert Descriptors(RESERVED_FROM_MEMBERS).reserved == kept
    assert Descriptors().reserved == 2 * kept
