"""The alarm conditions: what each one measures, on whose behalf, and how its threshold is read.

The first five carry the names of the reference product. Its thresholds and clearance rules are not public; those here
are this service's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AlarmSeverity(StrEnum):
    """How bad it is, in the words of ITU-T X.733."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    WARNING = "warning"


class Scope(StrEnum):
    """Whose alarm it is."""

    CLUSTER = "cluster"
    """Raised and cleared by the master on behalf of all; the next master continues with it."""
    NODE = "node"
    """Raised and cleared by each node about itself."""
    EVERYWHERE = "everywhere"
    """About the cluster, seen and raised by every node alike: receivers get it with the same labels and the same id
    from each, and so show it once."""


class Comparison(StrEnum):
    """How the measured value relates to the threshold."""

    LEVEL = "level"
    """Raised when at or above it for the detection time; cleared below the clearance share of it."""
    PEAK = "peak"
    """Raised at once when at or above it; cleared when no value reaches the clearance share of it any more."""
    COUNT = "count"
    """Raised when that many in a row; cleared when there is none."""
    DURATION = "duration"
    """Raised when it has lasted that long; cleared when it is over."""
    REMAINING = "remaining"
    """Raised when only that much is left; cleared when there is more again."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One alarm condition."""

    key: str
    """Name of its threshold in the section ``alarms``, in Python's spelling."""
    name: str
    """Name in every alarm."""
    scope: Scope
    severity: AlarmSeverity
    kind: Comparison
    unit: str
    """Unit of value and threshold."""
    meaning: str
    """What is measured, in one sentence."""


_NODE, _CLUSTER = Scope.NODE, Scope.CLUSTER

CONDITIONS: tuple[Condition, ...] = (
    Condition(
        "gc_latency",
        "GC Latency",
        _NODE,
        AlarmSeverity.MINOR,
        Comparison.PEAK,
        "s",
        "Longest pause of one run of Python's cyclic garbage collector, during which the process does nothing else.",
    ),
    Condition(
        "heap_memory",
        "Heap Memory Usage",
        _NODE,
        AlarmSeverity.MAJOR,
        Comparison.LEVEL,
        "%",
        "Resident memory of the process as a share of its limit; Python has no heap of a fixed size.",
    ),
    Condition(
        "requests_failed",
        "PacingRequestsFailed",
        _CLUSTER,
        AlarmSeverity.CRITICAL,
        Comparison.COUNT,
        "pushes",
        "Pushes in a row that failed as a whole: connection, HTTP status, authorisation, or out of time.",
    ),
    Condition(
        "target_errors",
        "PacingResponseTargetError",
        _CLUSTER,
        AlarmSeverity.MAJOR,
        Comparison.COUNT,
        "pushes",
        "Pushes in a row in which the platform refused this one target.",
    ),
    Condition(
        "invalid_replies",
        "PacingResponseValidationError",
        _CLUSTER,
        AlarmSeverity.MAJOR,
        Comparison.COUNT,
        "pushes",
        "Pushes in a row that were answered with success and a body that does not fit the contract.",
    ),
    Condition(
        "pushes_withheld",
        "PushesWithheld",
        _CLUSTER,
        AlarmSeverity.CRITICAL,
        Comparison.DURATION,
        "s",
        "How long the master has sent nothing: the platform asked to wait, there are no targets, or the lease ends.",
    ),
    Condition(
        "push_time",
        "PushNearLimit",
        _CLUSTER,
        AlarmSeverity.MAJOR,
        Comparison.LEVEL,
        "%",
        "What a push takes, smoothed, as a share of the longest time that lease and refresh period allow it.",
    ),
    Condition(
        "statistics_stale",
        "StatisticsStale",
        _CLUSTER,
        AlarmSeverity.CRITICAL,
        Comparison.LEVEL,
        "%",
        "Share of the targets whose statistics are too old or marked invalid by their source.",
    ),
    Condition(
        "goal_infeasible",
        "GoalInfeasible",
        _CLUSTER,
        AlarmSeverity.WARNING,
        Comparison.DURATION,
        "s",
        "How long inbound load alone has been breaking the goal of this target.",
    ),
    Condition(
        "no_master",
        "NoMaster",
        Scope.EVERYWHERE,
        AlarmSeverity.CRITICAL,
        Comparison.DURATION,
        "s",
        "How long no node has been able to vouch for a master, also while ZooKeeper is away.",
    ),
    Condition(
        "silent",
        "PacingSilent",
        Scope.EVERYWHERE,
        AlarmSeverity.CRITICAL,
        Comparison.DURATION,
        "s",
        "How long no push on current statistics has been accepted as far as this node knows, for whatever reason.",
    ),
    Condition(
        "paused",
        "ClusterPaused",
        Scope.EVERYWHERE,
        AlarmSeverity.WARNING,
        Comparison.DURATION,
        "s",
        "How long the cluster has been paused: as long as it is, nobody takes over from a master that is lost.",
    ),
    Condition(
        "zookeeper_lost",
        "ZooKeeperLost",
        _NODE,
        AlarmSeverity.MAJOR,
        Comparison.DURATION,
        "s",
        "How long this node has not been connected to ZooKeeper; with failsafe pacing may go on meanwhile.",
    ),
    Condition(
        "cycle_failures",
        "CycleFailed",
        _NODE,
        AlarmSeverity.CRITICAL,
        Comparison.COUNT,
        "cycles",
        "Cycles of this node in a row that ended in an unexpected error: nothing is pushed for any target.",
    ),
    Condition(
        "fenced_push",
        "FencedPush",
        _NODE,
        AlarmSeverity.MAJOR,
        Comparison.COUNT,
        "pushes",
        "Pushes of this node in the last five minutes that were refused because a newer master has pushed.",
    ),
    Condition(
        "configuration_refused",
        "ConfigurationRefused",
        Scope.EVERYWHERE,
        AlarmSeverity.MAJOR,
        Comparison.DURATION,
        "s",
        "How long newer options or objects have not been usable, or a change of the objects has been held back.",
    ),
    Condition(
        "certificate_expiry",
        "CertificateExpiry",
        _NODE,
        AlarmSeverity.MAJOR,
        Comparison.REMAINING,
        "days",
        "Days until this certificate of the node expires.",
    ),
    Condition(
        "disk_space",
        "DiskSpaceLow",
        _NODE,
        AlarmSeverity.MAJOR,
        Comparison.REMAINING,
        "MiB",
        "Room left on the disk of this directory, to which the node writes its state or its log.",
    ),
    Condition(
        "descriptors",
        "DescriptorsLow",
        _NODE,
        AlarmSeverity.MAJOR,
        Comparison.LEVEL,
        "%",
        "File descriptors in use, as a share of those that callers may use; beyond it they are refused.",
    ),
    Condition(
        "event_loop_lag",
        "EventLoopLag",
        _NODE,
        AlarmSeverity.MINOR,
        Comparison.PEAK,
        "s",
        "How late a timer of the node's event loop fired.",
    ),
)
"""Every condition, those of the reference product first."""

BY_KEY = {condition.key: condition for condition in CONDITIONS}
BY_NAME = {condition.name: condition for condition in CONDITIONS}
