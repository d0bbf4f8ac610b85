"""Pushing in bulk over HTTP, whatever the documents look like: parts, one deadline, one outcome."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias

import structlog

from cluster.clock import boot_seconds
from cluster.tasks import spawn
from pacing_node.engagement.conditional import ConditionalPart
from pacing_node.engagement.deadline import Deadline
from pacing_node.engagement.engagement_settings import EngagementSettings
from pacing_node.engagement.oauth import TokenError
from pacing_node.engagement.part import Part
from pacing_node.engagement.platform import PushOutcome, PushStatus
from pacing_node.engagement.predictive import predictive_connection
from pacing_node.engagement.reachability import why_no_push
from pacing_node.engagement.replies import ReplyColumns
from pacing_node.engagement.webhook import WebhookSettings, webhook_connection
from pacing_node.http_client.request_failures import REQUEST_FAILURES, UnreadableAnswerError
from pacing_node.runtime.failures import innermost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cluster.clock import Clock
    from cluster.token import Token
    from pacing_node.engagement.connection import PlatformConnection
    from pacing_node.engagement.platform import TargetPush

log = structlog.get_logger(__name__)

PlatformSettings: TypeAlias = EngagementSettings | WebhookSettings
"""Settings of a platform; their class says which kind it is."""

_GRAVITY = (
    PushStatus.FENCED,
    PushStatus.DEADLINE,
    PushStatus.FAILED,
    PushStatus.OUT_OF_STEP,
    PushStatus.INVALID_REPLY,
    PushStatus.ACCEPTED,
)
"""Of several parts' outcomes the first of these is the push's."""


class BulkPlatform:
    """Pushes to a platform, in parts when there are many targets; all parts share one token and one deadline."""

    def __init__(self, settings: PlatformSettings, clock: Clock = boot_seconds) -> None:
        """Deadlines of pushes are times of ``clock``.

        Raises ``EngagementSettingsError`` when no connection can be made with these settings.
        """
        self._settings = settings
        self._clock = clock
        self._connection = _connect(settings)

    @property
    def settings(self) -> PlatformSettings:
        """The settings in force."""
        return self._settings

    def replace(self, settings: PlatformSettings) -> None:
        """Use other settings, of either kind, from the next push on; one in flight ends with those it began with.

        Raises ``EngagementSettingsError``, and goes on with the old ones, when no connection can be made.
        """
        if settings == self._settings:
            return
        retired, self._connection = self._connection, _connect(settings)
        self._settings = settings
        spawn("engagement-retire", retired.retire(), finite=True)
        log.info("engagement.settings_replaced", push_url=settings.push_url)

    async def push(
        self, token: Token, targets: Sequence[TargetPush], deadline: float, prev: int | None = None
    ) -> PushOutcome:
        """Send the whole state of a period, or with ``prev`` a change of it; never raises for what the platform does.

        ``deadline`` is on the clock of leases: nothing is sent after it, also if the machine slept meanwhile.
        Cancelling the call stops it at once. Without targets nothing is sent and the push counts as accepted.
        """
        started = time.monotonic()
        end = Deadline(deadline, self._clock)
        async with self._connection as connection:
            if prev is not None and (why := connection.why_no_partial(token, prev, len(targets))):
                return PushOutcome(PushStatus.WITHHELD, why, attempts=0)
            connection.newest = None
            parts = _split(connection, token, targets, end, prev)
            try:
                async with asyncio.timeout(max(0.0, end.seconds_left)):
                    outcomes = await _send(parts, _at_once(connection))
            except TimeoutError:
                outcomes = [part.late() for part in parts]
            outcome = _merge(outcomes, time.monotonic() - started)
            if outcome.accepted and outcome.takes_partials:
                connection.newest = token
        return outcome

    async def prepare(self, targets: Sequence[TargetPush]) -> None:
        """Write a whole push ahead of the first one: what is alike in both is kept. Nothing is sent."""
        async with self._connection as connection:
            slices = _slices(connection, targets)
            for number, each in enumerate(slices, 1):
                await connection.in_thread(partial(connection.dialect.prepare, (number, len(slices)), each))

    async def warm_up(self, seconds: float) -> None:
        """Fetch a token and open a connection ahead of the first push; failures are left to the push."""
        failure = await self.why_unreachable(seconds)
        if failure is not None:
            log.debug("engagement.not_warmed_up", error=failure)

    async def why_unreachable(self, seconds: float) -> str | None:
        """Why a push could not reach the platform now; None when it could. Sends nothing that has an effect.

        A token that the platform refuses is replaced: one that was fetched some time ago proves nothing.
        """
        async with self._connection as connection:
            authority, push_url = connection.authority, connection.settings.push_url
            try:
                async with asyncio.timeout(seconds):
                    proof = await authority.headers(b"")
                    answer = await connection.client.request("HEAD", push_url, headers=proof, cut=True)
                    if answer.status == HTTPStatus.UNAUTHORIZED and authority.reject(proof):
                        await authority.headers(b"")
            except TimeoutError:
                return f"no answer within {seconds:g} s"
            except (TokenError, UnreadableAnswerError, *REQUEST_FAILURES) as failure:
                return connection.redactor.clean(str(failure)) or type(failure).__name__
        return why_no_push(answer.status)

    async def close(self) -> None:
        """Close connections, when the push in flight has ended."""
        await self._connection.retire()


def _connect(settings: PlatformSettings) -> PlatformConnection:
    """A connection with these settings. Raises ``EngagementSettingsError``."""
    if isinstance(settings, WebhookSettings):
        return webhook_connection(settings)
    return predictive_connection(settings)


def _split(
    connection: PlatformConnection, token: Token, targets: Sequence[TargetPush], deadline: Deadline, prev: int | None
) -> list[Part]:
    slices = _slices(connection, targets)
    kind = Part if connection.precondition is None else ConditionalPart
    return [
        kind(connection, token, each, number=number, of=len(slices), deadline=deadline, prev=prev)
        for number, each in enumerate(slices, 1)
    ]


def _slices(connection: PlatformConnection, targets: Sequence[TargetPush]) -> list[Sequence[TargetPush]]:
    """The targets of each part."""
    size = connection.settings.max_entities_per_request
    return [targets[start : start + size] for start in range(0, len(targets), size)]


def _at_once(connection: PlatformConnection) -> int:
    """How many parts may be in flight: of conditional writes each needs the answer to the previous one."""
    return connection.settings.max_concurrent_requests if connection.precondition is None else 1


async def _send(parts: list[Part], at_once: int) -> list[PushOutcome]:
    """Send all parts, some at once; a fenced one stops the others, which would be refused as well."""
    room = asyncio.Semaphore(at_once)

    async def send(part: Part) -> PushOutcome:
        async with room:
            outcome = await _guarded(part)
        if outcome.status is PushStatus.FENCED:
            for task in tasks:
                if task is not asyncio.current_task():
                    task.cancel()
        return outcome

    tasks = [asyncio.ensure_future(send(part)) for part in parts]
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    return [each for each in ended if isinstance(each, PushOutcome)]


async def _guarded(part: Part) -> PushOutcome:
    """Send a part; an exception that nobody foresaw is a failed part, not the end of the cycle."""
    try:
        return await part.send()
    except Exception as failure:
        log.error("engagement.unexpected", kind=type(failure).__name__, where=innermost(failure))
        return PushOutcome(PushStatus.FAILED, f"unexpected {type(failure).__name__}", attempts=part.attempts)


def _merge(outcomes: Sequence[PushOutcome], duration_seconds: float) -> PushOutcome:
    status = min((each.status for each in outcomes), key=_GRAVITY.index, default=PushStatus.ACCEPTED)
    waits = [each.retry_after_seconds for each in outcomes if each.retry_after_seconds is not None]
    left = [each for each in outcomes if each.requests_left is not None]
    newest = min(left, key=lambda each: each.requests_left or 0, default=None)
    decisive = [each for each in outcomes if each.status is status]
    replies = ReplyColumns.joined([each.replies for each in outcomes]) if status is PushStatus.ACCEPTED else ()
    return PushOutcome(
        status=status,
        replies=replies,
        message=next((each.message for each in decisive if each.message), ""),
        mark=next((each.mark for each in decisive if each.mark is not None), None),
        attempts=max((each.attempts for each in outcomes), default=0),
        requests=sum(each.attempts for each in outcomes),
        replayed=any(each.replayed for each in outcomes),
        duration_seconds=duration_seconds,
        retry_after_seconds=max(waits, default=None),
        answered=any(each.answered for each in outcomes),
        takes_partials=bool(outcomes) and all(each.takes_partials for each in outcomes),
        requests_left=newest.requests_left if newest else None,
        window_seconds=newest.window_seconds if newest else 0.0,
    )
