"""The orders of a command are part of the trace that its environment names, if that is one."""

from __future__ import annotations

import os

import pytest

from cluster.member import ClusterMember
from cluster.settings import ClusterSettings
from pacing_node.api.http_server import HttpServer
from pacing_node.cli.caller_trace import caller_trace
from tests.support.api_site import ApiSite
from tests.support.commands import pacing
from tests.support.member_page import serving
from tests.support.trace_collector import TraceCollector, traced
from tests.support.waiting import until

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
NAMED = f"00-{TRACE}-{PARENT}-01"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (NAMED, NAMED),
        (NAMED[:-2] + "00", NAMED[:-2] + "00"),
        ("01" + NAMED[2:], NAMED),
        (f"cc{NAMED[2:-2]}ff-what later versions add", NAMED),
        ("", ""),
        ("x", ""),
        (NAMED.upper(), ""),
        (f" {NAMED}", ""),
        (NAMED + "\n", ""),
        (NAMED + "-01", ""),
        (NAMED[:-1], ""),
        ("01" + NAMED[2:] + "0", ""),
        ("ff" + NAMED[2:], ""),
        (NAMED.replace(TRACE, "0" * 32), ""),
        (NAMED.replace(PARENT, "0" * 16), ""),
        (NAMED.replace("0af7", "\u0660af7"), ""),
    ],
)
def test_a_trace_of_the_environment_is_checked(given: str, named: str) -> None:
    assert caller_trace({"TRACEPARENT": given}) == named


def test_an_environment_may_name_no_trace() -> None:
    assert caller_trace({"PATH": "/bin"}) == ""


async def order_of(collector: TraceCollector, url: str, *words: str, parent: str = NAMED) -> tuple[str, str]:
    """Trace and parent of the one order that a command gives."""
    collector.spans.clear()
    done = await pacing(*words, "--url", url, environment=os.environ | {"TRACEPARENT": parent})
    assert done.status == 0, done.err
    await until(lambda: bool(collector.named("order")), "the span of the order")
    [order] = collector.named("order")
    return order.trace_id.hex(), order.parent_span_id.hex()


async def test_an_order_through_the_api_is_part_of_the_trace_of_the_environment() -> None:
    site = ApiSite()
    site.pace()
    server = HttpServer("127.0.0.1", 0)
    await server.start(site.app)
    url = f"http://127.0.0.1:{server.port}"
    async with traced() as (_, collector):
        assert await order_of(collector, url, "stop", "--why", "a drill") == (TRACE, PARENT)
        other, none = await order_of(collector, url, "release", "--all", "--why", "over", parent=NAMED + "-01")
        assert (other != TRACE, none) == (True, "")
    await server.stop()


async def test_an_order_at_the_clustering_port_is_part_of_the_trace_of_the_environment() -> None:
    member = ClusterMember(ClusterSettings("only", "site", None, clustering_port=0), version="1")
    await member.start()
    server = await serving(member)
    url = f"http://127.0.0.1:{server.port}"
    async with traced() as (_, collector):
        assert await order_of(collector, url, "pause") == (TRACE, PARENT)
        other, none = await order_of(collector, url, "resume", parent="none")
        assert (other != TRACE, none) == (True, "")
    await server.stop()
    await member.stop()
