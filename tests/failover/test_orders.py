"""Orders of an operator to real nodes: pause, resume, and a hand-over to a chosen node."""

from __future__ import annotations

import json

import pytest

from tests.support.cluster_site import Site, wait_until
from tests.support.commands import Done, pacing_blocking
from tests.support.step_down import step_down

pytestmark = [pytest.mark.ensemble, pytest.mark.xdist_group("failover")]


def ordered(site: Site, node: str, *arguments: str) -> Done:
    return pacing_blocking(*arguments, "--url", site.plans[node].http, "--output", "json")


def test_a_paused_cluster_goes_on_pushing_says_so_everywhere_and_refuses_to_hand_over(site: Site, master: str) -> None:
    epoch = site.epoch(master)
    paused = ordered(site, site.other_than(master), "pause", "--for", "10m", "--wait")
    try:
        assert paused.status == 0, paused.err
        assert json.loads(paused.out)["master"] == master
        for node in site.nodes:
            assert "\npacing_paused 1.0\n" in site.text(node, "/metrics")
            assert site.get(node, "/cluster")["paused"]["until"] is not None
        refused = ordered(site, master, "step-down")
        assert refused.status == 1
        assert "resume first" in refused.err
        before = site.centre()["pushes_accepted"]
        wait_until("pushes go on", lambda: site.centre()["pushes_accepted"] >= before + 2)
        assert (site.masters(), site.epoch(master)) == ([master], epoch)
    finally:
        resumed = ordered(site, master, "resume", "--wait")
    assert resumed.status == 0, resumed.err
    assert json.loads(resumed.out)["was_paused"]
    assert "\npacing_paused 0.0\n" in site.text(master, "/metrics")


def test_the_chosen_node_takes_over_and_pushes(site: Site, master: str) -> None:
    chosen, epoch = max(node for node in site.nodes if node != master), site.epoch(master)
    url = site.plans[master].http
    done = step_down("--to", chosen, "--wait", "--url", url, "--output", "json")
    assert done.status == 0, done.err
    assert json.loads(done.out) == {
        "former_master": master,
        "former_epoch": epoch,
        "master": chosen,
        "epoch": epoch + 1,
    }
    before = site.centre()["pushes_accepted"]
    wait_until("the chosen node pushes", lambda: site.centre()["pushes_accepted"] > before)
