"""Who calls: the address of the connection, or what a trusted proxy says of it. Pure."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Address

MOST_HOPS = 20
"""Most addresses of ``X-Forwarded-For`` that are looked at, from the right."""
_IPV6_SITE = 64
"""Bits of an IPv6 address that one site has; the rest it chooses as it likes."""


class TrustedProxies:
    """The networks whose hosts may say for whom they call."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        """``networks`` are addresses or networks such as 10.0.0.0/8. Raises ValueError for anything else."""
        self._networks = [ip_network(each, strict=False) for each in networks]

    def trusts(self, address: str) -> bool:
        """Whether a host is one of them."""
        found = _parsed(address)
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
            found = _parsed(hop.strip())
            if found is None:
                break
            caller = str(found)
        return caller


@lru_cache(maxsize=4096)
def site(address: str) -> str:
    """What is counted as one caller: an IPv4 address, or the network an IPv6 address is in."""
    found = _parsed(address)
    return str(ip_network((found, _IPV6_SITE), strict=False)) if isinstance(found, IPv6Address) else address


@lru_cache(maxsize=4096)
def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """An address without port and zone; IPv4 in IPv6 is IPv4. None for what is none."""
    bare = text.partition("]")[0].removeprefix("[") if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
