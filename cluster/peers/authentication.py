"""Every call to the clustering port is judged before its message is read; orders and refused calls are audited.

The message reaches the check as the bytes that came over the wire, for these are what a caller has signed.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import grpc
import grpc.aio

from cluster import addresses
from cluster.access.audit_log import Order
from cluster.access.principal import CURRENT, Evidence
from cluster.access.roles import is_order, needed_for
from cluster.access.signed_calls import HEADER
from cluster.access.verdict import Refusal
from cluster.outside_text import one_line
from cluster.peers.callers import mark_proved, source_of
from cluster.peers.tls import caller_names
from cluster.tracing import continued

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from google.protobuf.message import Message

    from cluster.access.access_control import AccessControl
    from cluster.access.audit_log import AuditLog
    from cluster.access.verdict import Verdict

    Context = grpc.aio.ServicerContext[Any, Any]
    # The stubs describe handlers of the synchronous server.
    Handler = Any

OPEN_SERVICES = frozenset({"grpc.health.v1.Health"})
"""Services that everybody may ask: they tell a load balancer what it must know, and nothing else."""
_BEARER = "bearer "
_LONGEST_HEADER = 8192
"""Most characters of a header that is looked at."""
_CODES = {
    Refusal.NO_PROOF: grpc.StatusCode.UNAUTHENTICATED,
    Refusal.BAD_PROOF: grpc.StatusCode.UNAUTHENTICATED,
    Refusal.TOO_WEAK: grpc.StatusCode.PERMISSION_DENIED,
}


class Authentication(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in the stubs only
    """Judges the calls of one server."""

    def __init__(self, control: AccessControl, audit: AuditLog, state: Callable[[], Mapping[str, object]]) -> None:
        """``state`` is what an order can change of this node, for the audit log: before and after."""
        self._control = control
        self._audit = audit
        self._state = state
        self._orders: set[asyncio.Task[Any]] = set()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """The handler of a call, behind the check."""
        handler = await continuation(handler_call_details)
        service, call = _service_and_call(handler_call_details.method)
        if handler is None or service in OPEN_SERVICES:
            return handler
        if handler.response_streaming:
            behaviour, make = self._guarded_stream(call, handler), grpc.unary_stream_rpc_method_handler
            return make(behaviour, response_serializer=handler.response_serializer)
        guarded = self._guarded_order if is_order(call) else self._guarded
        return grpc.unary_unary_rpc_method_handler(
            guarded(call, handler), response_serializer=handler.response_serializer
        )

    def _guarded(self, call: str, handler: Handler) -> Callable[[bytes, Context], Awaitable[Any]]:
        async def answer(body: bytes, context: Context) -> Any:
            await self._admit(call, body, context)
            return await handler.unary_unary(handler.request_deserializer(body), context)

        return answer

    def _guarded_stream(self, call: str, handler: Handler) -> Callable[[bytes, Context], AsyncIterator[Any]]:
        async def answers(body: bytes, context: Context) -> AsyncIterator[Any]:
            await self._admit(call, body, context)
            async for each in handler.unary_stream(handler.request_deserializer(body), context):
                yield each

        return answers

    def _guarded_order(self, call: str, handler: Handler) -> Callable[[bytes, Context], Awaitable[Any]]:
        async def carry_out(body: bytes, context: Context) -> Any:
            verdict = await self._admit(call, body, context)
            request = handler.request_deserializer(body)
            order = Order(call, _source(context), verdict.principal, _asked(request), dict(self._state()))
            # To its end, also when the caller goes away meanwhile: half an order is none, and has no outcome to audit.
            carried_out = asyncio.create_task(self._carry_out(order, handler.unary_unary(request, context), context))
            self._orders.add(carried_out)
            carried_out.add_done_callback(self._orders.discard)
            return await asyncio.shield(carried_out)

        return carry_out

    async def _carry_out(self, order: Order, work: Awaitable[Any], context: Context) -> Any:
        done = False
        operation, role = f"{order.what[:1].lower()}{order.what[1:]}", order.who.role.value if order.who else ""
        try:
            with continued("order", _texts(context), operation=operation, role=role, port="clustering"):
                result = await work
            done = True
        finally:
            order = replace(order, after=dict(self._state()))
            if done:
                self._audit.carried_out(order)
            else:
                self._audit.failed(order, context.details() or "an error, or the end of this node")
        return result

    async def _admit(self, call: str, body: bytes, context: Context) -> Verdict:
        """The verdict on a call that may go on; one that may not ends here."""
        verdict = self._control.judge(evidence_of(call, body, context), needed_for(call), time.time())
        if verdict.refusal is not None:
            self._audit.refuse(Order(call, _source(context), verdict.principal), verdict.reason)
            await context.abort(_CODES[verdict.refusal], verdict.reason)
        CURRENT.set(verdict.principal)
        if verdict.principal is not None and verdict.principal.proved:  # then it is not closed for those of strangers
            mark_proved(context.peer())
        return verdict


def evidence_of(call: str, body: bytes, context: Context) -> Evidence:
    """What is known of a call: its message, where it comes from, and what was shown."""
    headers = dict(_texts(context))
    source, auth = _source(context), context.auth_context()
    bearer = headers.get("authorization", "")[:_LONGEST_HEADER]
    local = is_local(source)
    return Evidence(
        call=call,
        body=body,
        source=source,
        local=local,
        encrypted=b"ssl" in auth.get("transport_security_type", ()),
        names=caller_names(context),
        signature=headers.get(HEADER),
        bearer=bearer[len(_BEARER) :].strip() if bearer.lower().startswith(_BEARER) else None,
    )


def _texts(context: Context) -> list[tuple[str, str]]:
    """The headers of a call that are text."""
    return [(key, value) for key, value in context.invocation_metadata() or () if isinstance(value, str)]


def is_local(source: str) -> bool:
    """Whether a caller at ``host:port`` is on this machine: its address is a loopback one.

    A Unix socket is not: every call comes over one, and says nothing of where the caller is.
    """
    try:
        return addresses.is_local_host(addresses.split(source)[0])
    except ValueError:
        return False


def _source(context: Context) -> str:
    """Address of the caller, ``host:port``; gRPC writes ``ipv4:`` or ``ipv6:`` before it, and escapes brackets."""
    kind, _, address = unquote(source_of(context.peer())).partition(":")
    return address if kind in {"ipv4", "ipv6"} else f"{kind}:{address}"


def _service_and_call(method: object) -> tuple[str, str]:
    """The two parts of ``/service/call``."""
    text = method.decode(errors="replace") if isinstance(method, bytes) else str(method)
    service, _, call = text.lstrip("/").rpartition("/")
    return service, call


def _asked(request: Message) -> dict[str, object]:
    """The fields of an order that were given; texts are cut."""
    fields = [(field.name, value) for field, value in request.ListFields()]
    return {name: one_line(value) if isinstance(value, str) else value for name, value in fields}
