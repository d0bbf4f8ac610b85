"""Configuration objects from a file or a directory of files, read again when they change."""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from pacing_node.objects.object_files import load_objects, object_files
from pacing_node.objects.source_status import SourceStatus, hand_over
from pacing_node.options.errors import ConfigurationError, Problem
from pacing_node.runtime.failures import innermost

if TYPE_CHECKING:
    from collections.abc import Callable

    from pacing_node.objects.object_model import ConfigurationObjects

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
SETTLE_SECONDS = 3.0
"""A file younger than this may be written again without a new time stamp, so it is read again in any case."""


@dataclass(frozen=True, slots=True)
class _Signature:
    """What shows that files were changed, without reading them."""

    files: tuple[tuple[str, int, int, int], ...]
    newest: float

    @property
    def settled(self) -> bool:
        return time.time() - self.newest > SETTLE_SECONDS


class FileSource:
    """Polls the files once a second; a change that cannot be used keeps the objects in force."""

    def __init__(self, path: Path, tenant: str = "", poll_seconds: float = POLL_SECONDS) -> None:
        self._path = path
        self._tenant = tenant
        self._poll_seconds = poll_seconds
        self._seen: _Signature | None = None
        self._seen_since = 0.0
        """When the newest signature was first seen, by the monotonic clock: a time stamp can lie in the future."""
        self._content: bytes | None = None
        """Digest of the files whose objects were read last; None after anything else."""
        self._status = SourceStatus("file", str(path))

    @property
    def status(self) -> SourceStatus:
        """How the source is doing now."""
        return self._status

    async def run(self, use: Callable[[ConfigurationObjects], None]) -> None:
        """Follow the files until cancelled."""
        while True:
            try:
                objects = await asyncio.to_thread(self._read_if_changed)
            except ConfigurationError as error:
                self._refuse(error)
            except Exception as error:  # whatever a file provokes: the objects in force stay
                log.error(
                    "configuration.unexpected",
                    source=str(self._path),
                    kind=type(error).__name__,
                    where=innermost(error),
                )
                found = f"something unexpected ({type(error).__name__})"
                self._refuse(ConfigurationError((Problem(str(self._path), "", found, "configuration objects"),)))
            else:
                if objects is not None:
                    self._take(objects, use)
            await asyncio.sleep(self._poll_seconds)

    def _read_if_changed(self) -> ConfigurationObjects | None:
        """Objects of changed files; None when nothing changed. Runs in a thread: large files take a while."""
        before, self._seen = self._seen, None
        content_before, self._content = self._content, None
        signature = _signature(self._path)
        self._seen = signature
        if signature != before:
            self._seen_since = time.monotonic()
        elif signature.settled or time.monotonic() - self._seen_since > SETTLE_SECONDS:
            self._content = content_before
            return None
        # Taken before the files are read: what is written in between is found the next time.
        content = _digest(signature)
        if content is not None and content == content_before:
            self._content = content
            return None
        objects = load_objects(self._path)
        if self._tenant and objects.tenant not in {"", self._tenant}:
            allowed = f"{self._tenant!r}, the tenant of the cluster"
            raise ConfigurationError((Problem(str(self._path), "tenant", repr(objects.tenant), allowed),))
        self._content = content
        return objects

    def _take(self, objects: ConfigurationObjects, use: Callable[[ConfigurationObjects], None]) -> None:
        self._status = replace(self._status, connected=True, problems=())
        if objects.version == self._status.version:
            return
        updated_at = hand_over(use, objects, str(self._path))
        self._status = replace(self._status, version=objects.version, updated_at=updated_at)

    def _refuse(self, error: ConfigurationError) -> None:
        problems = tuple(map(str, error.problems))
        if problems != self._status.problems:
            log.error("configuration.refused", source=str(self._path), problems=problems, kept=self._status.version)
        self._status = replace(self._status, connected=False, problems=problems)


def _signature(path: Path) -> _Signature:
    files = object_files(path)
    try:
        states = [(file, file.stat()) for file in files]
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ConfigurationError((Problem(str(error.filename), "", reason, "a readable file"),)) from error
    return _Signature(
        tuple((str(file), state.st_mtime_ns, state.st_size, state.st_ino) for file, state in states),
        max(state.st_mtime for _, state in states),
    )


def _digest(signature: _Signature) -> bytes | None:
    """Digest of the files' names and content, some hundred times as fast as reading objects; None if unreadable."""
    digest = hashlib.sha256()
    try:
        for name, *_ in signature.files:
            with Path(name).open("rb") as file:
                digest.update(repr(name).encode())
                digest.update(hashlib.file_digest(file, "sha256").digest())
    except OSError:
        return None
    return digest.digest()
