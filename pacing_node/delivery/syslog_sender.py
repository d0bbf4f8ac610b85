"""Sends syslog messages to one of a pair of receivers over TCP, TLS or UDP.

Syslog has no acknowledgement. Over TCP and TLS a message counts as sent when the receiver's kernel has confirmed every
byte of it; what a receiver had not read when it crashed is lost. Over UDP a message counts as sent unless the network
says at once that nobody listens.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import struct
import termios
from typing import TYPE_CHECKING, Literal, Protocol

from pacing_node.delivery.outbox import DeliveryError
from pacing_node.delivery.syslog import MOST_BYTES_DATAGRAM, MOST_BYTES_STREAM, frame, render

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Sequence

    from pacing_node.delivery.syslog import SyslogMessage

Transport = Literal["tcp", "tls", "udp"]

TIMEOUT_SECONDS = 5.0
"""Longest time for connecting, and for one batch."""
_CONFIRM_STEP_SECONDS = 0.01
_REFUSAL_SECONDS = 0.05
"""How long to listen for the network's word that nobody listens on a UDP port."""


class _Line(Protocol):
    """An open way to one receiver."""

    async def send(self, messages: Sequence[SyslogMessage]) -> None:
        """Send a batch. Raises OSError or TimeoutError."""
        ...

    async def close(self) -> None:
        """Close it."""
        ...


class SyslogSender:
    """Keeps a line to the first receiver that answers, and stays with it until it fails."""

    def __init__(
        self,
        addresses: Sequence[tuple[str, int]],
        transport: Transport = "tcp",
        tls: ssl.SSLContext | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """Addresses are host and port, the primary first; ``tls`` is needed for that transport."""
        self._addresses = tuple(addresses)
        self._transport = transport
        self._tls = tls
        self._timeout_seconds = timeout_seconds
        self._line: _Line | None = None

    async def deliver(self, messages: Sequence[SyslogMessage]) -> None:
        """Send a batch. Raises DeliveryError when no receiver took it."""
        reasons = []
        for address in self._addresses:
            try:
                async with asyncio.timeout(self._timeout_seconds):
                    if self._line is None:
                        self._line = await self._open(*address)
                    await self._line.send(messages)
            except (OSError, TimeoutError) as error:
                reason = str(error) or "no answer in time"
                reasons.append(f"{address[0]}:{address[1]}: {reason}")
                await self.close()
            else:
                return
        raise DeliveryError("; ".join(reasons))

    async def close(self) -> None:
        """Close the line, if there is one."""
        line, self._line = self._line, None
        if line is not None:
            await line.close()

    async def _open(self, host: str, port: int) -> _Line:
        if self._transport == "udp":
            return await _DatagramLine.open(host, port)
        return await _StreamLine.open(host, port, self._tls if self._transport == "tls" else None)


class _StreamLine:
    """A TCP or TLS connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, host: str, port: int, tls: ssl.SSLContext | None) -> _StreamLine:
        """Connect. Raises OSError."""
        return cls(*await asyncio.open_connection(host, port, ssl=tls, server_hostname=host if tls else None))

    async def send(self, messages: Sequence[SyslogMessage]) -> None:
        """Write a batch and wait until the other side's kernel has it."""
        for message in messages:
            self._writer.write(frame(render(message, MOST_BYTES_STREAM)))
        await self._writer.drain()
        transport = self._writer.transport
        connected: socket.socket = self._writer.get_extra_info("socket")
        # Looked at first: a connection that is closed has nothing unconfirmed, and nothing delivered.
        self._check()
        while transport.get_write_buffer_size() or _unconfirmed_bytes(connected):
            await asyncio.sleep(_CONFIRM_STEP_SECONDS)
            self._check()

    def _check(self) -> None:
        """Raise when the receiver has hung up: it never sends anything, so any end of its side is the end."""
        if self._reader.at_eof() or self._writer.transport.is_closing():
            raise ConnectionResetError("the receiver closed the connection")
        if (failure := self._reader.exception()) is not None:
            raise OSError(str(failure)) from failure

    async def close(self) -> None:
        """Close the connection without waiting for a receiver that hangs."""
        transport = self._writer.transport
        if not transport.get_write_buffer_size():
            self._writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(0.5):
                    await self._writer.wait_closed()
        transport.abort()
        await asyncio.sleep(0)


def _unconfirmed_bytes(connected: socket.socket) -> int:
    """Bytes in the socket's send queue that the other side has not confirmed (SIOCOUTQ of Linux)."""
    answer = fcntl.ioctl(connected.fileno(), termios.TIOCOUTQ, b"\0" * 4)
    return int(struct.unpack("i", answer)[0])


class _DatagramLine(asyncio.DatagramProtocol):
    """A connected UDP socket."""

    def __init__(self) -> None:
        self._transport: asyncio.DatagramTransport | None = None
        self._refusal: Exception | None = None

    @classmethod
    async def open(cls, host: str, port: int) -> _DatagramLine:
        """Resolve the host. Raises OSError."""
        line = cls()
        loop = asyncio.get_running_loop()
        line._transport, _ = await loop.create_datagram_endpoint(lambda: line, remote_addr=(host, port))
        return line

    def error_received(self, exc: Exception) -> None:
        """Called when the network refused an earlier datagram."""
        self._refusal = exc

    async def send(self, messages: Sequence[SyslogMessage]) -> None:
        """Send each message as one datagram. Raises OSError when the network refuses one at once."""
        assert self._transport is not None
        for message in messages:
            self._transport.sendto(render(message, MOST_BYTES_DATAGRAM))
        await asyncio.sleep(_REFUSAL_SECONDS)
        refusal, self._refusal = self._refusal, None
        if refusal is not None:
            raise OSError(str(refusal)) from refusal

    async def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()
