"""Pages for those who prove who they are, where the cluster's options ask for it (`access.pages: viewer`)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cluster import addresses
from cluster.access.audit_log import Order
from cluster.access.principal import Evidence
from cluster.access.roles import AccessRole
from cluster.access.verdict import Refusal, Verdict
from pacing_node.api.answers import problem
from pacing_node.api.caller_source import source_of
from pacing_node.api.certified_callers import CertifiedCallers

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from cluster.access.access_control import AccessControl
    from cluster.access.audit_log import AuditLog
    from cluster.access.principal import Principal

OPEN_PAGES = frozenset({"/liveness", "/readiness", "/master", "/standby", "/", "/dashboard"})
"""Pages for load balancers, which have no token; and what leads a person to the dashboard, which asks for one."""
_BEARER = "bearer "
_NO_TOKENS = "the pages need the role viewer, and this cluster has no token: make one with pacing token create"
_NOTHING_SHOWN = (
    "these pages need a token with the role viewer or more, in the header Authorization, or a certificate that has it:"
    " none was shown"
)
_CHALLENGE = {"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"}


class PageGate:
    """Judges requests to the pages of a node."""

    def __init__(
        self,
        control: AccessControl,
        audit: AuditLog,
        required: Callable[[], bool],
        certified: CertifiedCallers | None = None,
    ) -> None:
        """``required``: whether the role viewer is needed now; ``certified`` are callers with certificates."""
        self._certified = certified or CertifiedCallers()
        self._control = control
        self._audit = audit
        self._required = required

    def refusal(self, scope: Scope) -> Verdict | None:
        """The verdict on a request that is refused; None for one that may go on."""
        if not self._required():
            return None
        evidence = evidence_of(scope, self._certified.principal(scope))
        verdict = self._control.judge(evidence, AccessRole.VIEWER, time.time())
        if verdict.allowed and verdict.principal is not None:
            if verdict.principal.proved:
                return None
            # With the last token revoked the clustering port trusts its own machine; the pages are to trust nobody.
            verdict = Verdict(AccessRole.VIEWER, None, Refusal.NO_PROOF, _NO_TOKENS)
        if verdict.refusal is Refusal.NO_PROOF and not self._control.is_open:
            verdict = Verdict(AccessRole.VIEWER, None, Refusal.NO_PROOF, _NOTHING_SHOWN)
        asked = {"page": evidence.call}
        self._audit.refuse(Order("Page", evidence.source, verdict.principal, asked), verdict.reason)
        return verdict


class PageGateMiddleware:
    """Stands before the pages of an application; ``open_paths`` begin the paths that everybody may read."""

    def __init__(self, app: ASGIApp, gate: PageGate, open_paths: tuple[str, ...]) -> None:
        self._app = app
        self._gate = gate
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 without a good proof, 403 for a role that is too weak."""
        path = str(scope.get("path", ""))
        refused = None
        if scope["type"] == "http" and path not in OPEN_PAGES and not path.startswith(self._open_paths):
            refused = self._gate.refusal(scope)
        if refused is None:
            await self._app(scope, receive, send)
            return
        status = 403 if refused.refusal is Refusal.TOO_WEAK else 401
        await problem(status, refused.reason, _CHALLENGE)(scope, receive, send)


def evidence_of(scope: Scope, certified: Principal | None = None) -> Evidence:
    """What is known of a request: where it comes from, the token it shows, and who it is by its certificate."""
    host, _ = scope.get("client") or ("", 0)
    given = next((value for name, value in scope["headers"] if name == b"authorization"), b"").decode("latin-1")
    shown = given.lower().startswith(_BEARER)
    return Evidence(
        call=str(scope.get("path", "")),
        body=b"",
        source=source_of(scope),
        local=addresses.is_local_host(host),
        encrypted=scope.get("scheme") == "https",
        bearer=given[len(_BEARER) :].strip() if shown else None,
        certified=certified,
    )
