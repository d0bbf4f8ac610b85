"""The engagement platform as the cycle sees it while credentials come, change, or are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pacing_node.engagement.bulk import BulkPlatform
from pacing_node.engagement.platform import PushOutcome, PushStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cluster.token import Token
    from pacing_node.engagement.bulk import PlatformSettings
    from pacing_node.engagement.platform import TargetPush


class PlatformSlot:
    """An engagement platform that may not be configured yet; pushes then fail with the reason, and nothing is sent."""

    def __init__(self) -> None:
        self._platform: BulkPlatform | None = None
        self.missing = "the configuration has not been read yet"
        """Why there is no platform, for people."""

    def use(self, settings: PlatformSettings) -> None:
        """Send to this platform from the next push on; a push in flight ends where it began.

        Raises EngagementSettingsError, and goes on as before, when no connection can be made with the settings.
        """
        if self._platform is None:
            self._platform = BulkPlatform(settings)
        else:
            self._platform.replace(settings)

    @property
    def configured(self) -> bool:
        """Whether there is a platform to send to."""
        return self._platform is not None

    async def push(
        self, token: Token, targets: Sequence[TargetPush], deadline: float, prev: int | None = None
    ) -> PushOutcome:
        """Send one push, or say why there is nobody to send it to."""
        if self._platform is None:
            return PushOutcome(PushStatus.FAILED, message=self.missing)
        return await self._platform.push(token, targets, deadline, prev)

    async def prepare(self, targets: Sequence[TargetPush]) -> None:
        """Write a push ahead, if there is a platform."""
        if self._platform is not None:
            await self._platform.prepare(targets)

    async def warm_up(self, seconds: float) -> None:
        """Prepare the connection, if there is a platform."""
        if self._platform is not None:
            await self._platform.warm_up(seconds)

    async def why_unreachable(self, seconds: float) -> str | None:
        """Why a push could not reach the platform now; None when it could."""
        return self.missing if self._platform is None else await self._platform.why_unreachable(seconds)

    async def close(self) -> None:
        """Close connections."""
        if self._platform is not None:
            await self._platform.close()
