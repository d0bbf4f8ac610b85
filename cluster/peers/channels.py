"""gRPC channels between members: a peer that went silent is noticed within two seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc.aio

from cluster.peers.authenticated_channel import AuthenticatedChannel
from cluster.peers.tls import PeerCertificates

if TYPE_CHECKING:
    from cluster.access.credentials import CallCredentials
    from cluster.security import PeerTls

KEEPALIVE_MILLISECONDS = 500
"""Time between two pings of a client, and the longest wait for the answer to one."""
MAXIMUM_MESSAGE_BYTES = 48 * 1024 * 1024
"""Largest answer, a record of the master for its followers: one and a half times that of 100,000 pacing targets."""
MAXIMUM_REQUEST_BYTES = 64 * 1024
HANDSHAKE_MILLISECONDS = 5000
"""Longest time from a connection's first bytes until it speaks HTTP/2, TLS included."""
IDLE_MILLISECONDS = 120_000
"""How long a connection without calls is kept; a member's channel opens another one when it needs it."""
MAXIMUM_CALLS = 32
"""Calls at a time on one connection."""

CLIENT_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.keepalive_time_ms", KEEPALIVE_MILLISECONDS),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_MILLISECONDS),
    # Without this one the two above wait for a minute.
    ("grpc.http2.ping_timeout_ms", KEEPALIVE_MILLISECONDS),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # A member that moved keeps its name, and has another address; the usual 30 s would ask the old one so long.
    ("grpc.dns_min_time_between_resolutions_ms", 1000),
    ("grpc.max_receive_message_length", MAXIMUM_MESSAGE_BYTES),
    # Addresses are the members' own; a proxy for the outside world has no business here.
    ("grpc.enable_http_proxy", 0),
    # A channel of one's own for each peer object, so that closing it closes the connection.
    ("grpc.use_local_subchannel_pool", 1),
)
SERVER_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.server_handshake_timeout_ms", HANDSHAKE_MILLISECONDS),
    ("grpc.max_connection_idle_ms", IDLE_MILLISECONDS),
    ("grpc.max_concurrent_streams", MAXIMUM_CALLS),
    ("grpc.max_receive_message_length", MAXIMUM_REQUEST_BYTES),
    ("grpc.http2.min_ping_interval_without_data_ms", KEEPALIVE_MILLISECONDS // 2),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", KEEPALIVE_MILLISECONDS // 2),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.max_send_message_length", MAXIMUM_MESSAGE_BYTES),
)


class Channels:
    """Opens channels to other members, with certificates where there are any, and with what proves who calls."""

    def __init__(self, tls: PeerTls | None = None, credentials: CallCredentials | None = None) -> None:
        """Raises SettingsError when a certificate file cannot be read."""
        self._credentials = credentials
        self._certificates = PeerCertificates(tls) if tls is not None else None

    def renewed(self) -> bool:
        """Whether the certificate files have changed since they were last looked at."""
        return self._certificates is not None and self._certificates.refresh()

    def open(self, address: str) -> grpc.aio.Channel:
        """A channel to another member's clustering port."""
        channel = self._open(address)
        return channel if self._credentials is None else AuthenticatedChannel(channel, address, self._credentials)

    def _open(self, address: str) -> grpc.aio.Channel:
        if self._certificates is None:
            return open_channel(address)
        return grpc.aio.secure_channel(address, self._certificates.client(), options=CLIENT_OPTIONS)


def open_channel(address: str) -> grpc.aio.Channel:
    """A channel without TLS to another member's clustering port."""
    return grpc.aio.insecure_channel(address, options=CLIENT_OPTIONS)
