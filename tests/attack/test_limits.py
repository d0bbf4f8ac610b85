"""Verdicts of attacks: within every limit is a pass, beyond any of them a failure that says which."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from simulator.attack.attack_run import Attack, Extent, line, run_attacks
from simulator.attack.attacks import ATTACKS, named
from simulator.attack.ground import Ground
from simulator.attack.limits import AttackResult, Cost, Limits
from simulator.attack.on_processes import nothing

if TYPE_CHECKING:
    from pathlib import Path

CALM = Cost(
    seconds=30.0,
    missed_periods=0,
    epoch_changes=0,
    out_of_order=0,
    memory_mib=50.0,
    log_mib=1.0,
    answer_seconds=3.0,
)
"""As much as every attack may cost."""


def test_an_attack_that_keeps_every_limit_has_held():
    result = AttackResult.judge("junk", "plain", Limits(), CALM, {"sent": 5})
    assert result.passed
    assert result.as_dict() == {
        "attack": "junk",
        "ground": "plain",
        "verdict": "pass",
        "shortcomings": [],
        "seconds": 30.0,
        "missed_periods": 0,
        "silence_seconds": 0.0,
        "epoch_changes": 0,
        "accepted_out_of_order": 0,
        "memory_mib": 50.0,
        "log_mib_per_minute": 1.0,
        "answer_seconds": 3.0,
        "exceptions": [],
        "server_errors": [],
        "deaths": [],
        "figures": {"sent": 5},
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"missed_periods": 1}, "1 refresh periods were missed, allowed are 0"),
        ({"epoch_changes": 1}, "the epoch changed 1 times, allowed are 0"),
        ({"out_of_order": 1}, "1 pushes were accepted out of order"),
        ({"memory_mib": 51.0}, "memory grew by 51 MiB, allowed are 50"),
        ({"log_mib": 1.1}, "a log grew by 1.10 MiB a minute, allowed are 1"),
        ({"answer_seconds": 3.1}, "a bystander waited 3.1 s, allowed are 3"),
        ({"deaths": ("node-2",)}, "processes ended: node-2, allowed are 0"),
        ({"exceptions": ("node-1: Traceback",)}, "1 unhandled exceptions, the first: node-1: Traceback"),
        ({"server_errors": ("500 /cluster",)}, "1 answers of a broken server, the first: 500 /cluster"),
        ({"complaints": ("a stranger's order was obeyed",)}, "a stranger's order was obeyed"),
    ],
)
def test_each_limit_can_be_missed_and_is_named(change: dict[str, object], said: str):
    result = AttackResult.judge("junk", "plain", Limits(), replace(CALM, **change))
    assert not result.passed
    assert result.shortcomings == (said,)
    assert result.as_dict()["verdict"] == "fail"


def test_what_lasts_less_than_a_minute_may_write_as_much_as_in_one_and_longer_ones_in_proportion():
    assert replace(CALM, seconds=5.0, log_mib=0.9).log_mib_per_minute == 0.9
    assert replace(CALM, seconds=120.0, log_mib=2.0).log_mib_per_minute == 1.0
    assert not AttackResult.judge("x", "y", Limits(), replace(CALM, seconds=5.0, log_mib=1.01)).passed


def test_a_limit_that_an_attack_takes_away_itself_is_not_judged_and_all_others_are():
    lenient = Limits(missed_periods=None, answer_seconds=None)
    harmed = replace(CALM, missed_periods=9, answer_seconds=30.0)
    assert AttackResult.judge("x", "y", lenient, harmed).passed
    assert not AttackResult.judge("x", "y", lenient, replace(harmed, epoch_changes=1)).passed


def test_a_push_late_by_less_than_a_period_and_nothing_else_may_be_the_machine():
    late = replace(CALM, missed_periods=1, silence_seconds=0.4)
    assert AttackResult.judge("x", "y", Limits(), late).may_be_the_machine
    assert not AttackResult.judge("x", "y", Limits(), CALM).may_be_the_machine
    assert not AttackResult.judge("x", "y", Limits(), replace(late, silence_seconds=1.1)).may_be_the_machine
    assert not AttackResult.judge("x", "y", Limits(), replace(late, epoch_changes=1)).may_be_the_machine


def test_an_attack_that_could_not_be_measured_has_failed():
    result = AttackResult.unfinished("x", "y", Limits(), "the cluster is not steady\n  its log")
    assert result.shortcomings == ("the cluster is not steady",)


async def test_attacks_on_a_ground_that_cannot_be_had_are_results_with_the_reason(tmp_path: Path):
    nowhere = Ground("nowhere", why_impossible=lambda: "needs root")
    attacks = [Attack(name, nowhere, nothing) for name in ("first", "second")]
    results: list[AttackResult] = []
    await run_attacks(attacks, Extent(), tmp_path, lambda _: None, results)
    assert [result.as_dict() for result in results] == [
        {"attack": name, "ground": "nowhere", "verdict": "left out", "reason": "needs root"}
        for name in ("first", "second")
    ]
    assert not any(result.passed or result.failed for result in results)
    assert line(results[0]).endswith("left out: needs root")


def test_no_attack_lifts_a_limit_of_order_exceptions_or_log():
    assert all(attack.limits.log_mib_per_minute <= 1.0 for attack in ATTACKS)
    assert not [attack.name for attack in ATTACKS if attack.limits.epoch_changes > 1]


def test_attacks_have_one_name_each_say_what_they_do_and_are_found_by_it():
    names = [attack.name for attack in ATTACKS]
    assert len(set(names)) == len(names)
    assert all((attack.strike.__doc__ or "").strip() for attack in ATTACKS)
    assert [attack.name for attack in named(["junk-bytes"])] == ["junk-bytes"]
    with pytest.raises(ValueError, match="there is no attack nonsense; there are "):
        named(["nonsense"])
