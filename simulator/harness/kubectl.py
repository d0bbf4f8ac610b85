"""kubectl as a process: its answers as JSON, its failures as errors of the harness."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from cluster.outside_text import one_line
from simulator.harness.harness_error import HarnessError

_LONGEST_SECONDS = 180.0
_LAST_WORDS_SECONDS, _LAST_WORDS_BYTES = 5.0, 4096
_WORDS = 4
"""So many words of a command are named in an error."""


class Kubectl:
    """Commands in one namespace, with the context of the caller's KUBECONFIG."""

    def __init__(self, namespace: str = "") -> None:
        """``namespace``: that of the context unless given."""
        self._base = ["kubectl", *(["--namespace", namespace] if namespace else [])]

    async def run(self, *words: str) -> str:
        """What a command prints. Raises HarnessError when it fails or takes longer than three minutes."""
        process = await self._start(words, None)
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                output, errors = await process.communicate()
        except TimeoutError as error:
            raise HarnessError(f"kubectl {' '.join(words[:_WORDS])}: not within {_LONGEST_SECONDS:g} s") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            said = errors.decode(errors="replace").strip()
            raise HarnessError(f"kubectl {' '.join(words[:_WORDS])}: {said}")
        return output.decode(errors="replace")

    async def get(self, *words: str) -> dict[str, Any]:
        """What `kubectl get … -o json` answers."""
        found: dict[str, Any] = json.loads(await self.run("get", *words, "--output", "json"))
        return found

    async def shell(self, pod: str, container: str) -> Shell:
        """A shell in a container that waits for lines: what it is told happens at once, without kubectl's own start."""
        words = ("exec", "--stdin", pod, "--container", container, "--", "sh")
        return Shell(await self._start(words, asyncio.subprocess.PIPE))

    async def _start(self, words: tuple[str, ...], stdin: int | None) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        try:
            return await asyncio.create_subprocess_exec(*self._base, *words, stdin=stdin, stdout=pipe, stderr=pipe)
        except OSError as error:
            raise HarnessError(f"kubectl cannot be started: {error.strerror}") from error


class Shell:
    """One that runs in a container."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def runs(self) -> bool:
        """Whether it can be told something."""
        return self._process.returncode is None

    async def tell(self, line: str) -> str:
        """Carry out a command line that prints one line; returns that line. Raises HarnessError without one."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{line}\n".encode())
            async with asyncio.timeout(_LONGEST_SECONDS):
                answer = await self._process.stdout.readline()
        except (OSError, TimeoutError) as error:
            raise HarnessError(f"the shell in the container does not answer: {error!r}") from error
        if not answer:
            raise HarnessError(f"the shell in the container has ended{await self._last_words()}")
        return answer.decode(errors="replace").strip()

    async def _last_words(self) -> str:
        """What kubectl said before it ended, for the end of a sentence; empty when it said nothing."""
        assert self._process.stderr is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                said = (await self._process.stderr.read(_LAST_WORDS_BYTES)).decode(errors="replace")
                return f": {one_line(said)}" if said.strip() else ""
        return ""

    async def close(self) -> None:
        """End it."""
        if self.runs:
            self._process.kill()
        # Reads what is left, so that no transport stays open.
        await self._process.communicate()
