"""The example files that documentation shows are good as they stand."""

from __future__ import annotations

from pathlib import Path

from pacing_node.objects.object_files import load_objects
from pacing_node.objects.platform_credentials import engagement_credentials
from pacing_node.options.cluster_options import advice, load_cluster_options
from pacing_node.options.node_options import load_node_options

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_node_example_is_good() -> None:
    options = load_node_options(EXAMPLES / "node.yaml", {})

    assert options.name == "node-1"
    assert options.seed == EXAMPLES / "cluster.yaml"
    assert options.zookeeper is not None
    assert len(options.zookeeper.hosts) == 3


def test_the_cluster_example_is_good() -> None:
    options = load_cluster_options(EXAMPLES / "cluster.yaml")

    assert advice(options) == ()
    assert options.stat_server.backup == "stat2.example.com:7000"


def test_the_objects_example_is_good() -> None:
    objects = load_objects(EXAMPLES / "objects.yaml")

    assert objects.findings == ()
    assert objects.tenant == "Environment"
    assert engagement_credentials(objects).client_id == "pacing"
