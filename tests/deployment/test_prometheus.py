"""A real Prometheus scrapes a running cluster by our rules: every series that a rule or a panel names is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml

from simulator.harness import ports
from simulator.harness.processes import DemoProcess
from tests.deployment.balanced_site import HOST, BalancedSite
from tests.deployment.queries import DEPLOY, queries_of_dashboard, queries_of_rules, recorded, selectors
from tests.support.packages import program
from tests.support.waiting import until_blocking

pytestmark = [pytest.mark.ensemble, pytest.mark.slow, pytest.mark.timeout(400)]
PASSING = (httpx.HTTPError, KeyError, ValueError)
NEEDS_AN_EVENT = {"pacing_task_restarts_total"}
"""Series that begin with an event which a healthy cluster does not have."""
MAY_FIND_NOTHING = {'changes(cluster:pacing_epoch:max{cluster="pacing"}[1m]) > 0'}
"""Queries that find something only after a hand-over."""


class Prometheus:
    """One that scrapes a site."""

    def __init__(self, port: int, process: DemoProcess) -> None:
        self._api = f"http://{HOST}:{port}/api/v1"
        self.process = process

    def get(self, path: str, **asked: str) -> Any:
        answer = httpx.get(f"{self._api}/{path}", params=asked, timeout=30.0, trust_env=False)
        answer.raise_for_status()
        return answer.json()["data"]

    def query(self, text: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("query", query=text)["result"]
        return found


@pytest.fixture(scope="module")
def prometheus(site: BalancedSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    directory = tmp_path_factory.mktemp("prometheus")
    configuration = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    configuration["global"] |= {"scrape_interval": "1s", "evaluation_interval": "1s", "scrape_timeout": "1s"}
    (scrape,) = configuration["scrape_configs"]
    scrape["static_configs"][0]["targets"] = [f"{HOST}:{plan.http_port}" for plan in site.plans.values()]
    rules = (DEPLOY / "prometheus" / "rules.yml").read_text()
    (directory / "rules.yml").write_text(rules.replace("interval: 5s", "interval: 1s"))
    (directory / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    (port,) = ports.choose_quiet(1)
    command = [program("prometheus", "prometheus"), f"--config.file={directory / 'prometheus.yml'}"]
    command += [f"--storage.tsdb.path={directory / 'data'}", f"--web.listen-address={HOST}:{port}"]
    process = DemoProcess("prometheus", command, directory / "log")
    process.start()
    try:
        yield Prometheus(port, process)
    finally:
        process.kill_session()


@pytest.fixture
def scraped(site: BalancedSite, prometheus: Prometheus) -> Prometheus:
    """Prometheus once it has seen a steady cluster and evaluated the rules over some time."""
    site.steady()
    wanted = (
        'count_over_time(cluster:pacing_master:sum{cluster="pacing"}[10s]) > 4 and cluster:pacing_nodes_up:count == 3'
    )
    state = prometheus.process.tail
    until_blocking(lambda: prometheus.query(wanted), "Prometheus has seen the cluster", state=state, passing=PASSING)
    until_blocking(
        lambda: prometheus.query("cluster:pacing_push_failed:ratio5m >= 0"), "pushes have a rate", passing=PASSING
    )
    return prometheus


def test_every_series_that_a_rule_or_panel_names_is_there(scraped: Prometheus) -> None:
    named = {selector for query in [*queries_of_rules(), *queries_of_dashboard()] for selector in selectors(query)}
    assert len(named) > 40
    empty = {selector for selector in named if not scraped.query(selector)}
    assert {selector.partition("{")[0] for selector in empty} == NEEDS_AN_EVENT


def test_every_query_of_the_dashboard_finds_something(scraped: Prometheus) -> None:
    queries = set(queries_of_dashboard()) - MAY_FIND_NOTHING
    assert [query for query in queries if not scraped.query(query)] == []


def test_the_rules_are_evaluated_without_an_error_and_record_one_series_for_the_cluster(scraped: Prometheus) -> None:
    (group,) = scraped.get("rules")["groups"]
    assert [rule for rule in group["rules"] if rule["health"] != "ok"] == []
    for name in recorded():
        assert [each["metric"].get("cluster") for each in scraped.query(name)] == ["pacing"], name


def test_an_alert_fires_for_a_node_that_ended_and_no_more_once_it_is_back(
    scraped: Prometheus, site: BalancedSite
) -> None:
    def about(node: str) -> bool:
        found = scraped.query(f'ALERTS{{alertname="PacingNodeDown",instance="{HOST}:{site.plans[node].http_port}"}}')
        return bool(found)

    node = site.other_than(site.steady())
    assert not about(node)
    site.nodes[node].kill_session()
    until_blocking(lambda: about(node), "the alert is pending or fires", passing=PASSING)
    site.steady()
    until_blocking(lambda: not about(node), "it is over", passing=PASSING)
