"""Carries out orders: once for each key, with what was so before and after, and every one in the audit log."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cluster import addresses
from cluster.access.audit_log import Order
from cluster.errors import (
    ClusterError,
    ConflictError,
    NotAllowedError,
    NotMasterError,
    OutcomeUnknownError,
    RefusedError,
    TooLargeError,
    TooSoonError,
)
from cluster.tracing import continued
from pacing_node.api.v1.api_gate import PRINCIPAL
from pacing_node.api.v1.idempotency import OnceEach, OtherOrderError
from pacing_node.api.v1.order_models import OrderAnswer, OrderState
from pacing_node.api.v1.problem_details import ProblemError
from pacing_node.api.v1.target_models import TargetHold

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

    from cluster.access.audit_log import AuditLog
    from cluster.access.principal import Principal
    from cluster.mastership import LeadershipStatus
    from cluster.records import Pause
    from pacing_node.api.v1.api_view import ApiView
    from pacing_node.cycle.hold_book import HoldBook
    from pacing_node.cycle.holds import Hold

MOST_KEY = 200
_STATUSES: tuple[tuple[type[ClusterError], int], ...] = (
    (TooSoonError, 429),
    (RefusedError, 409),
    (ConflictError, 409),
    (NotMasterError, 503),
    (NotAllowedError, 503),
    (TooLargeError, 413),
    (OutcomeUnknownError, 504),
    (ClusterError, 503),
)
ORDER_PROBLEMS = (409, 413, 429, 503, 504)
"""Statuses an order can be answered with when it is not carried out."""


@dataclass(frozen=True, slots=True)
class OrderWork:
    """One order: its name, what is asked, and how it is done."""

    operation: str
    asked: Mapping[str, object]
    """What the request says beside its reason, for the audit log and to compare repetitions."""
    why: str
    work: Callable[[str], Awaitable[Mapping[str, object] | None]]
    """Given who orders and why, in words; what it knows of the state after it before this node does, by field.
    Raises ClusterError."""
    target: str | None = None
    """The target it is about."""
    fingerprint: str = ""
    """Stands for what is asked beside that and is written nowhere, such as secrets: compared with repetitions."""


class OrderDesk:
    """Takes the orders of one node."""

    def __init__(
        self,
        view: ApiView,
        audit: AuditLog,
        holds: HoldBook,
        *,
        status: Callable[[], LeadershipStatus],
        paused: Callable[[], Pause | None],
    ) -> None:
        self._view = view
        self._audit = audit
        self._holds = holds
        self._status = status
        self._paused = paused
        self._once: OnceEach[OrderAnswer] = OnceEach()

    async def carry_out(self, request: Request, order: OrderWork) -> OrderAnswer:
        """Carry an order out, or answer for one that was. Raises ProblemError."""
        principal: Principal = request.scope["state"][PRINCIPAL]
        key = request.headers.get("idempotency-key", "")
        if len(key) > MOST_KEY:
            raise ProblemError(422, f"header.Idempotency-Key: found {len(key)} characters, allowed: {MOST_KEY}")
        same = (order.operation, order.target, order.why, tuple(sorted(order.asked.items())), order.fingerprint)
        try:
            answer, repeated = await self._once.carry_out(
                principal.name, key, same, lambda: self._done(order, principal, request), time.time()
            )
        except OtherOrderError:
            detail = f"header.Idempotency-Key: {key[:40]!r} was used for another order; allowed: a new key"
            raise ProblemError(422, detail) from None
        if not repeated:
            return answer
        self._audit.repeated(_entry(request, principal, order))
        return answer.model_copy(update={"repeated": True})

    async def _done(self, order: OrderWork, principal: Principal, request: Request) -> OrderAnswer:
        role, before = principal.role.value, self.state(order.target)
        try:
            with continued("order", request.headers.items(), operation=order.operation, role=role, port="default"):
                known = await order.work(principal.name)
        except (ClusterError, ProblemError) as error:
            self._audit.failed(_entry(request, principal, order), str(error))
            raise _problem(error) from None
        after = self.state(order.target).model_copy(update=dict(known or {}))
        states = before.model_dump(), after.model_dump()
        self._audit.carried_out(_entry(request, principal, order, *states))
        values = {"order": order.operation, "by": principal.name, "why": order.why, "done_at": time.time()}
        states_of = {"repeated": False, "before": before, "after": after}
        return OrderAnswer.model_validate({**self._view.answer(), **values, **states_of})

    def state(self, target: str | None = None) -> OrderState:
        """What orders change, as this node knows it now."""
        status, pause, now = self._status(), self._paused(), time.time()
        holds = self._holds.holds.current(now)
        return OrderState(
            master=status.master,
            epoch=status.epoch,
            paused_by=pause.by if pause is not None else None,
            paused_until=pause.until if pause is not None else None,
            stopped=shown_hold(holds.stop, everything=True),
            held=len(holds.targets),
            hold=shown_hold(holds.targets.get(target)) if target is not None else None,
            options_version=self._view.options.version,
        )


def _entry(request: Request, principal: Principal, order: OrderWork, *states: Mapping[str, object]) -> Order:
    """An order as the audit log has it; ``states`` before and after it, where it was carried out."""
    source = addresses.join(*(request.client or ("", 0)))
    asked = {**order.asked, "why": order.why, "target": order.target or ""}
    return Order(order.operation, source, principal, asked, *states)


def shown_hold(hold: Hold | None, *, everything: bool = False) -> TargetHold | None:
    """A hold as answers show it."""
    if hold is None:
        return None
    return TargetHold(by=hold.by, why=hold.why, since=hold.since, until=hold.until, everything=everything)


def _problem(error: ClusterError | ProblemError) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    status = next(status for kind, status in _STATUSES if isinstance(error, kind))
    return ProblemError(status, str(error), {"Retry-After": "10"} if status == 429 else None)
