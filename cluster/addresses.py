"""Hosts and ports: the one place that joins and splits them, with the brackets IPv6 addresses need."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

ANY_ADDRESSES = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where a server listens, and how it is reached here
"""Addresses that mean every interface, each with the one under which this machine reaches such a server."""
_IPV6_SITE = 64
"""Bits of an IPv6 address that one site has; the rest it chooses as it likes."""


def bare_host(host: str) -> str:
    """A host without the square brackets an IPv6 address may stand in."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def join(host: str, port: int) -> str:
    """``host:port``; an IPv6 address stands in square brackets."""
    host = bare_host(host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def split(address: str) -> tuple[str, int]:
    """Host, without brackets, and port of ``host:port``. Raises ValueError when there is no port."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or len(port) > 5 or (":" in host and host[0] != "["):
        raise ValueError(f"found {address!r}, allowed is host:port, an IPv6 host in square brackets")
    return bare_host(host), int(port)


def is_local_host(host: str) -> bool:
    """Whether a host is this machine by its address: a loopback one, or ``localhost``."""
    host = bare_host(host).partition("%")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def local_host(bind: str) -> str:
    """The host under which this machine reaches a server that listens on ``bind``."""
    host = bare_host(bind)
    return ANY_ADDRESSES.get(host, host)


@lru_cache(maxsize=4096)
def site(address: str) -> str:
    """What is counted as one caller: an IPv4 address, or the network an IPv6 address is in."""
    found = parsed(address)
    return str(ip_network((found, _IPV6_SITE), strict=False)) if isinstance(found, IPv6Address) else address


@lru_cache(maxsize=4096)
def parsed(text: str) -> IPv4Address | IPv6Address | None:
    """An address without port and zone; IPv4 in IPv6 is IPv4. None for what is none."""
    bare = text.partition("]")[0].removeprefix("[") if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
