"""`/metrics` in two forms: the text of Prometheus, and OpenMetrics, which alone has exemplars."""

from __future__ import annotations

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text
from prometheus_client.samples import Sample

from pacing_node.api.app import build_app
from pacing_node.api.exposition import OPEN, TEXT, Form, form_for
from pacing_node.runtime.distribution import Distribution
from tests.api.test_pages import Site, paced

TRACE = "0af7651916cd43dd8448eb211c80319c"
SCRAPER = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
    "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (SCRAPER, OPEN),
        ("application/openmetrics-text", OPEN),
        ('Application/OpenMetrics-Text; Version="1.0.0"; q=1.000, text/plain;q=0.9', OPEN),
        ("", TEXT),
        ("*/*", TEXT),
        ("text/plain;version=0.0.4;q=1,*/*;q=0.1", TEXT),
        ("application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", TEXT),
        ("application/openmetrics-text;version=2.0.0", TEXT),
        ("application/openmetrics-text;q=0", TEXT),
        ("application/openmetrics-text;q=0.2,text/plain;q=0.3", TEXT),
        ("application/openmetrics-text;q=nan,text/plain", TEXT),
        ("application/openmetrics-text;q=٣", TEXT),
        (";;=,," * 500, TEXT),
    ],
)
def test_openmetrics_is_for_who_names_it_and_text_for_everybody_else(accept: str, form: Form) -> None:
    assert form_for(accept) is form


async def test_both_forms_say_the_same_and_only_openmetrics_names_traces() -> None:
    site = Site()
    paced(site)
    site.cycle_counters.cycle_seconds.observe(0.3)
    async with reader(site) as http:
        before = await http.get("/metrics")
        site.cycle_counters.cycle_seconds = traced = Distribution()
        traced.observe(0.3, TRACE)
        paced(site)
        text, opened = await http.get("/metrics"), await http.get("/metrics", headers={"Accept": SCRAPER})
    assert text.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert opened.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert histogram(text.text) == histogram(before.text), "to the byte what it is without traces"
    assert TRACE not in text.text
    found = {key(each): each for family in read_openmetrics(opened.text) for each in family.samples}
    plain = {key(each) for family in read_text(text.text) for each in family.samples}
    assert set(found) == plain
    assert ("pacing_target_ready", ("target", "B - chat")) in plain
    exemplars = {name: each.exemplar for name, each in found.items() if each.exemplar is not None}
    assert list(exemplars) == [("pacing_cycle_seconds_bucket", ("le", "0.5"))]
    assert [(each.labels, each.value) for each in exemplars.values()] == [({"trace_id": TRACE}, 0.3)]


def reader(site: Site) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=build_app(site.view())), base_url="http://node")


def key(sample: Sample) -> tuple[object, ...]:
    return (sample.name, *sample.labels.items())


def histogram(page: str) -> list[str]:
    return [line for line in page.splitlines() if "pacing_cycle_seconds" in line]


async def test_a_page_without_targets_ends_as_openmetrics_demands() -> None:
    site = Site()
    async with reader(site) as http:
        opened = await http.get("/metrics", headers={"Accept": SCRAPER})
    assert opened.text.endswith("\n# EOF\n")
    assert list(read_openmetrics(opened.text))


def test_a_bucket_keeps_the_newest_trace_alone() -> None:
    measured = Distribution((1.0, 2.0))
    for value, trace in ((0.5, "a"), (0.6, "b"), (0.7, ""), (5.0, "c")):
        measured.observe(value, trace)
    kept = [each and (each.trace_id, each.value) for each in measured.exemplars()]
    assert kept == [("b", 0.6), None, ("c", 5.0)]
    assert measured.buckets() == [("1.0", 3), ("2.0", 3), ("+Inf", 4)]
