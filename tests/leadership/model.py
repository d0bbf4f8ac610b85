"""A model of ZooKeeper and of nodes with clocks of their own, to drive the state machine through anything.

Only what the protocol relies on is modelled: sessions with expiry, one ephemeral node and one versioned counter changed
together, requests that are applied late or whose answers are lost, clocks that run at different rates. A request that
its sender has given up may still be applied, as long as its session lives.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

from cluster.election.events import (
    Accepted,
    Acquire,
    Acquired,
    AcquisitionFailed,
    Action,
    AskPromises,
    BeginTerm,
    Claim,
    Connected,
    DropConnection,
    ElectionRead,
    ElectionRecord,
    EndTerm,
    Event,
    LeaseProved,
    LeaseRefused,
    MasterObserved,
    ObservationFailed,
    Paused,
    Promised,
    PromiseMissing,
    ProofMissing,
    ProveLease,
    ReadElection,
    ReadMaster,
    RebuildSession,
    Release,
    Released,
    ReportOverdue,
    SessionLost,
    Started,
    State,
    Suspended,
    Tick,
)
from cluster.election.failsafe_members import FailsafeList, FailsafeMember, not_addressed
from cluster.election.state_machine import Leadership
from cluster.lease import LeaseTimes

TERMS = LeaseTimes(session_timeout_seconds=4.0, heartbeat_seconds=0.5, tick_seconds=0.5)
COOLDOWN_SECONDS = 10.0
FAILSAFE_SECONDS = 12.0
RATES = (0.99, 1.0, 1.01, 1.005)
"""Clocks of two machines differ by up to 2 %, and by 1 % from ZooKeeper's."""


@dataclass(frozen=True)
class WriteFailsafeList:
    """A master writes whom it would ask for promises, under its epoch."""

    claim: Claim
    failsafe_list: FailsafeList
    version: int


@dataclass
class Request:
    """A request on its way, in the order of its session."""

    node: ModelNode
    failsafe_member: FailsafeMember
    action: Action | WriteFailsafeList
    session: int
    sent_at: float
    sent_true: float
    record: ElectionRecord
    """What ZooKeeper had recorded when it was sent."""
    wanted: FailsafeList | None
    """The members its sender knew of then."""
    given_up: bool = False
    applied: bool = False
    answer: Event | None = None
    written_version: int | None = None
    """Of a failsafe list: the version it got."""


@dataclass
class PromiseRound:
    """A master asks everybody in its failsafe list; the answers come one by one."""

    node: ModelNode
    number: int
    epoch: int
    sent_at: float
    open: set[FailsafeMember]


@dataclass
class ModelNode:
    """One node: its machine, its clock, its session."""

    name: str
    rate: float
    offset: float
    machine: Leadership
    address: str = ""
    """Where it answers the others."""
    incarnation: str = "first"
    """Of its process."""
    session: int = 0
    connected: bool = False
    knows_of_pause: bool = False
    requests: list[Request] = field(default_factory=list)
    written: tuple[Claim, FailsafeList | None, int] | None = None
    """The newest acquisition that took effect, and what it wrote."""
    possible: list[FailsafeList] = field(default_factory=list)
    """As master: the failsafe lists that may stand in ZooKeeper."""
    failsafe_list_version: int = 0

    @property
    def failsafe_member(self) -> FailsafeMember:
        return FailsafeMember(self.name, self.address, self.incarnation)

    def clock(self, now: float) -> float:
        return self.offset + now * self.rate

    def true_time(self, at: float) -> float:
        return (at - self.offset) / self.rate


