"""An endpoint that receives pushes: takes one if its token is the newest, and answers for each target.

What the bodies look like is a dialect's business; authorisation, fencing, replays, the record and faults are here.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from starlette.responses import JSONResponse, Response

from simulator.servers.engagement.fence import FULL, PARTIAL, PushToken, StreamFence, Verdict, read_token
from simulator.servers.engagement.rate import RateMeter
from simulator.servers.faults.fault_board import Garble
from simulator.servers.faults.misbehaviour import delayed, held_up, refusal, spoiled

if TYPE_CHECKING:
    from starlette.requests import Request

    from simulator.servers.engagement.conditional import ConditionalResource
    from simulator.servers.engagement.journal import Journal
    from simulator.servers.faults.fault_board import FaultBoard

_MESSAGES = {
    Verdict.STALE: "A newer push has been accepted.",
    Verdict.FOREIGN: "This stream belongs to another cluster.",
    Verdict.MISMATCH: "Another part of this push was sent with a different number of parts, or as another kind.",
    Verdict.OUT_OF_STEP: "The state that this partial push changes is not the one that is here.",
}


OUT_OF_STEP_STATUS = 424
"""Failed Dependency: what the request builds on is not here. Not 409, which a node takes for a fence."""
ACCEPTS = "Pacing-Accepts"
"""Header of accepted pushes: the kinds of push this receiver takes."""


class Dialect(Protocol):
    """How one platform's call looks."""

    def client_of(self, request: Request, body: bytes) -> str | None:
        """Whose request it is: the name of its stream; None when it is not authorised."""
        ...

    def read(self, document: Any, token: PushToken) -> list[Any]:
        """The targets of a request. Raises ValueError saying what is wrong."""
        ...

    def apply(self, items: list[Any]) -> dict[str, Any]:
        """Allow what the targets say; the answer."""
        ...

    def refusal(self, status: int, code: str, message: str, mark: PushToken | None) -> dict[str, Any]:
        """The document of a refusal."""
        ...


