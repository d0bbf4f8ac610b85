"""The alarms of one node: takes readings once a second, keeps the books, and puts what changed into the outboxes.

Each node keeps a book about itself. The book of the cluster is kept by the master; its active alarms travel with every
record the master shares, so that the next master goes on from there: it does not raise again what is raised, and it
clears what the previous master had raised. Active alarms are also kept in a file, for the next start of this node.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from typing import TYPE_CHECKING, Protocol

import structlog

from cluster.errors import UnsafeStateError
from cluster.files import read_if_there, write_durably
from cluster.tasks import cancel, spawn
from pacing_node.alarms.alarm_book import AlarmBook, AlarmEvent
from pacing_node.alarms.alarm_record import decode_alarms, encode_alarms
from pacing_node.alarms.conditions import Scope
from pacing_node.alarms.machine import Transition
from pacing_node.alarms.sinks import write_to_log
from pacing_node.delivery.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pacing_node.alarms.alarm_book import Alarm, Reading
    from pacing_node.alarms.machine import Rule
    from pacing_node.alarms.sinks import Sink

log = structlog.get_logger(__name__)

PERIOD_SECONDS = 1.0
SAVE_AGAIN_SECONDS = 10.0
"""Pause before active alarms that could not be kept in the file are written again."""
LAST_DELIVERY_SECONDS = 2.0
"""How long a stopping node, or a replaced sink, may still deliver."""


class Readings(Protocol):
    """What is measured, by condition and object; a condition that is left out is not known at the moment."""

    def node(self, now: float, late_seconds: float) -> Mapping[str, Mapping[str, Reading]]:
        """About this node; ``late_seconds`` is how late the event loop called."""
        ...

    def cluster(self, now: float) -> Mapping[str, Mapping[str, Reading]] | None:
        """About the cluster; None unless this node is master."""
        ...

    def close(self) -> None:
        """Stop measuring."""
        ...


class AlarmService:
    """Owns books, outboxes and the task that fills them."""

    def __init__(self, node: str, readings: Readings, rules: Mapping[str, Rule], file: Path | None = None) -> None:
        """``rules`` by name of the condition hold until ``use``; ``file`` keeps active alarms between starts."""
        self._node = node
        self._readings = readings
        self._rules = rules
        self._file = file
        self._own = AlarmBook(Scope.NODE, node)
        self._shared = AlarmBook(Scope.CLUSTER, node)
        self._leading = False
        self._sinks: list[tuple[Sink, Outbox[AlarmEvent]]] = []
        self._repeated_at: dict[str, float] = {}
        self._saved: tuple[str, ...] | None = None
        """Identities of the alarms in the file."""
        self._saving: asyncio.Task[None] | None = None
        self._save_at = -math.inf
        """When to write at the earliest, by the loop's clock."""
        self._not_saved = ""
        """Why the file could not be written, as last logged."""
        self.changed: Callable[[], None] = lambda: None
        """Called when this master raised or cleared an alarm of the cluster."""
        self._task: asyncio.Task[None] | None = None

    @property
    def active(self) -> tuple[Alarm, ...]:
        """Alarms that are raised now: of this node, and of the cluster as far as this node knows."""
        return (*self._shared.active, *self._own.active)

    @property
    def withheld(self) -> dict[str, int]:
        """Objects by condition whose alarm waits because too many of the condition are active."""
        both = self._shared.withheld | self._own.withheld
        return {name: count for name, count in both.items() if count}

    @property
    def outboxes(self) -> tuple[Outbox[AlarmEvent], ...]:
        """The queues before the sinks."""
        return tuple(outbox for _, outbox in self._sinks)

    def start(self) -> None:
        """Remember what was active at the last stop, and begin to measure."""
        self._remember()
        self._task = spawn("alarms", self._run())

    async def stop(self) -> None:
        """End measuring; what waits in the outboxes gets a little time."""
        await cancel(self._task)
        if self._saving is not None:
            await asyncio.wait([self._saving], timeout=LAST_DELIVERY_SECONDS)
        self._readings.close()
        await self._close(self._sinks)
        self._sinks = []

    async def use(self, rules: Mapping[str, Rule], sinks: Sequence[Sink] | None, capacity: int = 1000) -> None:
        """Put other rules in force, and other sinks unless they are None.

        What waits for a sink whose name stays goes on to its successor; a new sink is sent what is active.
        """
        self._rules = rules
        if sinks is None:
            return
        before = self._sinks
        left = {sink.name: outbox for sink, outbox in before}
        # In place before the old ones are closed, which takes a while: what is raised meanwhile waits in them.
        self._sinks = [
            (sink, Outbox[AlarmEvent](sink.name, sink.deliver, capacity=capacity, batch=sink.batch)) for sink in sinks
        ]
        for _, outbox in self._sinks:
            if outbox.name not in left:
                self._introduce(outbox)
        await self._close(before)
        for _, outbox in self._sinks:
            if outbox.name in left:
                outbox.take_over(left[outbox.name])
            outbox.start()

    def _introduce(self, outbox: Outbox[AlarmEvent]) -> None:
        """Send a new receiver what is active, as far as this node reports it."""
        alarms = (*self._shared.active, *self._own.active) if self._leading else self._own.active
        for alarm in alarms:
            outbox.offer(AlarmEvent(Transition.RAISED, alarm, time.time(), self._node))

    async def _close(self, sinks: Sequence[tuple[Sink, Outbox[AlarmEvent]]]) -> None:
        await asyncio.gather(*(outbox.stop(LAST_DELIVERY_SECONDS) for _, outbox in sinks))
        await asyncio.gather(*(sink.close() for sink, _ in sinks))

    # --- the book of the cluster between nodes -----------------------------------------------------------------------

    def shared(self) -> bytes:
        """The cluster's active alarms, to go with a record of this master."""
        return encode_alarms(self._shared.active)

    def inherit(self, body: bytes) -> None:
        """Take over the cluster's active alarms from a record of the master; a damaged list is left alone."""
        if self._leading:
            return
        try:
            alarms = decode_alarms(body)
        except ValueError as error:
            log.warning("alarms.record_refused", error=str(error))
            return
        if alarms != self._shared.active:
            self._shared.adopt(alarms)

    # --- measuring ---------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            now = loop.time()
            try:
                self.measure(now, time.time(), max(now - due, 0.0))
                self._save(now)
            except Exception:
                log.exception("alarms.failed")
            due = loop.time() + PERIOD_SECONDS
            await asyncio.sleep(PERIOD_SECONDS)

    def measure(self, now: float, at: float, late_seconds: float = 0.0) -> None:
        """One round: ``now`` on a clock that never goes back, ``at`` in Unix time."""
        events = self._own.observe(self._rules, self._readings.node(now, late_seconds), now, at)
        cluster = self._readings.cluster(now)
        self._leading = cluster is not None
        if cluster is not None:
            shared = self._shared.observe(self._rules, cluster, now, at)
            events += shared
            if shared:
                self.changed()
        for event in events:
            write_to_log(event)
            for outbox in self.outboxes:
                outbox.offer(event)
        self._repeat(now, at)

    def _repeat(self, now: float, at: float) -> None:
        """Tell sinks that forget what is still raised."""
        alarms = self.active if self._leading else self._own.active
        for sink, outbox in self._sinks:
            period = sink.repeat_seconds
            if period is None or now - self._repeated_at.setdefault(sink.name, now) < period:
                continue
            self._repeated_at[sink.name] = now
            if not outbox.trouble:
                for alarm in alarms:
                    outbox.offer(AlarmEvent(Transition.RAISED, alarm, at, self._node, repeated=True))

    # --- between starts ----------------------------------------------------------------------------------------------

    def _remember(self) -> None:
        if self._file is None:
            return
        try:
            kept = json.loads(read_if_there(self._file) or b"{}")
            own, shared = (decode_alarms(json.dumps(kept.get(key, [])).encode()) for key in ("node", "cluster"))
        except (OSError, UnsafeStateError, ValueError, AttributeError) as error:
            log.warning("alarms.not_remembered", file=str(self._file), error=str(error))
            return
        self._own.adopt(own)
        self._shared.adopt(shared)

    def _save(self, now: float) -> None:
        """Have what is active written, when it changed. Measuring waits for no disk, however slow."""
        if self._file is None or now < self._save_at or (self._saving is not None and not self._saving.done()):
            return
        active = tuple(alarm.identity for alarm in self.active)
        if active != self._saved:
            body = b'{"node":%b,"cluster":%b}' % (encode_alarms(self._own.active), encode_alarms(self._shared.active))
            self._saving = spawn("alarms-file", self._write(self._file, body, active), finite=True)

    async def _write(self, file: Path, body: bytes, active: tuple[str, ...]) -> None:
        try:
            await asyncio.to_thread(write_durably, file, body)
        except (OSError, UnsafeStateError) as error:
            if str(error) != self._not_saved:
                log.warning("alarms.not_saved", file=str(file), error=str(error))
            self._not_saved, self._save_at = str(error), asyncio.get_running_loop().time() + SAVE_AGAIN_SECONDS
        else:
            self._saved, self._not_saved = active, ""
