"""Draw where a pacing node spends its time: a flame graph of its threads, sampled by py-spy while cycles run.

Only what holds the interpreter is sampled, so that waiting does not count, nor what a busy machine gives to others.
`make flame-graph` installs py-spy, which no other part of the project needs. It looks into a process from outside, and
the kernel may want a privilege for that (root, or CAP_SYS_PTRACE in a container).
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
from pathlib import Path

from simulator.benchmark.lean_stage import StagePlan, lean_stage
from simulator.harness.harness_error import HarnessError

_FORMATS = {".svg": "flamegraph", ".txt": "raw", ".json": "speedscope"}
_SAMPLES_PER_SECOND = 200
_WARM_UP_CYCLES = 3


def main() -> int:
    """Returns the exit status: 1 when a process failed, 2 for what cannot be done at all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=60, help="how long samples are taken")
    parser.add_argument("file", type=Path, help="what is written: .svg, .txt (a line per stack) or .json (speedscope)")
    options = parser.parse_args()
    form = _FORMATS.get(options.file.suffix)
    program = shutil.which("py-spy", path=str(Path(sys.executable).parent))
    if form is None or program is None:
        print("py-spy is not installed" if form else f"{options.file}: allowed are {', '.join(_FORMATS)}")
        return 2
    options.file.parent.mkdir(parents=True, exist_ok=True)
    record = [program, "record", "--gil", "--threads", "--rate", str(_SAMPLES_PER_SECOND), "--format", form]
    record += ["--duration", str(options.seconds), "--output", str(options.file.absolute())]
    try:
        return asyncio.run(_draw(StagePlan(options.targets), record))
    except HarnessError as error:
        print(error, file=sys.stderr)
        return 1


async def _draw(plan: StagePlan, record: list[str]) -> int:
    """The exit status of py-spy. Raises HarnessError when node or peer end, or no push is accepted."""
    async with lean_stage(plan) as stage:
        stage.start_node()
        seen = await stage.wait_accepted(0, plan.start_seconds)
        await stage.wait_accepted(seen + _WARM_UP_CYCLES, plan.start_seconds)
        sampling = await asyncio.create_subprocess_exec(*record, "--pid", str(stage.node_pid))
        return await sampling.wait()


if __name__ == "__main__":
    sys.exit(main())
