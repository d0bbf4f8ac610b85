"""As process 1 of a container a supervisor inherits processes that lost their parent, and takes their end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.process.test_signals import SUPERVISOR
from tests.support.waiting import until_blocking

if TYPE_CHECKING:
    from collections.abc import Iterator

ORPHANS = 5
LAUNCHER = f"""
import ctypes, os, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: who loses its parent becomes a child of this process
os.execv(sys.executable, [sys.executable, "-c", {SUPERVISOR!r}, sys.argv[1]])
"""
WORKER = f"""
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
for _ in range({ORPHANS}):
    # The shell ends at once, and the process it has started soon after it.
    subprocess.run(["sh", "-c", "sleep 0.3 & echo orphan $!"], check=True)
print("worker ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def supervisor() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", LAUNCHER, WORKER], stdout=subprocess.PIPE, text=True)
    with process:
        yield process
        if process.poll() is None:
            process.kill()


def parent_of(pid: int) -> int | None:
    """Process id of its parent; None once the process is gone, its end taken."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(status.rpartition(")")[2].split()[1])


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has subreapers")
def test_no_zombie_stays(supervisor: subprocess.Popen[str]) -> None:
    assert supervisor.stdout is not None
    lines = iter(supervisor.stdout.readline, "worker ready\n")
    orphans = [int(line.split()[1]) for line in lines if line.startswith("orphan ")]
    assert len(orphans) == ORPHANS
    until_blocking(lambda: [parent_of(each) for each in orphans] == [None] * ORPHANS)
    supervisor.terminate()
    assert supervisor.wait(60) == 7


@pytest.mark.skipif(os.geteuid() != 0, reason="a PID namespace of its own takes root")
def test_no_zombie_stays_in_a_namespace_where_the_supervisor_is_process_1() -> None:
    """Orphans are looked for from inside: whoever is process 1 there has them as its children, also when they ended."""
    inner = WORKER.replace('print("worker ready"', 'subprocess.run(["sh", "-c", GONE])\nprint("worker ready"')
    # A process keeps its name until its end was taken.
    gone = "until ! grep -qs '^Name:.sleep$' /proc/[0-9]*/status; do :; done; echo none left"
    prelude = f"GONE = {gone!r}\n"
    command = [
        "unshare",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        sys.executable,
        "-c",
        SUPERVISOR,
        prelude + inner,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = list(iter(process.stdout.readline, "worker ready\n"))
        process.kill()
    assert "none left\n" in lines, lines
