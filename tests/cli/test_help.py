"""Every command says how it is used: with examples, within 80 columns, and the version of the service is told."""

from __future__ import annotations

from importlib.metadata import version

import pytest
import typer.main
from typer.testing import CliRunner

from pacing_node.cli.app import build_app


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


@pytest.mark.parametrize("path", [("targets",), ("config", "set"), ("node",)], ids=" ".join)
def test_a_help_fits_80_columns(app: typer.Typer, path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"}).stdout
    assert f"pacing {' '.join(path)}" in shown.partition("Examples:")[2]
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_the_version_is_told(app: typer.Typer) -> None:
    assert CliRunner().invoke(app, ["--version"]).stdout == f"agent-pacing {version('agent-pacing')}\n"
