"""A gRPC server of the contact centre. Pings are judged by the defaults, as a site's own bridges judge them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc

from cluster import addresses

if TYPE_CHECKING:
    from collections.abc import Callable

SERVER_OPTIONS: list[tuple[str, int]] = [
    ("grpc.so_reuseport", 0),  # a second server on the port must fail, not share it
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),  # 100,000 subscriptions in one request
    ("grpc.max_send_message_length", 64 * 1024 * 1024),
]


async def started(
    name: str, add: Callable[[grpc.aio.Server], None], host: str, port: int
) -> tuple[grpc.aio.Server, int]:
    """A server that listens on ``port`` (0: any free one) with what ``add`` gives it, and that port.

    Raises OSError with its ``name`` when the port is taken.
    """
    server = grpc.aio.server(options=SERVER_OPTIONS)
    add(server)
    where = addresses.join(host, port)
    try:
        taken = server.add_insecure_port(where)
    except RuntimeError as error:
        raise OSError(f"{name} server cannot listen on {where}") from error
    await server.start()
    return server, taken
