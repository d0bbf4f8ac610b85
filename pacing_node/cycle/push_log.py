"""What was pushed and what was answered, target by target, for the log's level ``interaction``.

Thousands of lines are written beside the cycle, a few at a time: the event loop has a lease to prove meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from itertools import chain, repeat
from typing import TYPE_CHECKING

import structlog

from cluster.tasks import spawn
from pacing_node.engagement.replies import TargetReply

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from pacing_node.engagement.platform import PushOutcome, TargetPush

log = structlog.get_logger(__name__)

AT_ONCE = 100
"""Lines written before other tasks get their turn."""
PAUSE_SECONDS = 0.002
"""Pause after them, in which the thread that writes files catches up."""
_NOTHING = TargetReply()


class PushLog:
    """Writes the pushes of one node; a push that comes while the previous one is written gets its summary only."""

    def __init__(self) -> None:
        self._writing: asyncio.Task[Any] | None = None

    def write(self, epoch: int, entries: Sequence[TargetPush], outcome: PushOutcome, *, partial: bool = False) -> None:
        """Write one push, unless nobody wants to read it."""
        if not logging.getLogger(__name__).isEnabledFor(logging.DEBUG):
            return
        log.debug(
            "push.answered",
            epoch=epoch,
            sequence=outcome.sequence,
            partial=partial,
            targets=len(entries),
            invitations=sum(entry.invitations for entry in entries),
            status=outcome.status.value,
            message=outcome.message,
            seconds=round(outcome.duration_seconds, 4),
            attempts=outcome.attempts,
        )
        if self._writing is not None and not self._writing.done():
            log.debug("push.targets_not_written", epoch=epoch, sequence=outcome.sequence)
            return
        self._writing = spawn("push-log", _write_targets(epoch, entries, outcome), finite=True)


async def _write_targets(epoch: int, entries: Sequence[TargetPush], outcome: PushOutcome) -> None:
    replies = chain(outcome.replies, repeat(_NOTHING))
    for number, (entry, reply) in enumerate(zip(entries, replies, strict=False), 1):
        log.debug("push.target", epoch=epoch, sequence=outcome.sequence, **_line(entry, reply))
        if number % AT_ONCE == 0:
            await asyncio.sleep(PAUSE_SECONDS)


def _line(entry: TargetPush, reply: TargetReply) -> dict[str, object]:
    """What was pushed for one target and what the platform answered; what it left out is left out."""
    answered = {
        "pending": reply.pending,
        "acceptance_ratio": reply.acceptance_ratio,
        "positive_disposition_seconds": reply.positive_disposition_seconds,
        "negative_disposition_seconds": reply.negative_disposition_seconds,
        "error": reply.error,
    }
    return {
        "target": entry.target.name,
        "invitations": entry.invitations,
        "inbound_portion": entry.inbound_portion,
        "reason": entry.reason,
        "logged_in": entry.logged_in,
        "ready": entry.ready,
        "waiting": entry.waiting,
        "answered": {key: value for key, value in answered.items() if value is not None},
    }
