"""Take each safeguard of the leadership out of a copy of the sources, one at a time; a named test must notice.

Usage: python scripts/mutation_check.py [--only NAME] [--list] [--places]

Exit status 0 only when the named tests pass on the sources as they are and every mutant is killed. A safeguard whose
place in the sources has changed is an error: correct the entry in `mutants/` with the change.
"""

from __future__ import annotations

import argparse
import compileall
import os
import py_compile
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mutants import MUTANTS

if TYPE_CHECKING:
    from mutants.mutant import Mutant

ROOT = Path(__file__).resolve().parent.parent
_TESTS_FAILED = 1  # pytest's exit status; anything else means that the tests did not run
_SECONDS = 180.0


def copy_sources(place: Path) -> None:
    """Copy what version control knows, with local changes, and what it would take in."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, place / name)


def compile_sources(place: Path) -> None:
    """Compile the copy once, checked by what the sources say: hundreds of processes load them, one file has changed."""
    compileall.compile_dir(place, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)


def run_tests(place: Path, *tests: str, seconds: float = _SECONDS) -> tuple[int, str]:
    """Run tests on a copy; pytest's exit status and its output. Raises TimeoutError when they do not end in time."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=place, env=environment, timeout=seconds, capture_output=True, text=True, check=False
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"{tests[0]} did not end within {seconds:g} s") from None
    return done.returncode, done.stdout + done.stderr


def apply(place: Path, mutant: Mutant) -> str:
    """Take the safeguard out of a copy; the text before. Raises LookupError when it is not where it was."""
    file = place / mutant.file
    original = text = file.read_text()
    for before, after in mutant.edits:
        if text.count(before) != 1:
            raise LookupError(f"{mutant.file} holds {before!r} {text.count(before)} times instead of once")
        text = text.replace(before, after)
    file.write_text(text)
    return original


def try_mutant(place: Path, mutant: Mutant) -> str:
    """``killed``, or what happened instead."""
    try:
        original = apply(place, mutant)
    except LookupError as failure:
        return f"cannot be made: {failure}"
    try:
        status, output = run_tests(place, mutant.test)
    except TimeoutError as late:
        (place / mutant.file).write_text(original)
        return judge_late(place, mutant, late)
    finally:
        (place / mutant.file).write_text(original)
    # A test that could not begin, for want of its fixtures, has noticed nothing.
    if status == _TESTS_FAILED and f"FAILED {mutant.test}" in output:
        return "killed"
    return "SURVIVED" if status == 0 else f"the tests did not run, status {status}:\n{output[-1500:]}"


def judge_late(place: Path, mutant: Mutant, late: TimeoutError) -> str:
    """A test that does not end has noticed the mutant only if it ends, in the same time, on the sources as they are."""
    try:
        status, _ = run_tests(place, mutant.test)
    except TimeoutError:
        return f"not judged: {late}, nor did it on the sources as they are"
    return "killed" if status == 0 else f"not judged: {late}, and it fails on the sources as they are"


def misplaced() -> list[str]:
    """Mutants that do not fit: text that is not there exactly once, a test that does not exist or walks at random."""
    faults = []
    for mutant in MUTANTS:
        text = (ROOT / mutant.file).read_text()
        for before, _ in mutant.edits:
            if text.count(before) != 1:
                faults.append(f"{mutant.name}: {mutant.file} holds {before!r} {text.count(before)} times, not once")
        file, _, name = mutant.test.partition("::")
        if name.split("::")[-1].split("[")[0] not in (ROOT / file).read_text():
            faults.append(f"{mutant.name}: there is no test {mutant.test}")
        if re.search(rf"^class {re.escape(name)}\(\w+\.TestCase\)", (ROOT / file).read_text(), re.MULTILINE):
            faults.append(f"{mutant.name}: {mutant.test} walks at random and can miss it; name a test that cannot")
    return faults


def imported_from(place: Path) -> bool:
    """Whether programs that run on the copy use the copy."""
    environment = {**os.environ, "PYTHONPATH": str(place)}
    asked = [
        sys.executable,
        "-c",
        "import cluster, pacing_node, simulator; print(cluster.__file__, simulator.__file__)",
    ]
    told = subprocess.run(asked, cwd=place, env=environment, check=True, capture_output=True, text=True).stdout
    return all(word.startswith(str(place)) for word in told.split())


def main() -> int:
    """Try every mutant; the exit status."""
    parser = argparse.ArgumentParser(description="Mutation check of the safeguards of leadership.")
    parser.add_argument("--only", help="try the mutants whose name holds this")
    parser.add_argument("--list", action="store_true", help="list the mutants and end")
    parser.add_argument("--places", action="store_true", help="only check that each mutant still fits the sources")
    given = parser.parse_args()
    if given.places:
        print("\n".join((*(faults := misplaced()), f"{len(MUTANTS)} mutants, {len(faults)} out of place")))
        return 1 if faults else 0
    chosen = [mutant for mutant in MUTANTS if not given.only or given.only in mutant.name]
    if given.list or not chosen:
        print("\n".join(f"{mutant.name:<22} {mutant.safeguard}" for mutant in MUTANTS))
        return 0 if given.list else 2
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        return check(Path(name).resolve(), chosen)


def check(place: Path, chosen: list[Mutant]) -> int:
    """Try the chosen mutants in a copy of the sources at ``place``; the exit status."""
    copy_sources(place)
    compile_sources(place)
    if not imported_from(place):
        print("the copy of the sources is not what would be tested")
        return 1
    tests = dict.fromkeys(mutant.test for mutant in chosen)
    try:
        status, output = run_tests(place, *tests, seconds=_SECONDS + 30.0 * len(tests))
    except TimeoutError as late:
        status, output = _TESTS_FAILED, str(late)
    if status != 0:
        print(f"the tests do not pass on the sources as they are:\n{output[-3000:]}")
        return 1
    outcomes = []
    for mutant in chosen:
        started = time.monotonic()
        outcomes.append(try_mutant(place, mutant))
        seconds = time.monotonic() - started
        print(
            f"{mutant.name:<22} {outcomes[-1]:<9} {seconds:5.1f} s  {mutant.safeguard}  [{mutant.test.split('::')[-1]}]"
        )
    killed = outcomes.count("killed")
    print(f"mutants: {killed} of {len(outcomes)} killed")
    return 0 if killed == len(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
