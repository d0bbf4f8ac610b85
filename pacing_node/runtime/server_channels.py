"""gRPC channels to servers of others: bridges in front of Config Server and Stat Server.

A server with the default settings of gRPC in Python, Go and Java breaks off a connection on which it gets pings more
often than every five minutes, or without a call in flight ("too many pings"). So pings only find what has been dead for
long; that a server has frozen shows by the signs of life its messages are, which every reader has a limit for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import grpc.aio

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_PING_SECONDS = 300
"""Pings less than this apart are counted against a client by a server with default settings."""
PING_SECONDS = LEAST_PING_SECONDS + 60
"""From one ping to the next, with room for pings that arrive closer together than they left."""

OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.keepalive_time_ms", PING_SECONDS * 1000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 0),
    # Fail-over is decided here, by trying the other server, not inside a channel.
    ("grpc.enable_retries", 0),
    # Addresses are those of the site; a proxy for the outside world has no business here.
    ("grpc.enable_http_proxy", 0),
    # A new session means a new connection.
    ("grpc.use_local_subchannel_pool", 1),
)
"""What every such channel has; more may be added."""


def open_channel(
    address: str, credentials: grpc.ChannelCredentials | None, more: Sequence[tuple[str, int]] = ()
) -> grpc.aio.Channel:
    """A channel to a server's ``host:port``; without credentials in plain text."""
    options = (*OPTIONS, *more)
    if credentials is None:
        return grpc.aio.insecure_channel(address, options=options)
    return grpc.aio.secure_channel(address, credentials, options=options)
