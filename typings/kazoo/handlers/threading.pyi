import socket
import threading
from collections.abc import Callable
from typing import Any

class SequentialThreadingHandler:
    sleep_func: Callable[[float], None]
    def __init__(self) -> None: ...
    def create_connection(self, *args: Any, **kwargs: Any) -> socket.socket: ...
    def spawn(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> threading.Thread: ...
