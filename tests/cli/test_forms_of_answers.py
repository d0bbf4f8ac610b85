"""Every reading command of a real node answers in every form, is watched, and asks before it does harm."""

from __future__ import annotations

import csv
import json
import os
import signal

import pytest
import yaml

from simulator.harness.processes import pacing_command
from tests.support.cluster_site import Site, wait_until
from tests.support.commands import Done, pacing
from tests.support.running import END_SECONDS, running
from tests.support.terminals import terminal

READING = {
    "list": ("list",),
    "history": ("history", "--limit", "3"),
    "targets": ("targets", "--sort", "invitations", "--limit", "4"),
    "explain": ("explain", "Sales Chat - chat"),
    "events": ("events", "--kind", "leadership", "--kind", "configuration"),
}


async def run(node: Site, *words: str) -> Done:
    return await pacing(*words, "--url", node.plans["node-1"].http)


@pytest.mark.parametrize("command", READING)
async def test_programs_read_the_same_answer_in_json_and_yaml_and_a_row_each_in_tsv(node: Site, command: str) -> None:
    words = READING[command]
    json_answer, yaml_answer, rows = [await run(node, *words, "-o", form) for form in ("json", "yaml", "tsv")]
    assert [each.status for each in (json_answer, yaml_answer, rows)] == [0, 0, 0], rows.err
    found, same = json.loads(json_answer.out), yaml.safe_load(yaml_answer.out)
    assert type(found) is type(same)
    assert keys(found) == keys(same)
    table = list(csv.DictReader(rows.out.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert table
    assert all(None not in row and None not in row.values() for row in table), "every row has every field"


def keys(value: object) -> object:
    """The shape of an answer: numbers change from one to the next."""
    first = value[0] if isinstance(value, list) and value else value
    return sorted(first) if isinstance(first, dict) else type(first)


@pytest.mark.parametrize("command", ["list", "targets"])
async def test_people_read_lines_of_80_columns_and_wide_has_all_columns(node: Site, command: str) -> None:
    with terminal([*pacing_command(*READING[command]), "--url", node.plans["node-1"].http]) as (_, process, screen):
        shown = screen.read()
        assert process.wait() == 0
    tables = [line for line in shown.splitlines() if "  " in line.strip()]
    assert all(len(line) <= 80 for line in tables), shown
    wide = await run(node, *READING[command], "-o", "wide")
    assert "not shown on" not in wide.out


async def test_targets_are_filtered_by_name_medium_and_reason(node: Site) -> None:
    everything = json.loads((await run(node, "targets", "-o", "json")).out)["targets"]
    chat = json.loads((await run(node, "targets", "--media", "chat", "-o", "json")).out)["targets"]
    names = [target["name"] for target in everything]
    assert [target["name"] for target in chat] == [name for name in names if name.endswith(" - chat")]
    assert 0 < len(chat) < len(names)
    assert "0 of" in (await run(node, "targets", "--media", "chat", "--reason", "stopped")).out


async def test_a_watch_goes_on_until_ctrl_c_and_shows_what_is_new(node: Site) -> None:
    command = [*pacing_command("targets", "--watch", "0.2", "-o", "tsv", "--limit", "1")]
    with running([*command, "--url", node.plans["node-1"].http]) as watching:
        heads = [next(line for line in watching.out if line.startswith("target\t")) for _ in range(3)]
        assert watching.end(signal.SIGINT) == 0
    assert len(set(heads)) == 1


async def test_a_watch_on_a_terminal_draws_in_place_and_gives_the_screen_back(node: Site) -> None:
    # Without a number, as people type it.
    command = [*pacing_command("list", "--watch"), "--url", node.plans["node-1"].http]
    with terminal(command) as (_, process, screen):
        shown = screen.until("answered by node-1")
        assert "\x1b[?1049h" in shown, "a screen of its own"
        process.send_signal(signal.SIGINT)
        assert "\x1b[?1049l" in screen.read(), "and the previous one again"
        assert process.wait(END_SECONDS) == 0


async def test_a_watch_of_a_node_that_does_not_answer_says_so_and_goes_on() -> None:
    command = pacing_command("list", "--watch", "0.2", "--url", "http://127.0.0.1:1")
    with running(command) as watching:
        lines = [watching.out.readline() for _ in range(2)]
        assert watching.end(signal.SIGINT) == 0
    assert all("no answer from http://127.0.0.1:1/cluster" in line for line in lines)


async def test_top_says_whether_it_is_pacing_and_shows_members_and_targets(node: Site) -> None:
    done = await run(node, "top", "--once")
    assert done.status == 0, done.err
    assert done.out.startswith("PACING · accepted by the platform")
    assert " · answered by node-1" in done.out
    assert "targets by invitations" in done.out


async def test_events_are_followed_as_they_happen(node: Site) -> None:
    command = pacing_command("events", "--follow", "--kind", "hold", "-o", "json", "--url", node.plans["node-1"].http)
    with running(command) as following:
        held = await run(node, "hold", "Sales Chat - chat", "--why", "a test")
        event = json.loads(following.out.readline())
        assert following.end(signal.SIGINT) == 0
    await run(node, "release", "Sales Chat - chat", "--why", "a test")
    assert held.status == 0, held.err
    assert (event["event"], event["data"]["held"]) == ("hold", 1)


async def test_an_unknown_kind_of_event_is_wrong_usage(node: Site) -> None:
    done = await run(node, "events", "--kind", "party")
    assert done.status == 2
    assert "leadership" in done.err


async def test_an_option_is_set_and_a_bad_one_changes_nothing(node: Site) -> None:
    before = node.get("node-1", "/api/v1/config")["version"]
    done = await run(node, "config", "set", "log.verbose=debug", "--why", "a test")
    assert done.status == 0, done.err
    assert "+log:" in done.err or "verbose: debug" in done.err
    assert f"before: version {before}\nafter:  version {before + 1}, by " in done.out
    wait_until(
        "the options are in force", lambda: node.get("node-1", "/api/v1/config")["version_in_force"] == before + 1
    )
    for setting in ("log.verbose=loud", "lgo.verbose=all", "log.verbose", "=x", "log.verbose={"):
        refused = await run(node, "config", "set", setting, "--why", "a test")
        assert refused.status in {1, 2}, setting
    assert node.get("node-1", "/api/v1/config")["version"] == before + 1


@pytest.mark.parametrize(("answer", "stopped"), [("n", False), ("y", True)])
async def test_an_emergency_stop_is_asked_for_on_a_terminal(node: Site, answer: str, stopped: bool) -> None:
    command = [*pacing_command("stop", "--why", "a test"), "--url", node.plans["node-1"].http]
    with terminal(command) as (write, process, screen):
        assert "stops all invitations" in screen.until("[y/N] ")
        os.write(write, f"{answer}\n".encode())
        screen.read()
        assert process.wait() == (0 if stopped else 1)
    assert bool(node.get("node-1", "/cluster")["stopped"]) is stopped
    if stopped:
        assert (await run(node, "release", "--all", "--why", "a test")).status == 0


async def test_programs_are_not_asked(node: Site) -> None:
    assert (await run(node, "stop", "--why", "a test")).status == 0
    assert (await run(node, "top", "--once")).out.startswith("STOPPED by ")
    assert (await run(node, "release", "--all", "--why", "a test")).status == 0
