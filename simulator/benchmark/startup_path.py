"""From the start of a node to its first accepted push, and what commands load before they do anything."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import yaml

from simulator.benchmark.lean_stage import lean_stage
from simulator.benchmark.process_cost import cpu_seconds, peak_mib
from simulator.benchmark.spread import ratio, spread
from simulator.harness.harness_error import HarnessError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from simulator.benchmark.lean_stage import StagePlan

_LOADED = {
    "python": "pass",
    "pacing list": "from pacing_node.cli.main import main; main()",
    "supervisor": "import pacing_node.cli.main, pacing_node.cli.supervised_node",
}
"""What is run, by what it stands for; ``pacing list`` is asked for its help, so that it needs no node."""
_TELL_MEMORY = (
    "import atexit, sys; from pathlib import Path; "
    "atexit.register(lambda: sys.stderr.write(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]));"
)
_ARGUMENTS = {"pacing list": ("list", "--help")}


async def measure_startup(plan: StagePlan, *, runs: int) -> dict[str, Any]:
    """``runs`` starts of a node. Raises HarnessError when a process ends or no push is accepted."""
    seconds, cpu, floor, peak = [], [], [], []
    for _ in range(runs):
        async with lean_stage(plan) as stage:
            floor.append(_reading_seconds(stage.objects_file))
            stage.start_node()
            await stage.wait_accepted(0, plan.start_seconds)
            seconds.append(time.monotonic() - stage.node_began)
            cpu.append(cpu_seconds(stage.node_pid))
            peak.append(peak_mib(stage.node_pid))
    return {
        "path": "startup",
        "targets": plan.targets,
        "agents_per_target": plan.agents_per_target,
        "start_cpu_seconds": spread(cpu),
        "floor_cpu_seconds": spread(floor),
        "times_floor": ratio(cpu, floor),
        "start_seconds": spread(seconds),
        "peak_mib": spread(peak, 1),
        **{f"loading {name}": _loading(name, 5) for name in _LOADED},
    }


def _reading_seconds(objects: Path) -> float:
    """CPU seconds of one pass over the objects with libyaml, the parser a node has too, which keeps nothing of them."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    began = time.thread_time()
    for _ in yaml.parse(objects.read_bytes(), Loader=loader):
        pass
    return time.thread_time() - began


def _loading(name: str, runs: int) -> dict[str, Any]:
    readings = [_run([sys.executable, "-c", _LOADED[name], *_ARGUMENTS.get(name, ())]) for _ in range(runs)]
    return {"cpu_ms": spread([each[0] for each in readings], 0), "peak_mib": spread([each[1] for each in readings], 0)}


def _run(command: Sequence[str]) -> tuple[float, float]:
    """CPU milliseconds of a program, and its greatest memory in MiB. Raises HarnessError when it fails."""
    # Its own reading of its memory: the one the kernel hands to a parent counts what the parent had when it forked.
    program = [command[0], command[1], _TELL_MEMORY + command[2], *command[3:]]
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # noqa: S603 - ours
    with process:
        said = process.stderr.read().decode() if process.stderr is not None else ""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise HarnessError(f"{' '.join(command[2:])!r} ended with status {process.returncode}: {said[-200:]}")
    return 1000.0 * (used.ru_utime + used.ru_stime), int(said.split()[-1]) / 1024.0
