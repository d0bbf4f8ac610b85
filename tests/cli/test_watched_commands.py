"""What is read from files and ZooKeeper is watched like what a node answers: it is read anew each time."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from pacing_node.cli.app import build_app

OPTIONS = """configServer: {path: objects.yaml}
statServer: {primary: 'stat1:7000'}
"""

Watch = Callable[..., list[dict[str, str]]]


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    return build_app()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the files of a node that stands alone, not running."""
    (tmp_path / "node.yaml").write_text("zookeeper: none\nstate_directory: state\n")
    (tmp_path / "state").mkdir()
    (tmp_path / "cluster.yaml").write_text(OPTIONS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PACING_CONFIG", "node.yaml")
    return tmp_path


@pytest.fixture
def watch(app: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Watch a command in TSV twice, with something done in between; the rows of the second time."""

    def run(*words: str, between: Callable[[], object]) -> list[dict[str, str]]:
        times = iter([between])

        def sleep(_: float) -> None:
            try:
                next(times)()
            except StopIteration:
                raise KeyboardInterrupt from None

        monkeypatch.setattr("terminal.watching.time.sleep", sleep)
        done = CliRunner().invoke(app, [*words, "-o", "tsv", "-w"])
        assert done.exit_code == 0, done.output
        lines = done.stdout.splitlines()
        first = lines[0]
        again = len(lines) - 1 - lines[::-1].index(first)
        assert again, "it was shown twice"
        return list(csv.DictReader(io.StringIO("\n".join(lines[again:])), delimiter="\t", quoting=csv.QUOTE_NONE))

    return run


def test_a_new_token_is_seen(app: typer.Typer, site: Path, watch: Watch) -> None:
    def make() -> None:
        words = ["token", "create", "night desk", "--role", "viewer", "--to", str(site / "token")]
        assert CliRunner().invoke(app, words).exit_code == 0

    assert [row["name"] for row in watch("token", "list", between=make)] == ["night desk"]


def test_new_options_and_their_version_are_seen(app: typer.Typer, site: Path, watch: Watch) -> None:
    def apply() -> None:
        assert CliRunner().invoke(app, ["config", "apply", "cluster.yaml", "--yes"]).exit_code == 0

    def change() -> None:
        (site / "cluster.yaml").write_text(OPTIONS + "pacing: {refreshPeriod: 7}\n")
        apply()

    apply()
    (shown,) = watch("config", "show", between=change)
    assert (shown["version"], "refreshPeriod: 7" in shown["text"]) == ("1", True)
    (site / "cluster.yaml").write_text(OPTIONS)
    assert [row["version"] for row in watch("config", "history", between=apply)] == ["0", "1", "2"]


def test_a_file_that_was_mended_is_well(site: Path, watch: Watch) -> None:
    (site / "cluster.yaml").write_text("statServer: 5\n")
    assert watch("config", "check", "cluster.yaml", between=lambda: None)[0]["severity"] == "refused"
    assert watch("config", "check", "cluster.yaml", between=lambda: (site / "cluster.yaml").write_text(OPTIONS)) == []


def test_the_doctor_looks_again(site: Path, watch: Watch) -> None:
    (site / "node.yaml").write_text("nmae: x\n")
    rows = watch("doctor", between=lambda: (site / "node.yaml").write_text("nmae: x\ncolour: blue\n"))
    assert {row["severity"] for row in rows} == {"error"}
    assert any("colour" in row["found"] for row in rows)


@pytest.mark.parametrize(
    "words", [("doctor", "--patience", "5"), ("config", "history", "--restore", "1")], ids=["doctor", "history"]
)
def test_what_cannot_be_watched_says_so(app: typer.Typer, site: Path, words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*words, "--watch"])
    assert done.exit_code == 2
    assert "give one" in done.stderr
