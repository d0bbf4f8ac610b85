"""Run a benchmark in two checkouts in turn, and print the ratio of every figure with its spread.

The other checkout is a worktree of a commit, beside this one and removed afterwards; both use this one's virtual
environment, so that a difference is the code's. Turns are interleaved: what else the machine does meets both.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).resolve().parent.parent
_COMMAND = "import sys; from pacing_node.cli.main import main; main()"


def main() -> int:
    """Returns the exit status: 1 when a benchmark failed in either checkout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base", help="commit to compare with")
    parser.add_argument("--turns", type=int, default=3, help="how often each checkout runs")
    parser.add_argument("benchmark", help="benchmark; its own options follow")
    options, own = parser.parse_known_args()
    benchmark = [options.benchmark, *own]
    with tempfile.TemporaryDirectory(prefix="pacing-compare-") as directory:
        base = Path(directory) / "base"
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(base), options.base], cwd=HERE, check=True)
        try:
            pairs = [_turn(base, benchmark, number, options.turns) for number in range(1, options.turns + 1)]
        except subprocess.CalledProcessError as error:
            print(f"{error.cmd[-1]}: status {error.returncode}\n{error.stderr}", file=sys.stderr)
            return 1
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(base)], cwd=HERE, check=True)
    _print(pairs)
    return 0


def _turn(base: Path, benchmark: Sequence[str], number: int, of: int) -> tuple[dict[str, float], dict[str, float]]:
    """Figures of the other checkout and of this one. Raises CalledProcessError."""
    print(f"turn {number} of {of}", file=sys.stderr, flush=True)
    return _figures(base, benchmark), _figures(HERE, benchmark)


def _figures(checkout: Path, benchmark: Sequence[str]) -> dict[str, float]:
    """Every number of one run, by its path; medians where there is a spread. Raises CalledProcessError."""
    command = [sys.executable, "-c", _COMMAND, "benchmark", *benchmark, "-o", "json"]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    found = subprocess.run(command, cwd=checkout, env=environment, check=True, capture_output=True, text=True)
    return dict(_numbers("", json.loads(found.stdout)))


def _numbers(path: str, value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict) and "median" in value:
        yield path, float(value["median"])
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _numbers(f"{path}.{key}" if path else key, each)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path, float(value)


def _print(pairs: Sequence[tuple[dict[str, float], dict[str, float]]]) -> None:
    print(f"{'figure':40} {'base':>12} {'here':>12} {'ratio':>8}   spread of {len(pairs)} turns")
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
