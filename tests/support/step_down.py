"""Step-downs by command, given as soon as they are taken: the mastership is handed over by order once in a cooldown."""

from __future__ import annotations

from tests.support.commands import Done, pacing_blocking
from tests.support.waiting import until_blocking

TOO_SOON = "step down again in"


def step_down(*words: str) -> Done:
    """Run ``pacing step-down …`` until it is not too soon any more; how it ended then."""

    def given() -> Done | None:
        done = pacing_blocking("step-down", *words)
        return None if TOO_SOON in done.err else done

    done: Done = until_blocking(given, "the order is taken")
    return done
