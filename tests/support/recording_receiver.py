"""A receiver that takes every push and writes down its sequence: `python -m tests.support.recording_receiver JSON`.

A program of its own, so that it can run inside a network namespace. With ``certificate`` it speaks TLS. It also listens
as a forward proxy that knows nothing but CONNECT. One JSON object a line on standard output: first the ports, then one
``{"sequence": …}`` for each push that arrived whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import sys


def say(**what: int) -> None:
    print(json.dumps(what), flush=True)


async def take_pushes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, OSError):
        while head := (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower():
            fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
            await reader.readexactly(int(fields.get("content-length", 0)))
            if "pacing-sequence" in fields:
                say(sequence=int(fields["pacing-sequence"]))
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    writer.close()


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        host, port = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode().rsplit(":", 1)
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
    writer.close()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.close()


async def main() -> None:
    options = json.loads(sys.argv[1])
    context = None
    if options["certificate"] is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options["certificate"])
    receiver = await asyncio.start_server(take_pushes, options["host"], 0, ssl=context)
    proxy = await asyncio.start_server(relay, options["host"], 0)
    say(port=receiver.sockets[0].getsockname()[1], proxy=proxy.sockets[0].getsockname()[1])
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
