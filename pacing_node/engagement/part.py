"""One part of a push: sent, judged, and sent again with the same token where that is allowed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from cluster.backoff import Backoff
from cluster.tracing import note, span, trace_headers
from pacing_node.engagement import headers as header
from pacing_node.engagement.deadline import TRACED_AS
from pacing_node.engagement.dialect import FENCED_CODES
from pacing_node.engagement.exchange import ExchangeError, LateError, UnreadableError, post
from pacing_node.engagement.json_reader import ReplyError
from pacing_node.engagement.oauth import RETRY_STATUSES, TokenError
from pacing_node.engagement.platform import PushOutcome, PushStatus
from pacing_node.engagement.push_columns import PushColumns
from pacing_node.engagement.replies import ReplyColumns
from pacing_node.http_client.bodies import packed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cluster.token import Token
    from pacing_node.engagement.connection import PlatformConnection
    from pacing_node.engagement.deadline import Deadline
    from pacing_node.engagement.dialect import Dialect
    from pacing_node.engagement.platform import TargetPush
    from pacing_node.http_client.client import Answer

OUT_OF_STEP = 424
"""Failed Dependency: a partial push changes another state than the platform's."""
UNSUPPORTED_MEDIA_TYPE = 415
_DELAY_SECONDS = (0.05, 1.0)
"""Before the third attempt, and the longest; the second one follows at once."""
_LEAST_ATTEMPT_SECONDS = 0.02  # with less left an attempt is not worth beginning


class Part:
    """A slice of the push's targets in flight; retries carry the same token and stay inside the same deadline."""

    def __init__(
        self,
        connection: PlatformConnection,
        token: Token,
        targets: Sequence[TargetPush],
        *,
        number: int,
        of: int,
        deadline: Deadline,
        prev: int | None = None,
    ) -> None:
        """Nothing is sent after ``deadline``; ``number`` counts from 1; ``prev`` is that of a partial push."""
        self._connection = connection
        self._names = _names(targets)
        self._targets = targets
        self._token = token
        self._place = (number, of)
        self._prev = prev
        self._deadline = deadline
        self._seconds = deadline.seconds_left
        self._label = f"part {number}/{of}: " if of > 1 else ""
        self._headers = {"Accept": "application/json", "Content-Type": "application/json"}
        self._headers.update(header.fencing_headers(token, number, of, prev))
        self._backoff = Backoff(*_DELAY_SECONDS)
        self.attempts = 0
        self.trouble = ""
        """Why the newest attempt did not succeed; empty before."""

    async def send(self) -> PushOutcome:
        """Send until the part is taken, refused, or its time is up. Raises only ``CancelledError``."""
        body = await self._connection.aside(self._body, len(self._names))
        renewed = False
        while True:
            if self._deadline.seconds_left <= 0.0:
                return self.late()
            self.attempts += 1
            outcome = self._logged(await self._attempt(body))
            if outcome.refused_proof is not None and not renewed:
                renewed = True
                if self._connection.authority.reject(outcome.refused_proof):
                    continue
            if outcome.refused_gzip:
                body = await self._connection.aside(self._body, len(self._names))
            if not outcome.again:
                return outcome
            wait = self._wait(outcome.retry_after_seconds)
            if wait + _LEAST_ATTEMPT_SECONDS > self._deadline.seconds_left:
                return outcome
            await asyncio.sleep(wait)

    def late(self) -> PushOutcome:
        """The outcome when the time is over; what became of the newest attempt is unknown."""
        if not self.attempts and self._seconds <= 0.0:
            return PushOutcome(PushStatus.DEADLINE, "the time for it was over before it was sent", attempts=0)
        before = f"; before that: {self.trouble}" if self.trouble else ""
        return PushOutcome(
            PushStatus.DEADLINE, f"no answer within {round(self._seconds, 2):g} s{before}", attempts=self.attempts
        )

    def _body(self) -> bytes:
        body = self._connection.dialect.body(self._token, self._place, self._targets, self._prev)
        self._headers.pop("Content-Encoding", None)
        if self._connection.packs:
            body = packed(body)
            self._headers["Content-Encoding"] = "gzip"
        return body

    def _logged(self, outcome: PushOutcome) -> PushOutcome:
        """The outcome with its texts fit for people."""
        clean = self._connection.redactor.clean
        message = clean(f"{self._label}{outcome.message}") if outcome.message else ""
        replies = ReplyColumns.of(outcome.replies).with_errors(clean) if outcome.replies else ()
        self.trouble = message
        return replace(outcome, message=message, replies=replies, attempts=self.attempts)

    def _wait(self, asked: float | None) -> float:
        """Seconds before the next attempt: what the platform asks, else nothing, then twice as long each time."""
        if asked is not None:
            return asked
        if self.attempts == 1:
            return 0.0  # most often a pooled connection the server had closed
        return self._backoff.next_seconds()

    async def _attempt(self, body: bytes) -> PushOutcome:
        settings = self._connection.settings
        try:
            proof = await self._connection.authority.headers(body)
            with span("push.part", part=self._place[0], parts=self._place[1], attempt=self.attempts, bytes=len(body)):
                answer = await post(
                    self._connection.client,
                    settings.push_url,
                    headers=self._headers | proof | trace_headers(),
                    content=body,
                    limit=settings.max_reply_bytes,
                    extensions={TRACED_AS: self._deadline},
                )
                note(status=answer.status)
        except LateError as error:
            return PushOutcome(PushStatus.DEADLINE, str(error))
        except TokenError as error:
            return PushOutcome(
                PushStatus.FAILED, str(error), retry_after_seconds=error.retry_after_seconds, again=error.retryable
            )
        except UnreadableError as error:
            return PushOutcome(PushStatus.INVALID_REPLY, str(error), answered=True)
        except ExchangeError as error:
            return PushOutcome(PushStatus.FAILED, str(error), again=error.retryable)
        refused = self._not_taken(answer, proof)
        return refused or replace(await self._judge(answer), answered=True)

    def _not_taken(self, answer: Answer, proof: dict[str, str]) -> PushOutcome | None:
        """The outcome where the platform refuses not what is said but how: without a proof, or packed."""
        if answer.status == 401:
            return PushOutcome(PushStatus.FAILED, "HTTP 401: not authorised", refused_proof=proof, answered=True)
        packed_body = "Content-Encoding" in self._headers
        if answer.status == UNSUPPORTED_MEDIA_TYPE and packed_body and self._connection.refused_gzip():
            message = "HTTP 415: the platform takes no gzip, though it said so"
            return PushOutcome(PushStatus.FAILED, message, again=True, answered=True, refused_gzip=True)
        if answer.good and header.takes_gzip(answer.headers):
            self._connection.told_gzip()
        return None

    async def _judge(self, answer: Answer) -> PushOutcome:
        names, dialect, partial = self._names, self._connection.dialect, self._prev is not None
        outcome = await self._connection.aside(lambda: judge(answer, names, dialect, partial=partial), len(names))
        left, seconds = header.requests_left(answer.headers)
        return replace(outcome, requests_left=left, window_seconds=seconds)


