"""A TCP proxy that can do what networks do."""

from __future__ import annotations

import asyncio
import contextlib

from tests.support.listening import Listener


class FaultProxy:
    """Forwards to one address until told otherwise."""

    def __init__(self, host: str, port: int, listen_on: str = "127.0.0.1") -> None:
        self._target = (host, port)
        self._listen_on = listen_on
        self._listener = Listener(self._forward)
        self._marker: bytes | None = None
        self.cuts = 0
        """Requests whose answer was cut off."""
        self.silent = False
        """While set, nothing is forwarded in either direction and nobody is told."""
        self.port = 0

    async def __aenter__(self) -> FaultProxy:
        self.port = await self._listener.open(host=self._listen_on)
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._listener.close()

    def cut_before_answer(self, marker: bytes) -> None:
        """Forward the next request that contains ``marker``, then cut the connection without its answer."""
        self._marker = marker

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            upstream, upstream_writer = await asyncio.open_connection(*self._target)
            with contextlib.closing(upstream_writer):
                answering = asyncio.Event()
                answering.set()
                there = asyncio.create_task(self._requests(reader, upstream_writer, answering))
                back = asyncio.create_task(self._answers(upstream, writer, answering))
                try:
                    await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    there.cancel()
                    back.cancel()
                    await asyncio.gather(there, back, return_exceptions=True)

    async def _requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answering: asyncio.Event
    ) -> None:
        while data := await reader.read(65536):
            if self.silent:
                continue
            cut = self._marker is not None and self._marker in data
            if cut:
                self._marker = None
                answering.clear()
            writer.write(data)
            await writer.drain()
            if cut:
                await asyncio.sleep(0.1)
                self.cuts += 1
                return

    async def _answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answering: asyncio.Event
    ) -> None:
        while data := await reader.read(65536):
            if self.silent or not answering.is_set():
                continue
            writer.write(data)
            await writer.drain()
