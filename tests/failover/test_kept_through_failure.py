"""What outlives a node: the last hour, which a restarted one fetches, and a hold, which a new master keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml

from simulator.harness.node_files import NodePlan
from tests.support.cluster_site import Site, wait_until
from tests.support.commands import pacing_blocking

pytestmark = [pytest.mark.ensemble, pytest.mark.xdist_group("failover")]


def first_target(site: Site, node: str) -> str:
    name: str = site.get(node, "/api/v1/targets?limit=1&sort=ready&descending=true")["targets"][0]["name"]
    return name


def shown(site: Site, node: str, target: str) -> dict[str, Any]:
    page: dict[str, Any] = site.get(node, f"/api/v1/targets/{target}")
    return page


@pytest.fixture(scope="module")
def operator(site: Site) -> Iterator[dict[str, str]]:
    """What shows that an operator orders. While there is a token every order needs one, so it goes afterwards."""
    plan = next(iter(site.plans.values()))
    file = plan.directory / "operator.token"
    tokens(plan, "create", "test", "--role", "operator", "--to", str(file))
    token = file.read_text().strip()
    yield {"Authorization": f"Bearer {token}"}
    tokens(plan, "revoke", token.split("_")[1])
    wait_until("no order needs a token", lambda: all(map(trusts_its_machine, site.plans.values())), site.logs)


def tokens(plan: NodePlan, *words: str) -> None:
    done = pacing_blocking("token", *words, "--config", str(plan.file))
    assert done.status == 0, done.err


def trusts_its_machine(plan: NodePlan) -> bool:
    """Whether an order without proof is looked at: one that nobody can carry out."""
    path = f"{plan.http}/api/v1/targets/nobody knows it/hold"
    return httpx.put(path, json={"why": "a test"}, timeout=15.0, trust_env=False).status_code == 404


def before_its_start(page: dict[str, Any], slots: int) -> dict[str, list[float | None]]:
    """The oldest slots, which were over before a node started that cannot have counted them itself."""
    columns = ("at", "ready", "invitations", "accepted", "abandoned", "goal_percent")
    return {column: page["last_hour"][column][:slots] for column in columns}


def test_a_restarted_node_has_the_last_hour_of_the_others(site: Site, master: str) -> None:
    target, standby = first_target(site, master), site.other_than(master)

    def has_a_past() -> bool:
        page = shown(site, master, target)
        return len(page["last_hour"]["at"]) >= 3 and page["abandonment"]["today"]["accepted"] > 0

    wait_until("a slot is over, and visitors have accepted", has_a_past, site.logs)
    began = shown(site, master, target)["last_hour"]["complete_since"]
    site.nodes[standby].kill_session()
    site.steady()
    started = next(each for each in site.get(standby, "/cluster")["members"] if each["name"] == standby)["started_at"]

    def fetched() -> bool:
        since = shown(site, standby, target)["last_hour"]["complete_since"]
        return since is not None and since < started

    wait_until("the last hour has been fetched", fetched, site.logs)
    here, others = shown(site, standby, target), [shown(site, node, target) for node in site.nodes if node != standby]
    assert here["last_hour"]["complete_since"] == pytest.approx(began, abs=60.0)
    older = sum(at + 15.0 <= started for at in here["last_hour"]["at"])
    # Taken from one member, as that one has it: another standby may have joined within the first slot.
    assert before_its_start(here, older) in [before_its_start(each, older) for each in others]
    assert older, "there is something from before its start"
    assert here["abandonment"]["today"]["accepted"] > 0


def test_a_hold_ordered_at_one_node_is_kept_by_the_next_master_until_it_is_released(
    site: Site, master: str, operator: dict[str, str]
) -> None:
    target = first_target(site, master)
    path = f"/api/v1/targets/{target}/hold"

    def order(node: str, method: str) -> None:
        answer = httpx.request(
            method,
            site.plans[node].http + path,
            json={"why": "a test"},
            headers=operator,
            timeout=15.0,
            trust_env=False,
        )
        assert answer.status_code == 200, answer.text

    order(master, "PUT")
    wait_until("it is held", lambda: shown(site, master, target)["reason"] == "held", site.logs)
    site.nodes[master].kill_session()
    survivors = [name for name in site.nodes if name != master]
    wait_until("another one is master", lambda: any(site.status(name, "/master") == 200 for name in survivors))
    heir = next(name for name in survivors if site.status(name, "/master") == 200)
    epoch = site.epoch(heir)
    wait_until("it has pushed", lambda: site.get(heir, "/targets")["epoch"] == epoch, site.logs)
    page = shown(site, heir, target)
    assert (page["invitations"], page["reason"], page["hold"]["why"]) == (0, "held", "a test")
    order(heir, "DELETE")
    wait_until("it is released", lambda: shown(site, heir, target)["reason"] != "held", site.logs)
    assert site.steady() in site.nodes
    assert shown(site, master, target)["hold"] is None


def test_no_secret_is_in_any_log_page_event_or_metric(site: Site, master: str, operator: dict[str, str]) -> None:
    token = operator["Authorization"].removeprefix("Bearer ")
    seed = yaml.safe_load((site.directory / "cluster.yaml").read_text())
    secrets = {token, token.rpartition("_")[2], *_secrets_in(seed)}
    objects = (site.directory / "objects.yaml").read_text()
    secrets |= set(re.findall(r"(?:password|secret)\w*: *[\"']?([^\s\"']{6,})", objects, re.IGNORECASE))
    paths = site.get(master, "/api/v1/openapi.json")["paths"]
    reads = [path for path, methods in paths.items() if "get" in methods and "{" not in path and path[-7:] != "/events"]
    plain = ("/", "/cluster", "/history", "/targets", "/alarms", "/objects", "/metrics", "/readiness", "/master")
    target = first_target(site, master)
    more = ("/api/v1/events?kept=true&follow=false", f"/api/v1/targets/{target}", f"/explain?target={target}")
    said = {path: site.text(master, path) for path in (*reads, *plain, *more)}
    said |= {f"log of {node}": site.log(node) for node in site.nodes}
    assert len(secrets) >= 2
    assert {place for place, text in said.items() for secret in secrets if secret in text} == set()


def _secrets_in(options: Any, key: str = "") -> set[str]:
    """Values of a document whose keys say that they are secret."""
    if isinstance(options, dict):
        return set().union(*(_secrets_in(value, str(name)) for name, value in options.items()))
    secret = re.search("password|secret", key, re.IGNORECASE) is not None
    return {str(options)} if secret and len(str(options)) >= 6 else set()
