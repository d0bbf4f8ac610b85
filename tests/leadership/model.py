"""A model of ZooKeeper and of nodes with clocks of their own, to drive the state machine through anything.

Only what the protocol relies on is modelled: sessions with expiry, one ephemeral node and one versioned counter changed
together, requests that are applied late or whose answers are lost, clocks that run at different rates. A request that
its sender has given up may still be applied, as long as its session lives.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from cluster.errors import RefusedError
from cluster.leadership import Leadership
from cluster.leadership_events import (
    Acquire,
    Acquired,
    AcquisitionFailed,
    Action,
    BeginReign,
    Connected,
    DropConnection,
    EndReign,
    Event,
    Hold,
    LeaseProved,
    LeaseRefused,
    MasterObserved,
    ObservationFailed,
    Paused,
    ProofMissing,
    ProveLease,
    ReadMaster,
    RebuildSession,
    Release,
    Released,
    SessionLost,
    State,
    Suspended,
    Tick,
)
from cluster.lease import LeaseTerms
from cluster.yielding import Yielding

TERMS = LeaseTerms(session_timeout_seconds=4.0, heartbeat_seconds=0.5, tick_seconds=0.5)
SIT_OUT_SECONDS = 10.0


@dataclass
class Request:
    """A request on its way, in the order of its session."""

    node: ModelNode
    action: Action
    session: int
    sent_at: float
    sent_true: float
    epoch: int
    version: int
    pause_version: int | None
    """The version of the pause document that says that there is no pause; None when it says that there is one."""
    successor: str = ""
    settled: bool = False
    given_up: bool = False
    applied: bool = False
    answer: Event | None = None


@dataclass
class ModelNode:
    """One node: its machine, its clock, its session."""

    name: str
    rate: float
    offset: float
    machine: Leadership = field(default_factory=lambda: Leadership(TERMS, SIT_OUT_SECONDS))
    session: int = 0
    connected: bool = False
    yielding: Yielding = field(default_factory=lambda: Yielding(SIT_OUT_SECONDS))
    requests: list[Request] = field(default_factory=list)

    def clock(self, now: float) -> float:
        return self.offset + now * self.rate

    def true_time(self, at: float) -> float:
        return (at - self.offset) / self.rate


class World:
    """ZooKeeper, the nodes, and true time."""

    def __init__(self, nodes: int = 3) -> None:
        self.now = 1000.0
        self.nodes = [
            ModelNode(f"node-{index}", rate=1.0 + (index - 1) * 0.005, offset=37.0 * index) for index in range(nodes)
        ]
        self.epoch = 0
        self.version = 0
        self.successor = ""
        self.settled = False
        """What the epoch's node says of the newest reign: it ended with nothing under way."""
        self.ended_settled: set[int] = set()
        """Epochs of reigns that ended so."""
        self.named_at = 0.0
        self.paused = False
        self.pause_version = 0
        self.master: Hold | None = None
        self.touched: dict[int, float] = {}
        """Newest touch of each living session that ZooKeeper's leader knows of."""
        self.unreported: dict[int, list[float]] = {}
        """Touches made since; a follower reports them within half a tick, unless it is cut off."""
        self.reigns: list[tuple[str, Hold]] = []
        self._ids = itertools.count(1)

    # --- what can happen ---------------------------------------------------------------------------------------------

    def connect(self, node: ModelNode) -> None:
        if node.connected and node.session in self.touched:
            return
        self.disconnect(node)
        if node.session not in self.touched:
            if node.session:
                self._fail_requests(node)
                node.session = 0
                self.post(node, SessionLost(node.clock(self.now)))
            node.session = next(self._ids)
        self.touched[node.session] = self.now
        self.unreported[node.session] = []
        node.connected = True
        self.post(
            node, Connected(node.clock(self.now), node.session, TERMS.session_timeout_seconds, node.clock(self.now))
        )

    def disconnect(self, node: ModelNode, failures_first: bool = True) -> None:
        if not node.connected:
            return
        node.connected = False
        if failures_first:
            self._fail_requests(node)
        self.post(node, Suspended(node.clock(self.now)))
        self._fail_requests(node)

    def advance(self, seconds: float) -> None:
        self.now += seconds
        for node in self.nodes:
            # A connected client that holds nothing keeps its session by pings; a holder by its proofs alone.
            if node.connected and node.session in self.touched and node.machine.hold is None:
                self.touched[node.session] = max(self.touched[node.session], self.now - 1.0)
        for session, touched in list(self.touched.items()):
            if touched + TERMS.session_timeout_seconds <= self.now:
                self._expire(session)

    def tick(self, node: ModelNode) -> None:
        wake = node.machine.next_wake()
        if wake is not None and wake <= node.clock(self.now):
            self.post(node, Tick(node.clock(self.now)))

    def apply(self, request: Request) -> None:
        if request.applied:
            return
        request.applied = True
        if request.session in self.touched:
            self._touch(request.session)
            request.answer = self._apply(request)

    def answer(self, request: Request) -> None:
        """Apply it and every earlier one of its session, then deliver its answer."""
        for earlier in list(request.node.requests):
            if earlier.session == request.session and earlier.sent_true <= request.sent_true:
                self.apply(earlier)
        self.apply(request)
        self._forget(request)
        if request.given_up:
            return
        if request.answer is None or not request.node.connected or request.node.session != request.session:
            self._fail(request, silent=False)
        else:
            self.post(request.node, _at(request.answer, request.node.clock(self.now)))

    def time_out(self, request: Request) -> None:
        """Its sender gives up; it may still be applied."""
        if not request.given_up:
            request.given_up = True
            self._fail(request, silent=request.node.connected)

    def post(self, node: ModelNode, event: Event) -> None:
        for action in node.machine.handle(event):
            self._carry_out(node, action)

    def pause(self, paused: bool) -> None:
        """An operator pauses or resumes the cluster; nodes hear of it later."""
        self.paused, self.pause_version = paused, self.pause_version + 1

    def tell_of_pause(self, node: ModelNode) -> None:
        if node.connected and node.machine.paused != self.paused:
            self.post(node, Paused(node.clock(self.now), self.paused))

    # --- inside ------------------------------------------------------------------------------------------------------

    def _carry_out(self, node: ModelNode, action: Action) -> None:
        if isinstance(action, BeginReign):
            self.reigns.append((node.name, action.hold))
        elif isinstance(action, DropConnection):
            self.disconnect(node)
        elif isinstance(action, RebuildSession):
            node.connected = False
            self._fail_requests(node)
            node.session = 0
        elif not isinstance(action, EndReign):
            pause_version = None if self.paused else self.pause_version
            request = Request(
                node,
                action,
                node.session,
                node.clock(self.now),
                self.now,
                self.epoch,
                self.version,
                pause_version,
                self.successor,
                self.settled,
            )
            node.requests.append(request)

    def _apply(self, request: Request) -> Event:
        node, action, at = request.node, request.action, 0.0
        if isinstance(action, ReadMaster):
            master = self.master
            owner = master.session_id if master else 0
            return MasterObserved(
                at, request.sent_at, request.session, owner, "somebody" if master else None, self.epoch
            )
        if isinstance(action, Acquire):
            free = self.master is None and self.version == request.version
            if not free or request.pause_version != self.pause_version or self._yields(request):
                return AcquisitionFailed(at, action.attempt, False)
            self.epoch, self.version = request.epoch + 1, self.version + 1
            assert not self.paused
            # Clocks run at rates that differ by a percent at most.
            waited = self.now - self.named_at >= 0.98 * SIT_OUT_SECONDS
            assert self.successor in {"", node.name} or waited, (node.name, self.successor)
            assert request.settled == (request.epoch in self.ended_settled), request
            self.successor, self.settled = "", False
            hold = Hold(self.epoch, self.version, request.session, next(self._ids), request.settled)
            self._set_master(hold)
            return Acquired(at, action.attempt, request.sent_at, hold)
        if isinstance(action, ProveLease):
            if self.master is None or self.version != action.hold.epoch_version:
                return LeaseRefused(at, action.hold.epoch)
            return LeaseProved(at, action.hold.epoch, action.beat, request.sent_at)
        assert isinstance(action, Release), node.name
        self._release(request, action)
        return Released(at)

    @staticmethod
    def _yields(request: Request) -> bool:
        node, seen = request.node, (request.epoch, request.version)
        try:
            node.yielding.check(node.name, request.successor, seen, request.sent_at)
        except RefusedError:
            return True
        return False

    def _touch(self, session: int) -> None:
        """A request passes through a follower: the leader hears of touches half a tick old, of this one later."""
        made = self.unreported[session]
        known = [at for at in made if at <= self.now - TERMS.report_seconds]
        self.touched[session] = max([self.touched[session], *known])
        self.unreported[session] = [at for at in made if at > self.now - TERMS.report_seconds] + [self.now]

    def _release(self, request: Request, action: Release) -> None:
        if self.master is None:
            return
        expected = action.hold.epoch_version if action.hold is not None else request.version
        owned = action.hold is not None or self.master.session_id == request.session
        if owned and self.version == expected:
            # Whether something of the reign is under way is the application's to say: here every other one.
            settled = action.hold is not None and not action.raise_to and action.hold.epoch % 2 == 0
            if action.raise_to or action.successor or settled:
                self.epoch, self.version = action.raise_to or self.epoch, self.version + 1
                self.settled = settled
                self.ended_settled |= {self.epoch} if settled else set()
                self.successor, self.named_at = action.successor, self.now
            self._set_master(None)

    def _set_master(self, hold: Hold | None) -> None:
        self.master = hold
        for node in self.nodes:
            if node.connected and node.machine.hold is None and node.machine.state is not State.STOPPED:
                self._carry_out(node, ReadMaster())

    def _expire(self, session: int) -> None:
        # Its client hears of it when it next connects, not before.
        del self.touched[session]
        if self.master is not None and self.master.session_id == session:
            self._set_master(None)

    def _fail_requests(self, node: ModelNode) -> None:
        for request in list(node.requests):
            if not request.given_up:
                request.given_up = True
                self._fail(request, silent=False)

    def _fail(self, request: Request, *, silent: bool) -> None:
        node, action = request.node, request.action
        at = node.clock(self.now)
        if isinstance(action, ReadMaster):
            self.post(node, ObservationFailed(at, silent))
        elif isinstance(action, Acquire):
            self.post(node, AcquisitionFailed(at, action.attempt, silent))
        elif isinstance(action, ProveLease):
            self.post(node, ProofMissing(at, action.beat, silent))
        else:
            self.post(node, Released(at))

    def _forget(self, request: Request) -> None:
        if request in request.node.requests:
            request.node.requests.remove(request)

    # --- the way back ------------------------------------------------------------------------------------------------

    def calm(self, seconds: float, without: ModelNode | None = None) -> None:
        """No more faults: everybody connects, every request is answered at once, timers come in time.

        All but one node, if given: that one hears nothing and says nothing, but may still act on what it believes.
        """
        until = self.now + seconds
        awake = [node for node in self.nodes if node is not without]
        while self.now < until:
            for node in awake:
                self.connect(node)
                self.tell_of_pause(node)
                self.tick(node)
                for request in list(node.requests):
                    self.answer(request)
                self.check()
            if not any(node.requests for node in awake):
                self.advance(0.05)
                self.check()

    def acting(self) -> list[ModelNode]:
        """Nodes that would start an action now."""
        return [node for node in self.nodes if node.machine.may_act(node.clock(self.now))]

    def check(self) -> None:
        """What must hold at every moment."""
        acting = self.acting()
        assert len(acting) <= 1, [node.name for node in acting]
        for node in acting:
            hold = node.machine.hold
            assert hold is not None
            assert self.master == hold, (node.name, hold, self.master)
        epochs = [hold.epoch for _, hold in self.reigns]
        assert epochs == sorted(set(epochs)), epochs


def _at(event: Event, at: float) -> Event:
    values = {name: getattr(event, name) for name in event.__dataclass_fields__ if name != "at"}
    return type(event)(at, **values)
