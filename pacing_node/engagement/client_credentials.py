"""Access tokens for another server's interface, by the client credentials grant, with a connection of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pacing_node.engagement.connection import build_client
from pacing_node.engagement.engagement_settings import EngagementSettings
from pacing_node.engagement.oauth import TokenSource
from pacing_node.engagement.redaction import Redactor

if TYPE_CHECKING:
    from pydantic import SecretStr


class ClientCredentials:
    """Headers with a token that is renewed before it expires, and anew after a refusal."""

    def __init__(self, auth_url: str, client_id: str, client_secret: SecretStr, *, ca_file: str | None = None) -> None:
        """``ca_file`` holds certificates that are trusted instead of the well-known ones, PEM.

        Raises ``EngagementSettingsError`` when no connection can be made with these.
        """
        settings = EngagementSettings(
            base_auth_url=auth_url,
            base_service_url=auth_url,
            client_id=client_id,
            password=client_secret,
            ca_file=ca_file,
        )
        self._client = build_client(settings)
        self._tokens = TokenSource(self._client, settings, Redactor(settings.secrets))

    async def headers(self, body: bytes) -> dict[str, str]:
        """The header that carries the token. Raises ``TokenError``."""
        return await self._tokens.headers(body)

    def reject(self, headers: dict[str, str]) -> bool:
        """The server did not take this token: the next call fetches another."""
        return self._tokens.reject(headers)

    async def close(self) -> None:
        """Stop renewing and close the connection."""
        await self._tokens.close()
        await self._client.close()
