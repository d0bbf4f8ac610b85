"""Everything that belongs to one version of the settings: HTTP client, authority, secrets to mask."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, TypeVar

import httpx

from pacing_node.engagement.engagement_settings import EngagementSettingsError
from pacing_node.engagement.redaction import Redactor
from pacing_node.engagement.transport import PushTransport
from pacing_node.http_client.client import ClientSettings, HttpClient, public_authorities
from pacing_node.runtime.pools import PUSHES

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from cluster.token import Token
    from pacing_node.engagement.dialect import Dialect, PlatformAuthority, PushSettings
    from pacing_node.engagement.engagement_settings import ProxySettings
    from pacing_node.engagement.precondition import Precondition

Result = TypeVar("Result")

MOST_AT_ONCE = 1000
"""Targets whose documents are written or read in four milliseconds or less."""
CONNECT_SECONDS = 3.0


class PlatformConnection:
    """A client with its pool; closes itself when it is retired and its last user has left."""

    def __init__(
        self,
        settings: PushSettings,
        dialect: Dialect,
        authority: Callable[[HttpClient, Redactor], PlatformAuthority],
        precondition: Precondition | None = None,
    ) -> None:
        """With ``precondition`` every push over it is a conditional write.

        Raises ``EngagementSettingsError`` when the certificates of the settings cannot be read.
        """
        self.settings = settings
        self.dialect = dialect
        self.precondition = precondition
        self.redactor = Redactor(settings.secrets)
        self.client = build_client(settings)
        self.authority = authority(self.client, self.redactor)
        self.newest: Token | None = None
        """Of the newest push over it, if it was accepted whole by a platform that takes partial pushes; else None."""
        self._takes_gzip: bool | None = None
        self._users = 0
        self._retired = False
        self._aside = asyncio.Lock()

    async def __aenter__(self) -> PlatformConnection:
        self._users += 1
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._users -= 1
        if self._retired and self._users == 0:
            await self._close()

    async def aside(self, work: Callable[[], Result], size: int) -> Result:
        """The result of work on so many targets: at once, or in another thread where the event loop would feel it.

        One piece at a time: several threads that calculate would only keep the interpreter from the event loop. Small
        pieces stay, for on a busy machine going to a thread and back takes longer than they do.
        """
        return work() if size <= MOST_AT_ONCE else await self.in_thread(work)

    async def in_thread(self, work: Callable[[], Result]) -> Result:
        """The result of work that the event loop must not feel, of whatever size."""
        async with self._aside:
            return await PUSHES.run(work)

    @property
    def packs(self) -> bool:
        """Whether requests go in gzip: always by the settings, else once the platform says that it takes them."""
        return self.settings.compress or bool(self._takes_gzip)

    def told_gzip(self) -> None:
        """The platform says that it takes requests in gzip; what it has refused once is not tried again."""
        if self._takes_gzip is None:
            self._takes_gzip = True

    def refused_gzip(self) -> bool:
        """The platform takes no request like this; whether that one was packed by its own word alone."""
        if self.settings.compress or self._takes_gzip is None:
            return False
        self._takes_gzip = False
        return True

    def why_no_partial(self, token: Token, prev: int, targets: int) -> str:
        """Why a partial push on the state of ``prev`` cannot be sent over this connection; empty when it can."""
        newest, most = self.newest, self.settings.max_entities_per_request
        if newest is None or (newest.cluster_id, newest.epoch, newest.sequence) != (
            token.cluster_id,
            token.epoch,
            prev,
        ):
            return "the platform is not known to be in the state that is to be changed, or to take partial pushes"
        return f"{targets} targets do not fit into one request of {most}" if targets > most else ""

    async def retire(self) -> None:
        """Take no new users; close now, or when the last one leaves."""
        self._retired = True
        if self._users == 0:
            await self._close()

    async def _close(self) -> None:
        await self.authority.close()
        await self.client.close()


def build_client(settings: PushSettings) -> HttpClient:
    """A client whose connections deliver nothing late.

    It has no time-outs of its own but one for connecting: the push's deadline bounds everything, and a lost connection
    attempt should leave time for another. A connection that is closed delivers nothing any more, also through a proxy.
    """
    context = _trust(settings.ca_file)
    proxy = _proxy(settings.proxy, context)
    direct = _transport(settings, context)
    ways: dict[str, httpx.AsyncBaseTransport | None] = {"all://": direct}
    if proxy is not None:
        ways = {"all://": _transport(settings, context, proxy), **dict.fromkeys(_direct(settings.proxy), direct)}
    limits = ClientSettings(settings.max_reply_bytes, answer_seconds=None, connect_seconds=CONNECT_SECONDS, gzip=True)
    return HttpClient(limits, tls=context, transports=ways)


def _transport(settings: PushSettings, context: ssl.SSLContext, proxy: httpx.Proxy | None = None) -> PushTransport:
    most = settings.max_concurrent_requests + 2
    limits = httpx.Limits(
        max_connections=most, max_keepalive_connections=most, keepalive_expiry=settings.keepalive_seconds
    )
    return PushTransport(context, limits, proxy=proxy, unacknowledged_seconds=settings.unacknowledged_seconds)


def _trust(ca_file: str | None) -> ssl.SSLContext:
    if ca_file is None:
        return public_authorities()
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise EngagementSettingsError(f"ca_file: {ca_file}: {error.strerror or error}") from None


def _proxy(settings: ProxySettings | None, context: ssl.SSLContext) -> httpx.Proxy | None:
    if settings is None or "*" in settings.no_proxy:
        return None
    password = settings.password.get_secret_value() if settings.password is not None else ""
    return httpx.Proxy(
        settings.url,
        auth=(settings.user, password) if settings.user is not None else None,
        ssl_context=context if settings.url.startswith("https:") else None,
    )


def _direct(settings: ProxySettings | None) -> list[str]:
    """Patterns of hosts that are reached without the proxy."""
    hosts = settings.no_proxy if settings is not None else ()
    return [f"all://*{host}" if host.startswith(".") else f"all://{host}" for host in hosts]