@dataclass(frozen=True, slots=True)
class _StoredAnswer:
    """What a part was answered, kept for its replay."""

    answer: dict[str, Any]
    payload_hash: int


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A request with what every record of it says."""

    request: Request
    body: bytes
    received_at: float
    client: str | None


class PushEndpoint:
    """Receives the pushes of one dialect; streams of different clients do not touch each other."""

    def __init__(
        self,
        dialect: Dialect,
        journal: Journal,
        board: FaultBoard,
        resource: ConditionalResource | None = None,
        *,
        partials: bool = True,
    ) -> None:
        """With ``resource`` it compares ETags instead of tokens; without ``partials`` it knows whole states only."""
        self._partials = partials
        self._dialect = dialect
        self._resource = resource
        self._journal = journal
        self._board = board
        self._fences: dict[str, StreamFence[_StoredAnswer]] = {}
        self._rate = RateMeter(board)
        self._turn = asyncio.Lock()
        """One large body after the other, so that the feeds get their turn in between."""

    async def answer(self, request: Request) -> Response:
        """One request, from authorisation to the recorded answer."""
        received_at = time.time()
        slow = await held_up(self._board, "bulk")
        body = await request.body()
        arrival = _Arrival(request, body, received_at, self._dialect.client_of(request, body))
        fault = self._rate.count() or refusal(self._board, "bulk", request)
        if fault is not None:
            self._note(arrival, f"fault:{fault.status_code}")
            return await delayed(self._board, "bulk", fault, slow)
        async with self._turn:
            response = self._take(arrival)
        return await delayed(self._board, "bulk", response, slow)

    async def head(self, request: Request) -> Response:
        """A HEAD changes nothing; it shows whether the caller is authorised."""
        known = self._dialect.client_of(request, b"") is not None
        return Response(status_code=405, headers={"Allow": "POST"}) if known else Response(status_code=401)

    async def show(self, request: Request) -> Response:
        """The state of the resource: who wrote it last, and its ETag."""
        fault = self._rate.count() or refusal(self._board, "bulk", request)
        if fault is not None:
            return fault
        if self._dialect.client_of(request, b"") is None:
            return JSONResponse(self._dialect.refusal(401, "bad.credentials", "Invalid credentials.", None), 401)
        if self._resource is None or self._resource.etag is None:
            return JSONResponse(self._dialect.refusal(404, "not.found", "Nothing was written yet.", None), 404)
        return JSONResponse(self._resource.representation(), headers={"ETag": self._resource.etag})

    def _take(self, arrival: _Arrival) -> Response:
        """Read and judge a request whose body is here."""
        if arrival.client is None:
            return self._refuse(arrival, 401, "bad.credentials", "Invalid or expired credentials.", "unauthorized")
        try:
            token = read_token(arrival.request.headers)
        except ValueError as error:
            return self._refuse(arrival, 400, "missing_token", str(error), "missing_token")
        if token.prev is not None and not self._partials:
            return self._refuse(arrival, 400, "unknown_kind", "Only full pushes are known here.", "unknown_kind")
        try:
            body = _unpacked(arrival.body, arrival.request.headers.get("content-encoding", ""))
            items = self._dialect.read(_parsed(body), token)
        except ValueError as error:
            return self._refuse(arrival, 400, "bad.request", str(error), "bad_request")
        if self._resource is not None:
            return self._compare(arrival, self._resource, token, items)
        return self._judge(arrival, arrival.client, token, items, hash(body))

    def _compare(
        self, arrival: _Arrival, resource: ConditionalResource, token: PushToken, items: list[Any]
    ) -> Response:
        """Compare the condition, apply and record in one instant, as :meth:`_judge`."""
        permitted = resource.permits(arrival.request.headers)
        if permitted is None:
            return self._refuse(arrival, 428, "condition.required", "A write needs If-Match.", "condition_required")
        if not permitted:
            return self._refuse(arrival, 412, "condition.failed", "The state has changed.", "condition_failed")
        answer = self._dialect.apply(items)
        resource.write(token)
        self._record(arrival, token, accepted=True, complete=token.part == token.parts)
        return self._success(answer, {"ETag": resource.etag or ""})

    def _judge(self, arrival: _Arrival, client: str, token: PushToken, items: list[Any], payload_hash: int) -> Response:
        """Compare, apply, store and record in one instant: nothing here gives way to another request."""
        fence = self._fences.setdefault(client, StreamFence())
        verdict = fence.judge(token)
        if verdict is Verdict.APPLY:
            fence.store(token, _StoredAnswer(self._dialect.apply(items), payload_hash))
            self._record(arrival, token, accepted=True, complete=fence.complete)
            return self._success(fence.answers[token.part].answer, {})
        if verdict is Verdict.REPLAY:
            stored = fence.answers[token.part]
            reason = "" if stored.payload_hash == payload_hash else "replayed_other_payload"
            self._record(arrival, token, accepted=True, replayed=True, reason=reason)
            return self._success(stored.answer, {"Idempotency-Replayed": "true"})
        self._record(arrival, token, accepted=False, reason=verdict.value)
        status = OUT_OF_STEP_STATUS if verdict is Verdict.OUT_OF_STEP else 409
        return JSONResponse(self._dialect.refusal(status, verdict.value, _MESSAGES[verdict], fence.mark), status)

    def _success(self, answer: dict[str, Any], headers: dict[str, str]) -> Response:
        if self._partials:
            headers = headers | {ACCEPTS: f"{FULL}, {PARTIAL}"}
        return spoiled(answer, self._board.take(Garble, "bulk"), headers | self._rate.headers)

    def _refuse(self, arrival: _Arrival, status: int, code: str, message: str, reason: str) -> Response:
        self._note(arrival, reason)
        return JSONResponse(self._dialect.refusal(status, code, message, None), status)

    def _note(self, arrival: _Arrival, reason: str) -> None:
        """Record a request that was not accepted, with what its headers said."""
        try:
            token: PushToken | None = read_token(arrival.request.headers)
        except ValueError:
            token = None
        self._record(arrival, token, accepted=False, reason=reason)

    def _record(
        self,
        arrival: _Arrival,
        token: PushToken | None,
        *,
        accepted: bool,
        complete: bool = False,
        replayed: bool = False,
        reason: str = "",
    ) -> None:
        self._journal.record(
            complete=complete,
            received_at=arrival.received_at,
            client=arrival.client or "",
            cluster_id=token.cluster_id if token else None,
            epoch=token.epoch if token else None,
            sequence=token.sequence if token else None,
            part=f"{token.part}/{token.parts}" if token else None,
            key=token.key if token else "",
            kind=FULL if token is None or token.prev is None else PARTIAL,
            prev=token.prev if token else None,
            accepted=accepted,
            replayed=replayed,
            reason=reason,
        )


def _unpacked(body: bytes, encoding: str) -> bytes:
    if encoding != "gzip":
        return body
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError("the body is not gzip as its Content-Encoding says") from error


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError("the body is not JSON") from error
