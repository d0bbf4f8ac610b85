"""HAProxy and nginx before a real cluster: who is asked, and what visitors and operators notice of a hand-over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.deployment.balanced_site import BalancedSite
from tests.deployment.balancers import Balancer, balancer, refuses
from tests.deployment.callers import READ, ask_master, followed, is_serving, order_step_down, visitors
from tests.support.cluster_site import wait_until
from tests.support.waiting import until_blocking

pytestmark = [pytest.mark.ensemble, pytest.mark.slow, pytest.mark.timeout(400)]
FOLLOW_SECONDS = 1.0
"""Longest time until orders reach the new master, from the moment it is one."""
READS_AFTER = 100


@pytest.fixture(params=["haproxy", "nginx"], scope="module")
def front(
    request: pytest.FixtureRequest, site: BalancedSite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Balancer]:
    site.steady()
    with balancer(request.param, site, tmp_path_factory.mktemp("balancer")) as running:
        wait_until("orders reach the master", lambda: followed(running.orders, 0), lambda: running.log)
        yield running


@pytest.fixture
def master(site: BalancedSite) -> str:
    return site.steady()


def test_reads_and_pages_come_from_all_nodes(front: Balancer, site: BalancedSite, master: str) -> None:
    pages = [httpx.get(f"http://{front.operators}/cluster", trust_env=False, timeout=30.0).json() for _ in range(12)]
    assert {page["answered_by"] for page in pages} == set(site.nodes)
    assert httpx.get(f"http://{front.public}{READ}", trust_env=False, timeout=30.0).status_code == 200


def test_visitors_get_the_two_reads_and_nothing_else(front: Balancer, master: str) -> None:
    for page in ("/cluster", "/targets", "/metrics", "/"):
        assert httpx.get(f"http://{front.public}{page}", trust_env=False, timeout=30.0).status_code == 404
    for way in (front.public, front.operators):
        assert httpx.post(f"http://{way}/cluster", trust_env=False).status_code in {403, 405}


def test_orders_and_health_checks_reach_the_master(front: Balancer, site: BalancedSite, master: str) -> None:
    assert asyncio.run(is_serving(front.orders, "pacing.v1.Master"))
    status = asyncio.run(ask_master(front.orders))
    assert (status.epoch, status.role) == (site.epoch(master), "master")


def step_down(front: Balancer, site: BalancedSite, master: str) -> None:
    asyncio.run(order_step_down(front.orders))


def kill(front: Balancer, site: BalancedSite, master: str) -> None:
    site.nodes[master].kill_worker()


@pytest.mark.parametrize("harm", [step_down, kill])
def test_no_read_fails_in_a_hand_over_and_orders_follow_the_master(
    front: Balancer, site: BalancedSite, master: str, harm: Callable[[Balancer, BalancedSite, str], None]
) -> None:
    epoch = site.epoch(master)
    others = [name for name in site.nodes if name != master]
    with visitors(front.public) as reads:
        until_blocking(lambda: reads.answered > READS_AFTER or reads.failed, "visitors read")
        harm(front, site, master)
        wait_until("another node is master", lambda: any(site.status(name, "/master") == 200 for name in others))
        began = time.monotonic()
        wait_until("orders reach it", lambda: followed(front.orders, epoch), lambda: front.log)
        seconds = time.monotonic() - began
        seen = reads.answered
        until_blocking(lambda: reads.answered > seen + READS_AFTER or reads.failed, "visitors go on reading")
    print(
        f"{front.name}, {harm.__name__}: followed after {seconds:.2f} s; "
        f"{reads.answered} reads, {len(reads.failed)} failed"
    )
    assert reads.failed == []
    assert seconds <= FOLLOW_SECONDS


@pytest.mark.parametrize("name", ["haproxy", "nginx"])
def test_a_configuration_with_a_slip_is_refused_by_the_program(name: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.conf"
    broken.write_text("frontend public\n    bindd :1\n" if name == "haproxy" else "events {} http { listne 1; }")
    assert refuses(name, broken)
