"""The files the demonstration writes are what a node and its cluster understand."""

from __future__ import annotations

from pacing_node.options.cluster_options import load_cluster_options
from pacing_node.options.node_options import load_node_options
from simulator.harness.arena import Arena
from simulator.harness.node_files import NodePlan, cluster_options, node_options, write_yaml
from simulator.harness.proxy_wiring import NoProxies

SIMULATOR = {
    "http": "http://127.0.0.1:8090",
    "statistics": {"primary": "127.0.0.1:9001", "backup": "127.0.0.1:9002"},
    "configuration": "127.0.0.1:9003",
}


def test_a_node_reads_its_file(tmp_path):
    plan = NodePlan("node-2", tmp_path / "node-2", 8081, 7801)
    hosts = "127.0.0.1:2181,127.0.0.1:2182"
    write_yaml(plan.file, node_options(plan, cluster="demo", zookeeper=hosts, seed=tmp_path / "cluster.yaml"))
    options = load_node_options(plan.file, {})
    assert (options.name, options.cluster, options.host, options.bind) == ("node-2", "demo", "127.0.0.1", "127.0.0.1")
    assert (options.ports.default, options.ports.clustering) == (8081, 7801)
    assert options.zookeeper is not None
    assert options.zookeeper.session_timeout_seconds == 4.0
    assert options.zookeeper.heartbeat_seconds == 0.5
    assert options.seed == tmp_path / "cluster.yaml"
    assert options.state_directory == tmp_path / "node-2" / "state"
    assert plan.http == "http://127.0.0.1:8081"


def test_a_node_without_zookeeper_runs_alone(tmp_path):
    plan = NodePlan("node-1", tmp_path / "node-1", 8080, 7800)
    write_yaml(plan.file, node_options(plan, cluster="demo", zookeeper=None, seed=tmp_path / "cluster.yaml"))
    assert load_node_options(plan.file, {}).standalone


def test_the_cluster_reads_its_seed(tmp_path):
    write_yaml(
        tmp_path / "cluster.yaml", cluster_options({**SIMULATOR, "objects_file": str(tmp_path / "objects.yaml")})
    )
    options = load_cluster_options(tmp_path / "cluster.yaml")
    assert options.pacing.refresh_seconds == 1
    assert options.config_server.path == tmp_path / "objects.yaml"
    assert options.stat_server.primary == "127.0.0.1:9001"
    assert options.stat_server.backup == "127.0.0.1:9002"


async def test_the_nodes_of_drills_have_the_times_that_their_bounds_are_for(tmp_path):
    more = {"session_timeout_seconds": 8.0}
    arena = Arena(tmp_path, print, nodes=1, period_seconds=10, wiring=NoProxies(), more=more)
    assert (arena.bounds.period, arena.bounds.session_timeout) == (10, 8.0)
    simulator = {**SIMULATOR, "objects_file": str(tmp_path / "objects.yaml")}
    await arena.stage._write_node_files(simulator, "127.0.0.1:2181")
    assert load_cluster_options(tmp_path / "cluster.yaml").pacing.refresh_seconds == 10
    zookeeper = load_node_options(arena.stage.plans[0].file, {}).zookeeper
    assert zookeeper is not None
    assert zookeeper.session_timeout_seconds == 8.0
