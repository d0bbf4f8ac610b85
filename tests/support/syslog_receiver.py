"""A syslog server for tests."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.listening import listening
from tests.support.waiting import until


class SyslogReceiver:
    """A syslog server: reads frames, counts connections."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.connections = 0
        self.hang_up_after: int | None = None
        self.hung_up = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                length = int(await reader.readuntil(b" "))
                self.texts.append((await reader.readexactly(length)).decode())
                if self.hang_up_after is not None and len(self.texts) >= self.hang_up_after:
                    self.hang_up_after = None
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.hung_up = True

    @asynccontextmanager
    async def listen(self, port: int = 0, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
        async with listening(self.serve, port, tls=tls) as server:
            yield server.port

    async def wait(self, count: int) -> None:
        await until(lambda: len(self.texts) >= count)
