"""The node examines itself: `pacing doctor` in a process of its own, now and then.

A process of its own, at a low priority: reading and discovering the whole configuration takes seconds of CPU, which the
cycle and the lease of this one must not wait for.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any

import structlog

from cluster.outside_text import one_line
from pacing_node.monitoring.examination import Checked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pacing_node.monitoring.examination import Examination

log = structlog.get_logger(__name__)

FIRST_SECONDS = 30.0
"""From the start of the node to its first examination, or a period where that is shorter."""
LONGEST_SECONDS = 120.0
MOST_BYTES = 1024 * 1024
MOST_CHECKS = 1000
_PRIORITY = 10
_TEXT = 500


def doctor_command(config: Path | None) -> list[str]:
    """The command that examines a node with these options, as this process has them."""
    lower = [nice, "-n", str(_PRIORITY)] if (nice := shutil.which("nice")) else []
    file = ["--config", str(config)] if config is not None else []
    return [*lower, sys.executable, "-m", "pacing_node.cli.main", "doctor", "--output", "json", *file]


class SelfExamination:
    """Has the doctor come every ``period_seconds``, and keeps what it found."""

    def __init__(self, book: Examination, command: Sequence[str], period_seconds: float) -> None:
        self._book = book
        self._command = command
        self._period_seconds = period_seconds
        book.period_seconds = period_seconds or None

    async def run(self) -> None:
        """Examine for ever; never where the period is 0."""
        if not self._period_seconds:
            await asyncio.Event().wait()
        await asyncio.sleep(min(FIRST_SECONDS, self._period_seconds))
        while True:
            await self.examine()
            await asyncio.sleep(self._period_seconds)

    async def examine(self) -> None:
        """Examine once, for two minutes at most. Raises nothing: a failure is kept."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                checks = _checks(await self._output())
        except TimeoutError:
            self._fail(f"no result within {LONGEST_SECONDS:g} s")
        except (OSError, ValueError) as failure:
            self._fail(one_line(f"{type(failure).__name__}: {failure}"))
        else:
            self._book.succeeded(checks, time.time(), round(time.monotonic() - began, 3))

    async def _output(self) -> bytes:
        """What the command printed. Raises OSError, ValueError for too much of it."""
        null = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=null, stdout=asyncio.subprocess.PIPE, stderr=null
        )
        assert process.stdout is not None
        output = b""
        try:
            while piece := await process.stdout.read(65_536):
                output += piece
                if len(output) > MOST_BYTES:
                    raise ValueError(f"the doctor wrote more than {MOST_BYTES} bytes")
            await process.wait()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                # Not `wait`: that waits for the end of the output too, which nobody would read any more.
                await process.communicate()
        return output

    def _fail(self, reason: str) -> None:
        self._book.failed(reason)
        log.warning("examination.failed", error=reason)


def _checks(output: bytes) -> list[Checked]:
    """The findings in the command's JSON. Raises ValueError for anything else."""
    found = json.loads(output)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ValueError("the doctor wrote something else than a list of findings")
    return [_checked(each) for each in found[:MOST_CHECKS]]


def _checked(found: dict[str, Any]) -> Checked:
    words = ("severity", "check", "found", "allowed", "remedy")
    return Checked(**{word: one_line(found.get(word, ""), _TEXT) for word in words})
