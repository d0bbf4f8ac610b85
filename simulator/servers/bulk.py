"""The engagement platform's bulk call: takes a push if its token is the newest, and answers for each target."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from simulator.servers.entities import PlatformTargets
from simulator.servers.faults import Garble
from simulator.servers.fence import PushToken, StreamFence, Verdict, read_token
from simulator.servers.misbehaviour import delayed, held_up, refusal, spoiled
from simulator.servers.rate import RateMeter

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from simulator.servers.faults import FaultBoard
    from simulator.servers.journal import Journal
    from simulator.servers.live import LiveCentre
    from simulator.servers.oauth import TokenOffice


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What a part was answered, kept for its replay."""

    answer: dict[str, Any]
    payload_hash: int


class BulkEndpoint:
    """``POST /api/v2/journey/actiontargets/bulk``."""

    def __init__(self, live: LiveCentre, office: TokenOffice, journal: Journal, board: FaultBoard) -> None:
        self._targets = PlatformTargets(live, board)
        self._live = live
        self._office = office
        self._journal = journal
        self._board = board
        self._fences: dict[str, StreamFence[StoredAnswer]] = {}
        self._rate = RateMeter(board)
        self._turn = asyncio.Lock()
        """One large body after the other, so that the feeds get their turn in between."""

    async def answer(self, request: Request) -> Response:
        """One request, from authorisation to the recorded answer."""
        received_at = time.time()
        slow = await held_up(self._board, "bulk")
        client = self._office.client_of(request.headers.get("authorization", ""))
        fault = self._rate.count() or refusal(self._board, "bulk")
        if fault is not None:
            self._note(request, received_at, client, f"fault:{fault.status_code}")
            return await delayed(self._board, "bulk", fault, slow)
        if client is None:
            self._note(request, received_at, client, "unauthorized")
            return _problem(401, "bad.credentials", "Invalid or expired bearer token.")
        body = await request.body()
        async with self._turn:
            response = self._take(request, received_at, client, body)
        return await delayed(self._board, "bulk", response, slow)

    def _take(self, request: Request, received_at: float, client: str, body: bytes) -> Response:
        """Read and judge a request whose body is here."""
        try:
            entities, payload_hash = _entities(body, request.headers.get("content-encoding", ""))
        except ValueError as error:
            self._note(request, received_at, client, "bad_request")
            return _problem(400, "bad.request", str(error))
        return self._judge(request, received_at, client, entities, payload_hash)

    def _judge(
        self, request: Request, received_at: float, client: str, entities: list[Any], payload_hash: int
    ) -> Response:
        """Compare, apply, store and record in one instant: nothing here gives way to another request."""
        try:
            token = read_token(request.headers)
        except ValueError as error:
            self._note(request, received_at, client, "missing_token")
            return _problem(400, "missing_token", str(error))
        fence = self._fences.setdefault(client, StreamFence())
        verdict = fence.judge(token)
        if verdict is Verdict.APPLY:
            fence.store(token, StoredAnswer(self._targets.apply(entities), payload_hash))
            self._accept(received_at, client, token, complete=fence.complete)
            return self._success(fence.answers[token.part].answer, {})
        if verdict is Verdict.REPLAY:
            stored = fence.answers[token.part]
            same = stored.payload_hash == payload_hash
            self._accept(received_at, client, token, replayed=True, reason="" if same else "replayed_other_payload")
            return self._success(stored.answer, {"Idempotency-Replayed": "true"})
        self._note(request, received_at, client, verdict.value)
        return _refused(verdict, fence.mark)

    def _success(self, answer: dict[str, Any], headers: dict[str, str]) -> Response:
        return spoiled(answer, self._board.take(Garble, "bulk"), headers | self._rate.headers)

    def _accept(
        self,
        received_at: float,
        client: str,
        token: PushToken,
        *,
        complete: bool = False,
        replayed: bool = False,
        reason: str = "",
    ) -> None:
        self._journal.record(
            received_at=received_at,
            client=client,
            cluster_id=token.cluster_id,
            epoch=token.epoch,
            sequence=token.sequence,
            part=f"{token.part}/{token.parts}",
            accepted=True,
            replayed=replayed,
            reason=reason,
            complete=complete,
        )

    def _note(self, request: Request, received_at: float, client: str | None, reason: str) -> None:
        """Record a request that was not accepted, with what its headers said."""
        try:
            token: PushToken | None = read_token(request.headers)
        except ValueError:
            token = None
        self._journal.record(
            received_at=received_at,
            client=client or "",
            cluster_id=token.cluster_id if token else None,
            epoch=token.epoch if token else None,
            sequence=token.sequence if token else None,
            part=f"{token.part}/{token.parts}" if token else None,
            accepted=False,
            replayed=False,
            reason=reason,
        )


def _entities(body: bytes, encoding: str) -> tuple[list[Any], int]:
    """The entities of a request body and a hash of it. Raises ValueError saying what is wrong."""
    if encoding == "gzip":
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError("the body is not gzip as its Content-Encoding says") from error
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError("the body is not JSON") from error
    entities = document.get("entities") if isinstance(document, dict) else None
    if not isinstance(entities, list):
        raise ValueError("entities must be a list")
    return entities, hash(body)


def _problem(status: int, code: str, message: str, **more: object) -> Response:
    return JSONResponse({"status": status, "code": code, "message": message} | more, status)


def _refused(verdict: Verdict, mark: PushToken | None) -> Response:
    messages = {
        Verdict.STALE: "A newer push has been accepted.",
        Verdict.FOREIGN: "This stream belongs to another cluster.",
        Verdict.MISMATCH: "Another part of this push was sent with a different number of parts.",
    }
    shown = {"clusterId": mark.cluster_id, "epoch": mark.epoch, "sequence": mark.sequence} if mark else None
    return _problem(409, verdict.value, messages[verdict], mark=shown)
