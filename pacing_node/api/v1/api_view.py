"""What the API reads of a node, and what every answer begins with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pacing_node.api.v1.answer_models import Source
from pacing_node.monitoring.examination import Examination
from pacing_node.monitoring.last_hour import LastHour

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from cluster.mastership import Mastership
    from pacing_node.cycle.latest_report import LatestReport
    from pacing_node.cycle.plan import Plan
    from pacing_node.monitoring.cycle_watch import CycleWatch
    from pacing_node.options.options_history import PastVersion
    from pacing_node.options.options_store import OptionsStore
    from pacing_node.statistics.statistics_source import StatisticsSource


@dataclass(frozen=True, slots=True)
class ApiView:
    """The parts of a node the API answers from."""

    node: str
    mastership: Mastership
    latest_report: LatestReport
    plan: Plan
    watch: CycleWatch
    statistics: Callable[[], StatisticsSource | None]
    cluster_page: Callable[[], Awaitable[dict[str, Any]]]
    history: Callable[[int], Awaitable[list[dict[str, Any]]]]
    """The newest terms, at most so many; raises ClusterError while they cannot be read."""
    alarms: Callable[[], dict[str, Any]]
    options: OptionsStore
    past_options: Callable[[], Awaitable[Sequence[PastVersion]]]
    """The versions of the options that are kept, oldest first; raises ClusterError while they cannot be read."""
    last_hour: LastHour = field(default_factory=LastHour)
    """The last hour of every target."""
    examination: Examination = field(default_factory=Examination)
    """What the node found when it last examined itself."""
    restart_needed: Callable[[], Sequence[str]] = field(default=tuple)
    """Keys of options that differ from those this node started with."""

    def answer(self) -> dict[str, Any]:
        """The fields of :class:`pacing_node.api.v1.answer_models.Answer`, as they are now."""
        state, report, status = self.watch.state(), self.latest_report.report, self.mastership.status
        epoch = report.epoch if report is not None else 0
        source = Source(
            node=self.node,
            master=status.master if report is not None and epoch == status.epoch else None,
            epoch=epoch,
            sequence=report.sequence if report is not None else 0,
        )
        return {
            "as_of": state.as_of,
            "age_seconds": None if state.age_seconds is None else round(state.age_seconds, 3),
            "source": source.model_dump(),
            "accepted_at": state.accepted_at,
            "silent_since": state.silent_since,
            "silent_reason": state.reason,
            "silent_text": state.text,
        }
