"""A comparison of two commits, in a repository made for it: its table, and that nothing of it stays behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waiting import until_blocking

SCRIPT = Path(__file__).parents[2] / "scripts" / "benchmark_compare.py"
BENCHMARK = """
import json, os, pathlib, sys, tempfile, time
COST, HANGS_AT = {cost}, {hangs_at}

def main():
    runs = pathlib.Path(os.environ["RUNS"])
    with runs.open("a") as file:
        print(COST, file=file)
    number = runs.read_text().split().count(str(COST))
    tempfile.mkdtemp()
    if number == HANGS_AT:
        (runs.parent / "pid").write_text(str(os.getpid()))
        time.sleep(600)
    figures = {{"cycle_cpu_ms": {{"median": COST * number, "least": 0}}, "path": " ".join(sys.argv[1:]), "none": 0}}
    print(json.dumps(figures))
"""


@pytest.fixture
def repository(tmp_path):
    """A repository whose first commit has a benchmark that costs 10, 20 and so on; what is checked out costs half."""
    root = tmp_path / "repository"
    (root / "scripts").mkdir(parents=True)
    shutil.copy(SCRIPT, root / "scripts")
    benchmark(root, cost=10)
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "-c", "user.name=x", "-c", "user.email=x", "commit", "--quiet", "--message=x")
    benchmark(root, cost=5)
    (tmp_path / "temporary").mkdir()
    return root


def benchmark(root, *, cost, hangs_at=0):
    package = root / "pacing_node" / "cli"
    package.mkdir(parents=True, exist_ok=True)
    for each in (package, package.parent):
        (each / "__init__.py").touch()
    (package / "main.py").write_text(BENCHMARK.format(cost=cost, hangs_at=hangs_at))


def git(root, *arguments):
    done = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout


def start(root, *arguments):
    environment = os.environ | {"TMPDIR": str(root.parent / "temporary"), "RUNS": str(root.parent / "runs")}
    return subprocess.Popen(
        [sys.executable, root / "scripts" / SCRIPT.name, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def assert_nothing_is_left(root):
    assert not list((root.parent / "temporary").iterdir())
    assert len(git(root, "worktree", "list").splitlines()) == 1


def test_the_table_has_medians_and_ratios_of_runs_in_turn(repository):
    with start(repository, "HEAD", "cycle", "--turns", "3", "--targets", "7") as comparison:
        output, errors = comparison.communicate()
    assert comparison.returncode == 0, errors
    heading, figure = output.splitlines()
    assert heading.endswith("spread of 3 of 3 turns")
    assert figure.split() == ["cycle_cpu_ms", "20.00", "10.00", "0.500", "0.500", "to", "0.500"]
    assert (repository.parent / "runs").read_text().split() == ["10", "5"] * 3
    assert_nothing_is_left(repository)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_comparison_that_is_ended_shows_complete_turns_and_leaves_nothing(repository, number):
    benchmark(repository, cost=5, hangs_at=2)
    with start(repository, "HEAD", "cycle") as comparison:
        pid = repository.parent / "pid"
        until_blocking(lambda: pid.exists() and pid.read_text(), "the second turn hangs")
        comparison.send_signal(number)
        output, errors = comparison.communicate()
    assert comparison.returncode == 128 + number
    assert f"ended by {number.name}" in errors
    heading, figure = output.splitlines()
    assert heading.endswith("spread of 1 of 3 turns")
    assert figure.split()[:4] == ["cycle_cpu_ms", "10.00", "5.00", "0.500"]
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert_nothing_is_left(repository)


def test_a_benchmark_that_fails_ends_the_comparison_with_its_words(repository):
    (repository / "pacing_node" / "cli" / "main.py").write_text("def main():\n    raise SystemExit('no push')")
    with start(repository, "HEAD", "cycle") as comparison:
        output, errors = comparison.communicate()
    assert (comparison.returncode, output) == (1, "")
    assert "cycle: status 1\nno push" in errors
    assert "no turn is complete" in errors
    assert_nothing_is_left(repository)


@pytest.mark.parametrize("base", ["", "nothing", "--all"])
def test_what_is_no_commit_is_refused(repository, base):
    with start(repository, "--turns", "1", "--", base, "cycle") as comparison:
        _, errors = comparison.communicate()
    assert comparison.returncode == 2
    assert f"BASE: found {base!r}, allowed is a commit" in errors
    assert_nothing_is_left(repository)
