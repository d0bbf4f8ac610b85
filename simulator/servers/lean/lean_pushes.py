"""The bulk endpoint of a lean peer: tokens, fence and record as everywhere, and answers without a model behind them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
from isal import isal_zlib
from starlette.responses import JSONResponse, Response

from simulator.servers.engagement.fence import FULL, PARTIAL, StreamFence, Verdict, read_token
from simulator.servers.engagement.push_endpoint import ACCEPTS, OUT_OF_STEP_STATUS

if TYPE_CHECKING:
    from starlette.requests import Request

    from simulator.servers.engagement.fence import PushToken
    from simulator.servers.engagement.journal import Journal
    from simulator.servers.oauth import TokenOffice

_FIGURES = b',"pendingInvitationCount":%d,"acceptanceRate":0.3,"timeToPositiveDispositionAvgSeconds":15.25}'
_GZIP = 31
"""Size of the window, and the wrapping."""
_PACKED_FROM = 1024
"""Answers that are longer go packed to a client that takes them."""


class _Entity(msgspec.Struct, gc=False, rename="camel"):
    """What is read of a target."""

    allowed_invitation_count: int


class _Body(msgspec.Struct, gc=False):
    """A request; entities stay as they came, to be shown as they came."""

    entities: list[msgspec.Raw]


_BODY = msgspec.json.Decoder(_Body)
_ENTITY = msgspec.json.Decoder(_Entity)


class LeanPushes:
    """``POST`` of the bulk call: the newest token wins, a repeated part has the stored answer, all is recorded."""

    def __init__(self, office: TokenOffice, journal: Journal) -> None:
        self._office = office
        self._journal = journal
        self._fences: dict[str, StreamFence[bytes]] = {}
        self.newest: dict[str, bytes] = {}
        """By ``i/k`` the parts of the newest push of any client as they came, unpacked."""

    async def answer(self, request: Request) -> Response:
        """One request; refusals are those of the full simulator."""
        received_at, body = time.time(), await request.body()
        client = self._office.client_of(request.headers.get("authorization", ""))
        if client is None:
            return _refusal(401, "bad.credentials", None)
        try:
            token = read_token(request.headers)
            if request.headers.get("content-encoding") == "gzip":
                body = isal_zlib.decompress(body, _GZIP)
            fence = self._fences.setdefault(client, StreamFence())
            verdict = fence.judge(token)
            if verdict is Verdict.APPLY:
                fence.store(token, _answer(body))
                self.newest[f"{token.part}/{token.parts}"] = body
        except (ValueError, isal_zlib.error) as error:  # type: ignore[misc] # a class, whatever the stub says
            return _refusal(400, f"bad.request: {error}"[:200], None)
        accepted = verdict in {Verdict.APPLY, Verdict.REPLAY}
        self._record(received_at, client, token, verdict, complete=fence.complete)
        if not accepted:
            return _refusal(OUT_OF_STEP_STATUS if verdict is Verdict.OUT_OF_STEP else 409, verdict.value, fence.mark)
        return _success(fence.answers[token.part], request, replayed=verdict is Verdict.REPLAY)

    def _record(self, received_at: float, client: str, token: PushToken, verdict: Verdict, *, complete: bool) -> None:
        accepted = verdict in {Verdict.APPLY, Verdict.REPLAY}
        self._journal.record(
            complete=complete and verdict is Verdict.APPLY,
            received_at=received_at,
            client=client,
            cluster_id=token.cluster_id,
            epoch=token.epoch,
            sequence=token.sequence,
            part=f"{token.part}/{token.parts}",
            key=token.key,
            kind=FULL if token.prev is None else PARTIAL,
            prev=token.prev,
            accepted=accepted,
            replayed=verdict is Verdict.REPLAY,
            reason="" if accepted else verdict.value,
        )


def _answer(body: bytes) -> bytes:
    """Each entity as it came with figures behind it. Raises ValueError for what is no request."""
    entities = _BODY.decode(body).entities
    shown = [_shown(bytes(each)) for each in entities]
    return b'{"results":[' + b",".join(shown) + b'],"errorCount":0,"errorIndexes":[]}'


def _shown(entity: bytes) -> bytes:
    allowed = _ENTITY.decode(entity).allowed_invitation_count
    return b'{"entity":' + entity[:-1] + _FIGURES % (allowed // 2) + b"}"


def _success(answer: bytes, request: Request, *, replayed: bool) -> Response:
    headers = {ACCEPTS: f"{FULL}, {PARTIAL}", "Accept-Encoding": "gzip"}
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    if len(answer) >= _PACKED_FROM and "gzip" in request.headers.get("accept-encoding", ""):
        answer, headers["Content-Encoding"] = isal_zlib.compress(answer, 1, _GZIP), "gzip"
    return Response(answer, 200, headers, "application/json")


def _refusal(status: int, code: str, mark: PushToken | None) -> Response:
    document: dict[str, object] = {"status": status, "code": code, "message": code}
    if mark is not None:
        document["mark"] = {"clusterId": mark.cluster_id, "epoch": mark.epoch, "sequence": mark.sequence}
    return JSONResponse(document, status)
