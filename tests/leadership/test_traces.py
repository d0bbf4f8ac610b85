"""Random walks through the Promela model, replayed against the pure machine: they must agree after every step."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.election import events
from cluster.election.events import Claim, ElectionRecord
from cluster.election.failsafe_members import FailsafeMember
from cluster.election.state_machine import Leadership
from cluster.lease import LeaseTimes
from cluster.mastership import EndCause

TRACES = sorted((Path(__file__).parent / "traces").glob("*.txt"))
INSTANT = 10.0
"""Seconds of one instant of the model: long against every pause that the machine makes between two attempts."""


class ModelTimes(LeaseTimes):
    """Those of the model, whose heartbeat is a quarter of the session time-out and not an eighth at most."""

    def granted(self, session_timeout_seconds: float) -> LeaseTimes:
        return self


TIMES = ModelTimes(session_timeout_seconds=4 * INSTANT, heartbeat_seconds=INSTANT, tick_seconds=2 * INSTANT)
ACQUIRES, PROVES, RELEASES = {"1", "2", "3", "9"}, {"4", "5", "6"}, {"7", "8"}


class ReplayedNode:
    """One machine, and what it waits for."""

    def __init__(self) -> None:
        self.machine = Leadership(TIMES, 1000 * INSTANT)
        self.session = 0
        self.frozen = False
        self.attempt = self.beat = self.release = 0

    def post(self, event: events.Event) -> None:
        for action in self.machine.handle(event):
            if isinstance(action, events.ReadElection):
                self.attempt = action.attempt
            elif isinstance(action, events.ProveLease):
                self.beat = action.beat
            elif isinstance(action, events.Release):
                self.release = action.number


class Replay:
    """The model's events as those of the machine."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.nodes = [ReplayedNode() for _ in range(3)]
        self.sessions = 0
        self.tick_due = False

    def step(self, line: str) -> None:
        word, *rest = line.split()[1:]
        if self.tick_due and word != "observed":
            self.tick_due = False
            for node in self.nodes:
                if not node.frozen:
                    node.post(events.Tick(self.now))
        if word == "tick":
            self.now, self.tick_due = self.now + INSTANT, True
        elif word == "state":
            self.compare([int(each) for each in rest])
        else:
            getattr(self, word)(self.nodes[int(rest[0])], *rest[1:])

    def compare(self, expected: list[int]) -> None:
        claims = [node.machine.claim.epoch if node.machine.claim else 0 for node in self.nodes]
        able = [node.machine.may_act(self.now) for node in self.nodes]
        acting = [claim if acts else 0 for claim, acts in zip(claims, able, strict=True)]
        assert claims + acting == expected

    def connected(self, node: ReplayedNode, which: str) -> None:
        if which == "new":
            self.sessions += 1
            if node.session:
                node.post(events.SessionLost(self.now))
            node.session = self.sessions
        node.post(events.Connected(self.now, node.session, TIMES.session_timeout_seconds, self.now))

    def observed(self, node: ReplayedNode, owner: str, epoch: str) -> None:
        session = {"0": 0, "1": node.session, "2": 10_000}[owner]
        name = "somebody" if session else None
        node.post(events.MasterObserved(self.now, self.now, node.session, session, name, int(epoch)))

    def contends(self, node: ReplayedNode) -> None:
        assert node.machine.state is events.State.ACQUIRING

    def answered(self, node: ReplayedNode, request: str, sent: str, epoch: str, version: str) -> None:
        sent_at = self.now - int(sent) * INSTANT
        claim = node.machine.claim
        if request == "2":
            number = int(epoch)
            record = ElectionRecord(number - 1, int(version) - 1, "", False, 0, None, None, 0, True)
            node.post(events.ElectionRead(self.now, node.attempt, record, FailsafeMember("node", "here", "1")))
            made = Claim(number, int(version), node.session, int(version))
            node.post(events.Acquired(self.now, node.attempt, sent_at, made))
        elif request in PROVES and claim is not None:
            proved = events.LeaseProved(self.now, claim.epoch, node.beat, sent_at)
            node.post(proved if request == "5" else events.LeaseRefused(self.now, claim.epoch))
        else:
            self._fails(node, request)

    def _fails(self, node: ReplayedNode, request: str) -> None:
        if request in ACQUIRES:
            node.post(events.AcquisitionFailed(self.now, node.attempt, silent=False))
        elif request in PROVES:
            node.post(events.ProofMissing(self.now, node.beat, silent=False))
        elif request in RELEASES:
            node.post(events.Released(self.now, node.release))

    def cut(self, node: ReplayedNode, request: str) -> None:
        self._fails(node, request)
        node.post(events.Suspended(self.now))

    def frozen(self, node: ReplayedNode) -> None:
        node.frozen = True

    def thawed(self, node: ReplayedNode) -> None:
        node.frozen = False
        node.post(events.Tick(self.now))

    def steps_down(self, node: ReplayedNode) -> None:
        node.post(events.StepDown(self.now, EndCause.OPERATOR))

    def restarted(self, node: ReplayedNode) -> None:
        self.nodes[self.nodes.index(node)] = ReplayedNode()


@pytest.mark.parametrize("trace", TRACES, ids=lambda path: path.stem)
def test_the_machine_does_what_the_model_does(trace: Path) -> None:
    replay = Replay()
    for number, line in enumerate(trace.read_text().splitlines(), start=1):
        try:
            replay.step(line)
        except AssertionError as difference:
            raise AssertionError(f"{trace.name}, line {number}: {line}") from difference


def test_there_are_traces_that_reach_several_terms() -> None:
    assert TRACES
    assert any("TRACE state 3" in trace.read_text() or " 3 0 0 0" in trace.read_text() for trace in TRACES)
