"""Command line of the nemesis; ``--history`` judges a file written before instead of running anything."""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
from pathlib import Path

from simulator.demo import zookeeper
from simulator.demo.directory import working_directory
from simulator.demo.options import DemoError
from simulator.demo.pick import only_warnings
from simulator.drill.nemesis.checker import check
from simulator.drill.nemesis.history import History, read_history, write_history
from simulator.drill.nemesis.run import unleash
from simulator.drill.nemesis.timeline import draw

HISTORY, TIMELINE = "history.jsonl", "timeline.html"
_DIRECTORY = Path(".nemesis")


def main(arguments: list[str] | None = None) -> int:
    """Run or judge; the exit status is 0 only when everything held."""
    given = _parser().parse_args(arguments)
    only_warnings()
    try:
        history = read_history(given.history) if given.history else _run(given.directory, given.seconds, given.seed)
    except DemoError as error:
        sys.stderr.write(f"nemesis: {error}\n")
        return 1
    findings = check(history)
    for gap in findings.gaps:
        cause = f"{gap.explanation.kind} {gap.explanation.target}" if gap.explanation else "nothing known"
        _say(f"  {gap.seconds:.1f} s without an accepted push after {gap.node}: {cause}")
    for violation in findings.violations:
        _say(f"  BROKEN: {violation}")
    if not given.history:
        (given.directory / TIMELINE).write_text(draw(history, findings))
        _say(f"history: {given.directory / HISTORY}, timeline: {given.directory / TIMELINE}")
    _say(findings.summary())
    return 1 if findings.violations else 0


def _run(directory: Path, seconds: float, seed: int) -> History:
    for variable in [name for name in os.environ if name.startswith("PACING_") and name != zookeeper.VARIABLE]:
        del os.environ[variable]  # the nodes take what they are told here, and nothing from the caller's settings
    _say(f"nemesis: seed {seed}, {seconds:g} s")
    with working_directory(directory.absolute(), keep=True) as place:
        return asyncio.run(unleash(place, seconds, seed, _say, lambda each: write_history(place / HISTORY, each)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nemesis", description="Random trouble over a whole cluster, and a judgement."
    )
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="how long trouble goes on; the last calm comes after"
    )
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the plan of trouble")
    parser.add_argument("--directory", type=Path, default=_DIRECTORY, help="for logs, history and timeline")
    parser.add_argument("--history", type=Path, help="judge this file, run nothing")
    return parser


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
