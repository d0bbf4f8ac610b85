"""Run a benchmark at another commit and here in turn, and print the ratio of every figure with its spread.

Turns are interleaved: what else the machine does meets both. The other commit is unpacked into a directory for
temporary files, which goes however this ends; the repository is only read. Both use this checkout's virtual
environment, so that a difference is the code's. A comparison that fails or is ended (SIGTERM, SIGINT, SIGHUP) prints
the turns that are complete.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tarfile
import tempfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Figures: TypeAlias = "dict[str, float]"
Pair: TypeAlias = "tuple[Figures, Figures]"
"""Figures of the base and of this checkout, from one turn."""

HERE = Path(__file__).resolve().parent.parent
_COMMAND = "import sys; from pacing_node.cli.main import main; main()"
_END_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_GRACE_SECONDS = 30.0
"""In which a benchmark that is ended ends its own processes."""


class BenchmarkFailedError(Exception):
    """A benchmark ended with another status than 0, or printed no figures."""


def main() -> int:
    """Returns the exit status: 1 when a benchmark failed in either checkout, 2 when there is no such commit."""
    options, benchmark = _options()
    for number in _END_SIGNALS:
        signal.signal(number, _end)
    commit = subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{options.base}^{{commit}}"],
        cwd=HERE,
        check=False,
        capture_output=True,
        text=True,
    )
    if commit.returncode != 0:
        print(f"BASE: found {options.base!r}, allowed is a commit of this repository", file=sys.stderr)
        return 2
    pairs: list[Pair] = []
    try:
        with tempfile.TemporaryDirectory(prefix="pacing-compare-") as directory:
            base = _unpacked(commit.stdout.strip(), Path(directory))
            for number in range(1, options.turns + 1):
                print(f"turn {number} of {options.turns}", file=sys.stderr, flush=True)
                pairs.append((_figures(base, benchmark, base.parent), _figures(HERE, benchmark, base.parent)))
    except BenchmarkFailedError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        _print(pairs, options.turns)
    return 0


def _options() -> tuple[argparse.Namespace, list[str]]:
    """Own options, and the command of the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("base", help="commit to compare with")
    parser.add_argument("--turns", type=int, default=3, choices=range(1, 1000), metavar="N", help="runs of each side")
    parser.add_argument("benchmark", help="benchmark; its own options follow")
    options, own = parser.parse_known_args()
    return options, [options.benchmark, *own]


def _end(number: int, _frame: object) -> NoReturn:
    """End in order; a further signal does not stop the cleaning up."""
    for each in _END_SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    print(f"ended by {signal.Signals(number).name}", file=sys.stderr, flush=True)
    raise SystemExit(128 + number)


def _unpacked(commit: str, directory: Path) -> Path:
    """The files of a commit, without anything that the repository would know of."""
    base = directory / "base"
    archive = subprocess.run(
        ["git", "archive", "--format=tar", commit], cwd=HERE, check=True, stdout=subprocess.PIPE, start_new_session=True
    )
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
        files.extractall(base, filter="data")
    return base


def _figures(checkout: Path, benchmark: Sequence[str], directory: Path) -> Figures:
    """Every number of one run, by its path; medians where there is a spread. Raises BenchmarkFailedError."""
    # What a benchmark leaves that was killed lies in the directory, and goes with it.
    environment = {**os.environ, "PYTHONPATH": str(checkout), "TMPDIR": str(directory)}
    with subprocess.Popen(
        [sys.executable, "-c", _COMMAND, "benchmark", *benchmark, "-o", "json"],
        cwd=checkout,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for this process alone, which ends that one in order
    ) as running:
        try:
            output, errors = running.communicate()
        finally:
            _end_session(running)
    try:
        if running.returncode != 0:
            raise BenchmarkFailedError(f"{' '.join(benchmark)}: status {running.returncode}\n{errors}")
        return dict(_numbers("", json.loads(output)))
    except json.JSONDecodeError as error:
        raise BenchmarkFailedError(f"{' '.join(benchmark)}: no figures, {error}\n{output[-500:]}") from None


def _end_session(running: subprocess.Popen[str]) -> None:
    """Ask a benchmark to end, give it time, and kill what is left of its session."""
    if running.poll() is None:
        running.terminate()
        with suppress(subprocess.TimeoutExpired):
            running.wait(_GRACE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    running.wait()


def _numbers(path: str, value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict) and "median" in value:
        yield path, float(value["median"])
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _numbers(f"{path}.{key}" if path else key, each)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path, float(value)


def _print(pairs: Sequence[Pair], turns: int) -> None:
    """The table of the turns that are complete; of none, that there is no table."""
    if not pairs:
        print("no turn is complete", file=sys.stderr)
        return
    print(f"{'figure':40} {'base':>12} {'here':>12} {'ratio':>8}   spread of {len(pairs)} of {turns} turns")
    for name in pairs[0][0]:
        both = [(before[name], now[name]) for before, now in pairs if before.get(name) and name in now]
        if not both:
            continue
        ratios = sorted(now / before for before, now in both)
        base, here = (statistics.median(column) for column in zip(*both, strict=True))
        middle = statistics.median(ratios)
        print(f"{name:40} {base:12.2f} {here:12.2f} {middle:8.3f}   {ratios[0]:.3f} to {ratios[-1]:.3f}")


if __name__ == "__main__":
    sys.exit(main())
