"""A standby that waits for months, in virtual time: nothing it keeps grows, and it takes over like a young one."""

from __future__ import annotations

import gc
import time

import pytest

from cluster.election.events import (
    Acquire,
    Acquired,
    BeginTerm,
    Claim,
    Connected,
    ElectionRead,
    MasterObserved,
    ReadElection,
    ReadMaster,
    State,
    Tick,
)
from cluster.election.state_machine import REREAD_FACTOR, Leadership
from cluster.lease import LeaseTimes
from tests.leadership.test_state_machine import OWN, VACANT

TIMES = LeaseTimes(session_timeout_seconds=30.0, heartbeat_seconds=3.0, tick_seconds=0.5)
ME, OTHER = 7, 8
DAY = 86_400.0


def kept_by(machine: Leadership) -> int:
    """How many objects hang on the machine, not counting classes, modules and functions."""
    seen: dict[int, object] = {}
    waiting: list[object] = [machine]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type) or callable(each) or type(each).__name__ == "module":
            continue
        seen[id(each)] = each
        waiting += gc.get_referents(each)
    return len(seen)


class Standby:
    """A machine that is asked to read, reads, and always finds the other master."""

    def __init__(self) -> None:
        self.machine = Leadership(TIMES, cooldown_seconds=10.0)
        self.now = 100.0
        self.machine.handle(Connected(self.now, ME, TIMES.session_timeout_seconds, self.now))
        self.observe(OTHER)

    def observe(self, owner: int) -> list[object]:
        sent_at, self.now = self.now, self.now + 0.001
        return self.machine.handle(MasterObserved(self.now, sent_at, ME, owner, "b" if owner else None, 2))

    def wait(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            wake = self.machine.next_wake()
            assert wake is not None
            assert wake <= self.now + REREAD_FACTOR * TIMES.session_timeout_seconds + 0.001
            self.now = wake
            assert self.machine.handle(Tick(self.now)) == [ReadMaster()]
            self.observe(OTHER)


@pytest.mark.parametrize("days", [7, pytest.param(90, marks=pytest.mark.slow)])
def test_after_days_as_a_standby_nothing_has_grown_and_fail_over_is_on_time(days: int) -> None:
    standby = Standby()
    standby.wait(3600.0)
    young = kept_by(standby.machine)
    standby.wait(days * DAY)
    assert kept_by(standby.machine) <= young + 10
    began = time.process_time()
    assert standby.observe(0) == [ReadElection(2)]
    assert standby.machine.handle(ElectionRead(standby.now, 2, VACANT, OWN)) == [Acquire(2, VACANT)]
    claim = Claim(3, 5, ME, 99)
    assert standby.machine.handle(Acquired(standby.now + 0.01, 2, standby.now, claim)) == [BeginTerm(claim)]
    assert standby.machine.state is State.SERVING
    assert standby.machine.lease_left(standby.now) > TIMES.session_timeout_seconds / 2
    print(f"fail-over after {days} days took {time.process_time() - began:.6f} s of CPU, {young} objects kept")
