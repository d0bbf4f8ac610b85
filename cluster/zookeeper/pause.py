"""A pause of the whole cluster by an operator's word: the master goes on, and nobody takes over from it."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import structlog

from cluster.errors import ConflictError, NodeMissingError, RefusedError
from cluster.listeners import Listeners
from cluster.records import LONGEST_PAUSE_SECONDS, USUAL_PAUSE_SECONDS, Pause
from cluster.zookeeper.content import Content

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cluster.documents import Document, DocumentStore

log = structlog.get_logger(__name__)

_ATTEMPTS = 5
_MASTER_POLL_SECONDS = 0.02
LONGEST_WAIT_SECONDS = 10.0
"""Longest time between two looks at whether a pause has run out."""


def encode_pause(pause: Pause) -> bytes:
    """A pause as its document."""
    content = asdict(pause)
    del content["broken"]
    return json.dumps(content).encode()


def decode_pause(data: bytes) -> Pause | None:
    """The pause in a document; None for a resumption and for what is none.

    Never raises. A pause without an end that can be read, and one that is longer than any can be, lasts for as long as
    the longest; one whose end cannot be read says so in ``broken``.
    """
    content = Content(data)
    by, began_at = content.optional_text("by"), content.moment("began_at")
    if by is None or began_at is None or not content.holds("until"):
        return None
    longest = began_at + LONGEST_PAUSE_SECONDS
    until = content.moment("until")
    return Pause(by, began_at, longest if until is None else min(until, longest), tuple(content.broken))


def pause_faults(data: bytes) -> tuple[str, ...]:
    """What is wrong with a document that is neither empty, nor a pause, nor a resumption; empty when nothing is."""
    content = Content(data)
    if not data or decode_pause(data) is not None or content.holds("resumed_by"):
        return ()
    if content.readable:
        content.text("by", required=True)
        content.moment("began_at", required=True)
    return tuple(f"pause: {fault}" for fault in content.broken) or ("pause: until is missing",)


def pause_in_force(data: bytes) -> Pause | None:
    """The pause in a document that has not run out by this machine's clock; None when there is none."""
    pause = decode_pause(data)
    return None if pause is None or time.time() >= pause.until else pause


class PauseSwitch:
    """Pauses and resumes the cluster, and knows whether it is paused.

    What counts is the document: an acquisition reads it and fails if it has changed since. What is kept here, to show
    it and not to contend in vain, may be a moment older.
    """

    def __init__(
        self,
        store: DocumentStore,
        write_under_master: Callable[[bytes, int], Awaitable[None]] | None = None,
        master_wait_seconds: float = 0.0,
    ) -> None:
        """``write_under_master`` replaces the document of a version provided that there is a master.

        It raises NodeMissingError when there is none; None where there is always one. ``master_wait_seconds``: how long
        a pause waits for a master at most, longer than a hand-over among nodes in their cooldown.
        """
        self.on_change: Listeners[[]] = Listeners("pause")
        """Called when a pause began or ended."""
        self._store = store
        self._write_under_master = write_under_master
        self._master_wait_seconds = master_wait_seconds
        self._data = b""
        self._announced: Pause | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def current(self) -> Pause | None:
        """The pause in force now; None when there is none."""
        return pause_in_force(self._data)

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with the document, in words; it is no pause then."""
        return pause_faults(self._data)

    def start(self) -> None:
        """Follow the document from now on."""
        self._store.watch(self._changed)

    async def refresh(self) -> None:
        """Read the document now. Raises UnavailableError."""
        document = await self._store.read()
        if document is not None:
            self._changed(document)

    def stop(self) -> None:
        """Forget the timer."""
        if self._timer is not None:
            self._timer.cancel()

    async def pause(self, by: str, seconds: float | None = None) -> Pause:
        """Pause the cluster, for ``seconds`` or an hour; replaces a pause in force.

        Raises RefusedError for more than a day, UnavailableError.

        A hand-over that is in progress ends first: a pause in its midst would leave the cluster without a master. Where
        there is none, the pause is written after ``master_wait_seconds`` all the same.
        """
        now = time.time()
        seconds = USUAL_PAUSE_SECONDS if seconds is None else seconds
        if not 0.0 < seconds <= LONGEST_PAUSE_SECONDS:
            message = f"a pause of {seconds:g} s; allowed is above 0 to {LONGEST_PAUSE_SECONDS:g} s"
            raise RefusedError(message)
        pause = Pause(by, now, now + seconds)
        data = encode_pause(pause)
        if not await self._written_under_master(data):
            await self._write(data)
        log.info("pause.ordered", by=by, seconds=seconds)
        return pause

    async def resume(self, by: str) -> bool:
        """End a pause; False when there was none. Raises UnavailableError."""
        document = await self._store.read()
        if document is None or pause_in_force(document.data) is None:
            return False
        await self._write(json.dumps({"resumed_by": by, "at": time.time()}).encode())
        log.info("pause.ended", by=by)
        return True

    async def _written_under_master(self, data: bytes) -> bool:
        """Write while there is a master; False when there was none for a while."""
        if self._write_under_master is None:
            return False
        deadline = time.monotonic() + self._master_wait_seconds
        while time.monotonic() < deadline:
            document = await self._store.read()
            if document is None:
                return False
            try:
                await self._write_under_master(data, document.version)
            except (NodeMissingError, ConflictError):
                await asyncio.sleep(_MASTER_POLL_SECONDS)
            else:
                return True
        return False

    async def _write(self, data: bytes) -> None:
        for attempt in range(_ATTEMPTS):
            document = await self._store.read()
            try:
                await self._store.write(data, None if document is None else document.version)
            except ConflictError:
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                return

    def _changed(self, document: Document) -> None:
        self._data = document.data
        self._notify()

    def _notify(self) -> None:
        self.stop()
        pause = self.current
        if pause is not None:
            # The clock of the pause is the calendar's, which may be set: look again now and then.
            left = min(max(0.001, pause.until - time.time()), LONGEST_WAIT_SECONDS)
            self._timer = asyncio.get_running_loop().call_later(left, self._notify)
        if pause == self._announced:
            return
        self._announced = pause
        log.info("pause.state", paused=pause is not None, by=pause.by if pause else None)
        self.on_change.notify()
