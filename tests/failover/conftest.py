"""One site for all tests of this folder; every test leaves it whole.

With PACING_TEST_HOST=::1 everything of the site, except ZooKeeper, listens on that address.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest

from simulator.harness.node_files import HOST, NodePlan
from simulator.harness.zookeeper import Ensemble
from tests.support.cluster_site import Site


def examined(plan: NodePlan) -> dict[str, float]:
    """One of the nodes examines itself, half a minute after its start and not again: it costs seconds each time."""
    return {"doctor_seconds": 3600.0 if plan.name == "node-1" else 0.0}


@pytest.fixture(scope="package")
def site(ensemble: Ensemble, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    ensemble.restore()
    cluster = f"site-{uuid.uuid4().hex[:8]}"
    host = os.environ.get("PACING_TEST_HOST", HOST)
    where = tmp_path_factory.mktemp("site")
    with Site(where, ensemble.hosts, cluster, host=host, node_extra=examined) as running:
        yield running


@pytest.fixture
def master(site: Site) -> str:
    """The master of a steady site with all its nodes."""
    return site.steady()


@pytest.fixture(autouse=True)
def nothing_out_of_order(site: Site) -> Iterator[None]:
    """Whatever a test does: no push of an old term is accepted after one of a newer term."""
    yield
    assert site.audit().out_of_order == 0
    assert site.centre()["accepted_out_of_order"] == 0
