"""The HTTP server: uvicorn on a socket of our own, without its own signal handling."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

import uvicorn

from cluster import addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.applications import Starlette


class WebServer(uvicorn.Server):
    """Leaves signals alone: the command decides when it ends. ``should_exit`` ends it."""

    def __init__(self, application: Starlette) -> None:
        config = uvicorn.Config(
            application,
            lifespan="off",
            log_config=None,
            access_log=False,
            ws="none",
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
        )
        super().__init__(config)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


_BACKLOG = 512
"""Connections that wait to be taken."""


def listen(host: str, port: int) -> socket.socket:
    """A TCP socket that listens: who reads its address may connect at once, and waits until the server takes it.

    Raises OSError naming the address when it is taken.
    """
    # The protocol is named because asyncio switches Nagle's delay off only for sockets that say they are TCP.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise OSError(f"HTTP server cannot listen on {addresses.join(host, port)}: {error.strerror}") from error
    return listener
