"""`pacing list` and `pacing history`: who is in the cluster, who is master, and who was."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pacing_node.cli import orders
from pacing_node.cli.node_client import DEFAULT_URL, UrlOption, ask, asks_a_node
from pacing_node.cli.output import Output, OutputOption, number, print_json, print_table, utc
from pacing_node.cli.silence import silence
from terminal.printing import say

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


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("list")(asks_a_node(list_members))
    app.command("history")(asks_a_node(history))
    orders.register(app)


def list_members(url: UrlOption = DEFAULT_URL, output: OutputOption = Output.TABLE) -> None:
    """List the members of the cluster with their role, epoch, lease and ZooKeeper session."""
    page = ask(url, "/cluster")
    if output is Output.JSON:
        print_json(page)
        return
    mode = "standalone" if page["mode"] == "standalone" else f"master {page['master'] or 'nobody'}"
    paused = page.get("paused")
    pause = f" · PAUSED by {paused['by']} until {orders.moment(paused['until'])}" if paused else ""
    title = f"cluster {page['cluster']} · {mode} · epoch {page['epoch']}{pause} · answered by {page['answered_by']}"
    print_table(
        title, list(COLUMNS), [_row(member) for member in page["members"]], frozenset({"epoch", "lease left"}), OPTIONAL
    )
    if silent := silence(page):
        say(silent)
    _say_holds(page)
    if paused and page["master"] is None and page["mode"] != "standalone":
        say("no master, and nobody takes over while the cluster is paused: pacing resume")
    for fault in page.get("broken", ()):
        say(f"cannot be read: {fault}")
    if any(member["state"] == "failsafe" for member in page["members"]):
        say(FAILSAFE_NOTE)
    for warning in page.get("warnings", ()):
        say(f"warning: {warning}")
    if note := FENCING_NOTES.get(page.get("fencing") or ""):
        say(note)
    if why := page.get("history_unavailable"):
        say(f"the history cannot be read now: {why}")
    for entry in page["history"][:5]:
        say(_term(entry))


def _say_holds(page: dict[str, Any]) -> None:
    """What operators allow no invitations."""
    if stopped := page.get("stopped"):
        say(f"ALL INVITATIONS STOPPED by {stopped['by']}: {stopped['why']}; pacing release --all")
    if held := page.get("held"):
        say(f"targets held by operators: {held}; they have the reason held in pacing targets")


def _row(member: dict[str, Any]) -> list[str]:
    return [
        member["name"],
        member["role"] or "–",
        member["state"] or "–",
        number(member["epoch"]),
        f"{member['lease_left_seconds']:.1f} s" if member["role"] == "master" else "–",
        member["zookeeper"] or "–",
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
) -> None:
    """List the newest terms: who, which epoch, from when to when, why it ended, and the gap before it."""
    page = ask(url, f"/history?limit={limit}")
    if output is Output.JSON:
        print_json(page)
        return
    if why := page.get("history_unavailable"):
        say(f"the history cannot be read now: {why}")
    rows = [
        [
            number(entry["epoch"]),
            entry["node"],
            _moment(entry["began_at"]),
            _moment(entry["ended_at"]),
            (entry["cause"] or "–") + _broken(entry),
            "–" if entry["gap_seconds"] is None else f"{entry['gap_seconds']:.3f} s",
        ]
        for entry in page["history"]
    ]
    print_table(
        f"{len(rows)} terms",
        list(HISTORY_COLUMNS),
        rows,
        frozenset(),
    )
    if silent := silence(page):
        say(silent)


def _moment(at: float | None) -> str:
    return utc(at) if at is None else utc(at, "%Y-%m-%d %H:%M:%S.%f")[:-3]


def _broken(entry: dict[str, Any]) -> str:
    """What cannot be read of an entry, for the end of its line."""
    broken = entry.get("broken")
    return f" (broken entry: {'; '.join(broken)})" if broken else ""
