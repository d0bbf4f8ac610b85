"""Random walks through the Promela model, replayed against the pure machine: they must agree after every step."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.election import events
from cluster.election.events import Claim, ElectionRecord
from cluster.election.failsafe_members import FailsafeList, FailsafeMember
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


PROMISE_SECONDS = TIMES.session_timeout_seconds
FAILSAFE_SECONDS = 10_000 * INSTANT
OWN = FailsafeMember("node", "here", "1")
LIST = FailsafeList(frozenset({OWN}), PROMISE_SECONDS, FAILSAFE_SECONDS)


class ReplayedNode:
    """One machine, and what it waits for."""

    def __init__(self, started_at: float, *, failsafe: bool) -> None:
        self.machine = Leadership(TIMES, 1000 * INSTANT, FAILSAFE_SECONDS if failsafe else None)
        self.machine.handle(events.Started(started_at))
        self.session = 0
        self.frozen = False
        self.attempt = self.beat = self.release = self.round = 0
        self.begun = False
        """An attempt has begun that the trace has not told yet."""

    def post(self, event: events.Event) -> None:
        for action in self.machine.handle(event):
            if isinstance(action, events.ReadElection):
                self.attempt, self.begun = action.attempt, True
            elif isinstance(action, events.ProveLease):
                self.beat = action.beat
            elif isinstance(action, events.Release):
                self.release = action.number
            elif isinstance(action, events.AskPromises):
                self.round = action.round


class Replay:
    """The model's events as those of the machine."""

    def __init__(self, *, failsafe: bool) -> None:
        self.now = 1000.0
        self.failsafe = failsafe
        self.nodes = [ReplayedNode(0.0, failsafe=failsafe) for _ in range(3)]
        self.sessions = 0
        self.paused = False
        self.tick_due = False

    def step(self, line: str) -> None:
        word, *rest = line.split()[1:]
        if self.tick_due and word != "observed":
            self.tick_due = False
            for node in self.nodes:
                if not node.frozen:
                    self._round_ends(node)
                    node.post(events.Tick(self.now))
        if word == "tick":
            self.now, self.tick_due = self.now + INSTANT, True
        elif word == "paused":
            for node in self.nodes:
                node.post(events.Paused(self.now, paused=True))
            self.paused = True
        elif word == "state":
            self.compare([int(each) for each in rest])
        else:
            getattr(self, word)(self.nodes[int(rest[0])], *rest[1:])

    def compare(self, expected: list[int]) -> None:
        assert not any(node.begun for node in self.nodes), "an attempt that the model does not make"
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
        node.post(events.MasterObserved(self.now, self.now, node.session, session, name, int(epoch) if session else 0))

    def contends(self, node: ReplayedNode) -> None:
        assert node.machine.state is events.State.ACQUIRING
        node.begun = False

    def waits(self, node: ReplayedNode) -> None:
        """It has promised, or an earlier process at its place may have: the latter is known only when it has read."""
        if node.machine.state is events.State.ACQUIRING:
            node.post(events.ElectionRead(self.now, node.attempt, self._record(1, 1), OWN))
        assert node.machine.state in {events.State.STANDBY, events.State.WAITING}
        node.begun = False

    def promises(self, node: ReplayedNode, master: str) -> None:
        claim = self.nodes[int(master)].machine.claim
        assert claim is not None
        assert node.machine.promise(self.now, claim.epoch, PROMISE_SECONDS) == ""

    def carried(self, node: ReplayedNode, asked: str) -> None:
        sent_at = self.now - int(asked) * INSTANT
        node.post(events.Promised(self.now, node.round, sent_at, PROMISE_SECONDS))
        assert node.machine.state is events.State.FAILSAFE

    def _round_ends(self, node: ReplayedNode) -> None:
        """Somebody has not answered within the instant; asking again is due before the next one."""
        if node.round:
            node.post(events.PromiseMissing(self.now - 1.0, node.round))

    def _record(self, epoch: int, version: int, *, renews: bool = False) -> ElectionRecord:
        """What was read before the acquisition that has given this epoch, and this version of its node."""
        paused_by = "an operator" if self.paused else None
        failsafe_list = LIST if self.failsafe else None
        return ElectionRecord(epoch - 1, version - 1, "", False, 0, paused_by, failsafe_list, 0, vacant=not renews)

    def answered(self, node: ReplayedNode, request: str, sent: str, epoch: str, version: str) -> None:
        sent_at = self.now - int(sent) * INSTANT
        claim = node.machine.claim
        if request == "2":
            number = int(epoch)
            renews = node.machine.state is events.State.RESIGNING
            if renews:  # the cluster was paused before the release: a new term in its place
                node.post(events.Released(self.now, node.release, refused=True))
                node.begun = False
            record = self._record(number, int(version), renews=renews)
            node.post(events.ElectionRead(self.now, node.attempt, record, OWN))
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
        self._round_ends(node)
        node.post(events.Tick(self.now))

    def steps_down(self, node: ReplayedNode) -> None:
        node.post(events.StepDown(self.now, EndCause.OPERATOR))

    def restarted(self, node: ReplayedNode) -> None:
        born = ReplayedNode(self.now, failsafe=self.failsafe)
        self.nodes[self.nodes.index(node)] = born
        if self.paused:
            born.post(events.Paused(self.now, paused=True))


@pytest.mark.parametrize("trace", TRACES, ids=lambda path: path.stem)
def test_the_machine_does_what_the_model_does(trace: Path) -> None:
    replay = Replay(failsafe=trace.stem.startswith("failsafe"))
    for number, line in enumerate(trace.read_text().splitlines(), start=1):
        try:
            replay.step(line)
        except AssertionError as difference:
            raise AssertionError(f"{trace.name}, line {number}: {line}") from difference


def test_there_are_traces_that_reach_several_terms() -> None:
    assert TRACES
    assert any("TRACE state 3" in trace.read_text() or " 3 0 0 0" in trace.read_text() for trace in TRACES)


@pytest.mark.parametrize(
    ("family", "event"), [("failsafe", "TRACE carried"), ("failsafe", "TRACE waits"), ("pause", "TRACE paused")]
)
def test_there_are_traces_of_promises_and_of_pauses(family: str, event: str) -> None:
    assert any(event in trace.read_text() for trace in TRACES if trace.stem.startswith(family))
