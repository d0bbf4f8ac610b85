"""The rules of the times of a cluster, and the bound of a fail-over that follows from them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cluster.lease import LeaseTimes
from pacing_node.doctor.diagnosis import error, ok, skipped, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pacing_node.doctor.diagnosis import Diagnosis

HAND_OVER_SECONDS = 0.25
"""What a hand-over takes once the session has expired."""
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Times:
    """Times of one node and its ensemble, in seconds; None where they could not be learned."""

    session_asked: float
    """T, as the options ask for it."""
    session_granted: float | None
    """T, as ZooKeeper granted it."""
    heartbeat: float
    push_budget: float
    refresh_period: float | None
    tick_told: float
    """tickTime, as the options give it; half of T unless given."""
    tick: float | None
    """tickTime, as the ensemble reports it."""
    sync_limit: int | None
    """syncLimit, as the ensemble reports it."""

    @property
    def session(self) -> float:
        """The session time-out that counts."""
        return self.session_asked if self.session_granted is None else self.session_granted

    @property
    def slowest_tick(self) -> float:
        """The tick that counts: the longer one where option and ensemble differ."""
        return self.tick_told if self.tick is None else max(self.tick, self.tick_told)

    @property
    def fail_over_bound(self) -> float:
        """Longest time from the loss of the master's machine to the next accepted push: T + tick + hand-over."""
        return self.session + self.slowest_tick + HAND_OVER_SECONDS

    @property
    def lease(self) -> float:
        """How long a proof of mastership lasts: T less h, half a tick and the drift of clocks."""
        lease_times = LeaseTimes(self.session, self.heartbeat, self.slowest_tick)
        return max(0.0, self.session - lease_times.margin_seconds)


def check_times(times: Times) -> Iterator[Diagnosis]:
    """Hold the times against the rules."""
    yield _granted(times)
    yield _tick(times)
    yield _sync(times)
    yield _at_most("times.heartbeat", times.heartbeat, times.session / 8, "an eighth of the session time-out")
    yield _at_most("times.push_budget", times.push_budget, times.session / 3, "a third of the session time-out")
    yield _lease(times)
    yield _period(times)
    yield _bound(times)


def _granted(times: Times) -> Diagnosis:
    check = "times.session_timeout"
    if times.session_granted is None:
        return skipped(
            check, f"{times.session_asked:g} s asked for; ZooKeeper granted none", "make ZooKeeper reachable"
        )
    found = f"{times.session_asked:g} s asked for, {times.session_granted:g} s granted"
    if abs(times.session_granted - times.session_asked) > _ROUNDING:
        longer = times.session_granted > times.session_asked
        limit = "minSessionTimeout (2 ticks unless set)" if longer else "maxSessionTimeout (20 ticks unless set)"
        remedy = f"change {limit} of the ensemble, or ask for {times.session_granted:g} s"
        return warning(check, found, "what is asked for", remedy)
    return ok(check, found, "what is asked for")


def _tick(times: Times) -> Diagnosis:
    check = "times.tick"
    if times.tick is None:
        return skipped(
            check, f"taken as {times.tick_told:g} s from the options", "allow `conf` in 4lw.commands.whitelist"
        )
    found = f"{times.tick:g} s in the ensemble, {times.tick_told:g} s in the options"
    if times.tick > times.tick_told + _ROUNDING:
        remedy = f"set zookeeper.tick_seconds to {times.tick:g}: the margin of the lease rests on it"
        return error(check, found, "an option not below the ensemble's", remedy)
    return ok(check, found, "an option not below the ensemble's")


def _sync(times: Times) -> Diagnosis:
    check = "times.sync_limit"
    if times.tick is None or times.sync_limit is None:
        return skipped(check, "syncLimit is not known", "allow `conf` in 4lw.commands.whitelist")
    cut_off = times.sync_limit * times.tick
    found = f"T = {times.session:g} s, syncLimit × tickTime = {cut_off:g} s"
    allowed = f"T of {2 * cut_off:g} s or more, twice that time"
    if times.session + _ROUNDING < 2 * cut_off:
        remedy = "raise zookeeper.session_timeout_seconds or lower syncLimit or tickTime: a member cut off from its "
        remedy += "quorum may keep a client whose session has expired"
        return warning(check, found, allowed, remedy)
    return ok(check, found, allowed)


def _at_most(check: str, value: float, limit: float, what: str) -> Diagnosis:
    found, allowed = f"{value:g} s", f"at most {limit:.3g} s, {what}"
    if value > limit + _ROUNDING:
        option = check.rpartition(".")[2]
        return error(check, found, allowed, f"lower {option}_seconds, or raise the session time-out")
    return ok(check, found, allowed)


def _lease(times: Times) -> Diagnosis:
    found = f"{times.lease:.2f} s from each heartbeat, push budget {times.push_budget:g} s"
    allowed = "a lease that leaves room for one push and one heartbeat"
    if times.lease < times.push_budget + times.heartbeat:
        remedy = "raise the session time-out, or lower heartbeat, push budget or tickTime"
        return error("times.lease", found, allowed, remedy)
    return ok("times.lease", found, allowed)


def _period(times: Times) -> Diagnosis:
    check = "times.refresh_period"
    if times.refresh_period is None:
        return skipped(check, "there are no cluster options to read it from")
    found, allowed = f"{times.refresh_period:g} s", f"at least the push budget of {times.push_budget:g} s"
    if times.refresh_period < times.push_budget:
        return warning(
            check,
            found,
            allowed,
            "lower push_budget_seconds or raise pacing.refreshPeriod: a push gets less time than that",
        )
    return ok(check, found, allowed)


def _bound(times: Times) -> Diagnosis:
    parts = f"session {times.session:g} s + tick {times.slowest_tick:g} s + hand-over {HAND_OVER_SECONDS:g} s"
    return ok("times.fail_over", f"at most {times.fail_over_bound:g} s after a machine is lost: {parts}")
