"""What a whole cluster does when its surroundings misbehave: calm, defined, with the reason on the result."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from kazoo.client import KazooClient

from tests.support.cluster_site import Site, wait_until
from tests.support.step_down import step_down

pytestmark = [pytest.mark.ensemble, pytest.mark.xdist_group("failover")]


def reasons(site: Site) -> dict[str, str]:
    node = next(iter(site.nodes))
    return {row["name"]: row["reason"] for row in site.get(node, "/targets")["targets"]}


class TestExplain:
    """The command names what limits a target."""

    def test_no_agents_logged_in(self, site: Site, master: str) -> None:
        page = site.explain("Night Chat - chat")
        assert page["reason"] == "no_agents_logged_in"
        assert "no agent of the target's groups is logged in" in page["lines"][0]

    def test_agents_without_capacity_for_chat(self, site: Site, master: str) -> None:
        page = site.explain("Branch Chat - chat")
        assert page["reason"] == "no_capacity_for_media"
        assert page["logged_in"] > 0
        assert "agents_without_capacity" in {finding["code"] for finding in page["findings"]}

    def test_enough_pending(self, site: Site, master: str) -> None:
        pages = []

        def covered() -> bool:
            # Visitors who have accepted and wait come first, for as long as there are more of them than agents.
            pages.append(site.explain("Sales Chat - chat"))
            return bool(pages[-1]["reason"] == "pending_covers_capacity")

        with site.faulty(kind="pending_jump", add=500, targets=["Sales Chat - chat"]):
            wait_until("pending covers the agents", covered, lambda: f" {pages[-1]}")
        assert pages[-1]["invitations"] == 0

    def test_stale_statistics(self, site: Site, master: str) -> None:
        with site.faulty(kind="statistics_silent", server="both"):
            wait_until("every target is stale", lambda: set(reasons(site).values()) == {"statistics_stale"})
            page = site.explain("Sales Chat - chat")
        assert (page["invitations"], page["reason"]) == (0, "statistics_stale")
        wait_until("statistics are read again", lambda: "statistics_stale" not in reasons(site).values())


def test_the_statistics_primary_fails_and_the_backup_serves_without_a_spike(site: Site, master: str) -> None:
    before = {row["name"]: row for row in site.get(master, "/targets")["targets"]}
    seen: list[dict[str, Any]] = []

    def served_by_the_backup() -> bool:
        seen.extend(site.get(master, "/targets")["targets"])
        metrics = site.text(master, "/metrics")
        return 'server="primary"} 0.0' in metrics and bool(site.get(master, "/targets")["pushed"])

    with site.faulty(kind="statistics_down", server="primary"):
        wait_until("the backup serves", served_by_the_backup, site.logs)
        accepted = site.audit().accepted
        wait_until("pushes go on", lambda: site.audit().accepted >= accepted + 3)
    seen.extend(site.get(master, "/targets")["targets"])
    most = {row["name"]: max(10 * (row["ready"] + row["busy"] + 5), 3 * row["invitations"]) for row in before.values()}
    assert all(row["invitations"] <= most[row["name"]] for row in seen)


def test_an_unavailable_platform_fails_pushes_with_a_reason_and_recovers(site: Site, master: str) -> None:
    with site.faulty(kind="status", status=503):
        wait_until("the failure shows", lambda: "503" in site.get(master, "/targets")["push_error"])
        assert site.masters() == [master], "a platform that is away costs nobody the mastership"
    wait_until("pushes are accepted again", lambda: bool(site.get(master, "/targets")["pushed"]))


def test_targets_the_platform_refuses_carry_its_error_and_the_others_hold(site: Site, master: str) -> None:
    with site.faulty(kind="target_errors", targets=["Sales Chat - chat"]):
        wait_until("the error shows", lambda: bool(site.explain("Sales Chat - chat")["error"]))
        page = site.get(master, "/targets")
    assert page["pushed"] is True
    assert [row["name"] for row in page["targets"] if row["error"]] == ["Sales Chat - chat"]


class TestOptions:
    """The cluster's options, changed while everything runs."""

    @pytest.fixture
    def stored(self, site: Site) -> Any:
        client = KazooClient(hosts=site.hosts)
        client.start(timeout=15)
        path = f"/pacing/{site.cluster}/config"
        original, _ = client.get(path)
        yield client, path, original.decode()
        client.set(path, original)
        client.stop()
        client.close()

    def test_a_good_change_takes_effect_everywhere_without_a_restart(
        self, site: Site, master: str, stored: Any
    ) -> None:
        client, path, text = stored
        options = yaml.safe_load(text)
        options["pacing"] = {"refreshPeriod": 2, "algorithm": "PREDICTIVE_B"}
        client.set(path, yaml.safe_dump(options).encode())
        wait_until("the new law paces", lambda: site.get(master, "/targets")["algorithm"] == "PREDICTIVE_B")
        assert site.get(master, "/targets")["interval_seconds"] == 2.0
        wait_until("one master paces on", lambda: len(site.masters()) == 1, site.logs)

    def test_without_a_check_of_tokens_a_new_master_waits_after_a_death_and_not_after_a_clean_resignation(
        self, site: Site, master: str, stored: Any
    ) -> None:
        client, path, text = stored
        options = yaml.safe_load(text)
        options["pacingEndpoint"] |= {"fencing": "none"}
        client.set(path, yaml.safe_dump(options).encode())
        for node in site.nodes:
            wait_until("every node knows", lambda node=node: site.get(node, "/cluster")["fencing"] == "none")

        def held_off(change: Callable[[str], object]) -> bool:
            """Whether the term that follows a change of masters waited before its first push."""
            old = site.steady()
            epoch = site.epoch(old)
            change(old)
            wait_until("another term pushes", lambda: site.audit().last_accepted.epoch > epoch, site.logs)
            epoch = site.audit().last_accepted.epoch
            told = rf"cycle\.first_push_held_off +epoch={epoch} "
            return any(re.search(told, site.log(node)) for node in site.nodes)

        def resign(old: str) -> None:
            assert step_down("--url", site.plans[old].http).status == 0

        assert held_off(lambda old: site.signal_worker(old, signal.SIGKILL))
        # On a busy machine a push may be under way just then, and is waited for: not three times in a row.
        assert not all(held_off(resign) for _ in range(3))

    def test_a_bad_change_is_refused_and_the_old_options_stay_in_force(
        self, site: Site, master: str, stored: Any
    ) -> None:
        client, path, text = stored
        wait_until("the period is 1 s", lambda: site.get(master, "/targets")["interval_seconds"] == 1.0)
        client.set(path, text.replace("refreshPeriod: 1", "refreshPeriod: 0").encode())
        wait_until("the refusal is logged", lambda: "options.refused" in site.log(master))
        accepted = site.audit().accepted
        wait_until("pushes go on", lambda: site.audit().accepted >= accepted + 2)
        assert site.get(master, "/targets")["interval_seconds"] == 1.0
        refusal = re.search(r"pacing\.refreshPeriod: found '?0'?; allowed: a number from 1 to 3600", site.log(master))
        assert refusal is not None


