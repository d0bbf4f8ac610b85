"""Bodies of answers, read and unpacked in bounded steps: no server decides how much memory or time one answer takes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from isal import isal_zlib

from cluster.outside_text import one_line
from pacing_node.http_client.request_failures import UnreadableAnswerError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    import httpx

STEP_BYTES = 64 * 1024
"""Most bytes that are unpacked at a time."""
STEPS_AT_ONCE = 16
"""Steps after which everything else on the event loop has its turn."""
MOST_SMALL_CHUNKS = 4096
"""Chunks of a body that may be of any size."""
LEAST_CHUNK_BYTES = 64
"""What chunks beyond those must have on average: each costs some 50 microseconds whatever its size."""
DAMAGED: type[Exception] = isal_zlib.error  # type: ignore[assignment] # a class, whatever the library's types say
"""What is raised for bytes that cannot be unpacked."""
_GZIP = isal_zlib.MAX_WBITS | 16
_GZIP_NAMES = frozenset({"gzip", "x-gzip"})
_SHOWN = 60


def packed(body: bytes) -> bytes:
    """A body as gzip. The lowest levels of this library are a fifth as dear as zlib's, and pack as well."""
    return isal_zlib.compress(body, 1, _GZIP)


async def read_body(response: httpx.Response, most_bytes: int) -> bytes:
    """The whole body of an answer, unpacked.

    Raises UnreadableAnswerError when it is longer than ``most_bytes``, packed in any way but gzip once, or damaged.
    """
    unpacker = Unpacker(response.headers)
    body, steps = bytearray(), 0
    async for chunk in _chunks(response):
        for piece in unpacker.pieces(chunk):
            body += piece
            if len(body) > most_bytes:
                raise UnreadableAnswerError(f"the reply is longer than {most_bytes} bytes")
            steps += 1
            if steps % STEPS_AT_ONCE == 0:
                await asyncio.sleep(0)
    unpacker.end()
    return bytes(body)


async def read_lines(response: httpx.Response, most_bytes: int) -> AsyncIterator[str]:
    """The lines of a body that goes on, without their line breaks, as they come.

    Raises UnreadableAnswerError when a line is longer than ``most_bytes``, or for a body that is packed or no UTF-8.
    """
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise UnreadableAnswerError("the stream is packed, though it was asked for as it is")
    waiting = b""
    async for chunk in response.aiter_raw():
        *lines, waiting = (waiting + chunk).split(b"\n")
        for line in (*lines, waiting):
            if len(line) > most_bytes:
                raise UnreadableAnswerError(f"a line of the stream is longer than {most_bytes} bytes")
        for line in lines:
            try:
                yield line.decode().removesuffix("\r")
            except UnicodeDecodeError:
                raise UnreadableAnswerError("the stream is no UTF-8") from None


async def read_beginning(response: httpx.Response, most_bytes: int) -> bytes:
    """The first ``most_bytes`` of a body, of which only people read more; empty when it cannot be unpacked."""
    body = bytearray()
    try:
        unpacker = Unpacker(response.headers)
        async for chunk in _chunks(response):
            for piece in unpacker.pieces(chunk):
                body += piece
                if len(body) >= most_bytes:
                    return bytes(body[:most_bytes])
    except UnreadableAnswerError:
        return b""
    return bytes(body)


async def _chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body as it comes. Raises UnreadableAnswerError when its chunks are too many for what is in them.

    A server that sends a byte in each chunk, 64 KiB of them at once, would have ten thousand read in a row.
    """
    number = received = 0
    async for chunk in response.aiter_raw():
        number, received = number + 1, received + len(chunk)
        if number > MOST_SMALL_CHUNKS and received < number * LEAST_CHUNK_BYTES:
            message = f"the reply comes in chunks of {received / number:.1f} bytes on average after {number}"
            raise UnreadableAnswerError(f"{message}; allowed: {LEAST_CHUNK_BYTES}")
        if number % STEPS_AT_ONCE == 0:
            await asyncio.sleep(0)
        yield chunk


class Unpacker:
    """Takes the coding off one body: none, or gzip once."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        """Raises UnreadableAnswerError for any other coding."""
        packed = _is_gzip(headers.get("content-encoding", ""))
        self._gzip = isal_zlib.decompressobj(_GZIP) if packed else None
        self._begun = False

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """The chunk unpacked, at most ``STEP_BYTES`` at a time; nothing is unpacked that nobody takes.

        Raises UnreadableAnswerError when it is damaged.
        """
        if self._gzip is None:
            yield chunk
            return
        self._begun = True
        more = bool(chunk)
        while more:
            if self._gzip.eof:
                raise UnreadableAnswerError("the reply cannot be unpacked: something follows its end")
            try:
                piece = self._gzip.decompress(chunk, STEP_BYTES)
            except DAMAGED as error:
                raise UnreadableAnswerError(f"the reply cannot be unpacked: {error}") from None
            chunk = self._gzip.unconsumed_tail or self._gzip.unused_data
            # A full step can leave more inside, of a chunk that is used up.
            more = bool(chunk) or (len(piece) == STEP_BYTES and not self._gzip.eof)
            yield piece

    def end(self) -> None:
        """The body has ended. Raises UnreadableAnswerError when it should go on."""
        if self._gzip is not None and self._begun and not self._gzip.eof:
            raise UnreadableAnswerError("the reply cannot be unpacked: it ends too early")


def _is_gzip(header: str) -> bool:
    """Whether the body is gzip; False without a coding. Raises UnreadableAnswerError for anything else."""
    codings = [each.strip().lower() for each in header.split(",")]
    codings = [each for each in codings if each not in {"", "identity"}]
    if not codings:
        return False
    if len(codings) == 1 and codings[0] in _GZIP_NAMES:
        return True
    raise UnreadableAnswerError(
        f"the reply cannot be unpacked: found Content-Encoding {one_line(header, _SHOWN)!r}, allowed: gzip or none"
    )
