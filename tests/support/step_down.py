"""Step-downs by command, given as soon as they are taken: the mastership is handed over by order once in a cooldown."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.support.waiting import until_blocking

if TYPE_CHECKING:
    from collections.abc import Sequence

TOO_SOON = "step down again in"


def step_down(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run ``pacing step-down …`` until it is not too soon any more; how it ended then."""

    def given() -> subprocess.CompletedProcess[str] | None:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return None if TOO_SOON in done.stderr else done

    done: subprocess.CompletedProcess[str] = until_blocking(given, "the order is taken")
    return done
