"""A pause of the whole cluster by an operator's word: there is a master, and it starts nothing."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import structlog

from cluster.errors import ConflictError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster.documents import Document, DocumentStore

log = structlog.get_logger(__name__)

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause in force. Times are Unix seconds."""

    by: str
    """Who asked for it."""
    began_at: float
    until: float | None
    """When it ends by itself; None when only a resumption ends it."""


def decode_pause(data: bytes) -> Pause | None:
    """The pause in a document; None for a resumption and for what cannot be read."""
    try:
        content = json.loads(data)
        until = content["until"]
        return Pause(str(content["by"]), float(content["began_at"]), None if until is None else float(until))
    except (ValueError, KeyError, TypeError):
        return None


class PauseSwitch:
    """Pauses and resumes the cluster, and knows whether it is paused.

    What counts is the document; a node that cannot see a change of it cannot prove its lease for long either.
    """

    def __init__(self, store: DocumentStore) -> None:
        self.on_change: list[Callable[[], None]] = []
        """Called when a pause began or ended."""
        self._store = store
        self._pause: Pause | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def current(self) -> Pause | None:
        """The pause in force now; None when there is none."""
        pause = self._pause
        return None if pause is None or (pause.until is not None and time.time() >= pause.until) else pause

    def start(self) -> None:
        """Follow the document from now on."""
        self._store.watch(self._changed)

    def stop(self) -> None:
        """Forget the timer."""
        if self._timer is not None:
            self._timer.cancel()

    async def pause(self, by: str, seconds: float | None = None) -> Pause:
        """Pause the cluster, for ``seconds`` or until resumed; replaces a pause in force. Raises UnavailableError."""
        now = time.time()
        pause = Pause(by, now, None if seconds is None else now + seconds)
        await self._write(json.dumps(asdict(pause)).encode())
        log.info("pause.ordered", by=by, seconds=seconds)
        return pause

    async def resume(self, by: str) -> bool:
        """End a pause; False when there was none. Raises UnavailableError."""
        document = await self._store.read()
        pause = decode_pause(document.data) if document is not None else None
        if pause is None or (pause.until is not None and time.time() >= pause.until):
            return False
        await self._write(json.dumps({"resumed_by": by, "at": time.time()}).encode())
        log.info("pause.ended", by=by)
        return True

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
        self._pause = decode_pause(document.data)
        self.stop()
        if self._pause is not None and self._pause.until is not None:
            left = max(0.0, self._pause.until - time.time())
            self._timer = asyncio.get_running_loop().call_later(left, self._tell)
        self._tell()

    def _tell(self) -> None:
        pause = self.current
        log.info("pause.state", paused=pause is not None, by=pause.by if pause else None)
        for listener in self.on_change:
            listener()
