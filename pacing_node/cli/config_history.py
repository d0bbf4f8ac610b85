"""`pacing config history`: which options were in force before, who changed what, and back to one of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cluster.errors import ClusterError, UnavailableError
from pacing_node.cli.config_change import Yes, read_stored, replace
from pacing_node.cli.exits import ExitCode, fail
from pacing_node.cli.node_file import REFUSED, NodeFile, node_of, security_of
from pacing_node.cli.output import Output, OutputOption, WatchOption, columns, show, utc
from pacing_node.options.cluster_options import parse_cluster_options
from pacing_node.options.document_access import open_history
from pacing_node.options.errors import ConfigurationError
from pacing_node.options.masking import masked
from pacing_node.options.options_history import PastVersion, read_history
from pacing_node.options.options_store import options_diff
from terminal.forms import Listing
from terminal.printing import complain

if TYPE_CHECKING:
    from pacing_node.options.node_options import NodeOptions


COLUMNS = {
    "version": "version of the options' document in ZooKeeper",
    "written at": "when, by the clock of whoever wrote it; a dash for a seed",
    "by": "user and host of the command that wrote it",
    "lines": "lines it added and took away",
}
"""Columns of `pacing config history`, with what they mean."""

Restored = Annotated[
    int | None, typer.Option("--restore", help="Put this version's options in force again, as a new version.", min=0)
]


def history(
    *,
    version: Annotated[int | None, typer.Argument(help="Show what this version changed.", min=0)] = None,
    config: NodeFile = None,
    restore: Restored = None,
    yes: Yes = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what --restore would change and end.")] = False,
    output: OutputOption = Output.TABLE,
    watch: WatchOption = None,
) -> None:
    """List the newest versions of the cluster's options, or show what one of them changed; secrets stay covered.

    With --restore an older version is put in force again: refused when somebody else changes the options at the same
    time, or when this release does not accept them any more.
    """
    if restore is None and (yes or dry_run):
        raise fail("--yes and --dry-run belong to --restore", ExitCode.USAGE)
    if restore is not None and watch is not None:
        raise fail("--watch shows versions, and --restore puts one in force: give one", ExitCode.USAGE)
    if restore is not None and version is not None:
        raise fail("name a version to show, or --restore with one to put in force", ExitCode.USAGE)
    node = node_of(config)
    if restore is None:
        show(lambda: _listing(_kept(node), version), output, watch)
        return
    # Read before the history: a write from here on is noticed.
    stored = asyncio.run(read_stored(node))
    text = _found(_kept(node), restore).text
    _refuse_bad(text, restore)
    replace(node, stored, text, f"version {restore} again", ask=not yes, dry_run=dry_run)


def _kept(node: NodeOptions) -> tuple[PastVersion, ...]:
    """The versions that are kept; ends the command when there are none."""
    versions = asyncio.run(_read(node))
    if not versions:
        raise fail("no version of the options has been written by a command yet", ExitCode.NOT_FOUND)
    return versions


def _found(versions: tuple[PastVersion, ...], version: int) -> PastVersion:
    """One of the versions; ends the command when it is not kept."""
    for past in versions:
        if past.version == version:
            return past
    kept = f"{versions[0].version} to {versions[-1].version}"
    raise fail(f"version {version} is not among those kept, {kept}", ExitCode.NOT_FOUND)


def _refuse_bad(text: str, version: int) -> None:
    """End the command when options that were good once are not any more."""
    try:
        parse_cluster_options(text, f"version {version}")
    except ConfigurationError as error:
        complain(error)
        raise typer.Exit(REFUSED) from None


def _listing(versions: tuple[PastVersion, ...], version: int | None) -> Listing:
    """The list of versions, or the difference one of them made."""
    if version is not None:
        _found(versions, version)
    rows = [_described(past, versions[place - 1] if place else None) for place, past in enumerate(versions)]
    if version is not None:
        rows = [row for row in rows if row["version"] == version]
    diff = rows[0]["diff"] or "nothing but values of secrets differs, or nothing is known of what was before"
    return Listing(
        rows if version is None else rows[0],
        columns(COLUMNS, frozenset({"version"})),
        [[row["version"], row["written_at"], row["written_by"], row["changes"]] for row in rows],
        "versions of the options",
        after=[] if version is None else [diff],
        table=version is None,
    )


def _described(past: PastVersion, before: PastVersion | None) -> dict[str, Any]:
    """The version for people; its difference from the previous one that is kept."""
    diff = ""
    if before is not None:
        diff = options_diff(masked(before.text), masked(past.text), f"version {before.version}", f"v. {past.version}")
    lines = diff.splitlines()[2:]
    gone, new = (sum(line.startswith(sign) for line in lines) for sign in "-+")
    at = utc(past.written_at, "%Y-%m-%dT%H:%M:%S+00:00") if past.written_at else None
    changes = f"+{new} -{gone}" if before is not None else "first kept"
    return {
        "version": past.version,
        "written_at": at,
        "written_by": past.written_by or None,
        "changes": changes,
        "diff": diff,
    }


async def _read(node: NodeOptions) -> tuple[PastVersion, ...]:
    try:
        async with open_history(node, security_of(node)) as documents:
            return await read_history(documents)
    except ClusterError as error:
        code = ExitCode.UNREACHABLE if isinstance(error, UnavailableError) else ExitCode.FAILED
        raise fail(str(error), code) from None
