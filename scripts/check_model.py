"""Walk through the model of the leadership protocol with SPIN, and compare each verdict with the one expected.

Usage: python scripts/check_model.py [--short] [--only WORD] [--counter-example WORD]

Every configuration of ``docs/protocol/leadership.pml`` is searched whole, once with all mends in place (no error is
expected) and once without each mend (a counter-example is expected). Exit status 0 only when every verdict is the
expected one, the traces of ``tests/leadership/traces`` are what the model makes now, and SPIN and a C compiler are
there. ``--short`` leaves out the long configurations.
"""

from __future__ import annotations

import argparse
import itertools
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "docs" / "protocol" / "leadership.pml"
TRACES = ROOT / "tests" / "leadership" / "traces"
WALKS = {
    "walk": "TERMS=4 FAULTS=5 ORDERS=2",
    "pause": "TERMS=5 FAULTS=4 ORDERS=3 PAUSES",
    "failsafe": "TERMS=5 FAULTS=14 ORDERS=0 FAILSAFE",
}
"""Switches of the random walks that are kept as traces."""
SEEDS = range(1, 13)
"""Seeds of each of them."""
_STEPS = 4000
_SECONDS = 900
"""CPU time of one program: on a machine that is busy with something else a search takes longer, and ends."""
_WALL_SECONDS = 7200.0
_COMPILER = ("gcc", "-DSAFETY", "-DCOLLAPSE", "-DVECTORSZ=2048", "-DMEMLIM=12000", "-o", "pan", "pan.c")
_SEARCH = ("./pan", "-E", "-m500000", "-w24")


@dataclass(frozen=True)
class Configuration:
    """One search through the model."""

    name: str
    switches: str
    """Names of ``-D`` switches, with spaces in between."""
    mends_off: str = ""
    """Switches that take mends out; a counter-example is expected then."""
    long: bool = False
    """Left out of the short form."""

    @property
    def defines(self) -> list[str]:
        """The switches as arguments."""
        return [f"-D{word}" for word in f"{self.switches} {self.mends_off}".split()]


class Result(NamedTuple):
    """What a search has found."""

    found: bool
    """A counter-example."""
    states: int
    depth: int
    seconds: float
    problem: str = ""
    """Why there is no verdict."""


