"""How HTTP faults show in answers: refused, late, dripping, spoiled."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response, StreamingResponse

from simulator.servers.faults.fault_board import Drip, ProxyOnly, Slow, Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.requests import Request

    from simulator.servers.faults.fault_board import Endpoint, FaultBoard, Garble


def refusal(board: FaultBoard, where: Endpoint, request: Request) -> Response | None:
    """The answer of an active fault that refuses requests; None when there is none."""
    if "via" not in request.headers and any(fault.where == where for fault in board.active(ProxyOnly)):
        return JSONResponse({"status": 403, "code": "proxy_only", "message": "come through the proxy"}, 403)
    fault = board.take(Status, where)
    if fault is None:
        return None
    headers = {} if fault.retry_after_seconds is None else {"Retry-After": f"{fault.retry_after_seconds:g}"}
    body = {"status": fault.status, "code": "simulated", "message": f"simulated status {fault.status}"}
    return JSONResponse(body, fault.status, headers=headers)


async def held_up(board: FaultBoard, where: Endpoint) -> Slow | None:
    """Wait if requests are slow to be looked at; returns a fault that delays the answer instead."""
    slow = board.take(Slow, where)
    if slow is not None and slow.when == "before":
        await asyncio.sleep(slow.delay_seconds)
        return None
    return slow


async def delayed(board: FaultBoard, where: Endpoint, response: Response, slow: Slow | None = None) -> Response:
    """The response late, or in drops, if such a fault is active."""
    slow = slow or (board.take(Slow, where) if where == "token" else None)
    if slow is not None:
        await asyncio.sleep(slow.delay_seconds)
    drip = board.take(Drip, where)
    return response if drip is None else _dripping(response, drip)


def spoiled(answer: dict[str, Any], garble: Garble | None, headers: Mapping[str, str]) -> Response:
    """The answer as JSON, or what a garble fault makes of it."""
    if garble is None:
        return JSONResponse(answer, headers=dict(headers))
    return Response(_spoil(answer, garble.how), media_type="application/json", headers=dict(headers))


def _spoil(answer: dict[str, Any], how: str) -> bytes:
    if how == "truncated":
        body = json.dumps(answer).encode()
        return body[: len(body) * 2 // 3]
    if how == "wrong_types":
        return json.dumps(_wrong_types(answer)).encode()
    if how == "short":
        return json.dumps(_short(answer)).encode()
    return {"not_json": b"<html><body>Bad gateway</body></html>", "no_results": b"{}"}.get(how, b"")


def _dripping(response: Response, drip: Drip) -> Response:
    body = bytes(response.body)
    size = max(1, -(-len(body) // drip.pieces))

    async def drops() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]
            await asyncio.sleep(drip.pause_seconds)

    return StreamingResponse(drops(), response.status_code, headers=dict(response.headers))


def _wrong_types(value: Any) -> Any:
    """The same shape with numbers as words, words as numbers, and anything else as a list."""
    if isinstance(value, dict):
        return {key: _wrong_types(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_wrong_types(entry) for entry in value]
    if isinstance(value, bool) or value is None:
        return [value]
    return 7 if isinstance(value, str) else "many"


def _short(answer: dict[str, Any]) -> dict[str, Any]:
    results = answer.get("results")
    return answer | {"results": results[:-1]} if isinstance(results, list) else answer