class World:
    """ZooKeeper, the nodes, and true time."""

    def __init__(self, nodes: int = 3, failsafe_seconds: float | None = None) -> None:
        self.now = 1000.0
        self.failsafe_seconds = failsafe_seconds
        self.nodes = [self._born(f"node-{index}", RATES[index], 37.0 * index) for index in range(nodes)]
        self.down = False
        """Whether ZooKeeper is away for everybody; sessions do not expire meanwhile."""
        self.failsafe_list: FailsafeList | None = None
        self.failsafe_list_version = 0
        self.promise_rounds: list[PromiseRound] = []
        self.leads_to: dict[str, ModelNode] = {}
        """Addresses at which another node is reached than the one that has them."""
        self.epoch = 0
        self.version = 0
        self.successor = ""
        self.ended_clean = False
        """What the epoch's node says of the newest term: it ended with nothing under way."""
        self.clean_epochs: set[int] = set()
        """Epochs of terms that ended so."""
        self.named_at = 0.0
        self.successor_has_left = False
        """The named successor has been without a session since it was named."""
        self.paused = False
        self.pause_version = 0
        self.master: Claim | None = None
        self.touched: dict[int, float] = {}
        """Newest touch of each living session that ZooKeeper's leader knows of."""
        self.unreported: dict[int, list[float]] = {}
        """Touches made since; a follower reports them within half a tick, unless it is cut off."""
        self.terms: list[tuple[str, Claim]] = []
        self._ids = itertools.count(1)

    # --- what can happen ---------------------------------------------------------------------------------------------

    def zookeeper_goes(self) -> None:
        self.down = True
        for node in self.nodes:
            self.disconnect(node)

    def zookeeper_returns(self) -> None:
        if self.down:
            self.down = False
            # A new leader grants every session its whole time-out again.
            self.touched = dict.fromkeys(self.touched, self.now)

    def restart(self, node: ModelNode, *, elsewhere: bool = False) -> None:
        """The process dies and a new one takes its place at once; what it has sent may still take effect.

        ``elsewhere``: at an address of its own, where nobody is reached who asks at the old one.
        """
        node.connected = False
        for request in node.requests:
            request.given_up = True
        self.promise_rounds = [each for each in self.promise_rounds if each.node is not node]
        node.machine = self._born(node.name, node.rate, node.offset).machine
        node.session, node.knows_of_pause, node.possible = 0, False, []
        node.incarnation = f"process-{next(self._ids)}"
        if elsewhere:
            node.address = f"address-{next(self._ids)}"

    def write_failsafe_list(self, node: ModelNode) -> None:
        """As master, write who has joined."""
        claim, wanted = node.machine.claim, self._members(node)
        if claim is not None and wanted is not None and node.connected:
            node.possible.append(wanted)
            self._send(node, WriteFailsafeList(claim, wanted, node.failsafe_list_version))

    def promise_answered(self, asking: PromiseRound, failsafe_member: FailsafeMember, *, heard: bool = True) -> None:
        """One of those asked answers now; unless ``heard`` the answer is lost, and the promise binds all the same."""
        address = failsafe_member.clustering
        asked = self.leads_to.get(address) or next((each for each in self.nodes if each.address == address), None)
        seconds = TERMS.session_timeout_seconds
        refused = (
            asked is None
            or not_addressed(asked.failsafe_member, failsafe_member.name, failsafe_member.incarnation)
            or asked.machine.promise(asked.clock(self.now), asking.epoch, seconds)
        )
        if refused or not heard:
            self.promise_lost(asking)
            return
        asking.open.discard(failsafe_member)
        if not asking.open:
            self._all_promised(asking)

    def _all_promised(self, asking: PromiseRound) -> None:
        if asking in self.promise_rounds:
            self.promise_rounds.remove(asking)
            at, seconds = asking.node.clock(self.now), TERMS.session_timeout_seconds
            self.post(asking.node, Promised(at, asking.number, asking.sent_at, seconds))

    def promise_lost(self, asking: PromiseRound) -> None:
        """Somebody does not answer in time, or refuses."""
        if asking in self.promise_rounds:
            self.promise_rounds.remove(asking)
            self.post(asking.node, PromiseMissing(asking.node.clock(self.now), asking.number))

    def connect(self, node: ModelNode) -> None:
        if self.down or (node.connected and node.session in self.touched):
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
            if node.connected and node.session in self.touched and node.machine.claim is None:
                self.touched[node.session] = max(self.touched[node.session], self.now - 1.0)
        for session, touched in list(self.touched.items()):
            if not self.down and touched + TERMS.session_timeout_seconds <= self.now:
                self._expire(session)

    def tick(self, node: ModelNode) -> None:
        wake = node.machine.next_wake()
        if wake is not None and wake <= node.clock(self.now):
            self.post(node, Tick(node.clock(self.now)))

    def apply(self, request: Request) -> None:
        if request.applied or self.down:
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
        if isinstance(request.action, WriteFailsafeList):
            self._failsafe_list_written(request, request.action)
        elif request.answer is None or not request.node.connected or request.node.session != request.session:
            self._fail(request, silent=False)
        else:
            self.post(request.node, _at(request.answer, request.node.clock(self.now)))

    def time_out(self, request: Request) -> None:
        """Its sender gives up; it may still be applied."""
        if not request.given_up:
            request.given_up = True
            self._fail(request, silent=request.node.connected)

    def swallow(self, request: Request) -> None:
        """The program loses track of a request: whether it is applied or not, its outcome is never reported."""
        self._forget(request)

    def post(self, node: ModelNode, event: Event) -> None:
        for action in node.machine.handle(event):
            self._carry_out(node, action)

    def pause(self, paused: bool) -> None:
        """An operator pauses or resumes the cluster; nodes hear of it later."""
        self.paused, self.pause_version = paused, self.pause_version + 1

    def tell_of_pause(self, node: ModelNode) -> None:
        if node.connected and node.knows_of_pause != self.paused:
            node.knows_of_pause = self.paused
            self.post(node, Paused(node.clock(self.now), self.paused))

    # --- inside ------------------------------------------------------------------------------------------------------

    def _born(self, name: str, rate: float, offset: float) -> ModelNode:
        machine = Leadership(TERMS, COOLDOWN_SECONDS, self.failsafe_seconds)
        machine.handle(Started(offset + self.now * rate))
        return ModelNode(name, rate, offset, machine, address=name)

    def _carry_out(self, node: ModelNode, action: Action) -> None:
        if isinstance(action, BeginTerm):
            self.terms.append((node.name, action.claim))
            assert node.written is not None
            written, wanted, node.failsafe_list_version = node.written
            assert written == action.claim
            node.possible = [] if wanted is None else [wanted]
        elif isinstance(action, AskPromises):
            self._ask(node, action)
        elif isinstance(action, DropConnection):
            self.disconnect(node)
        elif isinstance(action, RebuildSession):
            node.connected = False
            self._fail_requests(node)
            node.session = 0
        elif not isinstance(action, EndTerm | ReportOverdue):
            self._send(node, action)

    def _send(self, node: ModelNode, action: Action | WriteFailsafeList) -> None:
        members = self._members(node)
        node.requests.append(
            Request(
                node,
                node.failsafe_member,
                action,
                node.session,
                node.clock(self.now),
                self.now,
                self._record(),
                members,
            )
        )

    def _record(self) -> ElectionRecord:
        return ElectionRecord(
            self.epoch,
            self.version,
            self.successor,
            self.ended_clean,
            self.pause_version,
            "an operator" if self.paused else None,
            self.failsafe_list,
            self.failsafe_list_version,
            self.master is None,
        )

    def _ask(self, node: ModelNode, action: AskPromises) -> None:
        others = {failsafe_member for each in node.possible for failsafe_member in each.members} - {
            node.failsafe_member
        }
        asking = PromiseRound(node, action.round, action.claim.epoch, node.clock(self.now), others)
        self.promise_rounds.append(asking)
        if not node.possible:
            self.promise_lost(asking)
        elif not others:
            self._all_promised(asking)

    def _joined(self) -> frozenset[str]:
        return frozenset(each.name for each in self.nodes if each.session in self.touched)

    def _members(self, node: ModelNode) -> FailsafeList | None:
        """Who has a living session now, and the node itself: what a master would write."""
        if self.failsafe_seconds is None:
            return None
        joined = {each.failsafe_member for each in self.nodes if each.session in self.touched} | {node.failsafe_member}
        return FailsafeList(frozenset(joined), TERMS.session_timeout_seconds, self.failsafe_seconds)

    def _failsafe_list_written(self, request: Request, action: WriteFailsafeList) -> None:
        node = request.node
        if request.written_version is not None and node.machine.claim == action.claim:
            node.possible, node.failsafe_list_version = [action.failsafe_list], request.written_version
        else:
            node.failsafe_list_version = self.failsafe_list_version

    def _apply(self, request: Request) -> Event | None:
        node, action, at = request.node, request.action, 0.0
        if isinstance(action, ReadMaster):
            master = self.master
            owner = master.session_id if master else 0
            return MasterObserved(
                at, request.sent_at, request.session, owner, "somebody" if master else None, self.epoch
            )
        if isinstance(action, ReadElection):
            # What was read first can be as old as the request; the vacancy is read last.
            record = replace(request.record, vacant=self.master is None)
            return ElectionRead(at, action.attempt, record, request.failsafe_member, self._joined())
        if isinstance(action, Acquire):
            return self._acquire(request, action)
        if isinstance(action, ProveLease):
            if self.master is None or self.version != action.claim.epoch_version:
                return LeaseRefused(at, action.claim.epoch)
            return LeaseProved(at, action.claim.epoch, action.beat, request.sent_at)
        if isinstance(action, WriteFailsafeList):
            held = self.master is not None and self.version == action.claim.epoch_version
            if held and self.failsafe_list_version == action.version:
                self.failsafe_list, self.failsafe_list_version = action.failsafe_list, self.failsafe_list_version + 1
                request.written_version = self.failsafe_list_version
            return None
        assert isinstance(action, Release), node.name
        if action.unless_paused and self.paused:
            return Released(at, action.number, refused=True)
        self._release(request, action)
        return Released(at, action.number)

    def _acquire(self, request: Request, action: Acquire) -> Event:
        node, record, now = request.node, action.record, self._record()
        unchanged = (record.epoch_version, record.pause_version, record.failsafe_list_version) == (
            now.epoch_version,
            now.pause_version,
            now.failsafe_list_version,
        )
        owned = self.master is not None and self.master.session_id == request.session
        if (self.master is not None if action.renews is None else not owned) or not unchanged:
            return AcquisitionFailed(0.0, action.attempt, False)
        self.epoch, self.version = record.epoch + 1, self.version + 1
        assert action.renews is not None or not self.paused
        # Clocks run at rates that differ by a percent at most.
        grace = min(COOLDOWN_SECONDS, TERMS.session_timeout_seconds)
        waited = self.now - self.named_at >= 0.98 * grace or self.successor_has_left
        assert self.successor in {"", node.name} or waited, (node.name, self.successor)
        assert record.ended_clean == (record.epoch in self.clean_epochs), request
        self.successor, self.ended_clean = "", False
        claim = Claim(self.epoch, self.version, request.session, next(self._ids), record.ended_clean)
        self.failsafe_list, self.failsafe_list_version = request.wanted, self.failsafe_list_version + 1
        node.written = (claim, request.wanted, self.failsafe_list_version)
        self._set_master(claim)
        return Acquired(0.0, action.attempt, request.sent_at, claim)

    def _touch(self, session: int) -> None:
        """A request passes through a follower: the leader hears of touches half a tick old, of this one later."""
        made = self.unreported[session]
        known = [at for at in made if at <= self.now - TERMS.report_seconds]
        self.touched[session] = max([self.touched[session], *known])
        self.unreported[session] = [at for at in made if at > self.now - TERMS.report_seconds] + [self.now]

    def _release(self, request: Request, action: Release) -> None:
        if self.master is None:
            return
        expected = action.claim.epoch_version if action.claim is not None else request.record.epoch_version
        owned = action.claim is not None or self.master.session_id == request.session
        if owned and self.version == expected:
            # Whether something of the term is under way is the application's to say: here every other one.
            ended_clean = action.claim is not None and not action.raise_to and action.claim.epoch % 2 == 0
            if action.raise_to or action.successor or ended_clean:
                self.epoch, self.version = action.raise_to or self.epoch, self.version + 1
                self.ended_clean = ended_clean
                self.clean_epochs |= {self.epoch} if ended_clean else set()
                self.successor, self.named_at = action.successor, self.now
                self.successor_has_left = action.successor not in self._joined()
            if action.claim is not None:
                self.failsafe_list, self.failsafe_list_version = None, self.failsafe_list_version + 1
            self._set_master(None)

    def _set_master(self, claim: Claim | None) -> None:
        self.master = claim
        for node in self.nodes:
            if node.connected and node.machine.claim is None and node.machine.state is not State.STOPPED:
                self._carry_out(node, ReadMaster())

    def _expire(self, session: int) -> None:
        # Its client hears of it when it next connects, not before.
        del self.touched[session]
        self.successor_has_left |= self.successor not in self._joined()
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
        elif isinstance(action, ReadElection | Acquire):
            self.post(node, AcquisitionFailed(at, action.attempt, silent))
        elif isinstance(action, ProveLease):
            self.post(node, ProofMissing(at, action.beat, silent))
        elif isinstance(action, Release):
            self.post(node, Released(at, action.number))

    def _forget(self, request: Request) -> None:
        if request in request.node.requests:
            request.node.requests.remove(request)

    # --- the way back ------------------------------------------------------------------------------------------------

    def calm(self, seconds: float, without: ModelNode | None = None) -> None:
        """No more faults: everybody connects, every request is answered at once, timers come in time.

        All but one node, if given: that one hears nothing and says nothing, but may still act on what it believes.
        """
        until = self.now + seconds
        self.zookeeper_returns()
        awake = [node for node in self.nodes if node is not without]
        while self.now < until:
            for node in awake:
                self.connect(node)
                self.tell_of_pause(node)
                self.tick(node)
                for request in list(node.requests):
                    self.answer(request)
                self._answer_promises(without)
                self.check()
            for node in self.acting():
                claim = node.machine.claim
                assert claim is not None
                self.post(node, Accepted(node.clock(self.now), claim.epoch))
            if not any(node.requests for node in awake):
                self.advance(0.05)
                self.check()

    def _answer_promises(self, without: ModelNode | None) -> None:
        for asking in list(self.promise_rounds):
            for failsafe_member in sorted(asking.open):
                if without is not None and without.failsafe_member == failsafe_member:
                    self.promise_lost(asking)
                elif asking in self.promise_rounds:
                    self.promise_answered(asking, failsafe_member)

    def live(self, seconds: float, silent: frozenset[str] = frozenset()) -> None:
        """Life as things are: who is connected is served, masters and peers talk, ``silent`` ones answer no peer."""
        until = self.now + seconds
        while self.now < until:
            self.advance(0.25)
            self.check()
            for node in self.nodes:
                if node.connected and node.session not in self.touched:
                    self.disconnect(node)
                    self.connect(node)
                self.tick(node)
                for request in list(node.requests):
                    if node.connected:
                        self.answer(request)
                self.check()
            for asking in list(self.promise_rounds):
                for failsafe_member in sorted(asking.open):
                    if failsafe_member[0] in silent:
                        self.promise_lost(asking)
                    elif asking in self.promise_rounds:
                        self.promise_answered(asking, failsafe_member)
                    self.check()

    def acting(self) -> list[ModelNode]:
        """Nodes that would start an action now."""
        return [node for node in self.nodes if node.machine.may_act(node.clock(self.now))]

    def check(self) -> None:
        """What must hold at every moment."""
        acting = self.acting()
        assert len(acting) <= 1, [node.name for node in acting]
        for node in acting:
            claim = node.machine.claim
            assert claim is not None
            if node.machine.state is not State.FAILSAFE:
                assert self.master == claim, (node.name, claim, self.master)
        epochs = [claim.epoch for _, claim in self.terms]
        assert epochs == sorted(set(epochs)), epochs


def _at(event: Event, at: float) -> Event:
    values = {name: getattr(event, name) for name in event.__dataclass_fields__ if name != "at"}
    return type(event)(at, **values)
