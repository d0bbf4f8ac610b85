"""Clusters whose clocks are not those of the machine.

Kernels step the wall clock of the whole machine or of nobody, so that one is the test's own: a module in the place of
``sitecustomize`` adds an offset, read from a file, to what ``time`` says. The clocks since boot are the kernel's, moved
by a time namespace.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
from typing import TYPE_CHECKING, Any

from simulator.attack.ground import Ground

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_OFFSET = "clock-offset"
_MODULE = "stepped-clock"
YEAR_SECONDS = 31_536_000
_SOURCE = '''
"""Adds the offset in the file CLOCK_OFFSET to the wall clock of this interpreter."""
import mmap, os, struct, time

with open(os.environ["CLOCK_OFFSET"], "rb") as _file:
    _offset = mmap.mmap(_file.fileno(), 8, access=mmap.ACCESS_READ)
_time, _time_ns = time.time, time.time_ns
time.time = lambda: _time() + struct.unpack_from("<d", _offset)[0]
time.time_ns = lambda: _time_ns() + int(struct.unpack_from("<d", _offset)[0] * 1e9)
'''


def step_clock(directory: Path, seconds: float) -> None:
    """Let the nodes of a ground with stepped clocks see another time: so many seconds off from now on."""
    with (directory / _OFFSET).open("r+b") as file:
        file.write(struct.pack("<d", seconds))


def _stepped(directory: Path) -> Mapping[str, Any]:
    (directory / _OFFSET).write_bytes(struct.pack("<d", 0.0))
    place = directory / _MODULE
    place.mkdir()
    (place / "sitecustomize.py").write_text(_SOURCE)
    return {"node_prefix": ("env", f"PYTHONPATH={place}", f"CLOCK_OFFSET={directory / _OFFSET}")}


def why_no_time_namespace() -> str:
    """Why no process can be started in a time namespace here; empty when one can."""
    program = shutil.which("unshare")
    if program is None:
        return "there is no program unshare"
    done = subprocess.run([program, "--time", "true"], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    return done.stderr.strip() if done.returncode else ""


STEPPED_CLOCKS = Ground("stepped-clocks", equipment=_stepped)
OTHER_UPTIME = Ground(
    "other-uptime",
    more={
        "node_prefix": (
            *("unshare", "--time", "--monotonic", str(YEAR_SECONDS), "--boottime", str(YEAR_SECONDS)),
            *("--fork", "--kill-child", "--"),
        )
    },
    why_impossible=why_no_time_namespace,
)
