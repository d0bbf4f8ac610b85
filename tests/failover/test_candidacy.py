"""A node that cannot do a master's work does not become master."""

from __future__ import annotations

import httpx
import pytest

from simulator.harness.node_files import NodePlan, node_options, write_yaml
from simulator.harness.ports import choose_quiet
from simulator.harness.processes import DemoProcess, pacing_command
from simulator.harness.zookeeper import Ensemble
from tests.support.cluster_site import wait_until

pytestmark = [pytest.mark.ensemble, pytest.mark.xdist_group("failover")]


def test_a_node_without_options_joins_and_says_what_is_missing_but_takes_no_mastership(
    ensemble: Ensemble, chroot: str, tmp_path
) -> None:
    http, clustering = choose_quiet(2)
    plan = NodePlan("lonely", tmp_path / "lonely", http, clustering)
    options = node_options(plan, cluster=f"c{chroot[1:]}", zookeeper=ensemble.hosts, seed=tmp_path / "missing.yaml")
    write_yaml(plan.file, options)
    node = DemoProcess("lonely", pacing_command("node", "--config", str(plan.file)), plan.directory / "log")
    node.start()
    try:

        def joined() -> bool:
            page = httpx.get(plan.http + "/cluster", trust_env=False, timeout=30.0).json()
            return bool(page["members"]) and page["members"][0]["zookeeper"] == "connected"

        wait_until("the node has joined", joined, node.tail)
        wait_until("the missing seed is named", lambda: "missing.yaml" in node.log.read_text())
        assert httpx.get(plan.http + "/readiness", trust_env=False, timeout=30.0).json()["missing"] == [
            "cluster options",
            "configuration objects",
        ]
        assert httpx.get(plan.http + "/master", trust_env=False, timeout=30.0).status_code == 503
        assert httpx.get(plan.http + "/cluster", trust_env=False, timeout=30.0).json()["master"] is None
        assert httpx.get(plan.http + "/liveness", trust_env=False, timeout=30.0).status_code == 200
    finally:
        node.kill_session()
