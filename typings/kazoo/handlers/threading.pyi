import socket
from collections.abc import Callable
from typing import Any

class SequentialThreadingHandler:
    sleep_func: Callable[[float], None]
    def __init__(self) -> None: ...
    def create_connection(self, *args: Any, **kwargs: Any) -> socket.socket: ...
