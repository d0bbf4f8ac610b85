"""The judge of a history. It knows nothing of how the cluster works, only what was promised. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from simulator.harness.push_record import applied, faults_of, full_pushes, longest_interval

if TYPE_CHECKING:
    from simulator.drill.nemesis.nemesis_history import Fault, History, Storm
    from simulator.harness.push_record import Push

CABLE_PULLED, RESTORED = "cable-pulled", "restored"
FORGETFUL = (RESTORED, "znode-empty", "znode-garbled")
"""Kinds after which epochs can be given again."""
HOLDING = ("platform-", "isolate", "freeze-", CABLE_PULLED)
"""How the names of kinds begin that hold a push back on its way to the platform."""
CLOCK_STEP = "clock-step"
"""Explains nothing: no promise rests on a wall clock."""
IN_FLIGHT_SECONDS = 1.5
"""A push can be on its way for so long after the end of its lease: the budget, and some."""
UNDEAD_SECONDS = 30.0
"""So long after its cable is back a push that was given up could still arrive: a kernel doubles its pauses."""
LONG_GAP_PERIODS = 2.0
"""An interval between accepted pushes of more refresh periods than this needs an explanation."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A long time without an accepted push."""

    began_at: float
    """Unix time in seconds of the previous push."""
    ended_at: float
    node: str | None
    """Who sent the previous push; None when not known."""
    explanation: Fault | None
    """A fault that accounts for it; None when there is none."""

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.ended_at - self.began_at


@dataclass(frozen=True, slots=True)
class Findings:
    """What the judge found."""

    faults: int
    accepted: int
    """Pushes that took effect, partial ones too."""
    partials: int
    """Partial pushes among them."""
    refused: int
    """Requests the platform refused, for whatever reason."""
    order_kept: bool
    longest_gap_seconds: float
    gaps: tuple[Gap, ...]
    violations: tuple[str, ...]
    """Broken promises, one sentence each."""

    def summary(self) -> str:
        """The one line for people and programs."""
        order = "yes" if self.order_kept else "no"
        partials = f" ({self.partials} partial)" if self.partials else ""
        return (
            f"nemesis: {self.faults} faults, {self.accepted} pushes accepted{partials}, {self.refused} refused, "
            f"order kept: {order}, longest gap {self.longest_gap_seconds:.2f} s"
        )


def check(history: History) -> Findings:
    """Judge a history."""
    taken, full = applied(history.pushes), full_pushes(history.pushes)
    partials = len(taken) - len(full)
    disorder = [f"push {push.index} {push.token} was {fault}" for push, fault in faults_of(history.pushes)]
    gaps = _gaps(history, full)
    promises = (
        _undead(history),
        _two_that_act(history, taken),
        _strangers(history, taken),
        _slow_recoveries(history, full),
        _unexplained(gaps),
    )
    violations = [*disorder, *(broken for promise in promises for broken in promise)]
    if not taken:
        violations.append("no push was accepted")
    if history.partials and not partials:
        violations.append("no partial push was accepted, so nothing is known of them")
    times = [push.received_at for push in full]
    return Findings(
        faults=len(history.faults),
        accepted=len(taken),
        partials=partials,
        refused=sum(1 for push in history.pushes if not push.accepted),
        order_kept=not disorder,
        longest_gap_seconds=longest_interval(times, times[0], times[-1]) if len(times) > 1 else 0.0,
        gaps=tuple(gaps),
        violations=tuple(violations),
    )


def _strangers(history: History, taken: list[Push]) -> list[str]:
    """An epoch belongs to one term of one node, and every accepted push came from a node that was seen to send it.

    A ZooKeeper that was put back to an older copy gives an epoch again, to another node; but pushes are accepted of one
    of the two terms only.
    """
    restored = any(fault.kind == RESTORED for fault in history.faults)
    found = [
        f"epoch {epoch} was used by {len(nodes)} nodes: {', '.join(nodes)}"
        for epoch, nodes in sorted(history.senders.items())
        if len(nodes) > 1 and not restored
    ]
    terms: dict[int, set[str]] = {}
    for push in taken:
        terms.setdefault(push.epoch, set()).add(push.term)
    found += [
        f"pushes of {len(each)} terms of epoch {epoch} were accepted" for epoch, each in terms.items() if len(each) > 1
    ]
    unknown = sorted({push.epoch for push in taken} - set(history.senders))
    return found + [f"nobody was seen to send the accepted pushes of epoch {epoch}" for epoch in unknown]


