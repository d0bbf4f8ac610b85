"""Options of the gRPC servers. Pings are judged by the defaults, as a site's own bridges judge them."""

from __future__ import annotations

SERVER_OPTIONS: list[tuple[str, int]] = [
    ("grpc.so_reuseport", 0),  # a second server on the port must fail, not share it
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),  # 100,000 subscriptions in one request
    ("grpc.max_send_message_length", 64 * 1024 * 1024),
]
