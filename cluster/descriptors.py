"""File descriptors of this process: as many as the system allows, and some of them kept for what must go on.

ZooKeeper, the other members and the platform need new descriptors when a connection breaks, and at no moment more than
when somebody floods the ports. So whoever takes connections from outside stops while fewer are left than are reserved.
The clustering port stops later than the others: what is kept from their callers is kept for members, too.
"""

from __future__ import annotations

import errno
import os
import resource

MOST = 1_048_576
"""The limit is not raised further: some libraries make tables of that size."""
RESERVED = 128
"""Descriptors kept for ZooKeeper, members, pushes, alarms and files."""
RESERVED_FROM_MEMBERS = RESERVED // 2
"""Those of them that the clustering port leaves alone, too."""
_LARGEST_SHARE = 1 / 4
"""Most of a low limit that is reserved."""
_NONE_LEFT = frozenset({errno.EMFILE, errno.ENFILE})


class Descriptors:
    """How many descriptors there are, and whether they run short."""

    def __init__(self, reserved: int = RESERVED) -> None:
        """Of a low limit at most a quarter is reserved, or as much less as ``reserved`` is less than usual."""
        self._wanted = reserved

    @property
    def limit(self) -> int:
        """Most descriptors this process may have."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return MOST if soft == resource.RLIM_INFINITY else soft

    @property
    def reserved(self) -> int:
        """Descriptors that are kept."""
        return min(self._wanted, int(self.limit * _LARGEST_SHARE * self._wanted / RESERVED))

    @property
    def limit_for_callers(self) -> int:
        """Most descriptors that can be in use before callers are refused."""
        return self.limit - self.reserved

    def short(self, newest: int) -> bool:
        """Whether only the reserve is left, by the number of a descriptor that was opened just now.

        The system gives the lowest number that is free, so all below are in use, and numbers end at the limit.
        """
        return newest >= self.limit_for_callers

    def count_open(self) -> int | None:
        """Descriptors in use, all of them when none is left for looking; None where the system does not say."""
        try:
            return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names alone, as fast as can be
        except OSError as error:
            return self.limit if error.errno in _NONE_LEFT else None


def raise_limit() -> tuple[int, int]:
    """Raise the soft limit to the hard one, for this process and those it starts; returns what it was and what it is.

    A system that refuses leaves it as it was.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft, soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        return soft, soft
    return soft, wanted
