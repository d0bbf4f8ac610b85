"""What callers of an HTTP port may use of the node, and a count of what went beyond. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Limits of one HTTP port; times in seconds."""

    connections: int = 500
    """Most connections at once."""
    connections_per_address: int = 100
    """Most of them from one address that is no trusted proxy's."""
    handshake_seconds: float = 5.0
    """Longest TLS handshake."""
    head_seconds: float = 5.0
    """Longest time from a connection, or from the first byte of a later request, to the end of the request's head."""
    head_bytes: int = 64 * 1024
    """Longest head: request line and headers."""
    url_bytes: int = 56 * 1024
    """Longest path with its query: a list of 16,000 characters, escaped, has room."""
    body_bytes: int = 64 * 1024
    """Most bytes that may follow a head before its request is answered."""
    request_seconds: float = 30.0
    """Longest time from the end of a head to the last byte of the answer."""
    idle_seconds: float = 5.0
    """How long a connection may wait for its next request."""


class LimitRefusal(StrEnum):
    """Why a connection was refused or closed, or a request refused, as metrics name it."""

    CONNECTIONS = "connections"
    CONNECTIONS_PER_ADDRESS = "connections_per_address"
    DESCRIPTORS = "descriptors"
    HANDSHAKE = "handshake"
    HEAD_TIME = "head_time"
    HEAD_SIZE = "head_size"
    URL_SIZE = "url_size"
    BODY_SIZE = "body_size"
    REQUEST_TIME = "request_time"
    RATE = "rate"
    SLOW_READER = "slow_reader"
    QUERIES = "queries"


@dataclass(slots=True)
class HttpCounters:
    """What the HTTP ports of a node have counted."""

    open: int = 0
    """Connections now."""
    refused: Counter[LimitRefusal] = field(default_factory=Counter)
