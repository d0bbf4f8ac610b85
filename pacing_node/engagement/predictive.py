"""The ``predictive-engagement`` platform: bulk upsert of action targets, with OAuth client credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pacing_node.engagement.connection import Connection
from pacing_node.engagement.mapping import PredictiveDialect
from pacing_node.engagement.oauth import TokenSource

if TYPE_CHECKING:
    import httpx

    from pacing_node.engagement.engagement_settings import EngagementSettings
    from pacing_node.engagement.redaction import Redactor


def predictive_connection(settings: EngagementSettings) -> Connection:
    """A connection that pushes allowed invitations of action targets. Raises ``EngagementSettingsError``."""

    def tokens(client: httpx.AsyncClient, redactor: Redactor) -> TokenSource:
        return TokenSource(client, settings, redactor)

    return Connection(settings, PredictiveDialect(), tokens)
