"""Going on without ZooKeeper by the promises of the others: who is asked, and what they say."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from cluster import errors, tasks
from cluster.election.failsafe_members import Electorate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from cluster.election.events import Hold
    from cluster.election.failsafe_members import Elector
    from cluster.election.transactions import Ballot
    from cluster.records import MemberInfo

    Ask = Callable[[Elector, int, float], Awaitable[str | None]]
    """Ask a member to promise the master of an epoch not to contend for some seconds; why not, or None.

    Raises UnavailableError.
    """

log = structlog.get_logger(__name__)

RETRY_SECONDS = 0.5


class Failsafe:
    """A master's electorate: written with its acquisition, kept in step with the members, asked when ZooKeeper is gone.

    Whoever is not in the electorate waits for ``longest_seconds`` before it acquires
    (``cluster.election.failsafe_members``); whoever is in it must promise. A write whose outcome is not known leaves
    two electorates that may stand: both are asked.
    """

    def __init__(
        self, node: str, ballot: Ballot, members: Callable[[], Sequence[MemberInfo]], longest_seconds: float | None
    ) -> None:
        """``members`` tells who has joined, this node among them; None as ``longest_seconds`` asks nobody, ever."""
        self.ask: Ask | None = None
        """How to ask a member; nobody promises before it is set."""
        self._node = node
        self._ballot = ballot
        self._members = members
        self._longest_seconds = longest_seconds
        self._promise_seconds = 0.0
        self._hold: Hold | None = None
        self._version = 0
        self._written: tuple[Hold, Electorate | None, int] | None = None
        self._possible: list[Electorate] = []
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._told: tuple[str, ...] = ()
        self._unwritten = ""
        """Why the electorate could not be written, as last logged."""
        self._carrying_since: float | None = None

    def own(self) -> Elector:
        """How this node stands in an electorate."""
        return next((each.name, each.clustering) for each in self._members() if each.name == self._node)

    def electorate(self, promise_seconds: float) -> Electorate | None:
        """What an acquisition must write; None where nobody is to be asked."""
        self._promise_seconds = promise_seconds
        if self._longest_seconds is None:
            return None
        return Electorate.of(self._members(), promise_seconds, self._longest_seconds)

    def acquired(self, hold: Hold, electorate: Electorate | None, version: int) -> None:
        """An acquisition took effect, and with it wrote this electorate as that version of its node."""
        self._written = (hold, electorate, version)

    def begin(self, hold: Hold) -> None:
        """A reign has begun, by the acquisition told last."""
        if self._written is None or self._written[0] != hold:
            return
        self._hold, electorate, self._version = self._written
        self._possible = [electorate] if electorate is not None else []
        self._told, self._unwritten = (), ""
        if electorate is not None and self._task is None:
            self._task = tasks.spawn("failsafe", self._keep())
        self.look()

    def end(self) -> None:
        """The reign is over."""
        self._hold, self._possible = None, []

    def look(self) -> None:
        """The members may have changed."""
        self._wanted.set()

    def tell(self, epoch: int, *, carrying: bool) -> None:
        """Log when promises begin to carry the reign, and when they do no more."""
        now = time.monotonic()
        if carrying and self._carrying_since is None:
            self._carrying_since = now
            log.warning("leadership.failsafe", node=self._node, epoch=epoch, longest_seconds=self._longest_seconds)
        elif not carrying and self._carrying_since is not None:
            lasted, self._carrying_since = now - self._carrying_since, None
            log.info("leadership.failsafe_over", node=self._node, epoch=epoch, lasted_seconds=round(lasted, 1))

    async def stop(self) -> None:
        """Write no more."""
        await tasks.cancel(self._task)

    async def promised_seconds(self, hold: Hold) -> float | None:
        """Ask everybody who may contend; how long all of them promise not to, None when somebody does not."""
        if self._hold != hold or not self._possible or self.ask is None:
            return None
        seconds = min(each.promise_seconds for each in self._possible)
        electors = self._others()
        asked = (self._refusal(elector, hold.epoch, seconds) for elector in electors)
        # A call that ends in any other way, cancelled with its channel for example, is no promise either.
        answers = await asyncio.gather(*asked, return_exceptions=True)
        found = tuple(
            answer if isinstance(answer, str) else f"{name}: {answer!r}"
            for (name, _), answer in zip(electors, answers, strict=True)
            if answer is not None
        )
        if found and found != self._told:
            log.warning("leadership.failsafe_refused", epoch=hold.epoch, refusals=list(found))
        self._told = found
        # An electorate that changed meanwhile was not asked.
        return seconds if not found and self._others() == electors and self._hold == hold else None

    def _others(self) -> list[Elector]:
        return sorted({elector for each in self._possible for elector in each.members} - {self.own()})

    async def _refusal(self, elector: Elector, epoch: int, seconds: float) -> str | None:
        assert self.ask is not None
        try:
            reason = await self.ask(elector, epoch, seconds)
        except errors.UnavailableError as failure:
            return str(failure)
        return None if reason is None else f"{elector[0]}: {reason}"

    async def _keep(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            hold, wanted = self._hold, self.electorate(self._promise_seconds)
            if hold is None or wanted is None or [wanted] == self._possible:
                continue
            try:
                await self._write(hold, wanted)
            except errors.ClusterError as failure:
                if str(failure) != self._unwritten:
                    self._unwritten = str(failure)
                    log.info("leadership.electorate_not_written", node=self._node, error=str(failure))
                await asyncio.sleep(RETRY_SECONDS)
                self._wanted.set()

    async def _write(self, hold: Hold, wanted: Electorate) -> None:
        """Write under the reign's epoch; what was tried earlier can take effect no more after that."""
        if wanted not in self._possible:
            self._possible.append(wanted)
        try:
            version = await self._ballot.write_electorate(hold, wanted, self._version)
        except errors.ConflictError:
            # An earlier write took effect without its answer; or the reign is over, which the next try finds again.
            version = await self._ballot.electorate_version()
            version = await self._ballot.write_electorate(hold, wanted, version)
        if self._hold == hold:
            self._version, self._possible, self._unwritten = version, [wanted], ""
            log.info("leadership.electorate", epoch=hold.epoch, members=sorted(name for name, _ in wanted.members))
