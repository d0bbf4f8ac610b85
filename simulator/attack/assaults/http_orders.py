"""Orders over HTTP, at the pages of the nodes and at their API."""

from __future__ import annotations

import json

from simulator.attack.assaults.sockets import answer, connect, drop, status_of, write
from simulator.attack.tally import Tally, Victim

METHODS = ("POST", "PUT", "PATCH", "DELETE")
PLACES = (
    *("/step-down", "/stepdown", "/switchover", "/failover", "/pause", "/resume", "/restart", "/reload", "/shutdown"),
    *("/config", "/options", "/tokens", "/objects", "/objects/accept", "/cluster", "/master", "/alarms", "/log"),
    *("/debug", "/docs", "/openapi.json", "/.env", "/server-status", "/metrics", "/targets", "/history", "/"),
)
PROOFS = ("", "Authorization: Basic YWRtaW46YWRtaW4=\r\n", f"Authorization: Bearer pacing_{'0' * 12}_{'A' * 43}\r\n")
TAKEN = range(200, 300)
API = "/api/v1"
API_ORDERS: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("POST", f"{API}/orders/step-down", {"to": "", "wait": False}),
    ("POST", f"{API}/orders/pause", {"seconds": 60.0}),
    ("POST", f"{API}/orders/resume", {}),
    ("PUT", f"{API}/orders/emergency-stop", {"seconds": 60.0}),
    ("DELETE", f"{API}/orders/emergency-stop", {}),
    ("PUT", f"{API}/targets/x/hold", {"seconds": 60.0}),
    ("DELETE", f"{API}/targets/x/hold", {}),
    ("PUT", f"{API}/config", {"text": "pacing: {}"}),
    ("POST", f"{API}/config/versions/1/restore", {}),
)
"""Every order of the API, with a body that is right."""
API_PROOFS = (
    *PROOFS,
    "Cookie: pacing_session=" + "A" * 43 + "\r\n",
    "X-Forwarded-For: 127.0.0.1\r\nForwarded: for=127.0.0.1\r\n",
    "Origin: https://another.example\r\nSec-Fetch-Site: cross-site\r\n",
    "Authorization: Bearer eyJhbGciOiJub25lIn0.eyJyb2xlIjoiYWRtaW4ifQ.\r\n",
)
REFUSED = frozenset({401, 403})


async def orders_over_http(victim: Victim) -> Tally:
    """Every method at every place with every proof. Complains about whatever is taken."""
    tally = Tally()
    for method in METHODS:
        for place in PLACES:
            for proof in PROOFS:
                await _order(victim, (method, place), proof, tally)
    return tally


async def api_orders(victim: Victim) -> Tally:
    """Every order of the API, well-formed, with every proof that is none. Complains about each that is not refused."""
    tally = Tally()
    for method, place, order in API_ORDERS:
        body = json.dumps({"why": "a stranger", **order}).encode()
        for number, proof in enumerate(API_PROOFS):
            more = f'Content-Type: application/json\r\nIdempotency-Key: stranger-{number}\r\nIf-Match: "1"\r\n'
            status = await _order(victim, (method, place), proof + more, tally, body)
            if status is not None and status not in REFUSED and status not in TAKEN:
                tally.complaints.append(f"{method} {place} was answered with {status}, not refused")
    return tally


async def _order(
    victim: Victim, order: tuple[str, str], headers: str, tally: Tally, body: bytes = b'{"by": "a stranger"}'
) -> int | None:
    method, place = order
    node = victim.nodes[tally.sent % len(victim.nodes)]
    connection = await connect(node.host, node.http_port, tally)
    if connection is None:
        return None
    head = f"{method} {place} HTTP/1.1\r\nHost: {node.host}\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    await write(connection, head.encode() + body)
    status = status_of(await answer(connection))
    if status is None:
        tally.count("closed")
    else:
        tally.count_status(status, f"{method} {place}")
    if status in TAKEN:
        tally.complaints.append(f"{method} {place} was answered with {status}")
    drop(connection)
    return status
