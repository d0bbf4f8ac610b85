"""One HTTP exchange: a request out, a bounded answer in, every failure one of a few kinds."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractAsyncContextManager


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer."""

    status: int
    headers: httpx.Headers
    body: bytes


class ExchangeError(Exception):
    """There is no complete answer; whether the platform acted on the request is unknown."""

    retryable = True


class UnsendableError(ExchangeError):
    """The request cannot be sent like this, now or later."""

    retryable = False


class UnreadableError(ExchangeError):
    """An answer came whose body is too long or damaged in its encoding."""

    retryable = False


class LateError(ExchangeError):
    """The time of the request was over before it was sent."""

    retryable = False


_NEVER = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL, httpx.TooManyRedirects)


async def post(
    client: httpx.AsyncClient,
    url: str,
    *,
    headers: Mapping[str, str],
    limit: int,
    content: bytes | None = None,
    form: Mapping[str, str] | None = None,
    auth: httpx.Auth | None = None,
    extensions: Mapping[str, Any] | None = None,
) -> Answer:
    """POST and read the whole answer, at most ``limit`` bytes of it unpacked. Raises only ``ExchangeError``."""
    request = client.stream(
        "POST", url, content=content, data=form, headers=headers, auth=auth, extensions=dict(extensions or {})
    )
    return await _exchange(request, limit)


async def get(client: httpx.AsyncClient, url: str, *, headers: Mapping[str, str], limit: int) -> Answer:
    """GET, as :func:`post`."""
    return await _exchange(client.stream("GET", url, headers=headers), limit)


async def _exchange(request: AbstractAsyncContextManager[httpx.Response], limit: int) -> Answer:
    try:
        async with request as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > limit:
                    raise UnreadableError(f"the reply is longer than {limit} bytes")
            return Answer(response.status_code, response.headers, bytes(body))
    except httpx.DecodingError as error:
        raise UnreadableError(f"the reply cannot be unpacked: {error}") from None
    except _NEVER as error:
        raise UnsendableError(_described(error)) from None
    except httpx.ProxyError as error:
        refused = UnsendableError if "407" in str(error) else ExchangeError
        raise refused(f"forward proxy: {_described(error)}") from None
    except (httpx.HTTPError, OSError) as error:
        kind = UnsendableError if _distrusted(error) else ExchangeError
        raise kind(_described(error)) from None


def _distrusted(error: BaseException) -> bool:
    """Whether the server's certificate was not accepted, which another attempt will not change."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _described(error: Exception) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
