"""One session with a GMS server: many requests, each for one statistic, spread over the refresh."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from cluster.clock import boot_seconds
from cluster.tasks import cancel, spawn
from contact_center.v1 import statistics_pb2 as wire
from pacing_node.http_client.request_failures import CONNECT_FAILURES, REQUEST_FAILURES
from pacing_node.statistics.gms_schedule import Schedule
from pacing_node.statistics.gms_values import GmsDefinitions, overdue, read_answer, undefined
from pacing_node.statistics.reconnecting_session import ReconnectingSession

if TYPE_CHECKING:
    from collections.abc import Callable

    from pacing_node.http_client.client import HttpClient
    from pacing_node.statistics.feed import Feed
    from pacing_node.statistics.registry import ObjectsChange, Registry

log = structlog.get_logger(__name__)

PROBE_SECONDS = 2.0
"""Time between two requests that only show that a server is alive."""
MOST_FAILURES = 20
"""A server that fails so often in a row is taken for dead."""
_LONGEST_HOLD_SECONDS = 10


@dataclass(frozen=True, slots=True)
class GmsSettings:
    """How sessions with GMS servers behave. Times in seconds."""

    refresh_seconds: float = 5.0
    """Time over which every statistic is asked for once, if the server answers fast enough."""
    concurrency: int = 8
    """Most requests in flight at one server."""
    cache_age_seconds: int = 2
    """The server may answer with a value of this age: nodes that ask for the same share its work."""
    request_seconds: float = 5.0
    """Time allowed for one answer."""
    silence_seconds: float = 8.0
    """A server that answers nothing well for longer is taken for dead."""
    oldest_seconds: float = 30.0
    """A statistic that was not read for longer, or whose value the server says is older, counts as missing."""
    rest_seconds: float = 60.0
    """A statistic the server refuses is asked for again after this long."""
    first_delay_seconds: float = 0.2
    longest_delay_seconds: float = 3.0
    answer_seconds: float = 30.0
    """A statistic without a value after this long counts as missing."""
    max_reply_bytes: int = 1024 * 1024


class Turn:
    """Which of the sessions reads everything; the other only shows that its server is alive.

    Two servers asked for everything would be twice the load, for values of which half are never used.
    """

    def __init__(self) -> None:
        self._holder: object | None = None
        self._free = asyncio.Event()

    async def take(self, session: object, wait_seconds: float) -> bool:
        """Take the turn as soon as nobody has it; False when somebody still has it after this time."""
        try:
            async with asyncio.timeout(wait_seconds):
                while self._holder is not None and self._holder is not session:
                    self._free.clear()
                    await self._free.wait()
        except TimeoutError:
            return False
        self._holder = session
        return True

    def give(self, session: object) -> None:
        """Let another have it."""
        if self._holder is session:
            self._holder = None
            self._free.set()


class GmsSession(ReconnectingSession):
    """A session of many requests, each for one statistic."""

    def __init__(
        self,
        feed: Feed,
        *,
        registry: Registry,
        settings: GmsSettings,
        definitions: GmsDefinitions,
        tenant: str,
        client: Callable[[], HttpClient],
        turn: Turn,
        on_change: Callable[[], object],
    ) -> None:
        """``client`` makes an HTTP client with the credentials; ``turn`` is shared by the sessions of a pair."""
        super().__init__(
            feed,
            first_delay_seconds=settings.first_delay_seconds,
            longest_delay_seconds=settings.longest_delay_seconds,
            on_change=on_change,
        )
        self._registry = registry
        self._settings = settings
        self._definitions = definitions
        self._tenant = tenant
        self._make_client = client
        self._turn = turn
        self._schedule: Schedule | None = None  # only while this session has its turn
        self._wake = asyncio.Event()
        self._read_at: dict[int, float] = {}
        self._well_at = 0.0
        self._failures = 0
        self._hold_until = 0.0
        self._trouble = ""

    def send(self, change: ObjectsChange) -> None:
        """Ask for what was added, and no more for what was removed; without a turn there is nothing to do."""
        if self._schedule is None:
            return
        self._schedule.drop(change.removed)
        for reference in change.removed:
            self._read_at.pop(reference, None)
        now = boot_seconds()
        self._read_at.update((reference, now) for reference in change.added)
        self._schedule.add(change.added)
        self._wake.set()

    async def _attempt(self) -> str:
        try:
            async with self._make_client() as client:
                self._failures, self._trouble, self._hold_until = 0, "", 0.0
                await self._stand_by(client)
                return await self._read_all(client)
        except TimeoutError:
            return f"no answer within {self._settings.request_seconds:g} s"
        except (*REQUEST_FAILURES, ValueError, RecursionError) as failure:
            return _words(failure)
        finally:
            self._schedule = None
            self._turn.give(self)

    async def _read_all(self, client: HttpClient) -> str:
        """Read until the session has to end; why it had to. Readers end before their client does."""
        name = f"statistics-{self._feed.name}"
        workers = [
            spawn(f"{name}-{number}", self._work(client), finite=True) for number in range(self._settings.concurrency)
        ]
        try:
            return await self._look_after(client, workers)
        finally:
            await asyncio.gather(*(cancel(worker) for worker in workers))

    async def _stand_by(self, client: HttpClient) -> None:
        """Show that the server is alive until this session has the turn."""
        await self._probe(client)
        self._feed.opened(boot_seconds())
        self._alive(reading=False)
        while not await self._turn.take(self, PROBE_SECONDS):
            await self._probe(client)
            self._alive(reading=False)
        now = boot_seconds()
        self._feed.opened(now)
        self._schedule = Schedule(self._settings.refresh_seconds)
        references = self._registry.references()
        self._schedule.add(references)
        self._read_at = dict.fromkeys(references, now)
        self._alive(reading=True)

    async def _probe(self, client: HttpClient) -> None:
        """Ask for something. Any statistic's value or refusal will do; raises for an answer that is neither."""
        reference = next(iter(self._registry.references()), None)
        if reference is None or not await self._ask(client, reference):
            status, body, _ = await self._post(client, {"tenant": self._tenant})
            read_answer(0, agent=False, status=status, body=body, age="", longest_age_seconds=0.0)

    async def _look_after(self, client: HttpClient, workers: list[asyncio.Task[None]]) -> str:
        """Notice that the server fell silent and that values grew old, until the session has to end; why it had to."""
        while True:
            await asyncio.sleep(min(0.25, self._settings.silence_seconds / 4))
            now = boot_seconds()
            if self._trouble:
                return self._trouble
            if now - self._well_at > self._settings.silence_seconds:
                return f"nothing well for {self._settings.silence_seconds:g} s"
            if any(worker.done() for worker in workers):
                return "a reader ended"
            self._forget_old(now)
            if not self._read_at and now - self._well_at > PROBE_SECONDS:
                await self._probe(client)
                self._alive(reading=True)

    def _forget_old(self, now: float) -> None:
        oldest = now - self._settings.oldest_seconds
        late = [reference for reference, at in self._read_at.items() if at < oldest]
        if late:
            values = [overdue(reference, now - self._read_at[reference]) for reference in late]
            self._feed.table.apply(values, self._registry)
            self._read_at.update((reference, now) for reference in late)

    async def _work(self, client: HttpClient) -> None:
        """Read one statistic after the other."""
        while self._schedule is not None and not self._trouble:
            now = boot_seconds()
            reference, wait = self._schedule.take(now) if now >= self._hold_until else (None, self._hold_until - now)
            if reference is None:
                self._wake.clear()
                try:
                    async with asyncio.timeout(wait):
                        await self._wake.wait()
                except TimeoutError:
                    pass
                continue
            rest = 0.0
            try:
                rest = 0.0 if await self._ask(client, reference) else self._settings.rest_seconds
            except CONNECT_FAILURES as failure:
                self._trouble = _words(failure)
            except (*REQUEST_FAILURES, ValueError, RecursionError) as failure:
                self._failed(_words(failure))
            finally:
                if self._schedule is not None:
                    self._schedule.done(reference, boot_seconds(), rest)

    def _failed(self, error: str) -> None:
        self._failures += 1
        if self._failures >= MOST_FAILURES or error.endswith("HTTP 401"):
            self._trouble = error
        self._feed.error = error

    async def _ask(self, client: HttpClient, reference: int) -> bool:
        """Read one statistic; False when the site does not have it. Raises when the server is not well."""
        subject = self._registry.subject(reference)
        if subject is None:
            return True  # dropped meanwhile
        form = self._definitions.form(subject, self._tenant)
        if form is None:
            reading = undefined(reference)
        else:
            status, body, age = await self._post(client, form)
            longest = self._settings.oldest_seconds
            reading = read_answer(
                reference, agent=subject.agent, status=status, body=body, age=age, longest_age_seconds=longest
            )
            self._failures = 0
            self._well_at = boot_seconds()
        if self._schedule is not None and reference in self._read_at:
            # A refused statistic is not asked for a while, and is missing already.
            pause = self._settings.rest_seconds if reading.refused else 0.0
            self._read_at[reference] = boot_seconds() + pause
            self._feed.take_values(0.0, [reading.value], boot_seconds())
            self._feed.error = ""
        return not reading.refused

    async def _post(self, client: HttpClient, form: dict[str, str]) -> tuple[int, bytes, str]:
        """Status, body and age of an answer. Raises what ``HttpClient.request`` raises."""
        headers = {"Cache-Control": f"max-age={self._settings.cache_age_seconds}"}
        answer = await client.request("POST", self._feed.address, data=form, headers=headers)
        if answer.status in {429, 503}:
            self._hold_until = boot_seconds() + _hold_seconds(answer.headers.get("retry-after", ""))
        return answer.status, answer.body, answer.headers.get("age", "")

    def _alive(self, *, reading: bool) -> None:
        """The server is there; only one that everything is read from is available for snapshots."""
        before = (self._feed.connected, self._feed.available)
        self._well_at = boot_seconds()
        self._feed.take_state(wire.ServerState(available=reading), self._well_at)
        self._feed.error = ""
        if (self._feed.connected, self._feed.available) != before:
            log.info("statistics.server_state", server=self._feed.name, available=True, reading=reading)
            self._on_change()


def _hold_seconds(retry_after: str) -> int:
    if retry_after.isascii() and retry_after.isdecimal() and len(retry_after) < 10:
        return min(int(retry_after), _LONGEST_HOLD_SECONDS)
    return 1


def _words(failure: BaseException) -> str:
    return f"{type(failure).__name__}: {failure}"[:300]
