"""How a request over HTTP can fail. Other packages name these and know nothing of the library below."""

from __future__ import annotations

import ssl

import httpx


class UnreadableAnswerError(ValueError):
    """An answer came whose body is too long, or packed in a way that is not taken, or damaged."""


REQUEST_FAILURES = (httpx.HTTPError, httpx.InvalidURL, OSError)
"""What a request raises when there is no complete answer; ``TimeoutError`` is one of them."""
NEVER_SENT = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL)
"""Failures of requests that cannot be sent like this, now or later."""
CONNECT_FAILURES = (httpx.ConnectError,)
"""Failures of requests for which no connection could be opened."""
PROXY_FAILURES = (httpx.ProxyError,)
"""Failures of the forward proxy on the way."""
BROKEN_PROTOCOL = (httpx.RemoteProtocolError,)
"""The other side speaks something else than HTTP."""


def distrusted(error: BaseException) -> bool:
    """Whether the server's certificate was not accepted, which another attempt will not change."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def described(error: BaseException) -> str:
    """A failure in one line: its kind, and what it says."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
