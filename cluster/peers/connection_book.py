"""Which connections a port takes, and which one gives way: bounded for each address, and in all. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from cluster.addresses import site


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How many connections a port holds."""

    most: int = 256
    """In all."""
    most_per_address: int = 64
    """From one address: more than all members of a large cluster open from behind one address translation."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What becomes of a new connection."""

    admitted: bool
    gives_way: int | None = None
    """Number of the connection that must be closed for it; None when there is room."""


class ConnectionBook:
    """The open connections of a port, oldest first.

    A connection is *proved* once a call on it has shown who calls. Proved ones are never closed for others; of the rest
    the oldest one gives way: whoever is somebody proves it within moments, and whoever holds connections for nothing
    loses them. When the port is full, the network that holds the most gives way, and in it the address that does, so
    that neither few addresses nor one IPv6 network with all of its addresses can lock the others out. Members often
    share a network: each address has its own bound all the same.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        self._open: dict[int, str] = {}
        self._unproved: dict[int, str] = {}
        self._held: Counter[str] = Counter()
        self._held_by_site: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, number: int, address: str, *, short: bool = False) -> Admission:
        """A connection of that number has come from an address; it is open from now on if it is admitted.

        ``short``: the process has only so many descriptors left that one more connection must replace another.
        """
        gives_way = None
        if self._held[address] >= self._limits.most_per_address:
            gives_way = self._oldest_unproved(address)
        elif short or len(self._open) >= self._limits.most:
            gives_way = self._oldest_of_the_greediest()
        else:
            self._enter(number, address)
            return Admission(admitted=True)
        if gives_way is None:
            self._forget_if_none(address)
            return Admission(admitted=False)
        self.closed(gives_way)
        self._enter(number, address)
        return Admission(admitted=True, gives_way=gives_way)

    def proved(self, number: int) -> None:
        """A call on this connection has shown who calls."""
        self._unproved.pop(number, None)

    def closed(self, number: int) -> None:
        """A connection is open no more; nothing happens when it was not."""
        address = self._open.pop(number, None)
        self._unproved.pop(number, None)
        if address is not None:
            self._held[address] -= 1
            self._held_by_site[site(address)] -= 1
            self._forget_if_none(address)

    def _enter(self, number: int, address: str) -> None:
        self._open[number] = self._unproved[number] = address
        self._held[address] += 1
        self._held_by_site[site(address)] += 1

    def _forget_if_none(self, address: str) -> None:
        for held, key in ((self._held, address), (self._held_by_site, site(address))):
            if held[key] <= 0:
                del held[key]

    def _oldest_unproved(self, address: str) -> int | None:
        return next((number for number, of in self._unproved.items() if of == address), None)

    def _oldest_of_the_greediest(self) -> int | None:
        def greed(each: tuple[int, str]) -> tuple[int, int, int]:
            number, address = each
            return self._held_by_site[site(address)], self._held[address], -number

        greediest = max(self._unproved.items(), key=greed, default=None)
        return greediest[0] if greediest is not None else None
