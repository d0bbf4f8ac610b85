"""One push under the lease: started only while it holds, bounded by it, and doubted when it ran out meanwhile."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from pacing_node.cycle.late_pushes import LatePushes
from pacing_node.cycle.plan import CLOCK_DRIFT
from pacing_node.engagement.platform import PushOutcome, PushStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cluster.mastership import Term
    from cluster.token import Token
    from pacing_node.cycle.cycle_counters import CycleCounters
    from pacing_node.engagement.platform import EngagementPlatform, TargetPush

log = structlog.get_logger(__name__)

WITHHELD = "withheld"
"""Nothing was sent: the lease did not allow it, or the platform had asked to wait."""
LATE = "late"
"""The term ended while the push was on its way; its success, if any, is not trusted."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of one push."""

    status: str
    """A PushStatus value, ``withheld`` or ``late``."""
    sequence: int = 0
    message: str = ""
    outcome: PushOutcome | None = None

    @property
    def target_errors(self) -> tuple[str, ...]:
        """Per target what the platform said instead of taking it; empty when it took all."""
        replies = self.outcome.replies if self.outcome else ()
        return tuple(reply.error or "" for reply in replies) if any(reply.error for reply in replies) else ()


class Pusher:
    """Sends pushes of the running term, one at a time, and counts how they end."""

    def __init__(
        self, platform: EngagementPlatform, cycle_counters: CycleCounters, late_pushes: LatePushes | None = None
    ) -> None:
        self._platform = platform
        self._cycle_counters = cycle_counters
        self._late_pushes = late_pushes or LatePushes()
        self._not_before = 0.0
        self._last_status = ""

    async def push(self, term: Term, entries: Sequence[TargetPush], budget_seconds: float) -> Pushed:
        """Send one push if the lease and the platform allow it."""
        pushed = await self._attempt(term, entries, budget_seconds)
        self._count(pushed)
        return pushed

    async def _attempt(self, term: Term, entries: Sequence[TargetPush], budget_seconds: float) -> Pushed:
        if not entries:
            return Pushed(WITHHELD, message="there are no targets")
        if (wait := self._not_before - time.monotonic()) > 0:
            return Pushed(WITHHELD, message=f"the platform asked to wait {wait:.1f} s more")
        seconds = term.seconds_to_act(budget_seconds)
        if seconds <= 0.0:
            return Pushed(WITHHELD, message="the lease does not allow a push now")
        token = term.next_token()
        self._late_pushes.sent(CLOCK_DRIFT * seconds)
        outcome = await self._send_while_leading(term, token, entries, seconds)
        if outcome is not None and outcome.status is PushStatus.ACCEPTED and outcome.attempts == 1:
            self._late_pushes.answered()
        return self._judge(term, token, outcome)

    async def _send_while_leading(
        self, term: Term, token: Token, entries: Sequence[TargetPush], seconds: float
    ) -> PushOutcome | None:
        """The outcome, or None when the term ended first; the push is cancelled then."""
        sending = asyncio.ensure_future(self._platform.push(token, entries, seconds))
        ending = asyncio.ensure_future(term.ended.wait())
        try:
            await asyncio.wait({sending, ending}, return_when=asyncio.FIRST_COMPLETED)
            return sending.result() if sending.done() else None
        finally:
            for task in (sending, ending):
                task.cancel()
            await asyncio.gather(sending, ending, return_exceptions=True)

    def _judge(self, term: Term, token: Token, outcome: PushOutcome | None) -> Pushed:
        if outcome is None:
            return Pushed(LATE, token.sequence, "the term ended during the push")
        if outcome.status is PushStatus.FENCED:
            mark = outcome.mark
            term.fenced(
                mark.cluster_id if mark else None,
                (mark.epoch if mark else None) or 0,
                (mark.sequence if mark else None) or 0,
            )
        elif term.ended.is_set():
            return Pushed(LATE, token.sequence, "the term ended during the push", outcome)
        if outcome.retry_after_seconds:
            self._not_before = time.monotonic() + outcome.retry_after_seconds
        return Pushed(outcome.status.value, token.sequence, outcome.message, outcome)

    def _count(self, pushed: Pushed) -> None:
        cycle_counters = self._cycle_counters
        cycle_counters.pushes[pushed.status] += 1
        if pushed.outcome is not None:
            cycle_counters.push_seconds_last = pushed.outcome.duration_seconds
            cycle_counters.push_seconds_sum += pushed.outcome.duration_seconds
            cycle_counters.push_attempts += pushed.outcome.attempts
            cycle_counters.target_errors += sum(1 for error in pushed.target_errors if error)
        if pushed.status == PushStatus.ACCEPTED.value:
            cycle_counters.last_accepted_at = time.time()
            cycle_counters.consecutive_failures = 0
        else:
            cycle_counters.consecutive_failures += 1
        if pushed.status != self._last_status:
            level = log.info if pushed.status == PushStatus.ACCEPTED.value else log.warning
            level("push.status_changed", status=pushed.status, before=self._last_status, message=pushed.message)
            self._last_status = pushed.status