def _names(targets: Sequence[TargetPush]) -> list[str]:
    if isinstance(targets, PushColumns):
        return [target.name for target in targets.targets]
    return [each.target.name for each in targets]


def judge(answer: Answer, names: Sequence[str], dialect: Dialect, *, partial: bool = False) -> PushOutcome:
    """What an answer means for the part with the targets ``names``."""
    if 200 <= answer.status < 300:
        return _judge_success(answer, names, dialect)
    refusal = dialect.refusal(answer.body)
    if partial and answer.status == OUT_OF_STEP:
        message = refusal.message if refusal and refusal.message else "the platform is in another state"
        return PushOutcome(PushStatus.OUT_OF_STEP, message, mark=refusal.mark if refusal else None)
    if answer.status == 409 and (refusal is None or refusal.code in {*FENCED_CODES, ""}):
        # A refusal that cannot be read is taken for the worst: somebody else may be master.
        message = (
            f"{refusal.code}: {refusal.message}" if refusal and refusal.code else "HTTP 409 without a readable reason"
        )
        return PushOutcome(PushStatus.FENCED, message, mark=refusal.mark if refusal else None)
    words = f": {refusal.code} {refusal.message}".rstrip() if refusal and (refusal.code or refusal.message) else ""
    hint = " (the request is too large: lower maxEntitiesPerRequest)" if answer.status == 413 else ""
    return PushOutcome(
        PushStatus.FAILED,
        f"HTTP {answer.status}{words}{hint}",
        retry_after_seconds=header.retry_after_seconds(answer.headers) or header.rate_limit_seconds(answer.headers),
        again=answer.status in RETRY_STATUSES,
    )


def _judge_success(answer: Answer, names: Sequence[str], dialect: Dialect) -> PushOutcome:
    replayed = header.replayed(answer.headers)
    wait = header.rate_limit_seconds(answer.headers)
    try:
        reply = dialect.read(answer, names)
    except ReplyError as error:
        return PushOutcome(
            PushStatus.INVALID_REPLY, f"HTTP {answer.status}: {error}", replayed=replayed, retry_after_seconds=wait
        )
    return PushOutcome(
        PushStatus.ACCEPTED,
        "; ".join(reply.notes),
        reply.replies,
        replayed=replayed,
        retry_after_seconds=wait,
        takes_partials=header.takes_partials(answer.headers),
    )
