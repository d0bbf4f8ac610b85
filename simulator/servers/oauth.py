"""The token endpoint of the engagement platform: client credentials over HTTP Basic."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.responses import JSONResponse

from simulator.servers.basic_auth import UNAUTHORIZED, user_of
from simulator.servers.faults.fault_board import Garble, RevokeTokens
from simulator.servers.faults.misbehaviour import delayed, refusal, spoiled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from simulator.servers.faults.fault_board import FaultBoard


class TokenOffice:
    """Gives bearer tokens to known clients and knows whose a token is until it expires."""

    def __init__(self, clients: Mapping[str, str], lifetime_seconds: float, board: FaultBoard) -> None:
        self._clients = dict(clients)
        self._lifetime = lifetime_seconds
        self._board = board
        self._tokens: dict[str, tuple[str, float]] = {}
        board.on(RevokeTokens, lambda _: self._tokens.clear())

    def client_of(self, authorization: str) -> str | None:
        """The client an ``Authorization: Bearer`` header stands for; None when it is unknown or expired."""
        scheme, _, token = authorization.partition(" ")
        client, expires = self._tokens.get(token.strip(), (None, 0.0))
        return client if scheme.lower() == "bearer" and time.monotonic() < expires else None

    async def answer(self, request: Request) -> Response:
        """``POST /oauth/token`` with ``grant_type=client_credentials``."""
        fault = refusal(self._board, "token", request)
        if fault is not None:
            return await delayed(self._board, "token", fault)
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        client = user_of(request, self._clients)
        if client is None:
            failed = {"error": "invalid_client", "description": "unknown client or wrong secret"}
            return JSONResponse(failed, 401, headers=UNAUTHORIZED)
        if form.get("grant_type") != ["client_credentials"]:
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        answer = {"access_token": self._issue(client), "token_type": "bearer", "expires_in": int(self._lifetime)}
        response = spoiled(answer, self._board.take(Garble, "token"), {})
        return await delayed(self._board, "token", response)

    def _issue(self, client: str) -> str:
        now = time.monotonic()
        self._tokens = {token: entry for token, entry in self._tokens.items() if entry[1] > now}
        token = secrets.token_urlsafe(32)
        self._tokens[token] = (client, now + self._lifetime)
        return token
