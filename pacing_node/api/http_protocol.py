"""HTTP/1.1 on one connection: httptools reads, uvicorn answers, and what neither of them bounds or refuses is here.

httptools is llhttp, the parser of Node.js, at a fraction of what one written in Python costs. It has no bound of its
own for a head, takes a request without the name of its host, and hands on at once all requests it was sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from pacing_node.api.request_target import origin_form

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

MOST_WAITING = 32
"""Requests that a connection may have waiting behind the one that is answered."""
_LINE_BYTES = 4
"""Of a header beside name and value."""


class HttpProtocol(HttpToolsProtocol):
    """One connection. After bytes that are no request nothing more is said to whoever sent them."""

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], head_bytes: int) -> None:
        """``head_bytes`` is the longest head of a request: its address and its headers."""
        super().__init__(config=config, server_state=server_state, app_state=app_state)
        self._head_bytes = head_bytes
        self._in_head = True
        self._newest = 0
        self._since_head_began = 0
        """Bytes since the head of the newest request began, and maybe some that came with its beginning."""
        self._answered: RequestResponseCycle | None = None
        """The request that is being answered, or was last."""

    def data_received(self, data: bytes) -> None:
        """Bytes of requests."""
        self._newest = len(data)
        self._since_head_began += len(data)
        super().data_received(data)
        if self._in_head and self._since_head_began > self._head_bytes and not self.transport.is_closing():
            self.send_400_response("Request head too long.")

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended: also for the request that is being answered while others wait behind it."""
        super().connection_lost(exc)
        answered = self._answered
        if answered is not None and not answered.response_complete:
            answered.disconnected = True
            answered.message_event.set()
        self.pipeline.clear()

    def send_400_response(self, msg: str) -> None:
        """End the connection. A request before these bytes that is still being answered gets no answer either: what
        was sent already cannot be told from it.
        """
        answered = self._answered
        if answered is None or answered.response_complete:
            super().send_400_response(msg)
            return
        answered.disconnected = True
        answered.message_event.set()
        self.transport.abort()

    # --- what the parser finds ---------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request begins, somewhere in the newest bytes."""
        self._in_head = True
        self._since_head_began = self._newest
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A head has been read. Raises ValueError, which the parser passes on, for one that is refused."""
        self._in_head = False
        hosts = 0
        for name, _ in self.headers:
            hosts += name == b"host"
        if hosts != 1 and (hosts or self.parser.get_http_version() == "1.1"):
            raise ValueError("not one host")
        if len(self.pipeline) >= MOST_WAITING:
            raise ValueError("too many requests at once")
        if self._since_head_began > self._head_bytes and self._size() > self._head_bytes:
            raise ValueError("head too long")
        self.url = origin_form(self.url)
        super().on_headers_complete()
        self.headers = []  # what comes after the body under this name is no header of a request any more

    def on_response_complete(self) -> None:
        """An answer has been written: the next request, if one waits. How long none may come is bounded elsewhere."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())

    def _size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + _LINE_BYTES for name, value in self.headers)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)
