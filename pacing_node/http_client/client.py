"""The one HTTP client of this service: it hands out whole answers, read within bounds, and nothing to read from."""

from __future__ import annotations

import asyncio
import http.cookiejar
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import httpx

from pacing_node.http_client.bodies import read_beginning, read_body, read_lines
from pacing_node.http_client.interim_answers import bounded

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Mapping
    from types import TracebackType


MOST_COOKIES = 50
"""A server that sets more loses all of them: each answer could add some, and every request carries them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer."""

    status: int
    headers: Mapping[str, str]
    """By name; case does not matter."""
    body: bytes

    @property
    def good(self) -> bool:
        """Whether the server did what it was asked."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """What holds for every request of a client."""

    most_bytes: int
    """Longest body of an answer, unpacked."""
    answer_seconds: float | None
    """Longest time for one exchange, from its beginning to the last byte of the answer; None where a caller bounds
    every exchange himself."""
    connect_seconds: float | None = None
    """Longest time for opening a connection; None: no time of its own."""
    connections: int = 20
    """Most connections at once."""
    keepalive_seconds: float = 5.0
    """How long an idle connection is kept."""
    gzip: bool = False
    """Ask for answers in gzip; without it for none that are packed."""
    cookies: bool = False
    """Keep the cookies of the server, for one that spreads its sessions by them."""


class StreamRefusedError(Exception):
    """There is an answer instead of a stream."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"the answer has the status {answer.status}")
        self.answer = answer


class HttpClient:
    """Requests to a server. Redirects are answers like any other, and no environment variable has a say.

    Nobody gets at a response before it was read: that is how no caller can forget a bound.
    """

    def __init__(
        self,
        settings: ClientSettings,
        *,
        headers: Mapping[str, str] | None = None,
        basic: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        transports: Mapping[str, httpx.AsyncBaseTransport | None] | None = None,
    ) -> None:
        """``basic`` are user and password.

        ``tls`` is for https, the well-known authorities without it; ``transports``, by pattern of addresses, are ways
        of their own (as httpx's ``mounts``).
        """
        self._settings = settings
        coding = "gzip" if settings.gzip else "identity"
        limits = httpx.Limits(
            max_connections=settings.connections,
            max_keepalive_connections=settings.connections,
            keepalive_expiry=settings.keepalive_seconds,
        )
        context = tls if tls is not None else public_authorities()
        for way in set((transports or {}).values()):
            if isinstance(way, httpx.AsyncHTTPTransport):
                bounded(way)
        self._client = httpx.AsyncClient(
            headers={"Accept-Encoding": coding, **(headers or {})},
            auth=basic,
            transport=bounded(httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits)),
            mounts=transports,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(settings.answer_seconds, connect=settings.connect_seconds or settings.answer_seconds),
        )
        if not settings.cookies:
            self._client.cookies.jar.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))

    async def __aenter__(self) -> HttpClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def request(
        self,
        method: str,
        url: str,
        *,
        most_bytes: int | None = None,
        cut: bool = False,
        basic: tuple[str, str] | None = None,
        **parts: Any,
    ) -> Answer:
        """Send a request and read the whole answer.

        Args:
            method: GET, POST and so on.
            url: whole address.
            most_bytes: longest body, if not that of the settings.
            cut: read a longer body as far as that, for callers to whom only the status matters.
            basic: user and password, if not those of the client.
            parts: ``headers``, ``params``, ``content``, ``data`` (a form), ``json``, ``extensions``, as in httpx.

        Raises:
            UnreadableAnswerError: there is an answer, and its body is too long or cannot be unpacked.
            REQUEST_FAILURES: there is no complete answer; TimeoutError when the time was over.
        """
        limit = self._settings.most_bytes if most_bytes is None else most_bytes
        if basic is not None:
            parts["auth"] = httpx.BasicAuth(*basic)
        async with (
            asyncio.timeout(self._settings.answer_seconds),
            self._client.stream(method, url, **parts) as response,
        ):
            body = await (read_beginning if cut else read_body)(response, limit)
        if len(self._client.cookies.jar) > MOST_COOKIES:
            self._client.cookies.clear()
        return Answer(response.status_code, response.headers, body)

    async def lines(
        self, url: str, *, most_bytes: int, silent_seconds: float, headers: Mapping[str, str]
    ) -> AsyncGenerator[str, None]:
        """The lines of an answer that goes on, until the server ends it.

        Args:
            url: whole address.
            most_bytes: longest line, and longest body of a refusal.
            silent_seconds: the stream counts as broken when nothing has come for so long.
            headers: of the request.

        Raises:
            StreamRefusedError: the status of the answer is not 200.
            UnreadableAnswerError: a line is too long.
            REQUEST_FAILURES: there is no answer, or the stream broke.
        """
        times = httpx.Timeout(self._settings.answer_seconds, read=silent_seconds)
        async with self._client.stream("GET", url, headers=dict(headers), timeout=times) as response:
            if response.status_code != httpx.codes.OK:
                raise StreamRefusedError(
                    Answer(response.status_code, response.headers, await read_body(response, most_bytes))
                )
            async for line in read_lines(response, most_bytes):
                yield line

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


@lru_cache(maxsize=1)
def public_authorities() -> ssl.SSLContext:
    """TLS that trusts the well-known authorities; made once, for it takes a while."""
    return httpx.create_ssl_context()


def ask_once(method: str, url: str, settings: ClientSettings, **more: Any) -> Answer:
    """One request over a connection of its own, for callers outside of an event loop.

    ``more`` are ``basic`` and ``tls`` of the client and the parts of the request. Raises what
    :meth:`HttpClient.request` raises.
    """
    own = {name: more.pop(name) for name in ("basic", "tls") if name in more}

    async def ask() -> Answer:
        async with HttpClient(settings, **own) as client:
            return await client.request(method, url, **more)

    return asyncio.run(ask())
