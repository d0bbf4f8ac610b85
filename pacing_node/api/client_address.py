"""Who calls: the address of the connection, or what a trusted proxy says of it. Pure."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from cluster.addresses import parsed

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_HOPS = 20
"""Most addresses of ``X-Forwarded-For`` that are looked at, from the right."""


class TrustedProxies:
    """The networks whose hosts may say for whom they call."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        """``networks`` are addresses or networks such as 10.0.0.0/8. Raises ValueError for anything else."""
        self._networks = [ip_network(each, strict=False) for each in networks]

    def trusts(self, address: str) -> bool:
        """Whether a host is one of them."""
        if not self._networks:
            return False
        found = parsed(address)
        return found is not None and any(found in network for network in self._networks)

    def caller(self, address: str, forwarded: str) -> str:
        """Who a request came from: the connection's address, or behind proxies the last that none of them has.

        ``forwarded`` is the header ``X-Forwarded-For``, to which each proxy has added, at the right, who it was called
        by; what is left of the first address nobody vouches for is the caller's own word, and is not read.
        """
        caller = address
        for hop in reversed(forwarded.split(",")[-MOST_HOPS:]):
            if not self.trusts(caller):
                break
            found = parsed(hop.strip())
            if found is None:
                break
            caller = str(found)
        return caller
