"""One exchange with the platform: a request out, a bounded answer in, every failure one of a few kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pacing_node.http_client.request_failures import (
    NEVER_SENT,
    PROXY_FAILURES,
    REQUEST_FAILURES,
    UnreadableAnswerError,
    described,
    distrusted,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pacing_node.http_client.client import Answer, HttpClient


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


async def post(client: HttpClient, url: str, *, headers: Mapping[str, str], limit: int, **parts: Any) -> Answer:
    """POST and read the whole answer, at most ``limit`` bytes of it unpacked. Raises only ``ExchangeError``.

    ``parts`` are the others of :meth:`HttpClient.request`.
    """
    return await _exchange(client, "POST", url, headers=headers, most_bytes=limit, **parts)


async def get(client: HttpClient, url: str, *, headers: Mapping[str, str], limit: int) -> Answer:
    """GET, as :func:`post`."""
    return await _exchange(client, "GET", url, headers=headers, most_bytes=limit)


async def _exchange(client: HttpClient, method: str, url: str, **parts: Any) -> Answer:
    try:
        return await client.request(method, url, **parts)
    except UnreadableAnswerError as error:
        raise UnreadableError(str(error)) from None
    except NEVER_SENT as error:
        raise UnsendableError(described(error)) from None
    except PROXY_FAILURES as error:
        refused = UnsendableError if "407" in str(error) else ExchangeError
        raise refused(f"forward proxy: {described(error)}") from None
    except REQUEST_FAILURES as error:
        kind = UnsendableError if distrusted(error) else ExchangeError
        raise kind(described(error)) from None
