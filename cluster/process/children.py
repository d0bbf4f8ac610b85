"""Child processes that end with their parent, however it ends."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LAUNCHER = """
import ctypes, os, sys
parent, number, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
if sys.platform == "linux":
    ctypes.CDLL(None, use_errno=True).prctl(1, number, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)
os.execvp(command[0], command)
"""


def bound_to_parent(command: Sequence[str], death_signal: signal.Signals = signal.SIGKILL) -> list[str]:
    """The command line that runs ``command`` so that the kernel sends it ``death_signal`` when this process ends.

    It starts a short-lived interpreter that asks for the parent-death signal (``prctl(PR_SET_PDEATHSIG)``) and then
    becomes ``command``: same process id, nothing stays between. The kernel watches the *thread* that started the
    child, so start it from one that lives as long. On systems other than Linux the child is merely started.
    """
    return [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), str(int(death_signal)), *command]
