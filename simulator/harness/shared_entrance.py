"""One address for all nodes, each led through lines of its own: for an address that the cluster's options hold.

The options are the same for all nodes, so a webhook's address is too. Who has connected is looked up in the tables of
the kernel (Linux only): the socket at the other end belongs to one of the nodes' processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.harness.connections import Connections
from simulator.harness.line_relay import join

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HOST = "127.0.0.1"
_TABLE = Path("/proc/net/tcp")
_LOCAL, _INODE = 1, 9


class SharedEntrance:
    """Passes each connection on to the port of the node that opened it. Use it as an asynchronous context manager."""

    def __init__(self, ports: Callable[[], Mapping[int, int]]) -> None:
        """``ports`` tells, by the id of each node's process, where its connections lead."""
        self.port = 0
        """Where it listens, once it was entered."""
        self._ports = ports
        self._server: asyncio.Server | None = None
        self._accepted = Connections("entrance.connection", self._serve)

    async def __aenter__(self) -> SharedEntrance:
        self._server = await asyncio.start_server(self._accepted.accept, HOST, 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        await self._accepted.end()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = self._port_of(writer.get_extra_info("peername"))
        if port is not None:
            with contextlib.suppress(OSError):
                await join(reader, writer, *await asyncio.open_connection(HOST, port))

    def _port_of(self, peer: tuple[str, int]) -> int | None:
        inode = _inode(*peer)
        owners = (port for process, port in self._ports().items() if inode and f"socket:[{inode}]" in _files(process))
        return next(owners, None)


def _inode(host: str, port: int) -> str | None:
    """The inode of the socket bound to an address of this machine; None when there is none any more."""
    [address] = struct.unpack("=I", socket.inet_aton(host))
    wanted = f"{address:08X}:{port:04X}"
    rows = (line.split() for line in _TABLE.read_text().splitlines()[1:])
    return next((row[_INODE] for row in rows if row[_LOCAL] == wanted), None)


def _files(process: int) -> set[str]:
    """What a process has open; nothing when it has ended."""
    found = set()
    with contextlib.suppress(OSError):
        for entry in Path(f"/proc/{process}/fd").iterdir():
            with contextlib.suppress(OSError):
                found.add(str(entry.readlink()))
    return found
