"""Options of the gRPC servers."""

from __future__ import annotations

SERVER_OPTIONS: list[tuple[str, int]] = [
    ("grpc.so_reuseport", 0),  # a second server on the port must fail, not share it
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),  # 100,000 subscriptions in one request
    ("grpc.max_send_message_length", 64 * 1024 * 1024),
    ("grpc.http2.min_ping_interval_without_data_ms", 200),
    ("grpc.http2.max_ping_strikes", 0),  # clients may look for a frozen server as often as they like
    ("grpc.keepalive_permit_without_calls", 1),
]
