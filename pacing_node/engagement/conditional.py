"""A part of a push as a conditional write: an unknown resource is read first, and only an older state is replaced."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pacing_node.engagement.exchange import ExchangeError, get
from pacing_node.engagement.oauth import RETRY_STATUSES, TokenError
from pacing_node.engagement.part import Part
from pacing_node.engagement.platform import FencingMark, PushOutcome, PushStatus
from pacing_node.engagement.precondition import Holder, Place, Precondition, StateFound, read_holder, strong_etag
from pacing_node.engagement.replies import TargetReply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cluster.token import Token
    from pacing_node.engagement.connection import PlatformConnection
    from pacing_node.engagement.deadline import Deadline
    from pacing_node.engagement.platform import TargetPush
    from pacing_node.http_client.client import Answer

CONDITION_FAILED = 412
_CONDITIONS = ("If-Match", "If-None-Match")


class ConditionalPart(Part):
    """Sent with ``If-Match``; parts of one push go one after the other, each on the ETag the previous one has got.

    A partial push is sent once, and only on an ETag that came with the answer to an own push.

    After a refused condition or a lost answer the resource is read, and the push that wrote it last decides. Writing
    again is safe then, because every write is conditional on the state that was read.
    """

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
        """As ``Part``; what is known of the state is shared by all writes over the connection."""
        super().__init__(connection, token, targets, number=number, of=of, deadline=deadline, prev=prev)
        self._precondition = connection.precondition or Precondition()
        self._write = Place(token.epoch, token.sequence, number)

    async def _attempt(self, body: bytes) -> PushOutcome:
        state = self._precondition
        state.begin(self._token)
        if self._prev is not None and not state.own:
            return PushOutcome(PushStatus.OUT_OF_STEP, "no ETag is known from the answer to an own push")
        if not state.known and (outcome := await self._read_state()) is not None:
            return outcome
        for name in _CONDITIONS:
            self._headers.pop(name, None)
        self._headers.update(state.headers())
        state.sent(self._write)
        outcome = await super()._attempt(body)
        return outcome if self._prev is None else replace(outcome, again=False, refused_proof=None)

    async def _judge(self, answer: Answer) -> PushOutcome:
        if answer.status == CONDITION_FAILED and self._prev is not None:
            return PushOutcome(PushStatus.OUT_OF_STEP, "HTTP 412: changed by somebody meanwhile")
        if answer.status == CONDITION_FAILED:
            return PushOutcome(PushStatus.FAILED, "HTTP 412: changed by somebody meanwhile", again=True)
        if 200 <= answer.status < 300:
            self._precondition.written(self._write, strong_etag(answer.headers.get("etag")))
        return await super()._judge(answer)

    async def _read_state(self) -> PushOutcome | None:
        """See what the resource holds; None when this part may be written now."""
        settings, connection = self._connection.settings, self._connection
        try:
            proof = await connection.authority.headers(b"")
            headers = {"Accept": "application/json", "Cache-Control": "no-cache"} | proof
            answer = await get(connection.client, settings.push_url, headers=headers, limit=settings.max_reply_bytes)
        except TokenError as error:
            return PushOutcome(PushStatus.FAILED, str(error), again=error.retryable)
        except ExchangeError as error:
            return PushOutcome(PushStatus.FAILED, f"reading the state: {error}", again=error.retryable)
        if answer.status == 404:
            return self._found(None, None)
        if answer.status != 200:
            again = answer.status in RETRY_STATUSES
            return PushOutcome(
                PushStatus.FAILED, f"reading the state: HTTP {answer.status}", again=again, answered=True
            )
        etag = strong_etag(answer.headers.get("etag"))
        if etag is None:
            message = f"reading the state: found ETag {answer.headers.get('etag')!r}, expected a strong one"
            return PushOutcome(PushStatus.FAILED, message, answered=True)
        return self._found(etag, read_holder(answer.body))

    def _found(self, etag: str | None, holder: Holder | None) -> PushOutcome | None:
        finding = self._precondition.inspect(self._write, etag, holder)
        if finding is StateFound.FREE:
            return None
        if finding is StateFound.OURS:
            message = "the answer was lost; the state says that this push was taken"
            replies = (TargetReply(),) * len(self._names)
            return PushOutcome(PushStatus.ACCEPTED, message, replies, replayed=True, answered=True)
        return PushOutcome(PushStatus.FENCED, _by_whom(holder), mark=_mark(holder), answered=True)


def _by_whom(holder: Holder | None) -> str:
    if holder is None:
        return "the state was written by somebody who is no node"
    place = holder.place
    return f"the state was written by epoch {place.epoch}, sequence {place.sequence} of cluster {holder.cluster_id}"


def _mark(holder: Holder | None) -> FencingMark | None:
    return holder.mark if holder is not None else None
