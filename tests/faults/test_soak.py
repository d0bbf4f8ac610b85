"""Growth is told from noise and from warming up; a soak finds what leaks and passes what does not."""

from __future__ import annotations

import os
import random
import re
import socket
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from simulator.harness.node_files import NodePlan
from simulator.harness.process_readings import open_files, resident_mib, threads
from simulator.harness.proxy_wiring import OBJECTS, ProxyWiring
from simulator.soak.__main__ import main
from simulator.soak.churn import Churn
from simulator.soak.growth import FILES, MEMORY, THREADS, judge, slope, table

ROOT = Path(__file__).parents[2]


def series(*values: float) -> list[tuple[float, float]]:
    return [(10.0 * number, value) for number, value in enumerate(values)]


def test_what_grows_by_one_with_every_sample_is_found() -> None:
    growth = judge("node", FILES, series(*range(20, 60)))
    assert not growth.passed
    assert growth.per_hour == pytest.approx(360.0)
    assert "GROWS" in table([growth])


def test_what_grows_only_while_warming_up_is_not() -> None:
    growth = judge("node", FILES, series(*range(10), *[40.0] * 30))
    assert growth.passed
    assert growth.per_hour == 0.0
    assert table([growth]).endswith("ok")


@given(st.integers(min_value=0, max_value=10**6), st.floats(min_value=1.0, max_value=10**6))
def test_noise_is_no_growth(seed: int, level: float) -> None:
    noise = random.Random(seed)
    assert judge("node", MEMORY, series(*(level + noise.uniform(-2.9, 2.9) for _ in range(40)))).passed


def test_single_spikes_are_no_growth() -> None:
    assert judge("node", THREADS, series(*([15.0] * 30 + [15.0, 90.0] * 3 + [15.0] * 4))).passed


def test_too_few_samples_tell_nothing() -> None:
    with pytest.raises(ValueError, match="at least 8"):
        judge("node", FILES, series(*range(7)))


def test_samples_of_one_moment_have_no_slope() -> None:
    assert slope([(5.0, 1.0), (5.0, 9.0)]) == 0.0


def test_a_process_is_looked_at_from_outside() -> None:
    pid = os.getpid()
    before = open_files(pid), threads(pid)
    with socket.socket(), socket.socket():
        assert open_files(pid) == before[0] + 2
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait)
    thread.start()
    assert threads(pid) == before[1] + 1
    go_on.set()
    thread.join()
    assert 10.0 < resident_mib(pid) < 10_000.0


def test_a_while_of_the_cycle_in_virtual_time_leave_nothing_behind() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "soak_virtual.py"), "--hours", "0.25"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    assert "0 failed cycles, 23 hand-overs, nothing grows" in last


async def test_changed_objects_bring_names_that_never_come_twice_and_leave_one_out_at_a_time(tmp_path: Path) -> None:
    wiring, plan = ProxyWiring(), NodePlan("node-1", tmp_path / "node-1", 1, 2)
    given = tmp_path / "given.yaml"
    given.write_text(yaml.safe_dump(OBJECTS_GIVEN))
    try:
        wiring.addresses({"http": "http://127.0.0.1:1", "objects_file": str(given)})
        await wiring.hosts(plan, "127.0.0.1:1")
        seen = [objects_of(plan)]
        churn = Churn(wiring)
        for _ in range(8):
            churn.step()
            seen.append(objects_of(plan))
            assert churn.newest in names(seen[-1])
    finally:
        await wiring.stop()
    assert all(len(names(objects)) == 4 for objects in seen[1:])  # three that pass, one of the two that stay
    gone = [names(before) - names(after) for before, after in pairwise(seen)]
    assert all(not names(objects) & past for objects, past in zip(seen[2:], accumulated(gone), strict=False))
    assert all(objects["transactions"] == seen[0]["transactions"] for objects in seen)
    assert [group["origination_dns"] for group in seen[1]["agent_groups"]][:2] == [["VQ_0@chat-switch"], []]


OBJECTS_GIVEN = {
    "virtual_queues": [
        {
            "name": f"Sales {number}",
            "number": f"VQ_{number}",
            "switch": "chat-switch",
            "annex": {"pacing": {"media": "chat"}},
        }
        for number in range(2)
    ],
    "agents": [],
    "agent_groups": [
        {"name": f"Desk {number}", "origination_dns": [f"VQ_{number}@chat-switch"], "agents": ["a"]}
        for number in range(2)
    ],
    "transactions": [{"annex": {"general": {"base_auth_url": "http://x/oauth", "base_service_url": "http://x/api/"}}}],
}


def objects_of(plan: NodePlan) -> dict[str, Any]:
    return dict(yaml.safe_load((plan.directory / OBJECTS).read_text()))


def names(objects: dict[str, Any]) -> set[str]:
    return {queue["name"] for queue in objects["virtual_queues"]}


def accumulated(gone: list[set[str]]) -> list[set[str]]:
    """Of each change, the passing names that had gone before it."""
    passing = [{name for name in each if name.startswith("Passing")} for each in gone]
    return [set().union(*passing[:end]) for end in range(1, len(passing))]


@pytest.mark.ensemble
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_cluster_of_processes_handed_over_again_and_again_leaves_nothing_behind(capsys) -> None:
    status = main(["--seconds", "30"])
    told = capsys.readouterr().out
    assert status == 0, told
    assert "accepted out of order 0, nothing grows" in told.splitlines()[-1]
    assert int(re.search(r"(\d+) changes of targets", told)[1]) > 0
