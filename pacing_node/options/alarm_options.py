"""The section ``alarms``: thresholds of the conditions, how long they must hold, and where alarms go.

The log always gets alarms, and Message Server does when the section ``messageServer`` is given.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, SecretStr

from pacing_node.options.allowed import Allowed
from pacing_node.options.schema import Applies, Key, Section
from pacing_node.options.values import Url, Words

CONDITION_KEYS = {
    "gcLatency": "gc_latency",
    "heapMemory": "heap_memory",
    "requestsFailed": "requests_failed",
    "targetErrors": "target_errors",
    "invalidReplies": "invalid_replies",
    "pushesWithheld": "pushes_withheld",
    "pushTime": "push_time",
    "statisticsStale": "statistics_stale",
    "goalInfeasible": "goal_infeasible",
    "noMaster": "no_master",
    "silent": "silent",
    "paused": "paused",
    "zookeeperLost": "zookeeper_lost",
    "cycleFailures": "cycle_failures",
    "fencedPush": "fenced_push",
    "configurationRefused": "configuration_refused",
    "certificateExpiry": "certificate_expiry",
    "diskSpace": "disk_space",
    "descriptors": "descriptors",
    "eventLoopLag": "event_loop_lag",
}
"""Options that hold a condition's threshold, by their spelling in files, and their Python names."""

_SWITCHES_TEXT = "names of threshold options of this section, separated by commas"


def _known(value: tuple[str, ...]) -> tuple[str, ...]:
    if any(word not in CONDITION_KEYS for word in value):
        raise ValueError(f"{_SWITCHES_TEXT}: {', '.join(CONDITION_KEYS)}")
    return value


Count = Annotated[int, Field(ge=1, le=10_000)]


class AlarmOptions(Section):
    """When alarms are raised and cleared, and where they are sent besides the log and Message Server."""

    applies: ClassVar[Applies] = Applies.LIVE

    alertmanager: Url | None = None
    """Address of a Prometheus Alertmanager, without the path of its interface."""
    webhook: Url | None = None
    """Address each alarm is posted to as a JSON document."""
    webhook_token: Annotated[SecretStr | None, Key("webhookToken")] = None
    """Bearer token for the webhook."""
    queue: Annotated[int, Field(ge=10, le=100_000)] = 1000
    """Most alarms that wait for one receiver while it is down; beyond it the oldest are given up."""
    detection_seconds: Annotated[float, Field(ge=0, le=3600), Key("detectionTime")] = 10.0
    """How long memory, descriptors, push time or stale statistics must be at their threshold for an alarm, seconds."""
    clearance_seconds: Annotated[float, Field(ge=0, le=86_400), Key("clearanceTime")] = 60.0
    """How long everything must be well again before an alarm is cleared, seconds."""
    clearance_percent: Annotated[float, Field(ge=1, le=100), Key("clearance")] = 80.0
    """Share of its threshold to which a measured level must fall before its alarm is cleared, in percent."""
    disabled: Annotated[Words, AfterValidator(_known), Allowed(_SWITCHES_TEXT)] = ()
    """Conditions that raise no alarm, by the names of their thresholds."""
    gc_latency: Annotated[float, Field(gt=0, le=60), Key("gcLatency")] = 0.5
    """GC Latency: longest pause of Python's garbage collector, seconds."""
    heap_memory: Annotated[float, Field(gt=0, le=100), Key("heapMemory")] = 85.0
    """Heap Memory Usage: resident memory as a share of the limit, in percent."""
    memory_limit: Annotated[int | None, Field(ge=64), Key("memoryLimit")] = None
    """Limit of a node's memory in MiB; that of its control group or machine unless given."""
    requests_failed: Annotated[Count, Key("requestsFailed")] = 3
    """PacingRequestsFailed: pushes in a row that failed as a whole."""
    target_errors: Annotated[Count, Key("targetErrors")] = 3
    """PacingResponseTargetError: pushes in a row in which the platform refused the same target."""
    invalid_replies: Annotated[Count, Key("invalidReplies")] = 2
    """PacingResponseValidationError: pushes in a row whose reply did not fit the contract."""
    pushes_withheld: Annotated[float, Field(gt=0, le=86_400), Key("pushesWithheld")] = 30.0
    """PushesWithheld: time for which the master has sent nothing, because the platform asked to wait, there are no
    targets, or too little of the lease is left, seconds."""
    push_time: Annotated[float, Field(gt=0, le=100), Key("pushTime")] = 80.0
    """PushNearLimit: what a push takes as a share of the time lease and period allow it, in percent."""
    statistics_stale: Annotated[float, Field(gt=0, le=100), Key("statisticsStale")] = 50.0
    """StatisticsStale: share of the targets without current statistics, in percent."""
    goal_infeasible: Annotated[float, Field(gt=0, le=86_400), Key("goalInfeasible")] = 300.0
    """GoalInfeasible: time for which inbound load alone breaks a target's goal, seconds."""
    no_master: Annotated[float, Field(gt=0, le=86_400), Key("noMaster")] = 15.0
    """NoMaster: time for which a node knows of no master, seconds."""
    silent: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    """PacingSilent: time for which no push on current statistics was accepted, for whatever reason, seconds."""
    paused: Annotated[float, Field(gt=0, le=86_400), Key("paused")] = 1.0
    """ClusterPaused: time for which the cluster has been paused, seconds."""
    zookeeper_lost: Annotated[float, Field(gt=0, le=86_400), Key("zookeeperLost")] = 15.0
    """ZooKeeperLost: time for which a node is not connected to ZooKeeper, seconds."""
    cycle_failures: Annotated[Count, Key("cycleFailures")] = 3
    """CycleFailed: cycles in a row that ended in an unexpected error."""
    fenced_push: Annotated[Count, Key("fencedPush")] = 1
    """FencedPush: refused pushes of a former master within five minutes."""
    configuration_refused: Annotated[float, Field(gt=0, le=86_400), Key("configurationRefused")] = 10.0
    """ConfigurationRefused: time for which newer options or objects are not usable, seconds."""
    certificate_expiry: Annotated[float, Field(ge=0, le=3650), Key("certificateExpiry")] = 14.0
    """CertificateExpiry: days left of a node's certificate."""
    disk_space: Annotated[float, Field(ge=0, le=1_048_576), Key("diskSpace")] = 50.0
    """DiskSpaceLow: room left on a disk the node writes to, MiB."""
    descriptors: Annotated[float, Field(gt=0, le=100)] = 80.0
    """DescriptorsLow: file descriptors in use as a share of those callers may use, in percent."""
    event_loop_lag: Annotated[float, Field(gt=0, le=60), Key("eventLoopLag")] = 1.0
    """EventLoopLag: lateness of the event loop, seconds."""
