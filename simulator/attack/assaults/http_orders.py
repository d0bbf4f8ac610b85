"""Orders over HTTP, at the pages of the nodes."""

from __future__ import annotations

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


async def orders_over_http(victim: Victim) -> Tally:
    """Every method at every place with every proof. Complains about whatever is taken."""
    tally = Tally()
    for method in METHODS:
        for place in PLACES:
            for proof in PROOFS:
                await _order(victim, method, place, proof, tally)
    return tally


async def _order(victim: Victim, method: str, place: str, proof: str, tally: Tally) -> None:
    node = victim.nodes[tally.sent % len(victim.nodes)]
    connection = await connect(node.host, node.http_port, tally)
    if connection is None:
        return
    body = b'{"by": "a stranger"}'
    head = f"{method} {place} HTTP/1.1\r\nHost: {node.host}\r\n{proof}Content-Length: {len(body)}\r\n\r\n"
    await write(connection, head.encode() + body)
    status = status_of(await answer(connection))
    if status is None:
        tally.count("closed")
    else:
        tally.count_status(status, f"{method} {place}")
    if status in TAKEN:
        tally.complaints.append(f"{method} {place} was answered with {status}")
    drop(connection)
