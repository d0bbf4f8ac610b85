"""Child processes of the demo and the tests, bound to the life of this one."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from cluster.process.children import bound_to_parent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def start_child(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start ``command`` in a session of its own, killed when this process ends, its output appended to ``log``.

    A session of its own keeps the terminal's Ctrl-C away from it, so that the parent can end its children in order.
    The thread that starts it must live as long (``cluster.process.children``). Raises OSError when the log cannot be
    opened.
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
