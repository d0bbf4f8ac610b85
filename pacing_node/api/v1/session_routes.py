"""`/api/v1/session`: a browser shows a token once, and gets a cookie that no script can read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from cluster.access.audit_log import Order
from cluster.access.principal import Principal, Proof
from cluster.access.roles import AccessRole, covers
from pacing_node.api.call_rates import CallRates
from pacing_node.api.v1.browser_sessions import LONGEST_SECONDS, Session
from pacing_node.api.v1.order_roles import OPERATIONS
from pacing_node.api.v1.problem_details import ProblemError, problems
from pacing_node.api.v1.request_origin import foreign_page
from pacing_node.api.v1.session_models import BeginSession, SessionAnswer

if TYPE_CHECKING:
    from cluster.access.audit_log import AuditLog
    from pacing_node.api.v1.api_gate import ApiGate

ATTEMPTS_PER_SECOND = 1.0
ATTEMPTS_AT_ONCE = 10.0
PATH = "/api/v1"


class SessionRoutes:
    """Begin, show and end the session of a browser."""

    def __init__(self, gate: ApiGate, audit: AuditLog) -> None:
        self._gate = gate
        self._audit = audit
        self._attempts = CallRates(ATTEMPTS_PER_SECOND, ATTEMPTS_AT_ONCE)
        self.router = APIRouter(tags=["session"])
        route = self.router.add_api_route
        route("/session", self.show, operation_id="session")
        begin_problems = problems(401, 403, 429)
        route("/session", self.begin, methods=["POST"], operation_id="beginSession", responses=begin_problems)
        route("/session", self.end, methods=["DELETE"], operation_id="endSession", status_code=204)

    async def show(self, request: Request) -> SessionAnswer:
        """Who asks, with which role, and which orders they may give."""
        judged = self._gate.judge(request.scope, AccessRole.VIEWER)
        verdict = judged.verdict
        principal = verdict.principal if verdict.allowed else None
        if principal is not None and principal.proof is Proof.NONE:
            # On this machine, without any proof configured, orders are taken too.
            alone = self._gate.judge(request.scope, AccessRole.ADMIN).verdict
            principal = alone.principal if alone.allowed else principal
        return self._answer(principal, judged.session if verdict.allowed else None)

    async def begin(self, asked: BeginSession, request: Request, response: Response) -> SessionAnswer:
        """Begin a session with a token; the cookie is for this node alone."""
        host = request.client.host if request.client is not None else ""
        if not self._attempts.admit(host, time.monotonic()):
            raise ProblemError(429, "too many attempts from this address; one a second is taken", {"Retry-After": "1"})
        verdict = self._gate.judge_bearer(request.scope, asked.token)
        if not verdict.allowed or verdict.principal is None:
            self._gate.refuse(request.scope, verdict)
            raise ProblemError(403 if foreign_page(request.headers) else 401, verdict.reason)
        session = self._gate.sessions.begin(asked.token, time.monotonic())
        secure = request.url.scheme == "https"
        response.set_cookie(
            self._gate.cookie,
            session.identity,
            max_age=int(LONGEST_SECONDS),
            path=PATH,
            secure=secure,
            httponly=True,
            samesite="strict",
        )
        self._audit.carried_out(Order("BeginSession", host, verdict.principal))
        return self._answer(verdict.principal, session)

    async def end(self, request: Request, response: Response) -> None:
        """End the session of the cookie; without one nothing happens."""
        judged = self._gate.judge(request.scope, AccessRole.VIEWER)
        if judged.session is not None:
            if not judged.verdict.allowed:
                raise ProblemError(judged.status, judged.verdict.reason)
            self._gate.sessions.end(judged.session.identity)
        response.delete_cookie(self._gate.cookie, path=PATH, httponly=True, samesite="strict")

    def _answer(self, principal: Principal | None, session: Session | None) -> SessionAnswer:
        role = principal.role if principal is not None else None
        return SessionAnswer(
            name=principal.name if principal is not None else None,
            role=role,
            session=session is not None,
            csrf=session.csrf if session is not None else None,
            orders=[name for name, needed in OPERATIONS.items() if role is not None and covers(role, needed)],
            ends_after_seconds=LONGEST_SECONDS if session is not None else None,
        )
