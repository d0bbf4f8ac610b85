"""The port to an engagement platform; adapters are beside this module."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pacing_node.engagement.replies import ReplyColumns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cluster.token import Token
    from pacing_node.engagement.replies import TargetReply
    from pacing_node.targets import PacingTarget


class TargetPush(NamedTuple):
    """What one target is allowed until the next push, and the raw statistics behind it.

    A tuple, because thousands are made in every cycle.
    """

    target: PacingTarget
    invitations: int
    interval_seconds: float
    inbound_portion: float | None
    estimated_wait_seconds: float | None
    logged_in: int
    ready: int
    waiting: int
    accepted_total: int
    abandoned_total: int
    reason: str


class PushStatus(StrEnum):
    """How a push ended."""

    ACCEPTED = "accepted"
    """Every part was taken; single targets may still carry an error."""
    FAILED = "failed"
    """The whole call failed: transport, HTTP status, authorisation. Look at: the text beside it, `pacing doctor`,
    the way to the platform."""
    INVALID_REPLY = "invalid_reply"
    """A reply of success whose body does not fit the contract. Look at: whether something else answers in the
    platform's place."""
    FENCED = "fenced"
    """The platform has seen a newer token."""
    DEADLINE = "deadline"
    """The time allowed ran out; whether the platform took it is unknown. Look at: how long the platform takes;
    `pacing_push_duration_seconds`."""
    LATE = "late"
    """The term ended while the push was in flight; its success, if any, is not trusted."""
    OUT_OF_STEP = "out_of_step"
    """A partial push was not applied, because the platform's state is not the one it changes; a full push follows. Look
    at: the platform's log, if it comes often; a restart of the platform is a usual cause."""
    WITHHELD = "withheld"
    """Nothing was sent: no targets, too little lease left, or the platform had asked to wait."""


_UNREACHED = frozenset({PushStatus.FAILED, PushStatus.DEADLINE})
"""Outcomes that say that the platform cannot be reached, unless it answered."""


@dataclass(frozen=True, slots=True)
class FencingMark:
    """The newest token the platform has seen, as its refusal says; unknown parts are None."""

    cluster_id: str | None
    epoch: int | None
    sequence: int | None


@dataclass(frozen=True, slots=True)
class PushOutcome:
    """How a push, or one part of it, ended."""

    status: PushStatus
    message: str = ""
    """For people: what went wrong and where; never contains a secret."""
    replies: Sequence[TargetReply] = ()
    """One reply per target, in the order of the push; empty unless the platform accepted it."""
    _: KW_ONLY
    mark: FencingMark | None = None
    """The platform's newest token, where it refused this one for it."""
    sequence: int = 0
    """Sequence of the push in its term, set by the cycle; 0 where nothing was sent."""
    attempts: int = 1
    requests: int = 0
    """Requests of the whole push, repetitions included."""
    replayed: bool = False
    """The platform answered from its memory: an earlier attempt of this very push had arrived."""
    duration_seconds: float = 0.0
    retry_after_seconds: float | None = None
    """The platform asked to wait this long before the next push."""
    answered: bool = False
    """The platform answered, with whatever status: it can be reached."""
    again: bool = False
    """The same part may be sent again, with the same token."""
    takes_partials: bool = False
    """The platform said, with every part it accepted, that it takes partial pushes."""
    requests_left: int | None = None
    """Requests the platform still takes in its present window, as its newest answer says; None: it does not say."""
    window_seconds: float = 0.0
    """Seconds until it counts anew."""
    refused_proof: dict[str, str] | None = None
    """Headers of authorisation that the platform refused (HTTP 401)."""
    refused_gzip: bool = False
    """The platform refused gzip that it had said it takes; what follows goes without."""

    @property
    def accepted(self) -> bool:
        """True when the platform accepted the push while the lease held."""
        return self.status is PushStatus.ACCEPTED

    @property
    def reached(self) -> bool | None:
        """Whether the push reached the platform; None when its outcome does not say."""
        if self.status in {PushStatus.WITHHELD, PushStatus.LATE}:
            return True if self.answered else None
        return self.answered or self.status not in _UNREACHED

    @property
    def target_errors(self) -> tuple[str, ...]:
        """Per target the error the platform reported instead of taking it; empty when it took all."""
        return ReplyColumns.of(self.replies).error_texts


class EngagementPlatform(Protocol):
    """Sends one push and returns what came of it."""

    async def push(
        self, token: Token, targets: Sequence[TargetPush], deadline: float, prev: int | None = None
    ) -> PushOutcome:
        """Send the whole state of a period; never raises for what the platform or network does.

        With ``prev``, the sequence of an earlier push of this term, it is a partial push: it changes only these targets
        of the state that push has left. It is withheld when the platform is not known to take it.

        Nothing is sent after ``deadline``, seconds on the clock of leases (``cluster.clock``).
        Cancelling the call stops it at once.
        """
        ...

    async def prepare(self, targets: Sequence[TargetPush]) -> None:
        """Write a whole push ahead of the first one: what is alike in both is kept. Nothing is sent."""
        ...

    async def warm_up(self, seconds: float) -> None:
        """Fetch a token and open a connection ahead of the first push; failures are left to the push."""
        ...

    async def why_unreachable(self, seconds: float) -> str | None:
        """Why a push could not reach the platform now; None when it could. Sends nothing that has an effect."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
