"""A line of its own between a node and a server on this machine, which the kernel itself knows: it can be pulled.

A proxy that stops passing bytes on has taken them already. On a pulled cable they stay in the sender's kernel, which
sends them when the cable is back, unless the sender has thrown them away.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from cluster import addresses
from simulator.harness.connections import Connections
from simulator.harness.line_relay import join
from simulator.harness.namespace import Namespace

if TYPE_CHECKING:
    from pathlib import Path


class Cable:
    """Leads from this machine into a namespace, where a relay passes on to the server. Use it from one event loop."""

    def __init__(self, target_port: int, socket: Path) -> None:
        """``socket`` is a path that is free, for the relay's way back."""
        self._target_port = target_port
        self._socket = socket
        self._namespace = Namespace()
        self._stack = AsyncExitStack()
        self.address = ""
        """``host:port`` at the far end, after :meth:`start`."""

    async def start(self) -> str:
        """Lay it; its address. Raises NamespaceError where this machine lets nobody make a namespace."""
        try:
            self._stack.enter_context(self._namespace)
            accepted = Connections("cable.connection", self._serve)
            self._stack.push_async_callback(accepted.end)
            server = await asyncio.start_unix_server(accepted.accept, self._socket)
            self._stack.callback(server.close)
            options = json.dumps({"socket": str(self._socket), "host": self._namespace.inside})
            command = [*self._namespace.prefix, sys.executable, "-m", "simulator.harness.line_relay", options]
            relay = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
            self._stack.push_async_callback(_end, relay)
            assert relay.stdout is not None
            self.address = addresses.join(self._namespace.inside, int(await relay.stdout.readline()))
        except BaseException:
            await self.stop()
            raise
        return self.address

    async def stop(self) -> None:
        """Take it away."""
        await self._stack.aclose()

    def pull(self) -> None:
        """Nothing passes any more, and neither side notices."""
        self._namespace.cut()

    def plug(self) -> None:
        """Everything passes again."""
        self._namespace.mend()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await join(reader, writer, *await asyncio.open_connection("127.0.0.1", self._target_port))


async def _end(relay: asyncio.subprocess.Process) -> None:
    if relay.returncode is None:
        relay.kill()
    await relay.wait()
