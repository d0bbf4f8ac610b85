"""From options to alarms: rules and sinks of the alarm service, and its place in a node."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cluster.lasting import lasting
from cluster.tasks import cancel, spawn
from pacing_node.alarms.conditions import BY_KEY
from pacing_node.alarms.http_sinks import AlertmanagerSink, WebhookSink
from pacing_node.alarms.machine import Rule, rule_for
from pacing_node.alarms.service import AlarmService
from pacing_node.alarms.sinks import SyslogSink, describe_alarm
from pacing_node.assembly.message_server import syslog_sender
from pacing_node.monitoring.node_readings import NodeReadings
from pacing_node.options.alarm_options import CONDITION_KEYS, AlarmOptions
from pacing_node.options.errors import ConfigurationError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from pacing_node.alarms.sinks import Sink
    from pacing_node.monitoring.node_readings import NodeSources
    from pacing_node.options.cluster_options import ClusterOptions

FILE = "{node}.alarms.json"
"""File in the node's state directory that keeps active alarms between its starts."""


def rules_of(options: AlarmOptions) -> dict[str, Rule]:
    """The rule of every condition that is not switched off, by its name."""
    return {
        BY_KEY[key].name: rule_for(
            BY_KEY[key].kind,
            float(getattr(options, key)),
            clearance_ratio=options.clearance_percent / 100.0,
            detection_seconds=options.detection_seconds,
            clearance_seconds=options.clearance_seconds,
        )
        for spelling, key in CONDITION_KEYS.items()
        if spelling not in options.disabled
    }


def sinks_of(options: ClusterOptions, *, cluster: str, host: str) -> list[Sink]:
    """The receivers the options name. Raises ConfigurationError when certificates of authorities cannot be read."""
    alarms, sinks = options.alarms, list[Any]()
    if options.message_server is not None:
        sinks.append(SyslogSink(syslog_sender(options.message_server), host=host, cluster=cluster))
    if alarms.alertmanager is not None:
        sinks.append(AlertmanagerSink(alarms.alertmanager, cluster=cluster))
    if alarms.webhook is not None:
        token = alarms.webhook_token.get_secret_value() if alarms.webhook_token else None
        sinks.append(WebhookSink(alarms.webhook, cluster=cluster, token=token))
    return sinks


class NodeAlarms:
    """The alarms of a node: one object to start, to give options to, and to stop."""

    def __init__(self, sources: NodeSources, *, cluster: str, host: str, state_directory: Path | None) -> None:
        """``host`` names this machine in syslog messages."""
        self._cluster = cluster
        self._host = host
        self._in_force: tuple[object, ...] | None = None
        """Receivers that alarms are sent to."""
        self._readings = NodeReadings(sources)
        file = state_directory / FILE.format(node=sources.node) if state_directory else None
        self.service = AlarmService(sources.node, self._readings, rules_of(AlarmOptions()), file)
        self._state = (state_directory,) if state_directory else ()
        self._readings.directories = self._state
        self._watching: list[asyncio.Task[None]] = []

    def start(self, changed: Callable[[], None]) -> None:
        """Begin to measure, by default thresholds until there are options.

        ``changed`` is called when this master raised or cleared an alarm of the cluster: the standbys should know.
        """
        self.service.changed = changed
        watches = {"certificates": self._readings.watch_certificates, "disks": self._readings.watch_disks}
        self._watching = [spawn(name, lasting(name, watch)) for name, watch in watches.items()]
        self.service.start()

    async def stop(self) -> None:
        """End, after a moment for what waits to be delivered."""
        await cancel(*self._watching)
        await self.service.stop()

    async def use(self, options: ClusterOptions) -> None:
        """Put other thresholds and receivers in force.

        Raises ConfigurationError, and leaves the receivers that were in force, when others cannot be built. Where none
        were, those that can be built are better than nobody to tell.
        """
        self._readings.memory_limit_mib = options.alarms.memory_limit
        self._readings.directories = (*self._state, *_log_directories(options))
        sinks, wanted, refused = None, _receivers(options), None
        if wanted != self._in_force:
            try:
                sinks = sinks_of(options, cluster=self._cluster, host=self._host)
                self._in_force = wanted
            except ConfigurationError as error:
                refused = error
                if not self.service.outboxes:
                    others = options.model_copy(update={"message_server": None})
                    sinks = sinks_of(others, cluster=self._cluster, host=self._host)
        await self.service.use(rules_of(options.alarms), sinks, options.alarms.queue)
        if refused is not None:
            raise refused

    def active_counts(self) -> dict[str, int]:
        """Active alarms by condition, those without included."""
        counts = {condition.name: 0 for condition in BY_KEY.values()}
        for alarm in self.service.active:
            counts[alarm.condition] += 1
        return counts

    def page(self) -> dict[str, Any]:
        """What ``/alarms`` shows."""
        return {
            "active": [describe_alarm(alarm) for alarm in self.service.active],
            "withheld": self.service.withheld,
            "receivers": [
                {"name": box.name, "waiting": box.waiting, "delivered": box.delivered, "dropped": box.dropped}
                | {"trouble": box.trouble}
                for box in self.service.outboxes
            ],
        }


def _log_directories(options: ClusterOptions) -> tuple[Path, ...]:
    """Where the files of the log are."""
    own = options.log
    outputs = {*own.all, *own.alarm, *own.standard, *own.interaction, *own.trace, *own.debug}
    files = outputs - {"stdout", "stderr", "network"}
    return tuple(sorted({Path(name).parent for name in files}))


def _receivers(options: ClusterOptions) -> tuple[object, ...]:
    alarms = options.alarms
    return options.message_server, alarms.alertmanager, alarms.webhook, alarms.webhook_token, alarms.queue
