"""Processes that lost their parent: whoever is process 1 of a container inherits them, and must take their end.

Nobody else does: they would stay as zombies until no process can be started any more.
"""

from __future__ import annotations

import os
import signal

from cluster.process.late_log import LateLog
from cluster.process.signals import handle_no_more, handle_signal

log = LateLog(__name__)


class OrphanReaper:
    """Takes the end of every child but those that are waited for elsewhere."""

    def __init__(self, *own_children: int) -> None:
        """``own_children``: process ids of the children that this process has started and waits for itself."""
        self._own = frozenset(own_children)

    def start(self) -> None:
        """Take the end of orphans on the running loop from now on."""
        handle_signal(signal.SIGCHLD, self.reap)
        self.reap()

    def stop(self) -> None:
        """Take no more."""
        handle_no_more(signal.SIGCHLD)

    def reap(self) -> None:
        """Take the end of all orphans that have ended; an own child that has ended is left to whoever waits for it."""
        while (pid := _ended_child()) is not None and pid not in self._own:
            _, status = os.waitpid(pid, os.WNOHANG)
            log.debug("process.orphan_ended", process=pid, status=os.waitstatus_to_exitcode(status))


def _ended_child() -> int | None:
    """A child that has ended and is not waited for yet; None when there is none."""
    try:
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return found.si_pid if found is not None else None
