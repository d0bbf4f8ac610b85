"""The clock of leases: seconds that go on while the machine sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], float]
"""Seconds since some fixed point; never set back."""

_CLOCK_ID = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def boot_seconds() -> float:
    """Seconds on ``CLOCK_BOOTTIME``, which counts suspension of the machine; ``CLOCK_MONOTONIC`` does not.

    Systems without it fall back to the monotonic clock.
    """
    return time.clock_gettime(_CLOCK_ID)
