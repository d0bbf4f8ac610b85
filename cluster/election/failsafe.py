"""Going on without ZooKeeper by the promises of the others: who is asked, and what they say."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from cluster import errors, tasks
from cluster.election.failsafe_members import FailsafeList, FailsafeMember
from cluster.zookeeper.upkeep import keep_up

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from cluster.election.events import Claim
    from cluster.election.transactions import Transactions
    from cluster.records import MemberInfo

    Ask = Callable[[FailsafeMember, int, float], Awaitable[str | None]]
    """Ask a member to promise the master of an epoch not to contend for some seconds; why not, or None.

    Raises UnavailableError.
    """

log = structlog.get_logger(__name__)


class Failsafe:
    """A master's failsafe list: written with the acquisition, kept in step with the members, asked without ZooKeeper.

    A node that is not in the failsafe list waits for ``longest_seconds`` before it acquires
    (``cluster.election.failsafe_members``); every member in it must promise. A write whose outcome is not known leaves
    two failsafe lists that may be in force: both are asked.
    """

    def __init__(
        self,
        node: str,
        transactions: Transactions,
        members: Callable[[], Sequence[MemberInfo]],
        ask: Ask,
        longest_seconds: float | None,
    ) -> None:
        """``members`` returns who has joined, this node among them; ``ask`` asks one of them for its promise.

        None as ``longest_seconds`` asks nobody, ever.
        """
        self._ask = ask
        self._node = node
        self._transactions = transactions
        self._members = members
        self._longest_seconds = longest_seconds
        self._promise_seconds = 0.0
        self._claim: Claim | None = None
        self._version = 0
        self._written: tuple[Claim, FailsafeList | None, int] | None = None
        self._possible: list[FailsafeList] = []
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._logged_refusals: tuple[str, ...] = ()
        self._unwritten = ""
        """Why the failsafe list could not be written, as last logged."""
        self._carrying_since: float | None = None

    def own(self) -> FailsafeMember:
        """Entry of this node in a failsafe list."""
        return next(FailsafeMember.of(each) for each in self._members() if each.name == self._node)

    def joined(self) -> frozenset[str]:
        """Names of the members that have joined, as last seen; this node is always among them."""
        return frozenset(each.name for each in self._members())

    def failsafe_list(self, promise_seconds: float) -> FailsafeList | None:
        """What an acquisition must write; None where nobody is to be asked."""
        self._promise_seconds = promise_seconds
        if self._longest_seconds is None:
            return None
        return FailsafeList.of(self._members(), promise_seconds, self._longest_seconds)

    def acquired(self, claim: Claim, failsafe_list: FailsafeList | None, version: int) -> None:
        """An acquisition took effect, and with it wrote this failsafe list as that version of its node."""
        self._written = (claim, failsafe_list, version)

    def begin(self, claim: Claim) -> None:
        """A term has begun, by the newest acquisition."""
        if self._written is None or self._written[0] != claim:
            return
        self._claim, failsafe_list, self._version = self._written
        self._possible = [failsafe_list] if failsafe_list is not None else []
        self._logged_refusals, self._unwritten = (), ""
        if failsafe_list is not None and self._task is None:
            self._task = tasks.spawn(
                "failsafe", keep_up("failsafe list", self._wanted, self._update, failed=self._not_written)
            )
        self.refresh()

    def end(self) -> None:
        """The term is over."""
        self._claim, self._possible = None, []

    def refresh(self) -> None:
        """The members may have changed."""
        self._wanted.set()

    def log_transition(self, epoch: int, *, carrying: bool) -> None:
        """Log when promises begin to carry the term, and when they do no more."""
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

    async def promised_seconds(self, claim: Claim) -> float | None:
        """Ask everybody who may contend; how long all of them promise not to, None when somebody does not."""
        if self._claim != claim or not self._possible:
            return None
        seconds = min(each.promise_seconds for each in self._possible)
        failsafe_members = self._others()
        asked = (self._refusal(failsafe_member, claim.epoch, seconds) for failsafe_member in failsafe_members)
        # A call that ends in any other way, cancelled with its channel for example, is no promise either.
        answers = await asyncio.gather(*asked, return_exceptions=True)
        found = tuple(
            answer if isinstance(answer, str) else f"{member.name}: {answer!r}"
            for member, answer in zip(failsafe_members, answers, strict=True)
            if answer is not None
        )
        if found and found != self._logged_refusals:
            log.warning("leadership.failsafe_refused", epoch=claim.epoch, refusals=list(found))
        self._logged_refusals = found
        # An failsafe list that changed meanwhile was not asked.
        return seconds if not found and self._others() == failsafe_members and self._claim == claim else None

    def _others(self) -> list[FailsafeMember]:
        return sorted({failsafe_member for each in self._possible for failsafe_member in each.members} - {self.own()})

    async def _refusal(self, failsafe_member: FailsafeMember, epoch: int, seconds: float) -> str | None:
        try:
            reason = await self._ask(failsafe_member, epoch, seconds)
        except errors.UnavailableError as failure:
            return str(failure)
        return None if reason is None else f"{failsafe_member.name}: {reason}"

    async def _update(self) -> None:
        claim, wanted = self._claim, self.failsafe_list(self._promise_seconds)
        if claim is not None and wanted is not None and [wanted] != self._possible:
            await self._write(claim, wanted)

    def _not_written(self, failure: errors.ClusterError) -> None:
        if str(failure) != self._unwritten:
            self._unwritten = str(failure)
            log.info("leadership.failsafe_list_not_written", node=self._node, error=str(failure))

    async def _write(self, claim: Claim, wanted: FailsafeList) -> None:
        """Write under the term's epoch; what was tried earlier can take effect no more after that."""
        if wanted not in self._possible:
            self._possible.append(wanted)
        try:
            version = await self._transactions.write_failsafe_list(claim, wanted, self._version)
        except errors.ConflictError:
            # An earlier write took effect without its answer; or the term is over, which the next try finds again.
            version = await self._transactions.failsafe_list_version()
            version = await self._transactions.write_failsafe_list(claim, wanted, version)
        if self._claim == claim:
            self._version, self._possible, self._unwritten = version, [wanted], ""
            log.info(
                "leadership.failsafe_list_written",
                epoch=claim.epoch,
                members=sorted(each.name for each in wanted.members),
            )