def test_a_target_added_to_the_configuration_is_paced_without_disturbing_the_others(site: Site, master: str) -> None:
    objects = site.directory / "objects.yaml"
    text = objects.read_text()
    content = yaml.safe_load(text)
    queue = next(each for each in content["virtual_queues"] if each["name"] == "Sales Chat")
    number = queue["number"]
    content["virtual_queues"].append({**queue, "name": "Second Chat", "number": "VQ_Second", "alias": "VQ_Second"})
    for group in content["agent_groups"]:
        if any(number in dn for dn in group["origination_dns"]):
            group["origination_dns"].append(f"VQ_Second@{queue['switch']}")
    names = {row["name"] for row in site.get(master, "/targets")["targets"]}
    try:
        objects.write_text(yaml.safe_dump(content))
        wait_until("the new target is there", lambda: "Second Chat - chat" in reasons(site), site.logs)
        assert {row["name"] for row in site.get(master, "/targets")["targets"]} == names | {"Second Chat - chat"}
        objects.write_text("virtual_queues: 7\n")
        wait_until("the bad file is reported", lambda: "virtual_queues" in site.log(master))
        assert "Second Chat - chat" in reasons(site), "a file that cannot be read leaves the objects in force"
    finally:
        objects.write_text(text)
    wait_until("the target is gone", lambda: "Second Chat - chat" not in reasons(site))
