"""Every command says how it is used: with examples, within 80 columns, and the version of the service is told."""

from __future__ import annotations

import shlex
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from pacing_node.algorithms.model import Reason
from pacing_node.cli.app import build_app
from pacing_node.options.cluster_options import parse_cluster_options
from pacing_node.options.option_edit import with_options

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    return build_app()


def commands(command: object, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    """Every command with what its help ends with."""
    below = getattr(command, "commands", {})
    if not below:
        return {path: getattr(command, "epilog", None) or ""}
    return {name: text for each in below for name, text in commands(below[each], (*path, each)).items()}


def test_the_help_of_every_command_ends_with_examples_of_it(app: typer.Typer) -> None:
    found = commands(typer.main.get_command(app))
    # The help of `node` lists its options behind them, when it is asked for.
    without = [" ".join(path) for path, text in found.items() if f"pacing {' '.join(path)}" not in text]
    assert without == ["node"]
    assert len(found) > 30


def words_of_examples(app: typer.Typer) -> list[list[str]]:
    """The words behind `pacing` of every example, without what a shell does with them."""
    lines = {line for text in commands(typer.main.get_command(app)).values() for line in text.splitlines()}
    words = [shlex.split(line.partition(" | ")[0].partition(" > ")[0]) for line in sorted(lines) if "pacing " in line]
    return [each[each.index("pacing") + 1 :] for each in words if "pacing" in each]


def test_every_example_can_be_said(app: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)
    found = words_of_examples(app)
    for words in found:
        group: Any = typer.main.get_command(app)
        context = group.make_context("pacing", list(words), resilient_parsing=words == ["COMMAND", "--help"])
        while hasattr(group, "commands") and not context.resilient_parsing:
            name, *rest = (*context._protected_args, *context.args)
            group = group.commands[name]
            context = group.make_context(name, rest, parent=context)
    assert len(found) > 50


def test_the_options_and_reasons_of_the_examples_are_there(app: typer.Typer) -> None:
    options = (EXAMPLES / "cluster.yaml").read_text()
    settings = reasons = 0
    for words in words_of_examples(app):
        if words[:2] == ["config", "set"]:
            pairs = dict(word.split("=") for word in words[2 : words.index("--why")])
            parse_cluster_options(with_options(options, pairs), " ".join(words))
            settings += len(pairs)
        if "--reason" in words:
            assert words[words.index("--reason") + 1] in {reason.code for reason in Reason}
            reasons += 1
    assert (settings, reasons) == (3, 1)


@pytest.mark.parametrize("path", [("targets",), ("config", "set"), ("node",)], ids=" ".join)
def test_a_help_fits_80_columns(app: typer.Typer, path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"}).stdout
    assert f"pacing {' '.join(path)}" in shown.partition("Examples:")[2]
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_the_version_is_told(app: typer.Typer) -> None:
    assert CliRunner().invoke(app, ["--version"]).stdout == f"agent-pacing {version('agent-pacing')}\n"
