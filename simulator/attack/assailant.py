"""Runs an assault in a process of its own, so that its load is none of the measuring process.

``python -m simulator.attack.assailant MODULE FUNCTION VICTIM OPTIONS``, the last two as JSON; prints its tally.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import resource
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from cluster.process.children import bound_to_parent
from simulator.attack.tally import Tally, Victim
from simulator.harness.harness_error import HarnessError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Options = ParamSpec("Options")

_PACKAGE = "simulator.attack.assaults."
_SHOWN = 600
_NICENESS = 10
"""Attackers have machines of their own: what they work here must not be taken from the nodes."""


async def run_assault(
    victim: Victim,
    most_seconds: float,
    assault: Callable[Concatenate[Victim, Options], Awaitable[Tally]],
    *_: Options.args,
    **options: Options.kwargs,
) -> Tally:
    """Run ``assault(victim, **options)`` in a process of its own, at most ``most_seconds``; its tally.

    Where the victim has a place the assault comes from, it runs there. Raises HarnessError when it does not end, or
    breaks.
    """
    name = getattr(assault, "__name__", "")
    arguments = [assault.__module__, name, json.dumps(asdict(victim)), json.dumps(options)]
    command = bound_to_parent([*victim.attacked_from, sys.executable, "-m", "simulator.attack.assailant", *arguments])
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    try:
        output, errors = await asyncio.wait_for(process.communicate(), most_seconds)
    except TimeoutError:
        raise HarnessError(f"the assault {name} does not end within {most_seconds:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise HarnessError(f"the assault {name} broke: {errors.decode(errors='replace')[-_SHOWN:]}")
    return Tally.from_dict(json.loads(output))


def main(arguments: list[str]) -> int:
    """Run the assault that is named; the exit status."""
    module, name, victim, options = arguments
    if not module.startswith(_PACKAGE):
        sys.stderr.write(f"no assault: {module}\n")
        return 2
    _raise_limits()
    os.nice(_NICENESS)
    assault: Callable[..., Awaitable[Tally]] = getattr(importlib.import_module(module), name)
    tally = asyncio.run(_run(assault, Victim.from_dict(json.loads(victim)), json.loads(options)))
    sys.stdout.write(json.dumps(tally.as_dict()) + "\n")
    return 0


async def _run(assault: Callable[..., Awaitable[Tally]], victim: Victim, options: dict[str, Any]) -> Tally:
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)  # refused connections are no news
    return await assault(victim, **options)


def _raise_limits() -> None:
    """As many descriptors as the system allows this process."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
