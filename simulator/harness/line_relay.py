"""The far end of a cable: ``python -m simulator.harness.line_relay JSON``, to be run inside a network namespace.

It listens at ``host``, prints the port, and passes connections on to ``socket``, a Unix socket: files are the same
inside and outside of a namespace, and no line leads to them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys


async def main() -> None:
    """Relay until killed."""
    options = json.loads(sys.argv[1])

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await join(reader, writer, *await asyncio.open_unix_connection(options["socket"]))

    server = await asyncio.start_server(accepted, options["host"], 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


async def join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    far_reader: asyncio.StreamReader,
    far_writer: asyncio.StreamWriter,
) -> None:
    """Pass bytes on both ways until one side ends; then neither stays open."""
    ways = [asyncio.ensure_future(pump(reader, far_writer)), asyncio.ensure_future(pump(far_reader, writer))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for each in (writer, far_writer):
            each.transport.abort()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on in one direction until its end."""
    with contextlib.suppress(OSError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()


if __name__ == "__main__":
    asyncio.run(main())
