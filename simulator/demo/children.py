"""Child processes that die with their parent, however it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_PARENT_DEATH_LAUNCHER = """
import ctypes, os, signal, sys
parent, command = int(sys.argv[1]), sys.argv[2:]
if sys.platform == "linux":
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)
os.execvp(command[0], command)
"""


def bound_to_parent(command: Sequence[str]) -> list[str]:
    """The command line that runs ``command`` so that the kernel kills it when this process ends.

    It starts a short-lived interpreter that asks for the parent-death signal (``prctl(PR_SET_PDEATHSIG, SIGKILL)``)
    and then becomes ``command``: same process id, nothing stays between. The kernel watches the *thread* that started
    the child, so start it from one that lives as long. On systems other than Linux the child is merely started.
    """
    return [sys.executable, "-I", "-S", "-c", _PARENT_DEATH_LAUNCHER, str(os.getpid()), *command]


def start_child(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start ``command`` in a session of its own, bound to this process, its output appended to ``log``.

    A session of its own keeps the terminal's Ctrl-C away from it, so that the parent can end its children in order.
    Raises OSError when the log cannot be opened.
    """
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - the command is ours
            bound_to_parent(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=None if environment is None else {**os.environ, **environment},
        )
