"""Answers of a stream that were written beside the event loop: they go out as the bytes they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class ReadyAnswers(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in the stubs only
    """Lets the methods of a server that answer with a stream hand over messages, or bytes that are one."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """The handler of a call, which writes only what is not written yet."""
        handler = await continuation(handler_call_details)
        if handler is None or not handler.response_streaming:
            return handler
        write = handler.response_serializer
        return grpc.unary_stream_rpc_method_handler(
            handler.unary_stream,
            handler.request_deserializer,
            lambda answer: answer if isinstance(answer, bytes) else write(answer),
        )
