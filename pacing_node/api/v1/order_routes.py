"""Orders: step-down, pause and resume, holds of targets, and the emergency stop of all."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request

from cluster.outside_text import one_line
from pacing_node.api.v1.order_desk import ORDER_PROBLEMS, OrderDesk, OrderWork
from pacing_node.api.v1.order_models import HoldOrder, OrderAnswer, PauseOrder, StepDownOrder, WhyOrder
from pacing_node.api.v1.problem_details import ProblemError, problems
from pacing_node.cycle.holds import MOST_HOLDS, Hold, Holds
from pacing_node.discovery.look_alikes import LookAlikes

if TYPE_CHECKING:
    from collections.abc import Collection

    from pacing_node.api.v1.api_parts import OrderedMember
    from pacing_node.api.v1.api_view import ApiView
    from pacing_node.cycle.hold_book import HoldBook

WAIT_SECONDS = 15.0
_POLL_SECONDS = 0.1
_SHOWN = 100
_LONGEST_PROBLEM = 1000


class OrderRoutes:
    """Everything that changes what the running cluster does."""

    def __init__(self, view: ApiView, desk: OrderDesk, member: OrderedMember, holds: HoldBook) -> None:
        self._view = view
        self._desk = desk
        self._member = member
        self._holds = holds
        self.router = APIRouter(tags=["orders"], responses=problems(*ORDER_PROBLEMS))
        route = self.router.add_api_route
        route("/orders/step-down", self.step_down, methods=["POST"], operation_id="stepDown")
        route("/orders/pause", self.pause, methods=["POST"], operation_id="pause")
        route("/orders/resume", self.resume, methods=["POST"], operation_id="resume")
        route("/orders/emergency-stop", self.stop, methods=["PUT"], operation_id="emergencyStop")
        route("/orders/emergency-stop", self.release_stop, methods=["DELETE"], operation_id="releaseStop")
        held, unknown = "/targets/{name:path}/hold", problems(404)
        route(held, self.hold, methods=["PUT"], operation_id="holdTarget", responses=unknown)
        route(held, self.release, methods=["DELETE"], operation_id="releaseTarget", responses=unknown)

    async def step_down(self, order: StepDownOrder, request: Request) -> OrderAnswer:
        """Ask the master to resign; another member takes over at once."""

        async def work(who: str) -> None:
            former = self._member.status().master
            await self._member.step_down(_words(who, order.why), order.to, order.epoch)
            if order.wait:
                await self._wait_for_another(former)

        asked = {"to": order.to, "epoch": order.epoch, "wait": order.wait}
        return await self._desk.carry_out(request, OrderWork("stepDown", asked, order.why, work))

    async def _wait_for_another(self, former: str | None) -> None:
        """Wait until another member is master, a while at most: `after` says who is."""
        deadline = time.monotonic() + WAIT_SECONDS
        while self._member.status().master in {None, former} and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_SECONDS)  # the member has no event of its own for it

    async def pause(self, order: PauseOrder, request: Request) -> OrderAnswer:
        """Pause the cluster: its master goes on, and nobody takes over."""

        async def work(who: str) -> None:
            await self._member.pause(_words(who, order.why), order.seconds)

        asked = {"seconds": order.seconds}
        return await self._desk.carry_out(request, OrderWork("pause", asked, order.why, work))

    async def resume(self, order: WhyOrder, request: Request) -> OrderAnswer:
        """End a pause; without one nothing changes."""

        async def work(who: str) -> None:
            await self._member.resume(_words(who, order.why))

        return await self._desk.carry_out(request, OrderWork("resume", {}, order.why, work))

    async def stop(self, order: HoldOrder, request: Request) -> OrderAnswer:
        """Allow no target any invitation, from the next push on, whoever is master."""

        async def work(who: str) -> None:
            await self._holds.change(lambda holds: replace(holds, stop=_hold(who, order)))

        asked = {"seconds": order.seconds}
        return await self._desk.carry_out(request, OrderWork("emergencyStop", asked, order.why, work))

    async def release_stop(self, order: WhyOrder, request: Request) -> OrderAnswer:
        """End the emergency stop; holds of single targets stay."""

        async def work(_who: str) -> None:
            await self._holds.change(lambda holds: replace(holds, stop=None))

        return await self._desk.carry_out(request, OrderWork("releaseStop", {}, order.why, work))

    async def hold(self, name: TargetName, order: HoldOrder, request: Request) -> OrderAnswer:
        """Allow a target no invitations, from the next push on, whoever is master."""
        if not self._knows(name):
            raise self._unknown(name, "/api/v1/targets lists them")

        async def work(who: str) -> None:
            await self._holds.change(lambda holds: _held(holds, name, _hold(who, order)))

        asked = {"seconds": order.seconds}
        return await self._desk.carry_out(request, OrderWork("holdTarget", asked, order.why, work, name))

    async def release(self, name: TargetName, order: WhyOrder, request: Request) -> OrderAnswer:
        """End the hold of a target, also of one that is gone; without one nothing changes."""
        if not self._knows(name) and name not in self._holds.holds.targets:
            raise self._unknown(name, "and there is no hold of it")

        async def work(_who: str) -> None:
            await self._holds.change(lambda holds: holds.with_target(name, None))

        return await self._desk.carry_out(request, OrderWork("releaseTarget", {}, order.why, work, name))

    def _knows(self, name: str) -> bool:
        return any(name in names for names in self._names())

    def _unknown(self, name: str, what_else: str) -> ProblemError:
        """The answer to a name nobody has, with the one that was meant where it is easily seen."""
        known = LookAlikes(chain(*self._names(), self._holds.holds.targets))
        return ProblemError(
            404, one_line(f'unknown target "{name[:_SHOWN]}"; {what_else}{known.hint(name)}', _LONGEST_PROBLEM)
        )

    def _names(self) -> list[Collection[str]]:
        """Names of the targets: those in force here, and those of the newest cycle."""
        targets, report = self._view.plan.targets, self._view.latest_report.report
        return [targets.names if targets is not None else (), report.targets if report is not None else ()]


TargetName = Annotated[str, Path(min_length=1, max_length=600)]


def _hold(who: str, order: HoldOrder) -> Hold:
    now = time.time()
    return Hold(one_line(who), one_line(order.why), now, None if order.seconds is None else now + order.seconds)


def _held(holds: Holds, name: str, hold: Hold) -> Holds:
    """With one more target held. Raises ProblemError beyond the bound."""
    if len(holds.targets) >= MOST_HOLDS and name not in holds.targets:
        raise ProblemError(409, f"{MOST_HOLDS} targets are held already; the emergency stop is for all of them")
    return holds.with_target(name, hold)


def _words(who: str, why: str) -> str:
    """Who and why, as the cluster keeps it."""
    return one_line(f"{who}: {why}", _SHOWN)
