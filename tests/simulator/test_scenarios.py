"""Scenarios: what ships is valid and lively, and mistakes are told with their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulator.model import ContactCentre, one_per_ready_slot, run_paced
from simulator.scenarios import (
    DATA_VARIABLE,
    NAMES,
    Credentials,
    ScenarioError,
    ScenarioOptions,
    configuration_objects,
    load_scenario,
)

if TYPE_CHECKING:
    from pathlib import Path

DAY_FILE = """date,offered,offer_s,outcome,svc_s,type
1999-10-25,1,36010,AGENT,200,PS
1999-10-25,1,36005,AGENT,100,PS
1999-10-25,1,36020,HANG,0,PS
1999-10-25,1,36030,AGENT,4,NE
1999-10-25,1,36040,AGENT,300,NE
1999-10-25,0,36050,HANG,0,PS
"""


@pytest.mark.parametrize("name", [name for name in NAMES if name != "bank-day"])
def test_what_ships_can_be_loaded_and_run(name: str) -> None:
    scenario = load_scenario(name, ScenarioOptions(targets=20, agents_per_target=2))
    centre = ContactCentre(scenario.centre)
    run_paced(centre, one_per_ready_slot, until=300.0)
    assert centre.measures().busy_ratio > 0.3
    assert scenario.description


def test_the_demo_has_something_of_everything_within_seconds() -> None:
    centre = ContactCentre(load_scenario("demo").centre)
    run_paced(centre, one_per_ready_slot, until=20.0, refresh_seconds=2.0)
    rows = {row.name: row for row in centre.measures().targets}
    assert rows["Night Chat - chat"].logged_in == 0
    branch = rows["Branch Chat - chat"]
    assert branch.logged_in == 4
    assert branch.ready + branch.busy == 0, "no capacity for the medium"
    lively = [row for row in rows.values() if row.served > 0]
    assert len(lively) >= 8
    shared = [agent for agent in centre.agents if len(agent.targets) > 1]
    assert {len(agent.targets) for agent in shared} == {2}
    assert {target.media for agent in shared for target in agent.targets} == {"chat", "voice"}


def test_the_bank_abandons_about_as_much_as_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = []
    for seed in range(3):
        centre = ContactCentre(load_scenario("bank").centre, seed)
        centre.run_until(8 * 3600.0)
        regular = centre.targets[0].reactive
        rates.append(regular.abandoned / regular.entered)
    assert 0.0 < sum(rates) / 3 < 0.43, "the data's working days had 3.2 to 42.6 percent"


def test_the_size_of_large_is_as_asked() -> None:
    centre = load_scenario("large", ScenarioOptions(targets=50, agents_per_target=4)).centre
    assert len(centre.queues) == 50
    assert sum(staff.count for staff in centre.staff) == 200


def test_a_recorded_day_is_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "day_1999-10-25.csv").write_text(DAY_FILE)
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    queues = {queue.number: queue for queue in load_scenario("bank-day").centre.queues}
    regular = queues["VQ_Regular_Voice"]
    assert [(call.at, call.service) for call in regular.reactive.calls] == [(36005, 100), (36010, 200), (36020, None)]
    assert regular.handle.seconds == (100, 200)
    assert queues["VQ_Stock_Voice"].handle.seconds == (300,), "slips of the finger are no service"
    centre = ContactCentre(load_scenario("bank-day").centre)
    centre.run_until(60.0)
    assert [target.reactive.entered for target in centre.targets[:2]] == [3, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "PACING_DATA"),
        ("a,b\n1,2\n", "columns missing: offer_s, offered, outcome, svc_s, type"),
        ("", "columns missing"),
        (DAY_FILE.replace("36005", "noon"), "not a number"),
        (DAY_FILE.splitlines()[0] + "\n", "columns missing"),
        (DAY_FILE.replace(",1,", ",0,"), "no call"),
    ],
)
def test_a_missing_or_wrong_day_is_told_clearly(tmp_path: Path, text: str | None, message: str) -> None:
    file = tmp_path / "day.csv"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ScenarioError, match=message):
        load_scenario("bank-day", ScenarioOptions(data=file))


GOOD = """
name: tiny
description: one queue
centre:
  switches: [{name: s}]
  staff: [{prefix: a, count: 2}]
  groups: [{name: G, staff: [a], queues: [q]}]
  queues: [{name: Q, number: q, switch: s, media: voice}]
"""


def test_a_scenario_of_ones_own_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "tiny.yaml"
    file.write_text(GOOD)
    assert load_scenario(str(file)).centre.queues[0].target == "Q - voice"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("count: 2", "count: 0", r"centre\.staff\.0\.count"),
        ("count: 2", "count: two", r"centre\.staff\.0\.count"),
        ("media: voice", "media: voice, colour: red", r"centre\.queues\.0\.colour"),
        ("staff: [a], queues", "staff: [b], queues", "unknown staff 'b'; known: a"),
        ("queues: [q]", "queues: [x]", "unknown queue 'x'"),
        ("switch: s", "switch: t", "unknown switch 't'"),
        ("{prefix: a, count: 2}", "{prefix: a, count: 2}, {prefix: a, count: 1}", "'a' is defined more than once"),
        ("staff: [a], queues", "queues", "either staff .* or virtual"),
        ("description", "descriptio", "descriptio"),
        ("name: tiny", "name: [", "not YAML"),
    ],
)
def test_a_mistake_in_a_scenario_is_told_with_file_and_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(ScenarioError, match=message) as refused:
        load_scenario(str(file))
    assert str(file) in str(refused.value)


@pytest.mark.parametrize("name", ["nonsense", "missing.yaml", ""])
def test_an_unknown_scenario_is_told(name: str) -> None:
    with pytest.raises(ScenarioError):
        load_scenario(name)


def test_credentials_do_not_show_their_password() -> None:
    credentials = Credentials("http://a", "http://b", "me", "hush")
    assert "hush" not in repr(credentials)
    objects = configuration_objects(load_scenario("demo").centre, credentials)
    assert len({agent["employee_id"] for agent in objects["agents"]}) == len(objects["agents"]) == 67
