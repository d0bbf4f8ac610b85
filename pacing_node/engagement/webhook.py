"""The ``webhook`` platform: any receiver that implements this project's own call."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pacing_node.engagement.connection import PlatformConnection
from pacing_node.engagement.engagement_settings import EngagementSettingsError, ProxySettings, check_url
from pacing_node.engagement.precondition import Precondition
from pacing_node.engagement.webhook_mapping import WebhookDialect

if TYPE_CHECKING:
    from pydantic import SecretStr

    from pacing_node.engagement.redaction import Redactor
    from pacing_node.http_client.client import HttpClient


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Settings of the ``webhook`` adapter."""

    push_url: str
    """Address pushes are posted to."""
    bearer_token: SecretStr | None = None
    """Sent as ``Authorization: Bearer …``; None sends no such header."""
    signing_key: SecretStr | None = None
    """Key of ``Pacing-Signature: sha256=…``, the HMAC-SHA256 of the body as sent, in hexadecimal. None: none."""
    max_entities_per_request: int = 1000
    """Most targets in one request; more are sent in several requests, parts of one push."""
    max_concurrent_requests: int = 8
    """Most requests of one push in flight at once."""
    max_reply_bytes: int = 8 * 1024 * 1024
    """A longer reply, unpacked, is refused: twice what 10,000 targets in one request are answered with."""
    compress: bool = False
    """Send request bodies with gzip; only for a receiver that takes them. The signature is over what is sent."""
    conditional: bool = False
    """Make every push a conditional write (``If-Match``): for a receiver that checks no tokens and gives ETags."""
    keepalive_seconds: float = 90.0
    """Idle connections are kept this long: above the refresh period."""
    unacknowledged_seconds: float | None = None
    """A connection whose bytes the other side has not acknowledged for so long is given up by the kernel, so that a
    push of a frozen process is not delivered later: the push budget. None leaves it to the kernel: minutes."""
    proxy: ProxySettings | None = None
    ca_file: str | None = None
    """Certificates that are trusted instead of the well-known ones, PEM."""

    def __post_init__(self) -> None:
        check_url("push_url", self.push_url)
        for name in ("max_entities_per_request", "max_concurrent_requests", "max_reply_bytes"):
            if getattr(self, name) < 1:
                raise EngagementSettingsError(f"{name}: found {getattr(self, name)}, allowed is 1 or more")
        token = self.bearer_token.get_secret_value() if self.bearer_token is not None else "none"
        if not token or not all("!" <= each <= "~" for each in token):
            raise EngagementSettingsError("bearer_token: found blanks or special characters, allowed is visible ASCII")

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that must never be shown."""
        proxy = self.proxy.password if self.proxy is not None else None
        given = (self.bearer_token, self.signing_key, proxy)
        return tuple(each.get_secret_value() for each in given if each is not None)


class WebhookAuthority:
    """A fixed token, a signature, both or neither."""

    def __init__(self, settings: WebhookSettings) -> None:
        self._settings = settings

    async def headers(self, body: bytes) -> dict[str, str]:
        """The headers this receiver asks for."""
        headers = {}
        if self._settings.bearer_token is not None:
            headers["Authorization"] = f"Bearer {self._settings.bearer_token.get_secret_value()}"
        if self._settings.signing_key is not None:
            key = self._settings.signing_key.get_secret_value().encode()
            headers["Pacing-Signature"] = f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}"
        return headers

    def reject(self, _headers: dict[str, str]) -> bool:
        """There is no other proof to try."""
        return False

    async def close(self) -> None:
        """Nothing runs in the background."""


def webhook_connection(settings: WebhookSettings) -> PlatformConnection:
    """A connection to a receiver of this project's own documents. Raises ``EngagementSettingsError``."""

    def authority(_client: HttpClient, _redactor: Redactor) -> WebhookAuthority:
        return WebhookAuthority(settings)

    return PlatformConnection(settings, WebhookDialect(), authority, Precondition() if settings.conditional else None)
