"""The ``predictive-engagement`` platform: bulk upsert of action targets, with OAuth client credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pacing_node.engagement.connection import PlatformConnection
from pacing_node.engagement.mapping import PredictiveDialect
from pacing_node.engagement.oauth import TokenSource

if TYPE_CHECKING:
    from pacing_node.engagement.engagement_settings import EngagementSettings
    from pacing_node.engagement.redaction import Redactor
    from pacing_node.http_client.client import HttpClient


def predictive_connection(settings: EngagementSettings) -> PlatformConnection:
    """A connection that pushes allowed invitations of action targets. Raises ``EngagementSettingsError``."""

    def tokens(client: HttpClient, redactor: Redactor) -> TokenSource:
        return TokenSource(client, settings, redactor)

    return PlatformConnection(settings, PredictiveDialect(), tokens)
