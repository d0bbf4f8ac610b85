"""Cluster options in the cluster's shared document: seeded once, followed, changed by compare-and-set."""

from __future__ import annotations

import asyncio
import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from cluster.backoff import Backoff
from cluster.documents import Document
from cluster.errors import ClusterError, ConflictError, NotAllowedError, TooLargeError
from cluster.listeners import Listeners
from pacing_node.options.cluster_options import ClusterOptions, advice, changed_options, parse_cluster_options
from pacing_node.options.errors import ConfigurationError, Problem
from pacing_node.runtime.failures import innermost

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from cluster.documents import DocumentStore

log = structlog.get_logger(__name__)

RETRY_SECONDS = 1.0
APPLY_SECONDS = (1.0, 30.0)
"""First and longest pause before options that could not be applied are applied again."""


@dataclass(frozen=True, slots=True)
class StoredOptions:
    """The options' text as it is kept, with its version."""

    text: str
    version: int


class OptionsChangedError(Exception):
    """Somebody else changed the options first; nothing was written."""

    def __init__(self, newest: StoredOptions, diff: str) -> None:
        super().__init__(f"the options are at version {newest.version} now; nothing was written")
        self.newest = newest
        self.diff = diff
        """What the other change did, as a unified diff."""


class OptionsStore:
    """Keeps the options in force equal to the shared document, as far as the document is good."""

    def __init__(self, documents: DocumentStore, seed: Path | None = None) -> None:
        """``seed`` is a file whose content becomes the document if there is none yet."""
        self._documents = documents
        self._seed = seed
        self._options: ClusterOptions | None = None
        self._newest: Document | None = None
        self._changed = asyncio.Event()
        self.on_change: Listeners[[int, int, tuple[str, ...]]] = Listeners("options")
        """Called when other options replace those in force: their versions, and the keys that differ."""
        self._refused: tuple[str, ...] = ()
        self._unapplied: tuple[str, ...] = ()
        self._apply_again = Backoff(*APPLY_SECONDS)
        self.version: int | None = None
        """Version of the options in force; None before the first."""

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the newest document or the seed, or keeps the options in force from being applied."""
        return (*self._refused, *self._unapplied)

    @property
    def newest(self) -> Document | None:
        """The newest document this node has seen, good or not; None before the first."""
        return self._newest

    async def run(self, use: Callable[[ClusterOptions], Awaitable[None]]) -> None:
        """Seed, then follow the document until cancelled; ``use`` gets the first and every changed options.

        A bad document keeps the options in force; what is wrong is logged and listed in ``problems``. So is what
        ``use`` raises: then it gets the same options again, after pauses that grow, until it raises nothing.
        """
        unwatch = self._documents.watch(self._note)
        try:
            await self._seed_if_absent()
            while True:
                await self._wait(self._apply_again.next_seconds() if self._unapplied else None)
                if self._changed.is_set() and self._newest is not None:
                    self._changed.clear()
                    await self._apply(self._newest, use)
                elif self._options is not None:
                    await self._hand_on(self._options, use)
        finally:
            unwatch()

    def _note(self, document: Document) -> None:
        self._newest = document
        self._changed.set()

    async def _seed_if_absent(self) -> None:
        """Try until there is a document, from whomever; without a seed somebody else has to write it."""
        while self._newest is None:
            try:
                found = await self._documents.read()
                if found is not None:
                    self._note(found)
                elif self._seed is None:
                    self._report("options.missing", ("there are no cluster options and no seed file is named",))
                else:
                    text = await asyncio.to_thread(read_seed, self._seed)
                    version = await self._documents.write(text.encode(), None)
                    log.info("options.seeded", seed=str(self._seed), version=version)
                    self._note_own(text, version)
            except ConflictError:
                continue
            except (NotAllowedError, TooLargeError) as error:
                self._report("options.seed_refused", (str(error),))
            except ClusterError as error:
                log.debug("options.store_unavailable", error=str(error))
            except ConfigurationError as error:
                self._report("options.seed_refused", tuple(map(str, error.problems)))
            if self._newest is None:
                await self._wait(RETRY_SECONDS)

    def _note_own(self, text: str, version: int) -> None:
        """Take over what was just written, unless a newer one has come in."""
        if self._newest is None:
            self._note(Document(text.encode(), version))

    async def _wait(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    def _report(self, event: str, problems: tuple[str, ...]) -> None:
        """Say what is wrong, once."""
        if problems != self._refused:
            log.error(event, problems=problems, version_in_force=self.version)
        self._refused = problems

    async def _apply(self, document: Document, use: Callable[[ClusterOptions], Awaitable[None]]) -> None:
        source = f"cluster options version {document.version}"
        try:
            # In another thread: a large document takes longer than a lease can wait.
            options = await asyncio.to_thread(parse_cluster_options, document.data, source)
        except ConfigurationError as error:
            self._report("options.refused", tuple(map(str, error.problems)))
            return
        except Exception as error:  # whatever a text provokes: the options in force stay
            found = f"{source}: found something unexpected ({type(error).__name__}, {innermost(error)})"
            self._report("options.refused", (f"{found}; allowed: options of a cluster",))
            return
        before, self._refused, self.version = self.version, (), document.version
        if options == self._options:
            return
        if self._options is not None and before is not None:
            keys = tuple(".".join(option.key) for option in changed_options(self._options, options))
            self.on_change.notify(before, document.version, keys)
        self._options = options
        log.info("options.changed", version=document.version)
        for finding in advice(options):
            log.warning("options.advice", code=finding.code, where=finding.where, message=finding.message)
        self._apply_again.reset()
        await self._hand_on(options, use)

    async def _hand_on(self, options: ClusterOptions, use: Callable[[ClusterOptions], Awaitable[None]]) -> None:
        try:
            await use(options)
        except ConfigurationError as error:
            self._note_unapplied(tuple(map(str, error.problems)), None)
        except Exception as error:
            text = f"cluster options version {self.version}: not applied: {type(error).__name__}"
            self._note_unapplied((text,), error)
        else:
            if self._unapplied:
                log.info("options.applied", version=self.version)
            self._unapplied = ()

    def _note_unapplied(self, problems: tuple[str, ...], error: Exception | None) -> None:
        """Say why options are not applied, once; ``error`` is one that nobody foresaw."""
        if problems != self._unapplied:
            log.error("options.not_applied", version=self.version, problems=problems, exc_info=error)
        self._unapplied = problems


def read_seed(path: Path) -> str:
    """The text of a seed file, checked.

    Raises:
        ConfigurationError: it cannot be read or is not good.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ConfigurationError((Problem(str(path), "", reason, "a readable file"),)) from error
    parse_cluster_options(content, str(path))
    return content.decode()


async def read_options(documents: DocumentStore) -> StoredOptions | None:
    """The options as they are kept now; None when there are none. Raises UnavailableError."""
    document = await documents.read()
    return StoredOptions(document.data.decode(errors="replace"), document.version) if document else None


async def replace_options(documents: DocumentStore, text: str, based_on: StoredOptions | None, source: str) -> int:
    """Write other options in place of those they are based on; returns the new version.

    Raises:
        ConfigurationError: the text is not good; nothing was written.
        OptionsChangedError: somebody else wrote first; nothing was written.
        UnavailableError: the store cannot be reached, or its answer was lost: read again before going on.
    """
    parse_cluster_options(text, source)
    try:
        return await documents.write(text.encode(), based_on.version if based_on else None)
    except ConflictError as error:
        newest = await read_options(documents) or StoredOptions("", -1)
        before = based_on.text if based_on else ""
        raise OptionsChangedError(newest, options_diff(before, newest.text, "yours is based on", "now")) from error


def options_diff(before: str, after: str, before_name: str, after_name: str) -> str:
    """A unified diff of two texts; empty when they are equal."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), before_name, after_name
    )
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)
