"""A forward proxy over real sockets: absolute addresses for HTTP, CONNECT for HTTPS, Basic credentials when asked."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.support.listening import listening


class Proxy:
    def __init__(self, credentials=None):
        self.credentials = credentials
        self.seen = []
        self.port = 0

    def allowed(self, head):
        if self.credentials is None:
            return True
        expected = "Basic " + base64.b64encode(self.credentials.encode()).decode()
        return f"proxy-authorization: {expected}".lower() in head.lower()

    async def connected(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, where, _ = head.split("\r\n")[0].split(" ")
            self.seen.append((method, where))
            if not self.allowed(head):
                writer.write(
                    b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )
                await writer.drain()
            elif method == "CONNECT":
                host, port = where.rsplit(":", 1)
                await self.relay(reader, writer, host, int(port), b"", b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                parts = urlsplit(where)
                path = parts.path or "/"
                _, rest = head.split("\r\n", 1)
                rest = "\r\n".join(
                    line for line in rest.split("\r\n") if not line.lower().startswith(("proxy-", "connection:"))
                )
                ask = f"{method} {path} HTTP/1.1\r\nConnection: close\r\n{rest}".encode("latin-1")
                await self.relay(reader, writer, parts.hostname, parts.port, ask, b"")
        await closed(writer)

    async def relay(self, reader, writer, host, port, ask, greeting):
        far_reader, far_writer = await asyncio.open_connection(host, port)
        far_writer.write(ask)
        writer.write(greeting)

        async def pump(source, sink):
            with contextlib.suppress(ConnectionError):
                while data := await source.read(65536):
                    sink.write(data)
                    await sink.drain()
            await closed(sink)

        outward = asyncio.create_task(pump(reader, far_writer))
        try:
            await pump(far_reader, writer)
        finally:
            far_writer.transport.abort()
            outward.cancel()
            await asyncio.gather(outward, return_exceptions=True)


async def closed(writer):
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


@asynccontextmanager
async def proxy_running(credentials=None):
    proxy = Proxy(credentials)
    async with listening(proxy.connected) as server:
        proxy.port = server.port
        yield proxy
