"""A bound on the interim answers (status 1xx) before an answer: the library reads any number of them.

An interim answer takes 25 bytes of the sender and a tenth of a millisecond of the event loop, and a server may send as
many as it likes: thousands in each piece that is read. The rest of an answer's head is bounded by the library, its body
by :mod:`bodies`.
"""

from __future__ import annotations

import re
import select
from typing import TYPE_CHECKING, Any

import httpcore

from pacing_node.http_client.head_answers import HeadAnswer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

    import httpx

MOST_INTERIM_ANSWERS = 20
"""In one answer; a server that is well sends one or none."""
_INTERIM = re.compile(rb"HTTP/[0-9]\.[0-9] +1[0-9][0-9]")


def bounded(transport: httpx.AsyncHTTPTransport) -> httpx.AsyncHTTPTransport:
    """The transport, on connections that read so many interim answers of one request."""
    # httpx hands no network backend through to the pool it makes. The public way, a transport over a pool of httpcore,
    # would be a copy of its own: proxies, limits, streams, and the table of exceptions, which is not public either.
    pool: Any = transport._pool  # noqa: SLF001
    pool._network_backend = _Backend(pool._network_backend)  # noqa: SLF001
    return transport


class _Stream(httpcore.AsyncNetworkStream):
    """Counts from one request to the next. A body that holds the same words counts too: no JSON does so often."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._interim = 0
        self._socket: Any = None
        self._head_answer = HeadAnswer()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's
        data = await self._stream.read(max_bytes, timeout)
        self._interim += sum(1 for _ in _INTERIM.finditer(data))
        if self._interim > MOST_INTERIM_ANSWERS:
            message = f"more than {MOST_INTERIM_ANSWERS} interim answers"
            raise httpcore.RemoteProtocolError(message)
        self._head_answer.read(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        self._interim = 0
        self._head_answer.wrote(buffer)
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        # By this the pool finds out that an idle connection is of no more use, and closes it.
        if info == "is_readable":
            return self._head_answer.body_follows or self._is_readable()
        return self._stream.get_extra_info(info)

    def _is_readable(self) -> bool:
        """Whether something can be read, or the end of the connection.

        The pool asks every connection at the begin and end of every request, and the library below collects all it
        knows of a connection each time.
        """
        if self._socket is None:
            self._socket = self._stream.get_extra_info("socket")
        descriptor = self._socket.fileno() if self._socket is not None else -1
        if descriptor < 0:
            return True
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(0))


class _Backend(httpcore.AsyncNetworkBackend):
    def __init__(self, backend: httpcore.AsyncNetworkBackend) -> None:
        self._backend = backend

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._backend.connect_tcp(host, port, timeout, local_address, socket_options))

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._backend.connect_unix_socket(path, timeout, socket_options))

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)
