"""Ports for the nodes: the well-known ones when they are free, any free ones otherwise."""

from __future__ import annotations

import contextlib
import random
import socket

HTTP_FROM = 8080
CLUSTERING_FROM = 7800
_QUIET_PORTS = range(20000, 32000)
"""Not well known, and below those that systems hand out to outgoing connections."""


def is_free(port: int) -> bool:
    """Whether a server could listen on ``port`` on every address of this machine; 0 always is."""
    with socket.socket() as probe:
        # Connections of an earlier run that are still in TIME_WAIT do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
            probe.listen(1)
        except OSError:
            return False
        return True


def choose(first: int, count: int) -> list[int]:
    """``count`` ports to listen on: ``first`` and those after it, each replaced by any free one when taken."""
    wanted = [port if is_free(port) else 0 for port in range(first, first + count)]
    with contextlib.ExitStack() as stack:
        chosen: list[int] = []
        for port in wanted:
            if port == 0:
                # Held until all are chosen, so that no two are the same.
                holder = stack.enter_context(socket.socket())
                holder.bind(("", 0))
                port = int(holder.getsockname()[1])  # noqa: PLW2901 - the port that stands in for the taken one
            chosen.append(port)
        return chosen


def choose_quiet(count: int) -> list[int]:
    """``count`` free ports at random, for programs that several people may start on one machine at once."""
    candidates = random.sample(_QUIET_PORTS, len(_QUIET_PORTS))
    return [port for port, _ in zip(filter(is_free, candidates), range(count), strict=False)]
