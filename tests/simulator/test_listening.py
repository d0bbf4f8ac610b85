"""The address of a simulated server can be called as soon as it is known."""

from __future__ import annotations

import socket

from simulator.servers.web_server import listen


def test_who_has_the_address_is_not_refused_while_the_server_begins() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname(), timeout=20.0) as caller:
        assert caller.getpeername() == listener.getsockname()
