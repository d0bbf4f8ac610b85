"""How a command changes the cluster's options: it shows the difference, asks, and writes by compare-and-set."""

from __future__ import annotations

import asyncio
import getpass
import os
import platform
import time
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.errors import ClusterError, UnavailableError
from pacing_node.cli.exits import ExitCode, fail
from pacing_node.cli.node_file import security_of
from pacing_node.options.cluster_options import parse_cluster_options, restart_needed
from pacing_node.options.document_access import open_documents, open_history
from pacing_node.options.errors import ConfigurationError
from pacing_node.options.masking import masked
from pacing_node.options.options_history import PastVersion, read_history, record, writer_beside
from pacing_node.options.options_store import OptionsChangedError, options_diff, read_options, replace_options
from terminal.printing import complain, say

if TYPE_CHECKING:
    from pacing_node.options.node_options import NodeOptions
    from pacing_node.options.options_store import StoredOptions

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before writing.")]


def replace(
    node: NodeOptions,
    stored: StoredOptions | None,
    text: str,
    name: str,
    *,
    ask: bool,
    dry_run: bool = False,
    by: str = "",
) -> None:
    """Show the difference from ``stored``, ask, write by compare-and-set; ``name`` is what the new text is called.

    ``by`` is who the history names; user and host unless given. Ends the command when the text is refused, the user
    says no, somebody else was faster or the store is away.
    """
    _refuse_large(node, text, name)
    if stored is not None and stored.text == text:
        say(f"no difference; the options stay at version {stored.version}")
        return
    say(shown_diff(stored, text, name), end="")
    for key in _waiting(stored, text, name):
        say(f"{key} takes effect at the next start of each node")
    if node.standalone:
        say("the node runs without ZooKeeper: a running one takes them up within seconds")
    if dry_run:
        return
    if ask and not typer.confirm("Put these options in force?"):
        raise typer.Exit(ExitCode.FAILED)
    try:
        version = asyncio.run(_write(node, stored, text, name, by or f"{current_user()}@{platform.node()}"))
    except OptionsChangedError as error:
        changes = options_diff(masked(stored.text) if stored else "", masked(error.newest.text), "before", "theirs")
        complain(changes, end="")
        raise fail(f"somebody else was faster: {error}", ExitCode.FAILED) from None
    except UnavailableError as error:
        raise fail(str(error), ExitCode.UNREACHABLE) from None
    except ClusterError as error:
        raise fail(str(error), ExitCode.FAILED) from None
    before = f"version {stored.version}" if stored else "no options"
    say(f"before: {before}\nafter:  version {version}")


def _refuse_large(node: NodeOptions, text: str, name: str) -> None:
    """End the command before anything is shown when the text is more than ZooKeeper takes."""
    size, zookeeper = len(text.encode()), node.zookeeper
    if zookeeper is not None and size > zookeeper.message_bytes:
        message = (
            f"{name}: found {size} bytes; ZooKeeper takes less than {zookeeper.message_bytes} in one message "
            "(jute.maxbuffer of the ensemble, zookeeper.message_bytes of the node)"
        )
        raise fail(message, ExitCode.USAGE)


def _waiting(stored: StoredOptions | None, text: str, name: str) -> tuple[str, ...]:
    """Keys whose change waits for a restart; none where the stored text cannot be read."""
    if stored is None:
        return ()
    try:
        return restart_needed(parse_cluster_options(stored.text, "kept"), parse_cluster_options(text, name))
    except ConfigurationError:
        return ()


def shown_diff(stored: StoredOptions | None, text: str, name: str) -> str:
    """The difference for people; a change of secrets only shows as such."""
    before_name = f"version {stored.version}" if stored else "nothing"
    shown = options_diff(masked(stored.text) if stored else "", masked(text), before_name, name)
    return shown or "only values of secrets differ\n"


async def other_writer(node: NodeOptions, stored: StoredOptions, by: str) -> str:
    """Who has put the options in force that are kept, when it was neither ``by`` nor a seed; else empty.

    Ends the command when the history cannot be read: a guess could undo somebody's work.
    """
    try:
        async with open_history(node, security_of(node)) as documents:
            return writer_beside(await read_history(documents), stored, by)
    except ClusterError as error:
        code = ExitCode.UNREACHABLE if isinstance(error, UnavailableError) else ExitCode.FAILED
        raise fail(str(error), code) from None


async def read_stored(node: NodeOptions) -> StoredOptions | None:
    """The options as they are kept; None when there are none. Ends the command when they cannot be read."""
    try:
        async with open_documents(node, security_of(node)) as documents:
            return await read_options(documents)
    except ClusterError as error:
        code = ExitCode.UNREACHABLE if isinstance(error, UnavailableError) else ExitCode.FAILED
        raise fail(str(error), code) from None


async def _write(node: NodeOptions, stored: StoredOptions | None, text: str, name: str, by: str) -> int:
    async with open_documents(node, security_of(node)) as documents:
        version = await replace_options(documents, text, stored, name)
    past = PastVersion(version, text, time.time(), by)
    try:
        async with open_history(node, security_of(node)) as documents:
            await record(documents, stored, past)
    except (ClusterError, OSError) as error:
        complain(f"the options are in force; the history was not written: {error}")
    return version


def current_user() -> str:
    """Who runs the command; a process without an entry among the users goes by its number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
