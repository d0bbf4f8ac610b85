"""Ports for the nodes: the well-known ones when they are free, any free ones otherwise."""

from __future__ import annotations

import random
import socket

HTTP_FROM = 8080
CLUSTERING_FROM = 7800
_QUIET_PORTS = range(20000, 32000)
"""Not well known, and below those that systems hand out to outgoing connections."""
FURTHER_PORTS = range(32000, 32700)
"""The same, for ports that are chosen later than those: none of the others can be among them."""


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
    wanted = range(first, first + count)
    spare = iter(port for port in choose_quiet(2 * count) if port not in wanted)
    return [port if is_free(port) else next(spare) for port in wanted]


def choose_quiet(count: int, among: range = _QUIET_PORTS) -> list[int]:
    """``count`` free ports at random, for programs that several people may start on one machine at once."""
    candidates = random.sample(among, len(among))
    return [port for port, _ in zip(filter(is_free, candidates), range(count), strict=False)]
