"""The drills on the pods of the Helm chart."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from simulator.drill.harm import Drill, Harm, ensemble_member_lost, master_lost
from simulator.drill.harmless import shared_drills
from simulator.drill.targets import Target
from simulator.drill.verdict import Expectation
from simulator.harness.kubernetes_cluster import KubernetesCluster, open_kubernetes_cluster

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from simulator.drill.field import Field
    from simulator.harness.bounds import Bounds

_RESTORE = KubernetesCluster.restore


def pods_replaced(
    harm: Harm[KubernetesCluster], *, after: int
) -> Callable[[Field[KubernetesCluster]], Awaitable[float]]:
    """Have the master's pod, or all of them, replaced in order; the gap is the longest interval less the period.

    From the order to SIGTERM pass the seconds in which Services forget a pod, and the master pushes on: a gap that
    counted from the order would judge those. ``after``: so many pushes more are watched.
    """

    async def run(field: Field[KubernetesCluster]) -> float:
        master, epoch = await field.mid_period(), field.cluster.epoch
        fault_at = time.time()
        text = await harm.begin(field.cluster, master)
        field.note(f"{text}, the master being {master} at first", fault_at)
        try:
            await field.successor(fault_at, epoch)
            await field.next_pushes(after, time.time())
        finally:
            text = await harm.end(field.cluster, master)
        field.note(text)
        return await field.interval(fault_at)

    return run


def _in_order(most_changes: int) -> Callable[[Bounds], Expectation]:
    return lambda bounds: Expectation(bounds.planned, 1, most_changes, missed_allowed=False)


DRILLS: Mapping[str, Drill[KubernetesCluster]] = {
    **shared_drills(),
    "kill": Drill(
        "Kill the master's working process; its supervisor frees the mastership.",
        master_lost(Harm(KubernetesCluster.kill_worker, _RESTORE), stays=False),
        _in_order(1),
    ),
    "delete": Drill(
        "Delete the master's pod.",
        pods_replaced(Harm(KubernetesCluster.delete, _RESTORE), after=3),
        _in_order(1),
    ),
    "force-delete": Drill(
        "Delete the master's pod by force, as if its machine were lost.",
        master_lost(Harm(KubernetesCluster.force_delete, _RESTORE), stays=True),
        lambda bounds: Expectation(bounds.loss, 1, 1),
    ),
    "drain": Drill(
        "Drain the machine of the master of all nodes.",
        pods_replaced(Harm(KubernetesCluster.drain, _RESTORE), after=3),
        _in_order(2),
    ),
    "zookeeper-pod-lost": Drill(
        "Delete the pod of ZooKeeper's leader by force; the two others elect another one.",
        ensemble_member_lost(KubernetesCluster.leader, Harm(KubernetesCluster.force_delete, _RESTORE)),
        lambda bounds: Expectation(bounds.ensemble_election),
    ),
    "rolling-update": Drill(
        "Replace every pod by a rolling update.",
        pods_replaced(Harm(KubernetesCluster.roll, _RESTORE), after=3),
        _in_order(2),
    ),
    "rollback": Drill(
        "Roll back to the revision before the last rolling update.",
        pods_replaced(Harm(KubernetesCluster.roll_back, _RESTORE), after=3),
        _in_order(2),
    ),
}
"""Every drill by name."""

KUBERNETES = Target(DRILLS, open_kubernetes_cluster)
