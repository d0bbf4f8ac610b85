"""A site of three nodes as `deploy/` expects it: ports for visitors and health checks, and a trusted balancer."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.harness import ports
from simulator.harness.node_files import NodePlan
from simulator.harness.zookeeper import Ensemble
from tests.deployment.balanced_site import BalancedSite


@pytest.fixture(scope="package")
def site(ensemble: Ensemble, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BalancedSite]:
    ensemble.restore()
    spare = iter(ports.choose_quiet(6))
    found: dict[str, dict[str, int]] = {}

    def more(plan: NodePlan) -> dict[str, Any]:
        own = found[plan.name] = {"public": next(spare), "health": next(spare)}
        return {
            "ports": {"default": plan.http_port, "clustering": plan.clustering_port, **own},
            # Callers of a test come from the balancer's own address, so all of them are one.
            "http": {"trusted_proxies": "127.0.0.1", "reads_per_second": 100000},
        }

    directory, cluster = tmp_path_factory.mktemp("deployment"), f"site-{uuid.uuid4().hex[:8]}"
    series = {"metrics": {"perTarget": True}}
    with BalancedSite(directory, ensemble.hosts, cluster, node_extra=more, cluster_extra=series) as running:
        running.ports = found
        yield running
