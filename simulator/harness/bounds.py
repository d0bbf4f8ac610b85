"""How long the cluster may be without an accepted push, for each kind of trouble. Pure.

A gap counts from the instant of the fault to the first accepted push of the next term. Where the master stays the same
it is the longest interval between two accepted pushes, less the refresh period that lies between two pushes anyway.
"""

from __future__ import annotations

from dataclasses import dataclass

SLACK_SECONDS = 0.25
"""For everything a hand-over does once the mastership is free: ZooKeeper's commit, the watch, the first push."""
CONTAINER_SLACK_SECONDS = 0.5
"""The same in containers: the engine's own time from the order to the deed is in the gap."""
ENSEMBLE_ELECTION_SECONDS = 1.5
"""ZooKeeper's own election and the way of its clients to another member."""
ENSEMBLE_RETURN_SECONDS = 3.0
"""From the moment ZooKeeper serves again until a master pushes."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of the gap of one cluster. All values are seconds."""

    session_timeout: float
    """T."""
    tick: float
    """tickTime of the ensemble."""
    period: float
    """Refresh period."""
    slack: float = SLACK_SECONDS
    """For everything a hand-over does once the mastership is free."""

    @property
    def planned(self) -> float:
        """A hand-over that was asked for, and the death of a process under its supervisor."""
        return self.slack

    @property
    def loss(self) -> float:
        """A node that is lost, frozen or cut off: its session must expire first. T + tick + slack."""
        return self.session_timeout + self.tick + self.slack

    @property
    def ensemble_election(self) -> float:
        """The loss of ZooKeeper's leader; beyond the refresh period."""
        return ENSEMBLE_ELECTION_SECONDS

    @property
    def ensemble_return(self) -> float:
        """After an outage of all of ZooKeeper."""
        return ENSEMBLE_RETURN_SECONDS

    @property
    def platform_return(self) -> float:
        """After an outage of the engagement platform: the next regular push. One period + slack."""
        return self.period + self.slack

    @property
    def unnoticed(self) -> float:
        """Trouble that must not cost a push, such as the change to the backup statistics server; beyond the period."""
        return self.slack

    @property
    def recovery(self) -> float:
        """After the last of many faults: T + tick for the last session to expire, ZooKeeper's return, one period.

        Nodes that were ended count from their return: theirs is the time of a start on top.
        """
        return self.session_timeout + self.tick + ENSEMBLE_RETURN_SECONDS + self.period
