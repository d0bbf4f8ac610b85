"""The report: its figures, what counts as failed, and the script that checks it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.demo.demo_report import Handover, build_report, shortcomings, write_report
from simulator.harness.observation import Observation
from simulator.harness.push_audit import PushAudit
from simulator.harness.push_record import Push

CHECK = Path(__file__).parents[2] / "scripts" / "check_demo_report.py"


def good_report(**changes):
    report = {
        "nodes": 3,
        "targets": 2,
        "cycles": 40,
        "pushes_accepted": 40,
        "pushes_refused": 0,
        "accepted_out_of_order": 0,
        "busy_ratio": 0.7,
        "abandonment_percent": 2.0,
        "handovers": [{"cause": "process_died", "from": "node-1", "to": "node-2", "epoch": 2, "gap_seconds": 4.2}],
    }
    return {**report, **changes}


def check(report, tmp_path, *arguments):
    path = tmp_path / "report.json"
    write_report(path, report)
    return subprocess.run([sys.executable, CHECK, path, *arguments], check=False, capture_output=True, text=True)


def test_the_report_has_the_figures_of_the_last_look():
    audit = PushAudit()
    audit.add([Push(1, 10.0, "c", 1, 1, "1/1", True, False), Push(2, 14.25, "c", 2, 1, "1/1", True, False)])
    seen = Observation(
        cluster={"members": [{"reachable": True}, {"reachable": True}, {"reachable": False}]},
        targets={"targets": [{}, {}]},
        centre={"busy_ratio": 0.5, "abandonment_percent": 1.5, "accepted_out_of_order": 0},
    )
    handover = Handover.of(audit.changes[0], cause="process_died", masters={1: "node-3"})
    assert build_report(seen, audit, [handover]) == {
        "nodes": 2,
        "targets": 2,
        "cycles": 2,
        "pushes_accepted": 2,
        "pushes_refused": 0,
        "accepted_out_of_order": 0,
        "busy_ratio": 0.5,
        "abandonment_percent": 1.5,
        "handovers": [{"cause": "process_died", "from": "node-3", "to": None, "epoch": 2, "gap_seconds": 4.25}],
    }


def test_the_worse_of_two_verdicts_about_the_order_is_told():
    audit = PushAudit()
    assert build_report(Observation(centre={"accepted_out_of_order": 3}), audit, [])["accepted_out_of_order"] == 3
    audit.add([Push(1, 1.0, "c", 2, 1, "1/1", True, False), Push(2, 2.0, "c", 1, 1, "1/1", True, False)])
    assert build_report(Observation(centre={"accepted_out_of_order": 0}), audit, [])["accepted_out_of_order"] == 1


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"pushes_accepted": 0}, "no push"),
        ({"accepted_out_of_order": 2}, "out of order"),
        ({"nodes": 2}, "only 2 of 3"),
        ({"handovers": []}, "no hand-over"),
    ],
)
def test_a_demonstration_that_did_not_show_what_it_should_says_so(changes, word):
    [found] = shortcomings(good_report(**changes), nodes=3, kill_asked=True)
    assert word in found


def test_a_good_demonstration_has_no_shortcomings():
    assert shortcomings(good_report(), nodes=3, kill_asked=True) == []
    assert shortcomings(good_report(handovers=[]), nodes=3, kill_asked=False) == []


def test_the_check_accepts_a_good_report(tmp_path):
    result = check(good_report(), tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "FAIL" not in result.stdout


@pytest.mark.parametrize(
    "changes",
    [
        {"nodes": 2},
        {"targets": 0},
        {"cycles": 0},
        {"accepted_out_of_order": 1},
        {"handovers": []},
        {"handovers": [{"cause": "c", "from": "a", "to": "b", "epoch": 2, "gap_seconds": 5.1}]},
        {"handovers": [{"cause": "c", "from": "a", "to": "b", "epoch": 2, "gap_seconds": None}]},
        {"handovers": [{"cause": "c", "from": "a", "to": "b", "gap_seconds": 1.0}]},
        {"more": 1},
    ],
)
def test_the_check_refuses_a_report_that_shows_less(changes, tmp_path):
    result = check(good_report(**changes), tmp_path)
    assert result.returncode == 1
    assert "FAIL" in result.stdout


def test_the_bound_of_the_gap_follows_session_and_tick(tmp_path):
    assert check(good_report(), tmp_path, "--session-timeout", "3", "--tick", "0.5").returncode == 1
    assert check(good_report(), tmp_path, "--session-timeout", "10").returncode == 0


def test_the_check_says_when_there_is_no_report(tmp_path):
    result = subprocess.run(
        [sys.executable, CHECK, tmp_path / "none.json"], check=False, capture_output=True, text=True
    )
    assert result.returncode == 2
    assert "none.json" in result.stderr


def test_a_report_is_json_in_a_directory_that_may_be_missing(tmp_path):
    write_report(tmp_path / "a" / "b.json", good_report())
    assert json.loads((tmp_path / "a" / "b.json").read_text()) == good_report()
