"""Who calls, and how often they may: behind proxies the word of those that are trusted, and of nobody else."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.addresses import site
from pacing_node.api.app import build_app, build_public_app
from pacing_node.api.call_rates import MOST_CALLERS, CallRates
from pacing_node.api.client_address import TrustedProxies
from pacing_node.api.http_limits import HttpCounters, LimitRefusal
from pacing_node.api.public_reads import PublicReads
from pacing_node.cycle.plan import CycleSettings
from tests.api.test_pages import Site, paced

READ = "/backend/data/pacing/reactiveState?channel=chat"


@pytest.mark.parametrize(
    ("trusted", "address", "forwarded", "caller"),
    [
        ([], "198.51.100.7", "203.0.113.9", "198.51.100.7"),
        (["10.0.0.0/8"], "198.51.100.7", "203.0.113.9", "198.51.100.7"),
        (["10.0.0.0/8"], "10.0.0.1", "203.0.113.9", "203.0.113.9"),
        (["10.0.0.0/8"], "10.0.0.1", "", "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", "192.0.2.1, 203.0.113.9", "203.0.113.9"),
        (["10.0.0.0/8"], "10.0.0.1", "192.0.2.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (["10.0.0.0/8"], "::ffff:10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        (["fd00::/8"], "fd00::1", "[2001:db8::9]:4711", "2001:db8::9"),
        (["10.0.0.0/8"], "10.0.0.1", "nobody", "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", "203.0.113.9, unknown", "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", "1.1.1.1," * 1000 + "10.0.0.2", "1.1.1.1"),
    ],
)
def test_the_caller_is_the_last_one_no_trusted_proxy_has(
    trusted: list[str], address: str, forwarded: str, caller: str
) -> None:
    assert TrustedProxies(trusted).caller(address, forwarded) == caller


@given(st.text(max_size=200))
def test_no_header_lets_a_stranger_be_another(forwarded: str) -> None:
    assert TrustedProxies(["10.0.0.0/8"]).caller("198.51.100.7", forwarded) == "198.51.100.7"


def test_addresses_of_one_ipv6_network_are_one_caller() -> None:
    assert site("2001:db8:1:2::1") == site("2001:db8:1:2:ffff::1") != site("2001:db8:1:3::1")
    assert site("198.51.100.7") != site("198.51.100.8")


def test_a_burst_and_then_so_many_a_second_for_each() -> None:
    rates = CallRates(2.0)
    assert [rates.admit("a", 0.0) for _ in range(5)] == [True] * 4 + [False]
    assert rates.admit("b", 0.0)
    assert not rates.admit("a", 0.4)
    assert rates.admit("a", 0.5)
    assert [rates.admit("a", 100.0) for _ in range(5)] == [True] * 4 + [False]


@given(st.lists(st.floats(0.0, 0.2), max_size=200))
def test_no_more_than_the_rate_and_one_burst_is_admitted(pauses: list[float]) -> None:
    rates, now, admitted = CallRates(10.0), 0.0, 0
    for pause in pauses:
        now += pause
        admitted += rates.admit("a", now)
    assert admitted <= 20 + now * 10.0 + 1e-6


def test_callers_are_remembered_within_bounds() -> None:
    rates = CallRates(1.0)
    for number in range(MOST_CALLERS + 100):
        assert rates.admit(str(number), 0.0)
    assert len(rates._left) == MOST_CALLERS


def client(app, address: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app, client=(address, 1)), base_url="http://node")


@pytest.fixture
def pages() -> Site:
    pages = Site()
    pages.plan.use_settings(CycleSettings())
    paced(pages)
    return pages


def reads_of(pages: Site, counters: HttpCounters) -> PublicReads:
    view, proxies = pages.view(), TrustedProxies(["10.0.0.0/8"])
    return PublicReads(
        view.plan, view.latest_report, view.statistics, rates=CallRates(0.001, 3), proxies=proxies, counters=counters
    )


async def test_a_caller_who_reads_too_often_is_told_when_to_come_again(pages: Site) -> None:
    counters = HttpCounters()
    reads = reads_of(pages, counters)
    async with client(build_app(pages.view(), reads), "198.51.100.7") as caller:
        answers = [await caller.get(READ, headers={"X-Forwarded-For": f"203.0.113.{n}"}) for n in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert answers[3].headers["retry-after"] == "1"
    assert answers[3].headers["access-control-allow-origin"] == "*"
    assert counters.refused == {LimitRefusal.RATE: 1}


async def test_behind_a_proxy_each_visitor_has_a_rate_of_their_own(pages: Site) -> None:
    async with client(build_app(pages.view(), reads_of(pages, HttpCounters())), "10.0.0.1") as proxy:
        answers = [await proxy.get(READ, headers={"X-Forwarded-For": f"203.0.113.{n}"}) for n in range(20)]
    assert {each.status_code for each in answers} == {200}


async def test_the_public_port_has_the_two_reads_and_nothing_else(pages: Site) -> None:
    app = build_public_app(reads_of(pages, HttpCounters()))
    async with client(app, "198.51.100.7") as caller:
        assert (await caller.get(READ)).status_code == 200
        for path in ("/", "/cluster", "/targets", "/metrics", "/liveness", "/alarms"):
            assert (await caller.get(path)).status_code == 404
