"""`pacing top`: a running cluster at a glance, drawn anew every second or two."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pacing_node.cli.cluster import members_listing
from pacing_node.cli.node_client import DEFAULT_URL, UrlOption, ask, asks_a_node
from pacing_node.cli.output import LEAST_WATCH_SECONDS, WATCH_SECONDS, Output, show
from pacing_node.cli.silence import freshness
from pacing_node.cli.target_choice import SortBy, chosen
from pacing_node.cli.targets import targets_listing
from terminal.examples import examples
from terminal.forms import Form, Listing, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = examples("pacing top", "pacing top 1 --sort waiting --url node1,node2", "pacing top --once | mail operators")
MOST_ROWS = 20
"""Targets where the output is no terminal."""
LEAST_ROWS = 3


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("top", epilog=EXAMPLES)(asks_a_node(top))


def top(
    seconds: Annotated[
        float, typer.Argument(min=LEAST_WATCH_SECONDS, metavar="[SECONDS]", help="How often it is drawn.")
    ] = WATCH_SECONDS,
    text: Annotated[str, typer.Option("--name", help="Only targets whose name contains this.")] = "",
    sort: Annotated[SortBy, typer.Option(help="What targets are sorted by.")] = SortBy.INVITATIONS,
    *,
    once: Annotated[bool, typer.Option("--once", help="Draw it once and end.")] = False,
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Watch a cluster on the terminal: whether it is pacing, members, alarms, and the targets at the top.

    Targets the platform refused come first. Ctrl-C ends it.
    """
    show(lambda: _overview(url, text, sort), Output.TABLE, None if once else seconds)


def _overview(url: str, text: str, sort: SortBy) -> Listing:
    cluster, targets, alarms = (ask(url, path) for path in ("/cluster", "/targets", "/alarms"))
    found = chosen(targets["targets"], text=text, sort=sort)
    found.sort(key=lambda target: not target["error"])
    head = [_state(cluster, targets), _totals(targets["targets"]), *_alarms(alarms), ""]
    members = members_listing({**cluster, "history": cluster["history"][:1]})
    head += [*text_of(members, Form.TABLE).splitlines(), ""]
    targets["targets"] = found[: _rows_left(len(head))]
    shown = f"{len(targets['targets'])} of {len(found)} targets by {sort.value}"
    listing = targets_listing(targets, shown)
    return Listing(None, listing.columns, listing.rows, listing.title, before=head, after=listing.after)


def _rows_left(lines: int) -> int:
    """How many targets fit below so many lines: title, names, rule and a last line are the table's own."""
    if not sys.stdout.isatty():
        return MOST_ROWS
    return max(LEAST_ROWS, shutil.get_terminal_size((80, 24)).lines - lines - 5)


def _state(cluster: dict[str, Any], targets: dict[str, Any]) -> str:
    """The one word that matters, and why."""
    now = time.strftime("%H:%M:%S UTC", time.gmtime())
    if stopped := cluster.get("stopped"):
        return f"STOPPED by {stopped['by']}: {stopped['why']} · {now}"
    said = freshness(targets)
    if said.startswith("SILENT"):
        return f"{said} · {now}"
    words = ["PACING"]
    words += ["PAUSED"] if cluster.get("paused") else []
    words += ["FAILSAFE"] if any(member["state"] == "failsafe" for member in cluster["members"]) else []
    return f"{' · '.join(words)} · {said} · {now}"


def _totals(targets: list[dict[str, Any]]) -> str:
    sums = {name: sum(target[name] or 0 for target in targets) for name in ("invitations", "pending", "ready", "busy")}
    zero = sum(not target["invitations"] for target in targets)
    return f"{', '.join(f'{name} {value:,.0f}' for name, value in sums.items())}; {zero} of {len(targets)} targets at 0"


def _alarms(page: dict[str, Any]) -> Iterator[str]:
    for alarm in page.get("active", ()):
        yield f"ALARM {alarm['condition']}: {alarm['newest_text']}"