_ELECTION = "ELECTION TERMS=3 FAULTS=1 ORDERS=1"
_FAILSAFE = "ELECTION FAILSAFE TERMS=2 ORDERS=0"
_PUSHES = "ELECTION TERMS=2 FAULTS=1 ORDERS=0"
CONFIGURATIONS = (
    Configuration("election", f"{_ELECTION} STOPS DAMAGE"),
    Configuration("election, two faults", "ELECTION TERMS=3 FAULTS=2 ORDERS=1", long=True),
    Configuration("election", _ELECTION, "NO_LEASE_MARGIN"),
    Configuration("election", _ELECTION, "NO_DRIFT_MARGIN"),
    Configuration("election", _ELECTION, "NO_TOUCHES"),
    Configuration("election", _ELECTION, "NO_GHOST"),
    Configuration("election", f"{_ELECTION} STOPS", "NO_RESIGN_FIRST"),
    Configuration("election", f"{_ELECTION} DAMAGE", "NO_OUTCOME"),
    Configuration("pause", "ELECTION PAUSES TERMS=3 FAULTS=0 ORDERS=2"),
    Configuration("pause", "ELECTION PAUSES TERMS=3 FAULTS=0 ORDERS=2", "NO_PAUSE_IN_RELEASE"),
    Configuration("restore", "ELECTION RESTORE TERMS=2 FAULTS=1 ORDERS=1"),
    Configuration("restore", "ELECTION RESTORE TERMS=2 FAULTS=1 ORDERS=1", "NO_TERM_ID"),
    Configuration("failsafe", f"{_FAILSAFE} FAULTS=1"),
    Configuration("failsafe", f"{_FAILSAFE} FAULTS=1", "NO_UNANIMITY"),
    Configuration("failsafe, misled", f"{_FAILSAFE} FAULTS=1 MISLED=1"),
    Configuration("failsafe, misled", f"{_FAILSAFE} FAULTS=1 MISLED=1", "NO_ADDRESSEE"),
    Configuration("pushes, token", f"{_PUSHES} FENCING=1"),
    Configuration("pushes, token", "ELECTION TERMS=2 FAULTS=2 ORDERS=0 FENCING=1", "NO_DURABLE_MARK"),
    Configuration("pushes, if-match", f"{_PUSHES} FENCING=2"),
    Configuration("pushes, if-match", f"{_PUSHES} FENCING=2", "NO_CONDITION"),
    Configuration("pushes, none", f"{_PUSHES} FENCING=3"),
    Configuration("pushes, none", f"{_PUSHES} FENCING=3", "NO_RESET"),
    Configuration("pushes, none", f"{_PUSHES} FENCING=3", "NO_DEADLINE"),
    Configuration("pushes, none", "ELECTION TERMS=2 FAULTS=1 ORDERS=1 FENCING=3", "NO_HOLD_OFF"),
    Configuration("partial, token", "PARTIAL FENCING=1"),
    Configuration("partial, token", "PARTIAL FENCING=1", "NO_PREV NO_FULL_FIRST"),
    Configuration("partial, none", "PARTIAL FENCING=3"),
    Configuration("partial, none", "PARTIAL FENCING=3", "NO_RESET"),
    Configuration("partial, none", "PARTIAL FENCING=3", "NO_FULL_FIRST"),
    Configuration("identity", "IDENTITY"),
    Configuration("identity", "IDENTITY", "NO_KEPT_ID"),
    Configuration("allotted", "ALLOTTED"),
    Configuration("allotted", "ALLOTTED", "NO_SHARED_FIRST"),
    Configuration("storm", "STORM"),
    Configuration("storm", "STORM", "NO_BACKOFF"),
)


