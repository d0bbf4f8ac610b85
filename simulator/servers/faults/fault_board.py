"""Misbehaviour on demand: what can be made to go wrong, and what is going wrong now."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, TypeAdapter

from simulator.model.distributions import Spec

if TYPE_CHECKING:
    from collections.abc import Callable

Server = Literal["primary", "backup", "both"]
Endpoint = Literal["bulk", "token", "configuration", "statistics"]
"""``bulk`` is the receiver of pushes, the webhook too; ``configuration`` and ``statistics`` are the HTTP interfaces."""


class Fault(Spec):
    """Common to all: how long it lasts. Without ``seconds`` and ``requests`` it stays until it is removed."""

    seconds: PositiveFloat | None = None
    requests: PositiveInt | None = None
    """Ends after this many requests; for faults of HTTP endpoints only."""


class HttpFault(Fault):
    """A fault of one HTTP endpoint."""

    where: Endpoint = "bulk"


class Slow(HttpFault):
    """Answers late."""

    kind: Literal["slow"] = "slow"
    delay_seconds: PositiveFloat
    when: Literal["before", "after"] = "after"
    """``before``: the request is not looked at until then; ``after``: it was applied at once."""


class Drip(HttpFault):
    """Sends the body of the answer in small pieces."""

    kind: Literal["drip"] = "drip"
    pieces: PositiveInt = 20
    pause_seconds: PositiveFloat = 0.2


class Status(HttpFault):
    """Answers with an HTTP status and does nothing."""

    kind: Literal["status"] = "status"
    status: Annotated[int, Field(ge=400, le=599)]
    retry_after_seconds: NonNegativeFloat | None = None


class Garble(HttpFault):
    """Does what was asked, and spoils the answer."""

    kind: Literal["garble"] = "garble"
    how: Literal["truncated", "not_json", "wrong_types", "empty", "no_results", "short"] = "truncated"
    """``short``: one result too few."""


class RateLimit(HttpFault):
    """Answers 429 with Retry-After to requests beyond a number in each window."""

    kind: Literal["rate_limit"] = "rate_limit"
    where: Literal["bulk"] = "bulk"
    allowed: PositiveInt
    window_seconds: PositiveFloat = 60.0


class ProxyOnly(HttpFault):
    """Refuses requests that did not come through a forward proxy, recognised by the header Via."""

    kind: Literal["proxy_only"] = "proxy_only"


class RevokeTokens(Fault):
    """Every bearer token given out so far is refused from now on; happens once."""

    kind: Literal["revoke_tokens"] = "revoke_tokens"


class TargetErrors(Fault):
    """The platform refuses these targets of a push; the others hold."""

    kind: Literal["target_errors"] = "target_errors"
    targets: tuple[str, ...] = ()
    """Names; empty means all."""
    code: str = "target.error"


class PendingJump(Fault):
    """Reports more (or fewer) pending invitations than there are."""

    kind: Literal["pending_jump"] = "pending_jump"
    add: int
    targets: tuple[str, ...] = ()


class StatisticsSilent(Fault):
    """The server keeps its sessions open and sends nothing, not even its state."""

    kind: Literal["statistics_silent"] = "statistics_silent"
    server: Server = "both"


class StatisticsUnavailable(Fault):
    """The server says that it has lost its sources."""

    kind: Literal["statistics_unavailable"] = "statistics_unavailable"
    server: Server = "both"


class StatisticsInvalid(Fault):
    """Values are marked invalid."""

    kind: Literal["statistics_invalid"] = "statistics_invalid"
    server: Server = "both"
    objects: tuple[str, ...] = ()
    """Object ids (user names, number@switch); empty means all."""


class StatisticsDown(Fault):
    """The server is gone: sessions break, its port is closed; the other one becomes primary."""

    kind: Literal["statistics_down"] = "statistics_down"
    server: Literal["primary", "backup"] = "primary"
    """By its place in the pair, not by its mode."""
    takeover_seconds: NonNegativeFloat = 0.5


class TotalsJump(Fault):
    """Totals of a server change by a number without traffic; happens once."""

    kind: Literal["totals_jump"] = "totals_jump"
    server: Server = "both"
    by: int = 1000


class ClockSkew(Fault):
    """The statistics servers' clocks are off."""

    kind: Literal["clock_skew"] = "clock_skew"
    skew_seconds: float


