"""The audit log: one event for every order and every refused call, with who, from where, what, before and after.

Refused calls can come by the thousand, by the will of a stranger. Each kind of call has a budget of lines; what is
beyond it is counted, and the count is a part of the next line, which comes at the latest after :data:`FLUSH_SECONDS`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from cluster.access.refusal_budget import RefusalBudget
from cluster.listeners import Listeners
from cluster.outside_text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cluster.access.principal import Principal

log = structlog.get_logger(__name__)

EVENT = "audit.order"
"""Name of every event of the audit log."""
DONE = "carried out"
"""Outcome of an order that was; the others are ``failed``, ``refused`` and ``repeated``."""
FLUSH_SECONDS = 10.0
"""Longest time for which refused calls are counted and not reported."""


@dataclass(frozen=True, slots=True)
class Order:
    """One call as the audit log keeps it."""

    what: str
    """Name of the call."""
    source: str
    """Address of the caller."""
    who: Principal | None
    """None for somebody unknown."""
    asked: Mapping[str, object] = field(default_factory=dict)
    """What the message says, cut and printable."""
    before: Mapping[str, object] = field(default_factory=dict)
    """State of the node before the order."""
    after: Mapping[str, object] = field(default_factory=dict)
    """The same after it."""


class AuditLog:
    """Writes the events of one node."""

    def __init__(self) -> None:
        self.refused: Counter[str] = Counter()
        """Refused calls of this process, by their names."""
        self.on_event: Listeners[[Mapping[str, object]]] = Listeners("audit event")
        """Called with the fields of each event, whatever the log's level is."""
        self._budget = RefusalBudget()
        self._flush: asyncio.TimerHandle | None = None

    def carried_out(self, order: Order) -> None:
        """An order was carried out."""
        self._write({"outcome": DONE, **_fields(order)})

    def failed(self, order: Order, reason: str) -> None:
        """An order was allowed and could not be carried out."""
        self._write({"outcome": "failed", "reason": one_line(reason), **_fields(order)})

    def repeated(self, order: Order) -> None:
        """An order that was carried out came again with its key: it was answered, and nothing was done."""
        self._write({"outcome": "repeated", **_fields(order)})

    def refuse(self, order: Order, reason: str) -> None:
        """A call was refused for want of a proof or a role."""
        self.refused[order.what] += 1
        loop = asyncio.get_running_loop()
        if not self._budget.take(order.what, loop.time()):
            if self._flush is None:
                self._flush = loop.call_later(FLUSH_SECONDS, self.flush)
            return
        more = self._budget.uncounted(order.what)
        self._write({"outcome": "refused", "reason": one_line(reason), "not_logged": more, **_fields(order)})

    def flush(self) -> None:
        """Report the refused calls that were only counted."""
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        for what, count in self._budget.all_uncounted().items():
            reason = "more of them, counted alone"
            self._write({"outcome": "refused", "what": what, "reason": reason, "not_logged": count})

    def _write(self, event: Mapping[str, object]) -> None:
        say = log.info if event["outcome"] == DONE else log.warning
        say(EVENT, **event)
        self.on_event.notify(event)


def _fields(order: Order) -> dict[str, object]:
    who = order.who
    return {
        "what": order.what,
        "who": one_line(who.name) if who is not None else None,
        "role": str(who.role) if who is not None else None,
        "proof": str(who.proof) if who is not None else None,
        "source": order.source,
        "asked": {key: one_line(value) if isinstance(value, str) else value for key, value in order.asked.items()},
        "before": dict(order.before),
        "after": dict(order.after),
    }
