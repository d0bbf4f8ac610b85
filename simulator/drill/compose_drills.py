"""The drills on the containers of docker-compose.yml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.drill.harm import Drill, Harm, ensemble_member_lost, master_lost, one_after_the_other
from simulator.drill.harmless import shared_drills
from simulator.drill.targets import Target
from simulator.drill.verdict import Expectation
from simulator.harness.compose_cluster import ComposeCluster, open_compose_cluster

if TYPE_CHECKING:
    from collections.abc import Mapping

_RESTORE = ComposeCluster.restore

DRILLS: Mapping[str, Drill[ComposeCluster]] = {
    **shared_drills(),
    "kill": Drill(
        "Kill the master's working process; its supervisor frees the mastership.",
        master_lost(Harm(ComposeCluster.kill_worker, _RESTORE), stays=False),
        lambda bounds: Expectation(bounds.planned, 1, 1, missed_allowed=False),
    ),
    "kill-container": Drill(
        "Kill all processes of the master's container at once.",
        master_lost(Harm(ComposeCluster.kill, _RESTORE), stays=True),
        lambda bounds: Expectation(bounds.loss, 1, 1),
    ),
    "pause": Drill(
        "Pause the master's container for longer than its session lasts, then let it go on.",
        master_lost(Harm(ComposeCluster.pause, _RESTORE), stays=True),
        lambda bounds: Expectation(bounds.loss, 1, 1),
    ),
    "disconnect": Drill(
        "Take the master's container from the network for longer than its session lasts, then put it back.",
        master_lost(Harm(ComposeCluster.disconnect, _RESTORE), stays=True),
        lambda bounds: Expectation(bounds.loss, 1, 1),
    ),
    "zookeeper-leader": Drill(
        "Kill the container of ZooKeeper's leader; the two others elect another one.",
        ensemble_member_lost(ComposeCluster.leader, Harm(ComposeCluster.kill, _RESTORE)),
        lambda bounds: Expectation(bounds.ensemble_election),
    ),
    "rolling-restart": Drill(
        "Stop and start the container of every node, one after the other, the master last.",
        one_after_the_other(Harm(ComposeCluster.stop, _RESTORE)),
        lambda bounds: Expectation(bounds.planned, 1, 2, missed_allowed=False),
    ),
}
"""Every drill by name."""

COMPOSE = Target(DRILLS, open_compose_cluster)