class ConfigurationChange(Fault):
    """A virtual queue changes in the configuration; it changes back when the fault ends."""

    kind: Literal["configuration"] = "configuration"
    queue: str
    """Number of the virtual queue."""
    options: dict[str, str] = Field(default_factory=dict)
    """New values in section ``pacing`` of its annex."""
    fields: dict[str, str | bool] = Field(default_factory=dict)
    """New values of the object's fields, for example {"alias": "X"} or {"enabled": false}."""
    remove: bool = False


class StaffOut(Fault):
    """Agents log out once their hands are free."""

    kind: Literal["staff_out"] = "staff_out"
    staff: tuple[str, ...] = ()
    """Prefixes of batches; empty means everybody."""


class AcceptanceChange(Fault):
    """Visitors accept more or fewer invitations."""

    kind: Literal["acceptance"] = "acceptance"
    factor: NonNegativeFloat


AnyFault = Annotated[
    Slow
    | Drip
    | Status
    | Garble
    | RateLimit
    | ProxyOnly
    | RevokeTokens
    | TargetErrors
    | PendingJump
    | StatisticsSilent
    | StatisticsUnavailable
    | StatisticsInvalid
    | StatisticsDown
    | TotalsJump
    | ClockSkew
    | ConfigurationChange
    | StaffOut
    | AcceptanceChange,
    Field(discriminator="kind"),
]

FAULT: TypeAdapter[Fault] = TypeAdapter(AnyFault)
"""Reads a fault from JSON; raises ``pydantic.ValidationError``."""

F = TypeVar("F", bound=Fault)
H = TypeVar("H", bound=HttpFault)

ONCE = (RevokeTokens, TotalsJump)
"""Faults that are over as soon as they have begun."""


@dataclass(slots=True)
class _Active:
    number: int
    fault: Fault
    ends: asyncio.TimerHandle | None
    requests_left: int | None


class FaultBoard:
    """The faults in force. Others ask it, or are called when a kind of fault begins and ends."""

    def __init__(self) -> None:
        self._active: dict[int, _Active] = {}
        self._number = 0
        self._hooks: dict[type[Fault], tuple[Callable[[Any], None], Callable[[Any], None]]] = {}

    def on(self, kind: type[F], begin: Callable[[F], None], end: Callable[[F], None] = lambda _: None) -> None:
        """Call ``begin`` when a fault of this kind starts and ``end`` when it is over."""
        self._hooks[kind] = (begin, end)

    def begin(self, fault: Fault) -> int:
        """Let something go wrong from now on; returns its number. What its hook raises is passed on."""
        self._number += 1
        number = self._number
        self._hook(fault)[0](fault)
        if isinstance(fault, ONCE):
            return number
        timer = None
        if fault.seconds is not None:
            timer = asyncio.get_running_loop().call_later(fault.seconds, self.end, number)
        self._active[number] = _Active(number, fault, timer, fault.requests)
        return number

    def end(self, number: int) -> bool:
        """End a fault; False when it is not active."""
        active = self._active.pop(number, None)
        if active is None:
            return False
        if active.ends is not None:
            active.ends.cancel()
        self._hook(active.fault)[1](active.fault)
        return True

    def clear(self) -> None:
        """End every fault."""
        for number in list(self._active):
            self.end(number)

    def active(self, kind: type[F]) -> list[F]:
        """Active faults of a kind, oldest first."""
        return [entry.fault for entry in self._active.values() if isinstance(entry.fault, kind)]

    def take(self, kind: type[H], where: Endpoint) -> H | None:
        """The oldest active HTTP fault of a kind for an endpoint, counted as used by one request."""
        for entry in self._active.values():
            if isinstance(entry.fault, kind) and entry.fault.where == where:
                if entry.requests_left is not None:
                    entry.requests_left -= 1
                    if entry.requests_left == 0:
                        self.end(entry.number)
                return entry.fault
        return None

    def listing(self) -> list[dict[str, Any]]:
        """Active faults, ready for JSON."""
        return [{"number": entry.number} | entry.fault.model_dump(mode="json") for entry in self._active.values()]

    def _hook(self, fault: Fault) -> tuple[Callable[[Any], None], Callable[[Any], None]]:
        return self._hooks.get(type(fault), (lambda _: None, lambda _: None))
