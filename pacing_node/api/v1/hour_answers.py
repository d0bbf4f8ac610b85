"""The last hour and abandonment as answers of the API."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pacing_node.api.v1.target_models import AbandonedShare, AbandonmentTimes, TargetHour
from pacing_node.monitoring.abandonment import abandonment, moving_percent

if TYPE_CHECKING:
    from pacing_node.monitoring.abandonment import Share
    from pacing_node.monitoring.last_hour import LastHour


def target_hour(last_hour: LastHour, name: str) -> TargetHour:
    """The last hour of a target."""
    hour = last_hour.of(name, time.time())
    percent = moving_percent(hour["at"], hour["accepted"], hour["abandoned"])
    return TargetHour(**hour, abandonment_percent=percent, complete_since=last_hour.complete_since)


def abandonment_times(last_hour: LastHour, name: str | None = None) -> AbandonmentTimes:
    """Abandonment of a target, or of all without a name."""
    found = abandonment(last_hour, time.time(), name)
    return AbandonmentTimes(now=_share(found.now), hour=_share(found.hour), today=_share(found.today))


def _share(share: Share) -> AbandonedShare:
    return AbandonedShare(since=share.since, accepted=share.accepted, abandoned=share.abandoned, percent=share.percent)
