"""Requests are read and checked before anything is done with them: what cannot be is the caller's fault, in one line.

A text is for logs, lists and terminals: 200 characters that print. A number is finite and within its bounds.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
import structlog
from google.protobuf.message import DecodeError, Message

from cluster.access.refusal_budget import RefusalBudget
from cluster.election.state_machine import HIGHEST_MARK
from cluster.outside_text import MOST_MESSAGE, one_line, text_fault
from cluster.peers.callers import source_of
from cluster.records import LONGEST_PAUSE_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Context = grpc.aio.ServicerContext[Any, Any]
    Handler = Any

log = structlog.get_logger(__name__)

_LONGEST = LONGEST_PAUSE_SECONDS
"""Longest time that can be asked for, in seconds."""


class _Unreadable:
    """In place of a message that could not be read."""

    def ListFields(self) -> list[Any]:  # noqa: N802 - as a message has it
        """No fields."""
        return []


def request_fault(request: Message) -> str:
    """What is wrong with a request: the field, what was found, and what is allowed; empty when nothing is."""
    for field, value in request.ListFields():
        if fault := _fault(field.name, value):
            return f"{field.name}: {fault}"
    return ""


def _fault(name: str, value: object) -> str:
    if isinstance(value, str):
        if fault := text_fault(value, most=MOST_MESSAGE):
            return f"found {fault}"
        return "" if value.isprintable() else "found characters that nobody sees; allowed: characters that print"
    if isinstance(value, float):
        return "" if 0.0 < value <= _LONGEST else f"found {value:g}, allowed is above 0 to {_LONGEST:g}"
    if name == "epoch" and isinstance(value, int) and value > HIGHEST_MARK:
        return f"found {value}, allowed is up to {HIGHEST_MARK}"
    return ""


class RequestCheck(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in the stubs only
    """Reads and checks the requests of one server, and keeps its errors to one line now and then."""

    def __init__(self) -> None:
        self._budget = RefusalBudget()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """The handler of a call, behind the check."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        call = one_line(handler_call_details.method)
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                self._stream(call, handler), _reader(handler), handler.response_serializer
            )
        return grpc.unary_unary_rpc_method_handler(
            self._single(call, handler), _reader(handler), handler.response_serializer
        )

    def _single(self, call: str, handler: Handler) -> Callable[[Any, Context], Awaitable[Any]]:
        async def answer(request: Any, context: Context) -> Any:
            await self._check(call, request, context)
            try:
                return await handler.unary_unary(request, context)
            except grpc.aio.BaseError:  # ended by us, or broken on the way
                raise
            except Exception as failure:
                await self._fail(call, failure, context)

        return answer

    def _stream(self, call: str, handler: Handler) -> Callable[[Any, Context], AsyncIterator[Any]]:
        async def answers(request: Any, context: Context) -> AsyncIterator[Any]:
            await self._check(call, request, context)
            try:
                async for each in handler.unary_stream(request, context):
                    yield each
            except grpc.aio.BaseError:  # ended by us, or broken on the way
                raise
            except Exception as failure:
                await self._fail(call, failure, context)

        return answers

    async def _check(self, call: str, request: Any, context: Context) -> None:
        fault = "the message cannot be read" if isinstance(request, _Unreadable) else request_fault(request)
        if fault:
            self._note(call, fault, context)
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, fault)

    async def _fail(self, call: str, failure: Exception, context: Context) -> None:
        if self._budget.take(f"failed {call}", time.monotonic()):
            log.error("peers.call_failed", call=call, error=one_line(repr(failure)), exc_info=failure)
        await context.abort(grpc.StatusCode.INTERNAL, "an error of this node; its log says more")

    def _note(self, call: str, fault: str, context: Context) -> None:
        if self._budget.take(call, time.monotonic()):
            source, more = source_of(context.peer()), self._budget.uncounted(call)
            log.warning("peers.request_refused", call=call, source=source, error=fault, not_logged_before=more)


def _reader(handler: Handler) -> Callable[[bytes], Any]:
    def read(body: bytes) -> Any:
        try:
            return handler.request_deserializer(body)
        except DecodeError:
            return _Unreadable()

    return read
