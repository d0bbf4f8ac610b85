"""Send one push under the lease, full or partial.

Never started without enough lease left, never longer than it; reported as late if the term ends before the reply.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from cluster.tracing import trace_id
from pacing_node.cycle.late_pushes import LatePushes
from pacing_node.cycle.plan import CLOCK_DRIFT
from pacing_node.cycle.push_log import PushLog
from pacing_node.cycle.push_order import PushOrder
from pacing_node.cycle.request_budget import RequestBudget
from pacing_node.engagement.platform import PushOutcome, PushStatus

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from cluster.mastership import Term
    from cluster.token import Token
    from pacing_node.cycle.cycle_counters import CycleCounters
    from pacing_node.engagement.platform import EngagementPlatform, TargetPush

log = structlog.get_logger(__name__)

_TERM_ENDED = "the term ended during the push"


async def _unannounced(_sequence: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class _Push:
    """What is to be sent."""

    entries: Sequence[TargetPush]
    budget_seconds: float
    announce: Callable[[int], Awaitable[None]]
    basis: object
    prev: int | None = None
    """Of a partial push: what it changes."""


class Pusher:
    """Sends pushes of the running term, one at a time, and counts how they end."""

    def __init__(
        self, platform: EngagementPlatform, cycle_counters: CycleCounters, late_pushes: LatePushes | None = None
    ) -> None:
        self._platform = platform
        self._cycle_counters = cycle_counters
        self._late_pushes = late_pushes or LatePushes()
        self._not_before = 0.0
        self._order = PushOrder()
        self.budget = RequestBudget()
        """What partial pushes may use, by the clock of the event loop."""
        self._last_status: PushStatus | None = None
        self._push_log = PushLog()

    async def push(
        self,
        term: Term,
        entries: Sequence[TargetPush],
        budget_seconds: float,
        announce: Callable[[int], Awaitable[None]] = _unannounced,
        *,
        basis: object = None,
    ) -> PushOutcome:
        """Send the whole state if the lease and the platform allow it.

        ``announce`` is called with the sequence when that is certain, before anything is sent; the time it takes is
        taken off the budget. ``basis`` stands for the targets and settings that the state was calculated for.
        """
        push = _Push(entries, budget_seconds, announce, basis)
        outcome = self._why_withheld(entries) or await self._attempt(term, push)
        if outcome.status is PushStatus.WITHHELD:
            self._order.withheld()
        if outcome.retry_after_seconds:
            self._not_before = time.monotonic() + outcome.retry_after_seconds
        self._count(outcome, term.epoch)
        self._push_log.write(term.epoch, entries, outcome)
        return outcome

    def may_be_partial(self, term: Term, basis: object) -> bool:
        """Whether a partial push is possible now, for targets and settings as those of the newest push."""
        return self._order.prev(term.epoch, basis) is not None and self._not_before <= time.monotonic()

    async def push_partial(
        self,
        term: Term,
        entries: Sequence[TargetPush],
        budget_seconds: float,
        announce: Callable[[int], Awaitable[None]] = _unannounced,
        *,
        basis: object = None,
    ) -> PushOutcome:
        """Send these targets alone, as a change of the state the newest push has left; else as :meth:`push`.

        Withheld when that state is not known or was calculated for another basis. What the platform asks it to wait
        holds back partial pushes alone.
        """
        prev = self._order.prev(term.epoch, basis)
        outcome = self._why_withheld(entries)
        if prev is None:
            outcome = _withheld("the next push must be a full one")
        push = _Push(entries, budget_seconds, announce, basis, prev)
        outcome = outcome or await self._attempt(term, push)
        if outcome.retry_after_seconds:
            self.budget.wait(_now() + outcome.retry_after_seconds)
        self._cycle_counters.partial_pushes[outcome.status.value] += 1
        self._push_log.write(term.epoch, entries, outcome, partial=True)
        return outcome

    def _why_withheld(self, entries: Sequence[TargetPush]) -> PushOutcome | None:
        if not entries:
            return _withheld("there are no targets")
        if (wait := self._not_before - time.monotonic()) > 0:
            return _withheld(f"the platform asked to wait {wait:.1f} s more")
        return None

    async def _attempt(self, term: Term, push: _Push) -> PushOutcome:
        deadline = term.act_until(push.budget_seconds)
        if deadline is None:
            return _withheld("the lease does not allow a push now")
        token = term.next_token()
        outcome: PushOutcome | None = None
        self._order.begun(term.epoch, token.sequence, push.basis)
        try:
            await push.announce(token.sequence)
            await asyncio.sleep(0)  # the streams to the standbys have their turn first
            sent = None
            if not term.ended.is_set():  # so had whatever ends a term
                self._late_pushes.sent(CLOCK_DRIFT * push.budget_seconds)
                sent = await self._send_while_leading(term, token, push, deadline)
            if sent is not None and sent.accepted and sent.attempts == 1:
                self._late_pushes.answered()
            outcome = self._judge(term, sent)
        finally:
            accepted = outcome is not None and outcome.accepted
            self._order.ended(accepted=accepted, takes_partials=outcome is not None and outcome.takes_partials)
        self.budget.sent(_now(), outcome.requests)
        self.budget.told(_now(), outcome.requests_left, outcome.window_seconds)
        return replace(outcome, sequence=token.sequence)

    async def _send_while_leading(self, term: Term, token: Token, push: _Push, deadline: float) -> PushOutcome | None:
        """The outcome, or None when the term ended first; the push is cancelled then."""
        sending = asyncio.ensure_future(self._platform.push(token, push.entries, deadline, push.prev))
        ending = asyncio.ensure_future(term.ended.wait())
        try:
            await asyncio.wait({sending, ending}, return_when=asyncio.FIRST_COMPLETED)
            return sending.result() if sending.done() else None
        finally:
            for task in (sending, ending):
                task.cancel()
            await asyncio.gather(sending, ending, return_exceptions=True)

    def _judge(self, term: Term, outcome: PushOutcome | None) -> PushOutcome:
        if outcome is None:
            return PushOutcome(PushStatus.LATE, _TERM_ENDED, attempts=0)
        if outcome.status is PushStatus.FENCED:
            mark = outcome.mark
            term.fenced(
                mark.cluster_id if mark else None,
                (mark.epoch if mark else None) or 0,
                (mark.sequence if mark else None) or 0,
            )
        elif term.ended.is_set():
            return replace(outcome, status=PushStatus.LATE, message=_TERM_ENDED)
        return outcome

    def _count(self, outcome: PushOutcome, epoch: int) -> None:
        cycle_counters = self._cycle_counters
        cycle_counters.pushes[outcome.status.value] += 1
        if outcome.attempts:
            cycle_counters.push_seconds_last = outcome.duration_seconds
            cycle_counters.push_seconds_sum += outcome.duration_seconds
            cycle_counters.push_seconds.observe(outcome.duration_seconds, trace_id())
            cycle_counters.push_attempts += outcome.attempts
            cycle_counters.target_errors += sum(1 for error in outcome.target_errors if error)
        if outcome.accepted:
            cycle_counters.last_accepted_at = time.time()
        if outcome.status is not self._last_status:
            level = log.info if outcome.accepted else log.warning
            before = self._last_status.value if self._last_status else ""
            level(
                "push.status_changed", epoch=epoch, status=outcome.status.value, before=before, message=outcome.message
            )
            self._last_status = outcome.status


def _now() -> float:
    return asyncio.get_running_loop().time()


def _withheld(message: str) -> PushOutcome:
    return PushOutcome(PushStatus.WITHHELD, message, attempts=0)
