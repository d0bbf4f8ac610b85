"""What a change of options or of configuration objects does to the running parts.

Options and objects arrive at any time, in any order, and may be bad. A change is applied whole or not at all: what is
refused is reported and the state before stays in force. Discovery over a large site takes seconds; it runs beside the
event loop, which has a lease to prove meanwhile.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from pacing_node.assembly import adapters
from pacing_node.discovery.discover import discover
from pacing_node.engagement.engagement_settings import EngagementSettingsError
from pacing_node.options.cluster_options import restart_needed
from pacing_node.options.errors import ConfigurationError
from pacing_node.runtime.gc_freeze import freeze

if TYPE_CHECKING:
    from collections.abc import Callable

    from pacing_node.cycle.plan import Plan
    from pacing_node.engagement.switchable_platform import PlatformSlot
    from pacing_node.objects.object_model import ConfigurationObjects
    from pacing_node.options.cluster_options import ClusterOptions
    from pacing_node.statistics.statistics_source import StatisticsSource
    from pacing_node.targets import Finding

log = structlog.get_logger(__name__)


class Reconfiguration:
    """Holds the options and objects in force and applies each change to the plan, the statistics and the platform."""

    def __init__(
        self,
        *,
        plan: Plan,
        platform: PlatformSlot,
        statistics: Callable[[], StatisticsSource | None],
        push_budget_seconds: float,
    ) -> None:
        self._plan = plan
        self._platform = platform
        self._statistics = statistics
        self._push_budget_seconds = push_budget_seconds
        self._options: ClusterOptions | None = None
        self._objects: ConfigurationObjects | None = None
        self._logged: frozenset[Finding] = frozenset()
        self._changed = asyncio.Event()
        self.problems: tuple[str, ...] = ()
        """What is wrong with the engagement platform's configuration, in words."""

    @property
    def options(self) -> ClusterOptions | None:
        """The cluster options in force."""
        return self._options

    def use_options(self, options: ClusterOptions) -> None:
        """Put other cluster options in force, as far as that is possible without a restart."""
        if self._options is not None and (late := restart_needed(self._options, options)):
            log.warning("options.restart_needed", options=late)
        self._options = options
        self._plan.use_settings(adapters.cycle_settings(options, self._push_budget_seconds))
        self._changed.set()

    def use_objects(self, objects: ConfigurationObjects) -> None:
        """Put other configuration objects in force: targets come, change and go; those that stay are not disturbed."""
        self._objects = objects
        self._changed.set()

    async def run(self) -> None:
        """Apply changes until cancelled; what changes again meanwhile is applied in its newest form."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._apply()
            except Exception:
                log.exception("configuration.not_applied")

    async def _apply(self) -> None:
        options, objects, statistics = self._options, self._objects, self._statistics()
        if options is None or objects is None or statistics is None:
            return
        self._connect_platform(options, objects)
        targets = await asyncio.to_thread(discover, objects, options.pacing.goal_percent)
        self._log_findings(targets.findings)
        if self._plan.targets is not None and targets.version == self._plan.targets.version:
            return
        # Statistics and plan change together, without a cycle in between.
        statistics.watch(targets)
        self._plan.use_targets(targets)
        freeze(len(targets.targets))
        log.info("targets.changed", targets=len(targets.targets), version=targets.version)

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
