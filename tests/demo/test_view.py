"""The picture on the terminal and the line that stands in for it elsewhere."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from simulator.demo.demo_report import Handover
from simulator.demo.narration import LineNarrator, LiveNarrator, status_line
from simulator.demo.terminal_view import Scene, draw
from simulator.harness.observation import Observation

MASTER = {
    "name": "node-1",
    "role": "master",
    "state": "serving",
    "epoch": 4,
    "lease_left_seconds": 2.96,
    "zookeeper": "connected",
    "http": "http://127.0.0.1:8080",
    "last_record": {"epoch": 4, "sequence": 17, "created_at": 1.0},
    "reachable": True,
}
STANDBY = {**MASTER, "name": "node-2", "role": "standby", "lease_left_seconds": 0.0, "http": "http://127.0.0.1:8081"}
GONE = {"name": "node-3", "http": "http://127.0.0.1:8082", "reachable": False, "error": "connection refused"}
TARGET = {
    "name": "Sales - chat",
    "goal_percent": 3.0,
    "ready": 4.0,
    "busy": 7.0,
    "logged_in": 11.0,
    "waiting": 1.0,
    "pending": 5.0,
    "invitations": 12.0,
    "inbound_portion": 0.25,
    "reason": "agents_limit",
}


@pytest.fixture
def scene():
    return Scene(
        title="ZooKeeper: a package · scenario demo",
        commands=[".venv/bin/pacing list"],
        seen=Observation(
            cluster={"cluster": "demo", "members": [MASTER, STANDBY, GONE]},
            targets={
                "algorithm": "SUPER_PROGRESSIVE",
                "targets": [TARGET, {"name": "Dark - chat", "error": "no agents"}],
            },
            centre={"busy_ratio": 0.634, "abandonment_percent": 2.25},
        ),
        processes={"node-1": 4711, "node-2": 4712},
        accepted=40,
        elapsed_seconds=21.4,
        duration_seconds=45.0,
        handovers=(Handover("process_died", "node-3", "node-1", 4, 4.27),),
        events=("killed the master node-3",),
    )


def picture(scene, width=200):
    console = Console(width=width, file=io.StringIO())
    console.print(draw(scene))
    return console.file.getvalue()


def line_with(text, word):
    return next(line for line in text.splitlines() if word in line)


def test_members_show_role_epoch_lease_session_process_and_address(scene):
    text = picture(scene)
    for word in (
        "node-1",
        "master",
        "serving",
        "4",
        "3.0 s",
        "17 of epoch 4",
        "connected",
        "4711",
        "http://127.0.0.1:8080",
    ):
        assert word in line_with(text, "8080")
    assert "standby" in line_with(text, "8081")
    assert "3.0 s" not in line_with(text, "8081")


def test_a_node_without_zookeeper_needs_no_lease(scene):
    scene.seen.cluster = {"members": [{**MASTER, "zookeeper": "standalone", "lease_left_seconds": 86400.0}]}
    assert "none needed" in line_with(picture(scene), "8080")
    assert "lease none needed" in status_line(scene)


def test_a_member_that_does_not_answer_is_shown_as_such(scene):
    assert "not reachable" in line_with(picture(scene), "8082")


def test_targets_show_invitations_inbound_portion_and_reason(scene):
    line = line_with(picture(scene), "Sales - chat")
    assert line.split("Sales - chat")[1].split() == [
        "3",
        "%",
        "4",
        "7",
        "11",
        "1",
        "5",
        "12",
        "25",
        "%",
        "agents_limit",
    ]
    assert "no agents" in line_with(picture(scene), "Dark - chat")


def test_of_many_targets_the_first_are_shown_and_the_others_counted(scene):
    scene.seen.targets["targets"] = [{**TARGET, "name": f"T{number:04}"} for number in range(1000)]
    text = picture(scene)
    assert "T0023" in text
    assert "T0024" not in text
    assert "and 976 more" in text


def test_figures_hand_overs_events_and_commands_are_shown(scene):
    text = picture(scene)
    assert "agents busy 63.4 %, abandoned 2.2 % so far" in text
    assert line_with(text, "process_died").split() == ["4", "node-3", "node-1", "process_died", "4.27", "s"]
    assert "killed the master node-3" in text
    assert ".venv/bin/pacing list" in text
    assert "ends at 45 s" in text


def test_before_the_first_answer_there_is_a_picture_too():
    text = picture(Scene(title="t", commands=[]))
    assert "no calculation yet" in text
    assert "master none" in text


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal(scene, width):
    assert max(map(len, picture(scene, width).splitlines())) <= width


def test_the_status_line_names_master_members_and_figures(scene):
    line = status_line(scene)
    assert line.startswith(
        "21 s: master node-1 (epoch 4, lease 3.0 s), 2 of 3 members answer, 12 invitations for 2 targets"
    )
    assert "pushes accepted 40" in line


def test_the_age_of_the_numbers_is_shown_and_that_nothing_is_pushed_any_more(scene):
    scene.seen.targets["cycle"] = {"age_seconds": 0.4, "silent_since": None, "text": ""}
    assert "0.4 s ago" in picture(scene)
    assert "SILENT" not in picture(scene) + status_line(scene)
    scene.seen.targets["cycle"] = {"age_seconds": 71.0, "silent_since": 5.0, "text": "no master is known"}
    assert "71.0 s ago, SILENT: no master is known" in picture(scene)
    assert "SILENT: no master is known" in status_line(scene)


def test_without_a_terminal_events_are_lines_and_the_status_is_told_now_and_then(scene):
    console = Console(width=200, file=io.StringIO())
    narrator = LineNarrator(console, status_every_seconds=3600.0)
    narrator.say("node-1 is ready [http]")
    narrator.show(scene)
    narrator.show(scene)
    narrator.close()
    lines = console.file.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0].endswith(" s] node-1 is ready [http]")
    assert "master node-1" in lines[1]


def test_on_a_terminal_events_during_the_picture_are_part_of_it(scene):
    console = Console(width=160, height=60, file=io.StringIO(), force_terminal=True, _environ={})
    narrator = LiveNarrator(console)
    narrator.say("before")
    narrator.show(scene)
    narrator.say("meanwhile")
    narrator.show(scene)
    narrator.close()
    narrator.say("after")
    text = console.file.getvalue()
    assert text.index("before") < text.index("Sales - chat") < text.index("meanwhile") < text.rindex("after")
