"""Access tokens by the client credentials grant (RFC 6749, section 4.4)."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING

import structlog

from cluster.tasks import cancel, spawn
from pacing_node.engagement.exchange import ExchangeError, post
from pacing_node.engagement.headers import retry_after_seconds
from pacing_node.engagement.json_reader import ReplyError, json_type, read_json

if TYPE_CHECKING:
    from pacing_node.engagement.engagement_settings import EngagementSettings
    from pacing_node.engagement.redaction import Redactor
    from pacing_node.http_client.client import Answer, HttpClient

log = structlog.get_logger(__name__)

RETRY_STATUSES = (429, 502, 503, 504)
_LONGEST_REPLY = 1024 * 1024
_DEFAULT_LIFETIME_SECONDS = 600.0  # for a reply that does not say how long its token lives
_LONGEST_MARGIN_SECONDS = 120.0
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")  # visible ASCII, as it goes into a header


class TokenError(Exception):
    """No access token can be had; the message says why, without secrets."""

    def __init__(self, message: str, *, retryable: bool, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_after_seconds = retry_after


class TokenSource:
    """One token for all pushes, renewed in the background before it expires.

    Whoever needs a token while none is valid fetches it; the others wait for that one fetch. In the last fifth of its
    life (two minutes at most) the token is still used while a new one is fetched in the background.
    """

    def __init__(self, client: HttpClient, settings: EngagementSettings, redactor: Redactor) -> None:
        self._client = client
        self._settings = settings
        self._redactor = redactor
        self._auth = (settings.client_id, settings.password.get_secret_value())
        self._token: str | None = None
        self._renew_at = 0.0
        self._expires_at = 0.0
        self._fetching: asyncio.Task[str | TokenError] | None = None

    async def get(self) -> str:
        """A valid token. Raises ``TokenError``."""
        now = time.monotonic()
        if self._token is not None and now < self._expires_at:
            if now >= self._renew_at:
                self._fetch()
            return self._token
        fetched = await asyncio.shield(self._fetch())
        if isinstance(fetched, TokenError):
            raise fetched
        return fetched

    async def headers(self, _body: bytes) -> dict[str, str]:
        """The header that carries the token. Raises ``TokenError``."""
        return {"Authorization": f"Bearer {await self.get()}"}

    def reject(self, headers: dict[str, str]) -> bool:
        """The platform did not take this token: the next call fetches another, unless that has happened already."""
        if headers.get("Authorization") == f"Bearer {self._token}":
            self._token = None
        return True

    async def close(self) -> None:
        """Stop renewing."""
        await cancel(self._fetching)

    def _fetch(self) -> asyncio.Task[str | TokenError]:
        """The fetch in progress, or a new one; it outlives a push that has no more time for it."""
        if self._fetching is None or self._fetching.done():
            self._fetching = spawn("engagement-token", self._fetched(), finite=True)
        return self._fetching

    async def _fetched(self) -> str | TokenError:
        try:
            async with asyncio.timeout(self._settings.token_seconds):
                answer = await post(
                    self._client,
                    self._settings.base_auth_url,
                    headers={"Accept": "application/json"},
                    data={"grant_type": "client_credentials"},
                    basic=self._auth,
                    limit=_LONGEST_REPLY,
                )
            return self._take(answer)
        except TimeoutError:
            failure = TokenError(f"token endpoint: no answer within {self._settings.token_seconds:g} s", retryable=True)
        except ExchangeError as error:
            failure = TokenError(self._redactor.clean(f"token endpoint: {error}"), retryable=error.retryable)
        except TokenError as error:
            failure = error
        self._renew_at = time.monotonic() + self._settings.token_seconds
        log.debug("engagement.no_token", error=str(failure))
        return failure

    def _take(self, answer: Answer) -> str:
        if answer.status != 200:
            credentials = " (are client_id and password right?)" if answer.status in {400, 401, 403} else ""
            raise TokenError(
                f"token endpoint: HTTP {answer.status}{credentials}",
                retryable=answer.status in RETRY_STATUSES,
                retry_after=retry_after_seconds(answer.headers),
            )
        try:
            token, lifetime = read_token(answer.body)
        except ReplyError as error:
            raise TokenError(f"token endpoint: {error}", retryable=False) from None
        now = time.monotonic()
        self._redactor.remember(token)
        self._token = token
        self._expires_at = now + lifetime
        self._renew_at = self._expires_at - min(_LONGEST_MARGIN_SECONDS, lifetime / 5)
        return token


def read_token(body: bytes) -> tuple[str, float]:
    """Token and lifetime in seconds from the endpoint's reply. Raises ``ReplyError``, which never shows the token."""
    document = read_json(body)
    if not isinstance(document, dict):
        raise ReplyError(f"the reply: found {json_type(document)}, expected object")
    token = document.get("access_token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise ReplyError(f"access_token: found {json_type(token)} that is no token, expected string of visible ASCII")
    return token, _lifetime_seconds(document.get("expires_in"))


def _lifetime_seconds(given: object) -> float:
    """The lifetime the endpoint gives, as number or text; ten minutes where it makes no sense."""
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        return _DEFAULT_LIFETIME_SECONDS
    try:
        seconds = float(given)
    except (ValueError, OverflowError):
        return _DEFAULT_LIFETIME_SECONDS
    return seconds if 0 < seconds < 1e9 else _DEFAULT_LIFETIME_SECONDS