def run(command: list[str], place: Path) -> str:
    """Run a command in ``place``; what it printed, or a line that begins with ``problem:``."""
    limited = ["prlimit", f"--cpu={_SECONDS}", *command]
    try:
        done = subprocess.run(limited, cwd=place, capture_output=True, text=True, timeout=_WALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"problem: {command[0]} did not end within {_WALL_SECONDS:g} s"
    if done.returncode == -signal.SIGXCPU:
        return f"problem: {command[0]} used up {_SECONDS} s of CPU time"
    return done.stdout + done.stderr


def search(configuration: Configuration, place: Path) -> Result:
    """Make the verifier of one configuration in the empty directory ``place`` and let it search everything."""
    started = time.monotonic()
    printed = run(["spin", "-a", *configuration.defines, str(MODEL)], place)
    if not (place / "pan.c").exists():
        return Result(found=False, states=0, depth=0, seconds=0.0, problem=printed.strip()[-300:])
    # Optimised code takes twenty seconds longer to make, and half the time to run.
    printed = run([*_COMPILER, "-O2" if configuration.long else "-O0"], place)
    if not (place / "pan").exists():
        return Result(found=False, states=0, depth=0, seconds=0.0, problem=printed.strip()[-300:])
    printed = run([*_SEARCH], place)
    return read_report(printed, time.monotonic() - started)


def read_report(printed: str, seconds: float) -> Result:
    """What a verifier's report says."""
    states = re.search(r"(\d+) states, stored", printed)
    depth = re.search(r"depth reached (\d+), errors: (\d+)", printed)
    if states is None or depth is None:
        return Result(found=False, states=0, depth=0, seconds=seconds, problem=printed.strip()[-300:])
    found = int(depth[2]) > 0
    whole = found or ("Search not completed" not in printed and "max search depth too small" not in printed)
    problem = "" if whole else "the search did not end"
    return Result(found, int(states[1]), int(depth[1]), seconds, problem)


def verdict(configuration: Configuration, result: Result) -> str:
    """``ok``, or how the result differs from what is expected."""
    if result.problem:
        return f"NO VERDICT: {result.problem}"
    if result.found == bool(configuration.mends_off):
        return "ok"
    return "COUNTER-EXAMPLE" if result.found else "NOT FOUND"


def row(configuration: Configuration, result: Result) -> str:
    """One line of the table."""
    expected = "counter-example" if configuration.mends_off else "no error"
    what = f"{configuration.name:<22} {configuration.mends_off:<22} {expected:<16}"
    return f"{what} {result.states:>10,} {result.depth:>7,} {result.seconds:>6.1f}  {verdict(configuration, result)}"


def check(configurations: list[Configuration]) -> bool:
    """Search through each configuration and print the table; whether all verdicts are the expected ones."""
    print(f"{'configuration':<22} {'mends off':<22} {'expected':<16} {'states':>10} {'depth':>7} {'s':>6}")
    good = True
    for configuration in configurations:
        with tempfile.TemporaryDirectory(prefix="model-") as name:
            result = search(configuration, Path(name))
        print(row(configuration, result), flush=True)
        good = good and verdict(configuration, result) == "ok"
    return good


def trace(switches: str, seed: int) -> str:
    """What the pure machine is replayed with: the events of one random walk through the model, all mends in place."""
    defines = [f"-D{word}" for word in f"ELECTION WALK {switches}".split()]
    printed = run(["spin", "-T", f"-n{seed}", f"-u{_STEPS}", *defines, str(MODEL)], ROOT)
    return "".join(f"{line.strip()}\n" for line in printed.splitlines() if line.strip().startswith("TRACE"))


def check_traces(*, write: bool) -> bool:
    """Whether the kept traces are those of the model as it is; with ``write`` they are made anew."""
    TRACES.mkdir(exist_ok=True)
    good = True
    for (name, switches), seed in itertools.product(WALKS.items(), SEEDS):
        file, made = TRACES / f"{name}-{seed:02}.txt", trace(switches, seed)
        if write:
            file.write_text(made)
        elif not file.exists() or file.read_text() != made:
            print(f"{file.relative_to(ROOT)} is not what the model makes: run scripts/check_model.py --write-traces")
            good = False
    return good


def counter_example(configuration: Configuration) -> str:
    """The events of the first counter-example of a configuration; empty when there is none."""
    with tempfile.TemporaryDirectory(prefix="model-") as name:
        place = Path(name)
        search(configuration, place)
        if not (place / f"{MODEL.name}.trail").exists():
            return ""
        command = ["spin", "-T", "-t", "-k", f"{MODEL.name}.trail", *configuration.defines, str(MODEL)]
        return run(command, place)


def main() -> int:
    """Check the model; the exit status."""
    parser = argparse.ArgumentParser(description="Walk through the model of the leadership protocol with SPIN.")
    parser.add_argument("--short", action="store_true", help="leave out the long configurations")
    parser.add_argument("--only", default="", help="configurations whose name or mends hold this word")
    parser.add_argument("--counter-example", metavar="WORD", help="print the events of the first one without this mend")
    parser.add_argument("--write-traces", action="store_true", help="make the kept traces anew")
    given = parser.parse_args()
    missing = [program for program in ("spin", "gcc", "prlimit") if shutil.which(program) is None]
    if missing:
        print(f"{' and '.join(missing)} not found: Debian has the packages spin, gcc and util-linux")
        return 1
    if given.counter_example:
        chosen = [each for each in CONFIGURATIONS if given.counter_example in each.mends_off.split()]
        print("\n".join(map(counter_example, chosen[:1])) or "no configuration is without this mend")
        return 0 if chosen else 2
    chosen = [each for each in CONFIGURATIONS if given.only in f"{each.name} {each.mends_off}"]
    good = check([each for each in chosen if not (given.short and each.long)])
    good = check_traces(write=given.write_traces) and good
    print("model: every verdict is the expected one" if good else "model: FAILED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
