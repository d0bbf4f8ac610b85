"""Options of the cluster, the same for every node: kept in ZooKeeper, seeded from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from pacing_node.algorithms.model import OptimizationTarget
from pacing_node.options.access_options import AccessOptions
from pacing_node.options.alarm_options import AlarmOptions
from pacing_node.options.allowed import Allowed
from pacing_node.options.connections import ConfigServer, ForwardProxy, MessageServer, PacingEndpoint, StatServer
from pacing_node.options.log_options import LogOptions
from pacing_node.options.pacing_options import ADVISED_GOALS, PacingOptions
from pacing_node.options.schema import Applies, Key, Option, Section, build, canonical, options
from pacing_node.options.telemetry_options import TelemetryOptions
from pacing_node.options.yaml_documents import YamlDocument, load_document, parse_document
from pacing_node.targets import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_VALUES = 100_000
"""Most values of a document after aliases are followed: far more than options need, and read in a fraction of a second.

Every node reads the document at the same moment. Nested aliases of some hundred bytes would take it seconds.
"""


class MetricsOptions(Section):
    """What ``/metrics`` shows."""

    applies: ClassVar[Applies] = Applies.LIVE

    per_target: Annotated[bool, Key("perTarget")] = True
    """Whether every target has time series of its own; switch it off where thousands would burden the monitoring."""


class ClusterOptions(Section):
    """Options of the cluster."""

    tenant: Annotated[str, Field(min_length=1)] = "Environment"
    """Tenant whose objects are used."""
    log: LogOptions = LogOptions()
    alarms: AlarmOptions = AlarmOptions()
    metrics: MetricsOptions = MetricsOptions()
    telemetry: TelemetryOptions = TelemetryOptions()
    access: AccessOptions = AccessOptions()
    pacing: Annotated[PacingOptions, Key("pacing", ("service:pacing",))] = PacingOptions()
    pacing_endpoint: Annotated[PacingEndpoint, Key("pacingEndpoint")] = PacingEndpoint()
    forward_proxy: Annotated[ForwardProxy | None, Key("forward-proxy"), Allowed("a section, or the word none")] = None
    """Proxy to the engagement platform; none unless given."""
    config_server: Annotated[ConfigServer, Key("configServer"), Allowed("a section with kind and path or primary")]
    """Source of the configuration objects."""
    stat_server: Annotated[StatServer, Key("statServer"), Allowed("a section with the address of the primary")]
    """Source of the statistics."""
    message_server: Annotated[MessageServer | None, Key("messageServer"), Allowed("a section, or the word none")] = None
    """Receiver of alarms; none unless given."""


def load_cluster_options(path: Path) -> ClusterOptions:
    """Read cluster options from a file.

    Raises:
        ConfigurationError: with every problem of the file.
    """
    return cluster_options_of(load_document(path, most_values=MOST_VALUES))


def parse_cluster_options(content: bytes | str, source: str) -> ClusterOptions:
    """Read cluster options from text; ``source`` names it in messages.

    Raises:
        ConfigurationError: with every problem of the text.
    """
    return cluster_options_of(parse_document(content, source, MOST_VALUES))


def cluster_options_of(document: YamlDocument) -> ClusterOptions:
    """Check a document and build the options.

    Raises:
        ConfigurationError: with every problem of the document.
    """
    return build(ClusterOptions, canonical(ClusterOptions, document))


def cluster_option_list() -> tuple[Option, ...]:
    """Every option of a cluster."""
    return tuple(options(ClusterOptions))


def changed_options(old: ClusterOptions, new: ClusterOptions) -> tuple[Option, ...]:
    """The options whose values differ, in order of definition."""
    return tuple(
        option
        for option in cluster_option_list()
        if not option.section and _value(old, option.path) != _value(new, option.path)
    )


def restart_needed(old: ClusterOptions, new: ClusterOptions) -> tuple[str, ...]:
    """Keys of the changed options that only take effect at the next start of a node."""
    return tuple(".".join(option.key) for option in changed_options(old, new) if option.applies is Applies.RESTART)


def _value(root: Section, path: tuple[str, ...]) -> object:
    value: object = root
    for step in path:
        if value is None:
            return None
        value = getattr(value, step)
    return value


def advice(cluster: ClusterOptions) -> tuple[Finding, ...]:
    """What is allowed but likely not as meant."""
    return tuple(_advice(cluster))


def _advice(cluster: ClusterOptions) -> Iterator[Finding]:
    pacing = cluster.pacing
    low, high = ADVISED_GOALS[pacing.optimization_target]
    goal = pacing.goal_percent
    unusual = goal > 4 * high if pacing.optimization_target is OptimizationTarget.ABANDONMENT_RATE else goal < low / 2
    if unusual:
        yield Finding(
            "warning",
            "goal_far_from_advised",
            "pacing.optimizationGoal",
            f"the goal {goal:g} is far from the {low:g} to {high:g} advised for {pacing.optimization_target}",
        )
    if pacing.proactive_ratio is not None and not pacing.algorithm.dual:
        yield Finding(
            "warning",
            "option_not_used",
            "pacing.proactiveRatio",
            f"proactiveRatio is only used by the DUAL algorithms, not by {pacing.algorithm}",
        )
    if pacing.partial_pushes != "off" and cluster.pacing_endpoint.fencing == "none":
        yield Finding(
            "warning",
            "option_not_used",
            "pacing.partialPushes",
            "a platform that looks at no token is sent full pushes alone (pacingEndpoint.fencing is none)",
        )
