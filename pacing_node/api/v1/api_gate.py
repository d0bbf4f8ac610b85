"""Who may read and order by the API: judged before a request reaches its route, refused as problem details.

Proofs, in this order: a bearer token or JWT, the cookie of a browser's session, a certificate, nothing. Reads need the
role viewer as `access.api` says; every order needs a role, and never comes from another site's page.
"""

from __future__ import annotations

import time
from dataclasses import replace
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, NamedTuple

from starlette.datastructures import Headers

from cluster.access.audit_log import Order
from cluster.access.principal import Evidence, Principal, Proof
from cluster.access.roles import AccessRole
from cluster.access.verdict import Refusal, Verdict
from pacing_node.api.caller_source import source_of
from pacing_node.api.certified_callers import CertifiedCallers
from pacing_node.api.v1.browser_sessions import BrowserSessions, Session, shows_csrf
from pacing_node.api.v1.problem_details import problem_response
from pacing_node.api.v1.request_origin import foreign_page, is_direct_local

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from cluster.access.access_control import AccessControl
    from cluster.access.audit_log import AuditLog

PRINCIPAL = "principal"
"""Key of the caller in the state of a request."""
SESSION = "browser_session"
"""Key of the browser's session in the state of a request; None without one."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_BEARER = "bearer "
_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_NO_PROOF = "reads need the role viewer here: show a token (pacing token create), or begin a session"


class Judged(NamedTuple):
    """What became of a request at the gate."""

    verdict: Verdict
    session: Session | None
    status: HTTPStatus
    """Status of the answer when it is refused."""


class ApiGate:
    """Judges the requests to the API of one node."""

    def __init__(
        self,
        control: AccessControl,
        audit: AuditLog,
        *,
        reads: Callable[[], str],
        cookie: str = "pacing_session",
        certified: CertifiedCallers | None = None,
    ) -> None:
        """``reads`` is the option `access.api`: open, local or viewer. ``cookie`` names the session's cookie: cookies
        are shared by all ports of a host, so each node needs its own. ``certified`` are callers with certificates.
        """
        self._certified = certified or CertifiedCallers()
        self._control = control
        self._audit = audit
        self._reads = reads
        self.cookie = cookie
        self.sessions = BrowserSessions()

    def judge(self, scope: Scope, needed: AccessRole) -> Judged:
        """The verdict on a request, and the session it is part of."""
        headers = Headers(scope=scope)
        session = self.session(headers) if "authorization" not in headers else None
        if scope["method"] not in SAFE_METHODS and (forged := _forged(headers, session)):
            return Judged(Verdict(needed, None, Refusal.BAD_PROOF, forged), session, HTTPStatus.FORBIDDEN)
        verdict = self._verdict(self._evidence(scope, headers, session), needed)
        if verdict.refusal is Refusal.BAD_PROOF and session is not None:
            # Its token was revoked or has ended: the next request has no session, and reads what is open to all.
            self.sessions.end(session.identity)
        weak = verdict.refusal is Refusal.TOO_WEAK
        return Judged(verdict, session, HTTPStatus.FORBIDDEN if weak else HTTPStatus.UNAUTHORIZED)

    def judge_bearer(self, scope: Scope, bearer: str) -> Verdict:
        """The verdict on a token that a session is to be begun with."""
        headers = Headers(scope=scope)
        if foreign := foreign_page(headers):
            return Verdict(AccessRole.VIEWER, None, Refusal.BAD_PROOF, foreign)
        evidence = replace(self._evidence(scope, headers, None), bearer=bearer)
        return self._control.judge(evidence, AccessRole.VIEWER, time.time())

    def _evidence(self, scope: Scope, headers: Headers, session: Session | None) -> Evidence:
        host, _ = scope.get("client") or ("", 0)
        given = headers.get("authorization", "")
        bearer = session.bearer if session is not None else None
        if given.lower().startswith(_BEARER):
            bearer = given[len(_BEARER) :].strip()
        return Evidence(
            call=str(scope["path"]),
            body=b"",
            source=source_of(scope),
            local=is_direct_local(host, headers),
            encrypted=scope.get("scheme") == "https",
            bearer=bearer,
            certified=self._certified.principal(scope),
        )

    def _verdict(self, evidence: Evidence, needed: AccessRole) -> Verdict:
        verdict = self._control.judge(evidence, needed, time.time())
        if needed is not AccessRole.VIEWER or evidence.bearer is not None:
            return verdict
        proved = verdict.allowed and verdict.principal is not None and verdict.principal.proved
        reads = self._reads()
        if proved or reads == "open" or (reads == "local" and evidence.local):
            principal = verdict.principal if verdict.allowed else None
            return Verdict(needed, principal or Principal("anybody", AccessRole.VIEWER, Proof.NONE))
        return Verdict(needed, None, Refusal.NO_PROOF, _NO_PROOF)

    def refuse(self, scope: Scope, verdict: Verdict) -> None:
        """Enter a refused request into the audit log."""
        asked = {"method": scope["method"], "path": scope["path"]}
        self._audit.refuse(Order("Api", source_of(scope), verdict.principal, asked), verdict.reason)

    def session(self, headers: Headers) -> Session | None:
        """The session of a request's cookie; None without one."""
        identity = cookie_value(headers.get("cookie", ""), self.cookie)
        return self.sessions.find(identity, time.monotonic()) if identity else None


class ApiGateMiddleware:
    """Stands before the routes of the API."""

    def __init__(
        self, app: ASGIApp, gate: ApiGate, *, open_paths: frozenset[str], role_of_order: Callable[[str], AccessRole]
    ) -> None:
        """``open_paths`` need no role; ``role_of_order`` gives that of an order by its path."""
        self._app = app
        self._gate = gate
        self._open_paths = open_paths
        self._role_of_order = role_of_order

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its caller, or answer 401 or 403."""
        path = scope["path"]
        if path in self._open_paths:
            await self._app(scope, receive, send)
            return
        needed = AccessRole.VIEWER if scope["method"] in SAFE_METHODS else self._role_of_order(path)
        judged = self._gate.judge(scope, needed)
        verdict = judged.verdict
        if verdict.allowed:
            state = {**scope.get("state", {}), PRINCIPAL: verdict.principal, SESSION: judged.session}
            await self._app({**scope, "state": state}, receive, send)
            return
        self._gate.refuse(scope, verdict)
        headers = _CHALLENGE if judged.status is HTTPStatus.UNAUTHORIZED else {}
        await problem_response(path, judged.status, verdict.reason, headers=headers)(scope, receive, send)


def cookie_value(header: str, name: str) -> str:
    """The value of a cookie in the header `Cookie`; empty without it."""
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def _forged(headers: Headers, session: Session | None) -> str:
    """Why an order may not come from the page it seems to come from, in words; empty when nothing is wrong."""
    if foreign := foreign_page(headers):
        return foreign
    if session is not None and not shows_csrf(session, headers.get("x-csrf-token", "")):
        return "the header X-CSRF-Token does not fit the session"
    return ""
