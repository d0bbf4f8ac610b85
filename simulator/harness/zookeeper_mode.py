"""What a ZooKeeper server says of itself in the four letter word ``srvr``."""

from __future__ import annotations

import contextlib
import re
import socket


def server_mode(host: str, port: int, timeout_seconds: float = 0.5) -> str | None:
    """The mode a server gives in its answer to ``srvr``; None when it does not serve."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout_seconds) as connection:
        connection.settimeout(timeout_seconds)
        connection.sendall(b"srvr")
        answer = b""
        while chunk := connection.recv(4096):
            answer += chunk
        found = re.search(rb"^Mode: (\w+)", answer, re.MULTILINE)
        return found.group(1).decode() if found else None
    return None
