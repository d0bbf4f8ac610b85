"""What a supervised worker reports to its supervisor, and how."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from typing import TYPE_CHECKING

from cluster.election.events import Claim

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "PACING_SUPERVISOR_FD"
"""Environment variable: number of the inherited descriptor to report to."""


class Reporter:
    """The worker's end of the pipe. A report is one short line, written at once and never waited for."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        os.set_blocking(descriptor, False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Reporter | None:
        """The reporter of this process; None when nobody supervises it.

        A process further down inherits the variable without the descriptor: what is no pipe is left alone.
        """
        number = environment.get(VARIABLE, "")
        if not number.isdecimal():
            return None
        try:
            piped = stat.S_ISFIFO(os.fstat(int(number)).st_mode)
        except OSError:
            return None
        return cls(int(number)) if piped else None

    def holds(self, claim: Claim) -> None:
        """The process is master by this claim: should it die, the claim may be released."""
        with contextlib.suppress(OSError):
            os.write(self._descriptor, encode_claim(claim))


def encode_claim(claim: Claim) -> bytes:
    """A claim as one line; shorter than what a pipe writes in one piece."""
    return json.dumps([claim.epoch, claim.epoch_version, claim.session_id, claim.zxid, claim.term_id]).encode() + b"\n"


def decode_claim(line: bytes) -> Claim:
    """The claim in one line. Raises ValueError."""
    *numbers, term_id = json.loads(line)
    epoch, epoch_version, session_id, zxid = (int(value) for value in numbers)
    return Claim(epoch, epoch_version, session_id, zxid, term_id=str(term_id))
