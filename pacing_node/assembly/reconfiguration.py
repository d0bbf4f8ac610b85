"""What a change of options or of configuration objects does to the running parts.

Options and objects arrive at any time, in any order, and can be bad. A change is applied whole or not at all: what is
refused is reported and the previous state stays in force. So is a change that takes away many targets at once, until
somebody accepts it or it has not changed for a while. Discovery over a large site takes seconds, and so does finding
the place of each of its statistics; both run beside the event loop, which has a lease to prove meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

import structlog

from pacing_node.algorithms.state import name_keys
from pacing_node.assembly import adapters
from pacing_node.discovery.change_guard import ChangeGuard, GuardLimits, target_loss
from pacing_node.discovery.discover import discover
from pacing_node.engagement.engagement_settings import EngagementSettingsError
from pacing_node.options.cluster_options import restart_needed
from pacing_node.options.errors import ConfigurationError
from pacing_node.runtime.gc_freeze import freeze, uncollected

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pacing_node.cycle.plan import Plan
    from pacing_node.discovery.change_guard import HeldChange, TargetLoss
    from pacing_node.engagement.switchable_platform import PlatformSlot
    from pacing_node.objects.acceptance import Acceptance
    from pacing_node.objects.object_model import ConfigurationObjects
    from pacing_node.options.cluster_options import ClusterOptions
    from pacing_node.statistics.statistics_source import StatisticsSource
    from pacing_node.targets import Finding, TargetSet

log = structlog.get_logger(__name__)

HELD_POLL_SECONDS = 3.0
"""How often a change that is held back is looked at again."""
START_POLL_SECONDS = 0.2
"""The same for a node that waits at its start for what the cluster paces."""
PLATFORM_POLL_SECONDS = 10.0
"""How often it is tried to connect to a platform whose configuration could not be used: a file may be there now."""


class Reconfiguration:
    """Holds the options and objects in force and applies each change to the plan, the statistics and the platform."""

    def __init__(
        self,
        *,
        plan: Plan,
        platform: PlatformSlot,
        statistics: Callable[[], StatisticsSource | None],
        push_budget_seconds: float,
        shared_names: Callable[[], tuple[str, ...]] = tuple,
        expects_names: Callable[[], bool] = lambda: False,
        read_acceptance: Callable[[], Awaitable[Acceptance | None]] | None = None,
        prepare: Callable[[TargetSet], None] = lambda _: None,
    ) -> None:
        """Wire the parts.

        ``shared_names`` are the targets the cluster paces, for a node that has none yet, and ``expects_names`` tells
        whether they will come, for there is a master; ``read_acceptance`` fetches what an operator has accepted, None
        when nothing can be read. ``prepare`` is called on another thread with targets before they are in force.
        """
        self._prepare = prepare
        self._plan = plan
        self._shared_names = shared_names
        self._expects_names = expects_names
        self._read_acceptance = read_acceptance
        self._guard = ChangeGuard()
        self._held: tuple[ConfigurationObjects, TargetSet] | None = None
        self._platform = platform
        self._statistics = statistics
        self._push_budget_seconds = push_budget_seconds
        self._options: ClusterOptions | None = None
        self._objects: ConfigurationObjects | None = None
        self._in_force: ConfigurationObjects | None = None
        self._logged: frozenset[Finding] = frozenset()
        self._changed = asyncio.Event()
        self._first_options: ClusterOptions | None = None
        self.problems: tuple[str, ...] = ()
        """What is wrong with the engagement platform's configuration, in words."""

    @property
    def options(self) -> ClusterOptions | None:
        """The cluster options in force."""
        return self._options

    @property
    def restart_needed(self) -> tuple[str, ...]:
        """Keys whose options in force differ from those this node goes by until its next start."""
        if self._options is None or self._first_options is None:
            return ()
        return restart_needed(self._first_options, self._options)

    def use_options(self, options: ClusterOptions) -> None:
        """Put other cluster options in force, as far as that is possible without a restart."""
        if self._options is not None and (late := restart_needed(self._options, options)):
            log.warning("options.restart_needed", options=late)
        self._options, self._first_options = options, self._first_options or options
        self._plan.use_settings(adapters.cycle_settings(options, self._push_budget_seconds))
        self._changed.set()

    def use_objects(self, objects: ConfigurationObjects) -> None:
        """Put other configuration objects in force: targets come, change and go; those that stay are not disturbed."""
        self._objects = objects
        self._changed.set()

    @property
    def held(self) -> HeldChange | None:
        """The change of the objects that is held back; None when there is none."""
        return self._guard.held

    async def run(self) -> None:
        """Apply changes until cancelled; what changes again meanwhile is applied in its newest form."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll_seconds()):
                    await self._changed.wait()
            try:
                if self._changed.is_set():
                    self._changed.clear()
                    await self._apply()
                    continue
                if self._held is not None:
                    await self._look_again(*self._held)
                if self.problems and self._options is not None and self._in_force is not None:
                    self._connect_platform(self._options, self._in_force)
            except Exception:
                log.exception("targets.not_applied")

    def _poll_seconds(self) -> float | None:
        """How long to wait for a change before a held one, or the platform, is looked at again; None: for ever."""
        if self._held is None:
            return PLATFORM_POLL_SECONDS if self.problems else None
        return HELD_POLL_SECONDS if self._knows_targets() else START_POLL_SECONDS

    def _knows_targets(self) -> bool:
        """Whether there is something to compare a change with."""
        held = self._guard.held
        return held is None or held.loss.known > 0

    async def _apply(self) -> None:
        options, objects = self._options, self._objects
        if options is None or objects is None or self._statistics() is None:
            return
        targets = await asyncio.to_thread(discover, objects, options.pacing.goal_percent)
        self._log_findings(targets.findings)
        if await self._may_apply(targets, None):
            await self._put_in_force(objects, targets)
            return
        self._held = objects, targets
        if self._in_force is not None:
            self._connect_platform(options, self._in_force)

    async def _look_again(self, objects: ConfigurationObjects, targets: TargetSet) -> None:
        """Put a change that was held back in force once it was accepted or has not changed for long enough."""
        acceptance = None
        if self._read_acceptance is not None and self._knows_targets() and not self._changed.is_set():
            acceptance = await self._read_acceptance()
        # Meanwhile other objects may have come, or options with other limits.
        if not self._changed.is_set() and await self._may_apply(targets, acceptance):
            await self._put_in_force(objects, targets)

    async def _may_apply(self, targets: TargetSet, acceptance: Acceptance | None) -> bool:
        """Whether targets may replace those in force."""
        loss = await asyncio.to_thread(_loss, self._plan.targets, self._shared_names(), targets)
        now, before = time.time(), self._guard.held
        accepted = acceptance is not None and acceptance.covers(loss.change_id, now)
        wait = not targets.targets or self._expects_names()
        put = self._guard.review(loss, wait=wait, limits=self._limits(), now=now, accepted=accepted)
        held = self._guard.held
        if held is not None and loss.known and (before is None or before.loss != held.loss):
            log.error("configuration.held_back", change=loss.change_id, problem=str(held))
        elif before is not None and before.loss.known and put:
            by = acceptance.by if accepted and acceptance is not None else None
            log.warning("configuration.hold_ended", change=before.loss.change_id, accepted_by=by)
        return put

    def _limits(self) -> GuardLimits:
        server = self._options.config_server if self._options is not None else None
        return GuardLimits(server.hold_back_percent, server.hold_back_seconds) if server is not None else GuardLimits()

    async def _put_in_force(self, objects: ConfigurationObjects, targets: TargetSet) -> None:
        options, statistics = self._options, self._statistics()
        if options is None or statistics is None:
            return
        self._held, self._in_force = None, objects
        self._connect_platform(options, objects)
        if self._plan.targets is not None and targets.version == self._plan.targets.version:
            return
        watch = await asyncio.to_thread(uncollected()(self._prepared), statistics, targets)
        # Statistics and plan change together, without a cycle in between.
        watch()
        self._plan.use_targets(targets)
        freeze(len(targets.targets))
        log.info("targets.changed", targets=len(targets.targets), version=targets.version)

    def _prepared(self, statistics: StatisticsSource, targets: TargetSet) -> Callable[[], None]:
        """Do what takes long of putting targets in force; what is returned does the rest for the statistics."""
        name_keys(targets.names)  # kept for the state of the laws
        self._prepare(targets)
        return statistics.prepare(targets)

    def _connect_platform(self, options: ClusterOptions, objects: ConfigurationObjects) -> None:
        try:
            self._platform.use(adapters.engagement_settings(options, objects, self._push_budget_seconds))
        except (ConfigurationError, EngagementSettingsError) as error:
            problems = tuple(str(error).splitlines())
            if problems != self.problems:
                log.error("engagement.not_configured", problems=problems, still_in_force=self._platform.configured)
            self.problems = problems
            self._platform.missing = "the engagement platform is not configured: " + "; ".join(problems)
        else:
            self.problems = ()

    def _log_findings(self, findings: tuple[Finding, ...]) -> None:
        """Log each finding once, when it appears."""
        for finding in findings:
            if finding not in self._logged:
                level = log.error if finding.severity == "error" else log.warning
                level("configuration.finding", code=finding.code, where=finding.where, message=finding.message)
        self._logged = frozenset(findings)


def _loss(in_force: TargetSet | None, shared: tuple[str, ...], targets: TargetSet) -> TargetLoss:
    """What is lost of the targets in force, or of those the cluster paces where none are in force yet."""
    if in_force is None:
        return target_loss(dict.fromkeys(shared, False), targets)
    return target_loss({target.name: bool(target.agents) for target in in_force.targets}, targets)
