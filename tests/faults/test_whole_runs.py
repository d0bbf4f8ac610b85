"""Drills and the nemesis on whole clusters of real processes. Times are printed, not judged: busy machines are slow."""

from __future__ import annotations

import asyncio
import re

import pytest

from cluster.access.signed_calls import ClusterSecret
from simulator.drill.drills import drill_of
from simulator.drill.field import Options
from simulator.drill.harm import run_drill
from simulator.drill.nemesis.__main__ import main
from simulator.drill.nemesis.nemesis_history import read_history
from simulator.drill.nemesis.plan import Kind, Trouble
from simulator.drill.nemesis.troubles import Troublemaker
from simulator.drill.running import RunningCluster, graceful_hand_over
from simulator.harness.arena import Arena
from simulator.harness.instruments import Instruments
from simulator.harness.proxy_wiring import ProxyWiring
from tests.support.waiting import until

pytestmark = [pytest.mark.ensemble, pytest.mark.slow, pytest.mark.timeout(300)]

SUMMARY = re.compile(
    r"nemesis: \d+ faults, \d+ pushes accepted, \d+ refused, order kept: (yes|no), longest gap \d+\.\d\d s"
)


async def test_drills_harm_one_cluster_after_the_other_and_leave_it_whole(tmp_path):
    async with Arena(tmp_path, print) as arena:
        graceful = await run_drill("graceful", drill_of("graceful", arena), arena, Options(), print)
        killed = await run_drill("kill", drill_of("kill", arena), arena, Options(), print)
        leader = await run_drill("zookeeper-leader", drill_of("zookeeper-leader", arena), arena, Options(), print)
        secret = ClusterSecret.parse(arena.stage.secret_file.read_text())
        running = RunningCluster(arena.stage.plans[0].http, secret=secret)
        before = running.view()
        outside = await graceful_hand_over(running, before, print)
        assert await arena.steady() != before.master
    for result in (graceful, killed, leader):
        assert result.measured.accepted_out_of_order == 0
    assert [each.measured.master_changes for each in (graceful, killed, leader)] == [1, 1, 0]
    assert outside.measured.accepted_out_of_order is None
    assert 0.0 < outside.measured.gap_seconds < 45.0


def test_a_short_run_of_the_nemesis_ends_with_its_line_and_its_artefacts(tmp_path, capsys):
    directory = tmp_path / "nemesis"
    status = main(["--seconds", "12", "--seed", "3", "--directory", str(directory)])
    last = capsys.readouterr().out.splitlines()[-1]
    assert SUMMARY.fullmatch(last), last
    history = read_history(directory / "history.jsonl")
    assert len(history.faults) > 3
    assert history.pushes
    assert "order kept: yes" in last
    assert "</html>" in (directory / "timeline.html").read_text()
    assert status == main(["--history", str(directory / "history.jsonl")])


@pytest.mark.parametrize("receiver", ["webhook", "if-match"])
def test_a_run_with_partial_pushes_judges_them_too(tmp_path, receiver):
    """Trouble on the way to the platform alone: what is late or lost there is what a partial push could be wrong by."""
    kinds = ["--only", "platform-cut", "--only", "platform-stall", "--only", "platform-drop"]
    directory = tmp_path / "nemesis"
    run = ["--seconds", "20", "--seed", "3", "--partials", "--receiver", receiver, *kinds]
    assert main([*run, "--directory", str(directory)]) == 0
    history = read_history(directory / "history.jsonl")
    assert {each.kind for each in history.pushes if each.accepted} == {"full", "partial"}
    assert len(history.senders) > 0


async def test_a_master_that_wakes_up_behind_a_dead_line_to_zookeeper_sends_nothing_under_its_old_lease(tmp_path):
    wiring = ProxyWiring()
    instruments = {name: Instruments(tmp_path, name) for name in ("node-1", "node-2", "node-3")}
    wiring.prefixes = {name: each.prefix for name, each in instruments.items()}
    async with Arena(tmp_path, print, wiring=wiring) as arena:
        troublemaker, over = Troublemaker(arena, instruments), asyncio.Event()
        master = await arena.steady()
        epoch = arena.epoch
        asleep = Trouble(0.0, Kind.MACHINE_SLEEP, master, 120.0, 0.0)
        for proxy in wiring.lines[master].zookeeper:
            proxy.drop()
        sleeping = asyncio.ensure_future(troublemaker.make(asleep, over))
        await arena.await_push(60.0, above_epoch=epoch)
        over.set()
        await sleeping
        await until(lambda: worker_gave_up(arena, master), "the term of before is over")
        await arena.read()
    late = [push for push in arena.pushes if push.epoch == epoch and not push.accepted]
    assert late == []


async def worker_gave_up(arena, node):
    """Whether a node that has answered says that it is no master."""
    members = (await arena.page(node, "/cluster")).get("members", [])
    return any(each["name"] == node and each["role"] == "standby" for each in members)
