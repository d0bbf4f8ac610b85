"""Command line of the nemesis; ``--history`` judges a file written before instead of running anything."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from pathlib import Path

from simulator.drill.nemesis.checker import check
from simulator.drill.nemesis.nemesis_history import History, read_history, write_history
from simulator.drill.nemesis.nemesis_run import unleash
from simulator.drill.nemesis.plan import Kind
from simulator.drill.nemesis.receiver import Pushing, Receiver
from simulator.drill.nemesis.timeline_page import draw
from simulator.harness.callers_settings import forget_settings
from simulator.harness.directory import working_directory
from simulator.harness.harness_error import HarnessError
from simulator.harness.pick import only_warnings
from terminal.printing import complain, say
from terminal.standard_streams import answered, prepare

HISTORY, TIMELINE = "history.jsonl", "timeline.html"
_DIRECTORY = Path(".nemesis")


def main(arguments: list[str] | None = None) -> int:
    """Run or judge; the exit status is 0 only when everything held."""
    given = _parser().parse_args(arguments)
    only_warnings()
    try:
        history = read_history(given.history) if given.history else _run(given)
    except HarnessError as error:
        complain(f"nemesis: {error}")
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


def _run(given: argparse.Namespace) -> History:
    forget_settings()
    kinds = tuple(given.kinds or Kind)
    alone = f", only {', '.join(kind.value for kind in kinds)}" if given.kinds else ""
    pushing = Pushing(Receiver(given.receiver), given.partials)
    failsafe = ", failsafe" if given.failsafe else ""
    _say(f"nemesis: seed {given.seed}, {given.seconds:g} s{failsafe}{pushing}{alone}")
    with working_directory(given.directory.absolute(), keep=True) as place:

        def keep(history: History) -> None:
            write_history(place / HISTORY, history)

        run = unleash(
            place, given.seconds, given.seed, _say, keep, failsafe=given.failsafe, kinds=kinds, pushing=pushing
        )
        return asyncio.run(run)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nemesis", description="Random trouble over a whole cluster, and a judgement."
    )
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="how long trouble goes on; the last calm comes after"
    )
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the plan of trouble")
    parser.add_argument("--failsafe", action="store_true", help="the nodes bridge outages of ZooKeeper by promises")
    parser.add_argument(
        "--partials", action="store_true", help="partial pushes go between the full ones, of which there are fewer"
    )
    parser.add_argument(
        "--receiver", choices=[each.value for each in Receiver], default="bulk", help="what takes the pushes"
    )
    parser.add_argument(
        "--only",
        dest="kinds",
        action="append",
        type=_kind,
        metavar="KIND",
        help="this kind of trouble; can be repeated",
    )
    parser.add_argument("--directory", type=Path, default=_DIRECTORY, help="for logs, history and timeline")
    parser.add_argument("--history", type=Path, help="judge this file, run nothing")
    return parser


def _kind(name: str) -> Kind:
    """The kind of this name. Raises ArgumentTypeError."""
    try:
        return Kind(name)
    except ValueError:
        allowed = ", ".join(kind.value for kind in Kind)
        raise argparse.ArgumentTypeError(f"found {name!r}, allowed: {allowed}") from None


def _say(text: str) -> None:
    say(text)
    sys.stdout.flush()


if __name__ == "__main__":
    prepare()
    with answered("nemesis"):
        sys.exit(main())