def _undead(history: History) -> list[str]:
    """A push given up on a pulled cable does not arrive when the cable is back: nobody holds it any more.

    Looked at where nothing but the cable came between the node and the platform, and the node was not frozen.
    """
    found: dict[str, None] = {}
    for pulled in (fault for fault in history.faults if fault.kind == CABLE_PULLED):
        until = pulled.ended_at + UNDEAD_SECONDS
        if any(
            other.kind != CABLE_PULLED
            and other.target == pulled.target
            and other.began_at < until
            and other.ended_at > pulled.began_at - UNDEAD_SECONDS
            for other in history.faults
        ):
            continue
        found |= {
            f"push {push.index} {push.token} of {pulled.target} arrived although it had been given up": None
            for push in history.pushes
            if push.reason == "stale_token"
            and pulled.target in history.senders.get(push.epoch, ())
            and pulled.began_at < push.received_at < until
        }
    return list(found)


def _two_that_act(history: History, taken: list[Push]) -> list[str]:
    """Nobody pushes any more when a newer term has, but for what was in flight just then.

    Not looked at where something held the push back on its way, or made ZooKeeper forget epochs.
    """
    began: dict[int, float] = {}
    for push in taken:
        began.setdefault(push.epoch, push.received_at)
    return [
        f"push {push.index} {push.token} was sent although a newer term had pushed "
        f"{push.received_at - newer:.1f} s before"
        for push in history.pushes
        if push.reason == "stale_token"
        for newer in [min((at for epoch, at in began.items() if epoch > push.epoch), default=push.received_at)]
        if push.received_at - newer > IN_FLIGHT_SECONDS and not _excused(history, push)
    ]


def _excused(history: History, push: Push) -> bool:
    """Whether a fault explains that a push of an older term came late."""
    senders = history.senders.get(push.epoch, ())
    return any(
        (fault.kind in FORGETFUL or (fault.target in senders and fault.kind.startswith(HOLDING)))
        and fault.began_at < push.received_at < fault.ended_at + UNDEAD_SECONDS
        for fault in history.faults
    )


def _slow_recoveries(history: History, taken: list[Push]) -> list[str]:
    """After each storm pushes come back within the bound, and stay."""
    found = []
    for number, storm in enumerate(history.storms, start=1):
        after = [push.received_at for push in taken if storm.healed_at < push.received_at <= storm.calm_until]
        waited = (after[0] if after else storm.calm_until) - storm.healed_at
        if waited > history.recovery_seconds:
            until = f"{waited:.1f} s" if after else f"at least {waited:.1f} s"
            found.append(f"after storm {number} no push was accepted for {until}")
        elif not after:
            found.append(f"after storm {number} no push was seen at all")
        else:
            found += _interruptions(number, storm, after, history)
    return found


def _interruptions(number: int, storm: Storm, after: list[float], history: History) -> list[str]:
    recovered_by = storm.healed_at + history.recovery_seconds
    return [
        f"in the calm after storm {number} pushes paused for {later - earlier:.1f} s"
        for earlier, later in pairwise([*after, storm.calm_until])
        if earlier >= recovered_by and later - earlier > LONG_GAP_PERIODS * history.period_seconds
    ]


def _gaps(history: History, taken: list[Push]) -> list[Gap]:
    found = []
    for earlier, later in pairwise(sorted(taken, key=lambda push: push.received_at)):
        if later.received_at - earlier.received_at > LONG_GAP_PERIODS * history.period_seconds:
            node = next(iter(history.senders.get(earlier.epoch, ())), None)
            fault = _explanation(history, earlier.received_at, later.received_at, node)
            found.append(Gap(earlier.received_at, later.received_at, node, fault))
    return found


def _explanation(history: History, began_at: float, ended_at: float, node: str | None) -> Fault | None:
    """A fault that accounts for a gap.

    It hit ZooKeeper or the node that had pushed last: trouble of a standby alone stops nobody. It had begun before the
    next push was due, and the gap did not outlast all trouble by more than the bound.
    """
    due_at = began_at + LONG_GAP_PERIODS * history.period_seconds
    last = max((fault.ended_at for fault in history.faults if fault.began_at < ended_at), default=0.0)
    if ended_at > last + history.recovery_seconds:
        return None
    for fault in history.faults:
        concerned = (fault.on_member or fault.target == node) and fault.kind != CLOCK_STEP
        if concerned and fault.began_at < due_at and fault.ended_at + history.recovery_seconds > began_at:
            return fault
    return None


def _unexplained(gaps: list[Gap]) -> list[str]:
    return [
        f"a gap of {gap.seconds:.1f} s after a push of {gap.node} has no fault to explain it"
        for gap in gaps
        if gap.explanation is None
    ]
