"""Orders of an operator to real nodes: pause, resume, and a hand-over to a chosen node."""

from __future__ import annotations

import json
import subprocess

import pytest

from simulator.harness.processes import pacing_command
from tests.support.cluster_site import Site, wait_until
from tests.support.step_down import step_down

pytestmark = [pytest.mark.ensemble, pytest.mark.xdist_group("failover")]


def ordered(site: Site, node: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    url = site.plans[node].http
    command = [*pacing_command(), *arguments, "--url", url, "--output", "json"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_paused_cluster_goes_on_pushing_says_so_everywhere_and_refuses_to_hand_over(site: Site, master: str) -> None:
    epoch = site.epoch(master)
    paused = ordered(site, site.other_than(master), "pause", "--for", "10m", "--wait")
    try:
        assert paused.returncode == 0, paused.stderr
        assert json.loads(paused.stdout)["master"] == master
        for node in site.nodes:
            assert "\npacing_paused 1.0\n" in site.text(node, "/metrics")
            assert site.get(node, "/cluster")["paused"]["until"] is not None
        refused = ordered(site, master, "step-down")
        assert refused.returncode == 1
        assert "resume first" in refused.stderr
        before = site.centre()["pushes_accepted"]
        wait_until("pushes go on", lambda: site.centre()["pushes_accepted"] >= before + 2)
        assert (site.masters(), site.epoch(master)) == ([master], epoch)
    finally:
        resumed = ordered(site, master, "resume", "--wait")
    assert resumed.returncode == 0, resumed.stderr
    assert json.loads(resumed.stdout)["was_paused"]
    assert "\npacing_paused 0.0\n" in site.text(master, "/metrics")


def test_the_chosen_node_takes_over_and_pushes(site: Site, master: str) -> None:
    chosen, epoch = max(node for node in site.nodes if node != master), site.epoch(master)
    url = site.plans[master].http
    done = step_down([*pacing_command(), "step-down", "--to", chosen, "--wait", "--url", url, "--output", "json"])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "former_master": master,
        "former_epoch": epoch,
        "master": chosen,
        "epoch": epoch + 1,
    }
    before = site.centre()["pushes_accepted"]
    wait_until("the chosen node pushes", lambda: site.centre()["pushes_accepted"] > before)
