"""Ports of the cycle kept in memory, so that each test states what they answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cluster.clock import boot_seconds
from cluster.mastership import EndCause, LeadershipStatus, Role, ZooKeeperState
from cluster.token import Token
from pacing_node.algorithms.model import Snapshot
from pacing_node.cycle.report import CycleReport, decode
from pacing_node.engagement.platform import PushOutcome, PushStatus, TargetPush
from pacing_node.engagement.replies import TargetReply
from pacing_node.rpc.cycle_pb2 import CycleRecord
from pacing_node.targets import PacingTarget, TargetSet


def target(name: str, media: str = "chat", goal_percent: float = 3.0, groups: tuple[str, ...] = ("G",)) -> PacingTarget:
    return PacingTarget(f"{name} - {media}", name, f"VQ_{name}", "switch", media, goal_percent, groups, ("a1", "a2"))


def target_set(*names: str, version: str = "1") -> TargetSet:
    return TargetSet(version, tuple(sorted((target(name) for name in names), key=lambda each: each.name)))


def snapshot(count: int, *, ready: float = 4.0, busy: float = 6.0, valid: bool = True, **columns: float) -> Snapshot:
    def column(value: float) -> np.ndarray:
        return np.full(count, value, np.float64)

    values = dict.fromkeys(
        ("waiting", "accepted", "abandoned", "completed", "reactive_waiting", "reactive_entered"), 0.0
    ) | {"handle_seconds": np.nan, "logged_in": ready + busy, "capable": ready + busy}
    return Snapshot(
        taken_at=1000.0,
        ready=column(ready),
        busy=column(busy),
        valid=np.full(count, valid),
        **{name: column(value) for name, value in (values | columns).items()},
    )


def report(*names: str, epoch: int = 1, calculated_at: float = 1000.0, **changes: object) -> CycleReport:
    """A report as a standby receives it; ``changes`` are its fields, or columns by their name on the wire."""
    count = len(names)
    floats = ("ready", "busy", "logged_in", "waiting", "pending", "acceptance_ratio", "handle_seconds")
    columns = {name: np.arange(count, dtype=np.float64) for name in floats}
    columns |= {name: np.full(count, np.nan) for name in ("inbound_portion", "disposition_seconds", "patience_seconds")}
    columns |= {"invitations": np.arange(count, dtype=np.int64), "reason": np.zeros(count, np.int64)}
    added = {"level", "still_out", "acceptance_seen", "acceptance_floor", "rounding"}  # unknown to older versions
    columns |= {name: np.asarray(changes.pop(name)) for name in list(changes) if name in columns or name in added}
    record = CycleRecord(
        epoch=epoch,
        sequence=7,
        calculated_at=calculated_at,
        statistics_at=999.5,
        interval_seconds=5.0,
        algorithm="SUPER_PROGRESSIVE",
        targets=names,
        pushed=True,
        **{name: column.tolist() for name, column in columns.items()},
    )
    return replace(decode(record.SerializeToString()), **changes)  # type: ignore[arg-type]


@dataclass
class FakeTerm:
    """A term whose lease the test decides."""

    epoch: int = 3
    cluster_id: str = "c"
    lease: float = 10.0
    after_clean_end: bool = False
    previous_action_seconds: float = 0.0
    cause: EndCause | None = None
    marks: list[tuple[str | None, int, int]] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _sequence: int = 0

    def next_token(self) -> Token:
        self._sequence += 1
        return Token(self.cluster_id, self.epoch, self._sequence)

    def act_until(self, budget_seconds: float) -> float | None:
        return boot_seconds() + budget_seconds if self.lease >= budget_seconds else None

    def fenced(self, mark_cluster_id: str | None, mark_epoch: int, mark_sequence: int) -> None:
        self.marks.append((mark_cluster_id, mark_epoch, mark_sequence))
        self.cause = EndCause.FENCED
        self.ended.set()


class FakeMastership:
    """Hands out terms when the test says so."""

    def __init__(self) -> None:
        self.term: FakeTerm | None = None
        self._given = asyncio.Event()

    def give(self, term: FakeTerm) -> None:
        self.term = term
        self._given.set()

    @property
    def status(self) -> LeadershipStatus:
        master = self.term is not None and not self.term.ended.is_set()
        role = Role.MASTER if master else Role.STANDBY
        return LeadershipStatus(role, role.value, 3, 2.0 if master else 0.0, ZooKeeperState.CONNECTED, 4.0, "c", "n1")

    async def wait_for_term(self) -> FakeTerm:
        while self.term is None or self.term.ended.is_set():
            self._given.clear()
            await self._given.wait()
        return self.term

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    def set_candidate(self, *, candidate: bool) -> None: ...
    async def step_down(self) -> bool:
        return False


class FakeStatistics:
    """Answers with the snapshot the test sets."""

    def __init__(self, snapshot_: Snapshot) -> None:
        self.now = snapshot_
        self.warmed_up = True
        self.snapshots = 0
        self.health = ()

    def snapshot(self, stale_after_seconds: float) -> Snapshot:
        self.snapshots += 1
        return self.now

    def channel_capacity(self, media: str, groups: frozenset[str], stale_after_seconds: float) -> float | None:
        return 5.0 if not groups else 2.0


Answer = Callable[[Token, Sequence[TargetPush]], PushOutcome]


def accept(token: Token, targets: Sequence[TargetPush], pending: int = 0) -> PushOutcome:
    return PushOutcome(PushStatus.ACCEPTED, replies=tuple(TargetReply(pending=pending) for _ in targets))


class FakePlatform:
    """Records pushes and answers as the test says; ``hold`` keeps a push on its way."""

    def __init__(self, answer: Answer = accept) -> None:
        self.answer = answer
        self.pushes: list[tuple[Token, Sequence[TargetPush], float]] = []
        self.prevs: list[int | None] = []
        """Of each push, what it changes; None for a full one."""
        self.times: list[float] = []
        """When each push began, by the loop."""
        self.prepared: list[Sequence[TargetPush]] = []
        self.hold: asyncio.Event | None = None
        self.cancelled = 0

    async def push(
        self, token: Token, targets: Sequence[TargetPush], deadline: float, prev: int | None = None
    ) -> PushOutcome:
        self.pushes.append((token, targets, deadline))
        self.prevs.append(prev)
        self.times.append(asyncio.get_running_loop().time())
        if self.hold is not None:
            try:
                await self.hold.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        return self.answer(token, targets)

    async def prepare(self, targets: Sequence[TargetPush]) -> None:
        self.prepared.append(targets)

    async def warm_up(self, seconds: float) -> None: ...
    async def why_unreachable(self, seconds: float) -> str | None:
        return None

    async def close(self) -> None: ...
