"""Goals after the first minute: counted from two looks at the contact centre, and kept where a scenario says so."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from pacing_node.algorithms import Algorithm
from simulator.benchmark.live import LivePacer
from simulator.demo.goal_keeping import FIRST_SECONDS, GoalKeeping, goals_of
from simulator.model import ContactCentre, run_paced
from simulator.scenarios import load_scenario


def status(time_seconds, **targets):
    """An answer of the contact centre: answered and abandoned so far, by target."""
    rows = [{"name": name, "served": served, "abandoned": left} for name, (served, left) in targets.items()]
    return {"time_seconds": time_seconds, "targets": rows}


def test_only_what_left_the_queue_after_the_first_look_counts():
    keeping = GoalKeeping.between(status(60.0, A=(100, 50)), status(180.0, A=(197, 53)), {"A": 3.0})
    assert keeping.as_dict() == {
        "seconds": 120.0,
        "targets": [
            {
                "target": "A",
                "goal_percent": 3.0,
                "answered": 97,
                "abandoned": 3,
                "abandonment_percent": 3.0,
                "goal_kept": True,
            }
        ],
    }


def test_a_target_over_its_goal_is_named_first():
    before, after = status(60.0, A=(0, 0), B=(0, 0), C=(0, 0)), status(90.0, A=(99, 1), B=(90, 10), C=(80, 20))
    keeping = GoalKeeping.between(before, after, {"A": 3.0, "B": 5.0, "C": 30.0})
    assert [(share.target, share.kept) for share in keeping.judged] == [("B", False), ("A", True), ("C", True)]
    assert "2 of 3 targets keep their goal of abandonment; B 10.0 % of 100 (goal 5 %); A " in str(keeping)


@pytest.mark.parametrize(
    ("after", "goals"),
    [(status(90.0, A=(0, 0)), {"A": 3.0}), (status(90.0, A=(9, 1)), {}), (status(90.0, B=(9, 1)), {"B": 3.0})],
    ids=["nobody left the queue", "no node has said the goal", "the target is new"],
)
def test_nothing_is_said_of_a_target_of_which_nothing_is_known(after, goals):
    keeping = GoalKeeping.between(status(60.0, A=(0, 0)), after, goals)
    assert [share for share in keeping.shares if share.kept is not None] == []
    assert "no invited visitor has left a queue" in str(keeping) or "B" not in str(keeping)


def test_goals_are_those_the_nodes_say():
    assert goals_of({"targets": [{"name": "A", "goal_percent": 3.0}, {"name": "B"}]}) == {"A": 3.0}
    assert goals_of({}) == {}


def paced(name, until):
    """A scenario under its own law in virtual time: what was counted after a minute and at the end, and the pacer."""
    scenario = load_scenario(name)
    assert scenario.pacing is not None
    centre = ContactCentre(scenario.centre, seed=1)
    ratio = (scenario.pacing.proactive_percent or 100.0) / 100.0
    pacer = LivePacer(centre, Algorithm(scenario.pacing.algorithm), refresh_seconds=1.0, proactive_ratio=ratio)
    run_paced(centre, pacer, until=FIRST_SECONDS, refresh_seconds=1.0)
    before = asdict(centre.measures())
    run_paced(centre, pacer, until=until, refresh_seconds=1.0)
    goals = {target.spec.target: target.spec.goal for target in centre.targets}
    return GoalKeeping.between(before, asdict(centre.measures()), goals), pacer


def test_the_scenario_goal_keeps_every_goal_after_its_first_minute():
    keeping, _ = paced("goal", until=180.0)
    print(keeping)
    assert [share.target for share in keeping.shares if not share.kept] == []
    assert min(share.answered for share in keeping.shares) >= 100, "so many that a share means something"


def test_the_scenario_inbound_lets_a_part_of_the_inbound_traffic_in():
    _, pacer = paced("inbound", until=210.0)
    [portion] = pacer.result.inbound_portion
    print(f"portion {portion:.2f}")
    assert 0.1 < portion < 0.9
