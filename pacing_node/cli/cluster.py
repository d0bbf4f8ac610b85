"""`pacing list` and `pacing history`: who is in the cluster, who is master, and who was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pacing_node.cli import orders
from pacing_node.cli.node_client import DEFAULT_URL, UrlOption, ask, asks_a_node
from pacing_node.cli.output import Output, OutputOption, WatchOption, columns, moment, show, utc
from pacing_node.cli.silence import silence
from pacing_node.cli.watching_command import WatchingCommand
from terminal.examples import examples
from terminal.forms import Listing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terminal.forms import Value

COLUMNS = {
    "member": "name of the node",
    "role": "`master`, or `standby`",
    "state": "state of its leadership machine",
    "epoch": "newest epoch it knows; a master's own",
    "lease left": "how long the master may still act, in seconds; proved anew several times a second",
    "zookeeper": "state of its ZooKeeper session",
    "version": "version of the service it runs",
    "http": "address of its HTTP port",
    "clustering": "address of its clustering port",
    "note": "why it could not be asked, or what of its entry cannot be read",
}
"""Columns of `pacing list`, with what they mean."""
HISTORY_COLUMNS = {
    "epoch": "number of the term; it only grows",
    "master": "the node that led it",
    "from (UTC)": "when it began, by that node's clock",
    "to (UTC)": "when it ended; a dash while it lasts, or when nobody wrote it down",
    "ended by": "why it ended",
    "gap before": "from the last push the platform accepted before the term to the first it accepted in it, in seconds",
}
"""Columns of `pacing history`, with what they mean."""

OPTIONAL = ("http", "zookeeper", "clustering", "version")
"""Columns that are left out on a narrow terminal, the last one first."""

FENCING_NOTES = {
    "if-match": "the platform does not check tokens: every push is a conditional write (If-Match)",
    "none": "the platform does not check tokens: a new master waits, unless the previous term ended clean",
}
"""What people should know of a platform that does not check tokens, by the option `fencing`."""


FAILSAFE_NOTE = "FAILSAFE: ZooKeeper is away; the master goes on by the promise of all others not to take over"


LIST_EXAMPLES = examples(
    "pacing list --url node1,node2",
    "pacing list --watch",
    "pacing list -o json",
)
HISTORY_EXAMPLES = examples("pacing history --limit 10", "pacing history -o tsv > terms.tsv")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("list", cls=WatchingCommand, epilog=LIST_EXAMPLES)(asks_a_node(list_members))
    app.command("history", cls=WatchingCommand, epilog=HISTORY_EXAMPLES)(asks_a_node(history))
    orders.register(app)


def list_members(
    url: UrlOption = DEFAULT_URL, output: OutputOption = Output.TABLE, watched: WatchOption = None
) -> None:
    """List the members of the cluster with their role, epoch, lease and ZooKeeper session."""
    show(lambda: members_listing(ask(url, "/cluster")), output, watched)


def members_listing(page: dict[str, Any]) -> Listing:
    """The members of a cluster, from its page."""
    mode = "standalone" if page["mode"] == "standalone" else f"master {page['master'] or 'nobody'}"
    paused = page.get("paused")
    pause = f" · PAUSED by {paused['by']} until {orders.end_of(paused['until'])}" if paused else ""
    return Listing(
        page,
        columns(
            COLUMNS,
            frozenset({"epoch", "lease left"}),
            OPTIONAL,
            digits={"lease left": 1},
            units={"lease left": " s"},
        ),
        [_row(member) for member in page["members"]],
        f"cluster {page['cluster']} · {mode} · epoch {page['epoch']}{pause} · answered by {page['answered_by']}",
        after=list(_notes(page)),
    )


def _notes(page: dict[str, Any]) -> Iterator[str]:
    """What people should know beside the table."""
    if silent := silence(page):
        yield silent
    yield from _holds(page)
    if page.get("paused") and page["master"] is None and page["mode"] != "standalone":
        yield "no master, and nobody takes over while the cluster is paused: pacing resume"
    for fault in page.get("broken", ()):
        yield f"cannot be read: {fault}"
    if any(member["state"] == "failsafe" for member in page["members"]):
        yield FAILSAFE_NOTE
    for warning in page.get("warnings", ()):
        yield f"warning: {warning}"
    if note := FENCING_NOTES.get(page.get("fencing") or ""):
        yield note
    if why := page.get("history_unavailable"):
        yield f"the history cannot be read now: {why}"
    for entry in page["history"][:5]:
        yield _term(entry)


def _holds(page: dict[str, Any]) -> Iterator[str]:
    """What operators allow no invitations."""
    if stopped := page.get("stopped"):
        yield f"ALL INVITATIONS STOPPED by {stopped['by']}: {stopped['why']}; pacing release --all"
    if held := page.get("held"):
        yield f"targets held by operators: {held}; they have the reason held in pacing targets"


def _row(member: dict[str, Any]) -> list[Value]:
    return [
        member["name"],
        member["role"] or None,
        member["state"] or None,
        member["epoch"],
        member["lease_left_seconds"] if member["role"] == "master" else None,
        member["zookeeper"] or None,
        member["version"],
        member["http"],
        member["clustering"],
        ("" if member["reachable"] else f"not reachable: {member['error']}") + _broken(member),
    ]


def _term(entry: dict[str, Any]) -> str:
    """One term as a line for people."""
    began = utc(entry["began_at"], "%H:%M:%S")
    ended = f", ended: {entry['cause'] or 'not known'}" if entry["ended_at"] or entry["cause"] else ""
    gap = f", {entry['gap_seconds']:.2f} s after {entry['previous']}" if entry["gap_seconds"] is not None else ""
    return f"epoch {entry['epoch']}: {entry['node']} since {began} UTC{gap}{ended}{_broken(entry)}"


def history(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most terms to show.")] = 50,
    url: UrlOption = DEFAULT_URL,
    output: OutputOption = Output.TABLE,
    watched: WatchOption = None,
) -> None:
    """List the newest terms: who, which epoch, from when to when, why it ended, and the gap before it."""
    show(lambda: _history_listing(ask(url, f"/history?limit={limit}")), output, watched)


def _history_listing(page: dict[str, Any]) -> Listing:
    why, silent = page.get("history_unavailable"), silence(page)
    return Listing(
        page,
        columns(HISTORY_COLUMNS, digits={"gap before": 3}, units={"gap before": " s"}),
        [_term_row(entry) for entry in page["history"]],
        f"{len(page['history'])} terms",
        before=[f"the history cannot be read now: {why}"] if why else [],
        after=[silent] if silent else [],
    )


def _term_row(entry: dict[str, Any]) -> list[Value]:
    return [
        entry["epoch"],
        entry["node"],
        _to_the_millisecond(entry["began_at"]),
        _to_the_millisecond(entry["ended_at"]),
        ((entry["cause"] or "") + _broken(entry)).strip() or None,
        entry["gap_seconds"],
    ]


def _to_the_millisecond(at: float | None) -> str | None:
    text = moment(at, "%Y-%m-%d %H:%M:%S.%f")
    return None if text is None else text if text.startswith("no time") else text[:-3]


def _broken(entry: dict[str, Any]) -> str:
    """What cannot be read of an entry, for the end of its line."""
    broken = entry.get("broken")
    return f" (broken entry: {'; '.join(broken)})" if broken else ""
