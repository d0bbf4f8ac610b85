"""The command `pacing attack`."""

from __future__ import annotations

from typer.testing import CliRunner

from pacing_node.cli.app import build_app
from simulator.attack.attacks import ATTACKS, named, sized
from simulator.attack.cli import chosen_attacks


def test_the_attacks_can_be_listed_and_an_unknown_one_is_refused():
    runner = CliRunner()
    listed = runner.invoke(build_app("attack"), ["attack", "--list"])
    assert listed.exit_code == 0
    assert [line.split()[0] for line in listed.output.splitlines()] == [attack.name for attack in ATTACKS]
    refused = runner.invoke(build_app("attack"), ["attack", "nonsense"])
    assert refused.exit_code == 2
    assert "there is no attack nonsense" in refused.output.replace("\n", " ")


def test_the_large_ground_has_as_many_targets_as_asked_for() -> None:
    attacks = sized(named(["metrics-readers", "nothing"]), 10_000)
    assert [attack.ground.name for attack in attacks] == ["large", "plain"]
    assert attacks[0].ground.more == {"simulator_arguments": ("--targets", "10000")}
    assert attacks[1] == named(["nothing"])[0]


def test_the_short_form_leaves_out_nothing_that_was_named() -> None:
    assert [attack.name for attack in chosen_attacks(["metrics-readers"], short=True)] == ["metrics-readers"]
    assert chosen_attacks(None, short=True) == [attack for attack in ATTACKS if attack.short]
    assert chosen_attacks(None, short=False) == list(ATTACKS)
