"""Where calls come from: the connection behind one that was relayed to the server of this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote

from cluster import addresses

if TYPE_CHECKING:
    from collections.abc import Callable


class Caller(Protocol):
    """A relayed connection. Its methods can be called from any thread."""

    @property
    def source(self) -> str:
        """Where it comes from, as gRPC writes a peer: ``ipv4:host:port`` or ``ipv6:[host]:port``."""
        ...

    def proved(self) -> None:
        """A call on it has shown who calls: it is not closed for the connections of strangers."""
        ...

    def close(self) -> None:
        """Close it at once, with everything that is on its way."""
        ...


_relayed: dict[str, Caller] = {}


def enter(socket_path: str, caller: Caller) -> Callable[[], None]:
    """A connection is relayed over a Unix socket with this path from now on; returns how to forget it."""
    key = f"unix:{socket_path}"
    _relayed[key] = caller

    def forget() -> None:
        _relayed.pop(key, None)

    return forget


def caller_of(peer: str) -> Caller | None:
    """The relayed connection behind a context's ``peer()``; None when it was not relayed."""
    return _relayed.get(unquote(peer))


def source_of(peer: str) -> str:
    """Where the call of a context's ``peer()`` comes from, as gRPC writes it; a peer that was not relayed as it is."""
    caller = caller_of(peer)
    return caller.source if caller is not None else peer


def mark_proved(peer: str) -> None:
    """A call of a context's ``peer()`` has shown who calls."""
    caller = caller_of(peer)
    if caller is not None:
        caller.proved()


def close(peer: str) -> None:
    """Close the connection of a context's ``peer()`` at once, with everything that is on its way."""
    caller = caller_of(peer)
    if caller is not None:
        caller.close()


def source_name(host: str, port: int) -> str:
    """A source as gRPC writes a peer, without its escapes."""
    return f"{'ipv6' if ':' in host else 'ipv4'}:{addresses.join(host, port)}"
