"""The age of what a server sent, whatever its clock shows. Pure."""

from __future__ import annotations

import math

DRIFT_RATIO = 0.02
"""Rate at which a lasting difference of the clocks is taken over: above any slewing of a clock that is being corrected
in small steps, and slow enough that a delay of 30 s stays visible for some 25 minutes."""
STEP_BACK_SECONDS = 2.0
"""A source's clock that falls back by more was set; by less, the message was merely stamped earlier."""


class Freshness:
    """Age of the newest thing heard, by two measures of which the worse counts.

    One is the receiver's clock of leases since the last message. The other finds messages that arrive late, or a source
    whose clock has stopped: each message has an offset ``received - stamped``; the smallest one seen is the difference
    of the two clocks plus the shortest way, and what is above it is delay. Only differences of the source's clock are
    used, so its distance from this node's clock does not matter.
    """

    def __init__(self) -> None:
        self._heard_at = -math.inf
        self._stamp = -math.inf
        self._offset = math.inf
        self._offset_at = -math.inf

    @property
    def stamp(self) -> float:
        """The newest time the source gave, Unix time in seconds by its clock; minus infinity when it gave none."""
        return self._stamp

    def silent_seconds(self, now: float) -> float:
        """Seconds since the last message, whatever it said; infinite before the first."""
        return max(0.0, now - self._heard_at)

    def heard(self, now: float, stamp: float) -> None:
        """A message stamped ``stamp`` by the source's clock arrived at ``now`` by the receiver's clock of leases."""
        self._heard_at = now
        if not math.isfinite(stamp) or stamp <= 0:
            return
        if stamp < self._stamp:
            if stamp > self._stamp - STEP_BACK_SECONDS:
                return
            self._offset = math.inf
        offset = now - stamp
        allowed = self._offset + DRIFT_RATIO * (now - self._offset_at) if math.isfinite(self._offset) else math.inf
        self._offset = min(offset, allowed)
        self._offset_at = now
        self._stamp = stamp

    def age_seconds(self, now: float) -> float:
        """Seconds since the state that was last heard of was current; infinite before the first message."""
        silent = self.silent_seconds(now)
        if not math.isfinite(self._stamp):
            return silent
        return max(silent, now - self._stamp - self._offset)
