"""A cluster of real processes on ::1: it hands over, shares records and takes orders as on any other address."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
import uuid
from collections.abc import Iterator

import pytest

from simulator.harness.zookeeper import Ensemble
from tests.support.cluster_site import Site, wait_until
from tests.support.commands import Done, pacing_blocking
from tests.support.step_down import step_down

pytestmark = [pytest.mark.ensemble, pytest.mark.xdist_group("ipv6")]


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def site(ensemble: Ensemble, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if not has_ipv6():
        pytest.skip("this machine has no ::1")
    ensemble.restore()
    with Site(tmp_path_factory.mktemp("ipv6"), ensemble.hosts, f"v6-{uuid.uuid4().hex[:8]}", host="::1") as running:
        yield running


def command(site: Site, node: str, *arguments: str) -> Done:
    return pacing_blocking(*arguments, "--url", site.plans[node].http)


def test_members_publish_addresses_that_can_be_dialled_and_share_records(site: Site) -> None:
    master = site.steady()
    page = site.get(site.other_than(master), "/cluster")

    assert all(member["reachable"] for member in page["members"])
    assert all(member["clustering"].startswith("[::1]:") for member in page["members"])
    assert all(member["http"].startswith("[::1]:") for member in page["members"])

    def shared() -> bool:
        return all(member["last_record"] is not None for member in site.get(master, "/cluster")["members"])

    wait_until("every standby has the master's records", shared, site.logs)
    listed = command(site, master, "list")
    assert listed.status == 0, listed.err
    assert "[::1]:" in listed.out


def test_orders_reach_members(site: Site) -> None:
    master = site.steady()
    chosen = site.other_than(master)
    ordered = step_down("--to", chosen, "--wait", "--output", "json", "--url", site.plans[master].http)

    assert ordered.status == 0, ordered.err
    assert json.loads(ordered.out)["master"] == chosen


def test_a_killed_master_is_replaced_and_no_push_is_out_of_order(site: Site) -> None:
    master = site.steady()
    began = time.monotonic()
    os.kill(site.nodes[master].pid, signal.SIGKILL)
    wait_until("another node is master", lambda: any(name != master for name in site.masters()), site.logs)
    print(f"replaced after {time.monotonic() - began:.1f} s")
    site.steady()
    assert site.audit().out_of_order == 0
