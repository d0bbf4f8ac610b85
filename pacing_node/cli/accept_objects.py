"""`pacing config accept-objects`: an operator's word that a change the nodes hold back is meant so."""

from __future__ import annotations

import asyncio
import platform
import time
from typing import TYPE_CHECKING, Any

import typer

from cluster.errors import ClusterError, UnavailableError
from pacing_node.cli.config_change import Yes, current_user
from pacing_node.cli.exits import ExitCode, fail
from pacing_node.cli.node_client import DEFAULT_URL, UrlOption, ask
from pacing_node.cli.node_file import NodeFile, node_of, security_of
from pacing_node.objects.acceptance import Acceptance, write_acceptance
from pacing_node.options.document_access import open_acceptance
from terminal.printing import say

if TYPE_CHECKING:
    from pacing_node.options.node_options import NodeOptions

SHOWN = 20
"""Targets that are named before the question."""


def accept_objects(config: NodeFile = None, url: UrlOption = DEFAULT_URL, yes: Yes = False) -> None:
    """Put a change of the objects in force that is held back because it takes away many targets."""
    node = node_of(config)
    held = ask(url, "/objects")["held"]
    if held is None:
        say("no change of the objects is held back")
        return
    _show(held)
    if not yes and not typer.confirm("Put this change in force?"):
        raise typer.Exit(ExitCode.FAILED)
    acceptance = Acceptance(str(held["change"]), f"{current_user()}@{platform.node()}", time.time())
    try:
        asyncio.run(_write(node, acceptance))
    except UnavailableError as error:
        raise fail(str(error), ExitCode.UNREACHABLE) from None
    except ClusterError as error:
        raise fail(str(error), ExitCode.FAILED) from None
    say(f"accepted change {held['change']}: every node that holds it back applies it within seconds")


def _show(held: dict[str, Any]) -> None:
    lost = held["lost"]
    say(f"change {held['change']} takes away {len(lost)} of {held['known']} targets:")
    for name in lost[:SHOWN]:
        say(f"  {name}")
    if len(lost) > SHOWN:
        say(f"  and {len(lost) - SHOWN} more")


async def _write(node: NodeOptions, acceptance: Acceptance) -> None:
    async with open_acceptance(node, security_of(node)) as documents:
        await write_acceptance(documents, acceptance)
