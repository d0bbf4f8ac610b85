"""`pacing targets` and `pacing explain`: what may be sent, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from pacing_node.cli.node_client import DEFAULT_URL, UrlOption, ask, asks_a_node
from pacing_node.cli.output import Output, OutputOption, WatchOption, columns, show
from pacing_node.cli.silence import freshness, silence
from pacing_node.cli.target_choice import SortBy, chosen
from pacing_node.cli.watching_command import WatchingCommand
from pacing_node.runtime.documented_words import meanings
from terminal.examples import examples
from terminal.forms import Listing

if TYPE_CHECKING:
    from terminal.forms import Value

COLUMNS = {
    "target": "`<virtual queue> - <media>`",
    "invitations": "how many invitations may go out in the next refresh period",
    "inbound": "InboundPortion of a dual law, 0 to 1: the share of inbound traffic to allow; a dash with other laws",
    "reason": "what limited the number",
    "ready": "interactions of the medium that agents would be given now, by their capacity rules",
    "busy": "interactions of the medium that agents at work are busy with or cannot take",
    "logged in": "agents of the target's groups that are logged in, whatever they do; people, not interactions",
    "waiting": "visitors who accepted and wait in the queue",
    "pending": "invitations that are out without an answer",
    "goal %": "goal in force for this target: the queue's, else its groups', else the service's",
}
"""Columns of `pacing targets`, with what they mean."""
RIGHT = frozenset(COLUMNS) - {"target", "reason"}
OPTIONAL = ("pending", "waiting", "logged in", "inbound", "goal %")
"""Columns that are left out on a narrow terminal, the last one first."""


TARGETS_EXAMPLES = examples(
    "pacing targets sales --sort invitations --limit 20",
    "pacing targets --reason no_ready_agents --watch 5",
    "pacing targets -o tsv | cut -f 1,2",
)
EXPLAIN_EXAMPLES = examples("pacing explain 'Sales Chat - chat'", "pacing explain 'Sales Chat - chat' -o yaml")
EXPLAIN_COLUMNS = {"kind": "", "code": "", "text": ""}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("targets", cls=WatchingCommand, epilog=TARGETS_EXAMPLES)(asks_a_node(targets))
    app.command("explain", cls=WatchingCommand, epilog=EXPLAIN_EXAMPLES)(asks_a_node(explain))


def targets(
    *,
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help="Only targets whose name contains this.")] = "",
    reason: Annotated[str, typer.Option(help="Only targets with this reason, such as agents_available.")] = "",
    media: Annotated[str, typer.Option(help="Only targets of this medium, such as chat.")] = "",
    sort: Annotated[SortBy, typer.Option(help="What to sort by; numbers begin with the highest.")] = SortBy.TARGET,
    limit: Annotated[int | None, typer.Option(min=1, help="Most targets to show.")] = None,
    url: UrlOption = DEFAULT_URL,
    output: OutputOption = Output.TABLE,
    watched: WatchOption = None,
) -> None:
    """List the pacing targets with what the newest cycle allowed each and what limited it."""

    def listing() -> Listing:
        page = ask(url, "/targets")
        _check_reason(reason, page)
        total = len(page["targets"])
        found = chosen(page["targets"], text=text, reason=reason, media=media, sort=sort)
        page["targets"] = found[:limit]
        return targets_listing(page, _counted(len(page["targets"]), len(found), total))

    show(listing, output, watched)


def _check_reason(reason: str, page: dict[str, Any]) -> None:
    """End the command at a reason that there is none of: it would look as if no target had it."""
    if not reason:
        return
    # A node of a newer version can have more reasons than this command knows.
    known = {*meanings("pacing_node.algorithms.model", "Reason"), *(each["reason"] for each in page["targets"])}
    if reason not in known:
        words = ", ".join(sorted(filter(None, known)))
        raise typer.BadParameter(f"found {reason[:60]!r}; allowed: {words}", param_hint="--reason")


def targets_listing(page: dict[str, Any], counted: str) -> Listing:
    """The targets of a page, and how many there are in words."""
    title = f"{counted} · {page['algorithm'] or 'no cycle yet'} · epoch {page['epoch']}"
    silent = silence(page)
    title += ", numbers of the newest cycle this node knows" if silent else f" · {freshness(page)}"
    errors = [f"{each['name']}: the platform answered: {each['error']}" for each in page["targets"] if each["error"]]
    return Listing(
        page,
        columns(COLUMNS, RIGHT, OPTIONAL, digits={"inbound": 2, "goal %": 1}),
        [_row(target) for target in page["targets"]],
        title,
        before=[silent] if silent else [],
        after=errors,
    )


def _counted(shown: int, found: int, total: int) -> str:
    """How many of how many targets."""
    all_of_them = f"{total} targets" if found == total else f"{found} of {total} targets"
    return all_of_them if shown == found else f"{shown} shown of {all_of_them}"


def _row(target: dict[str, Any]) -> list[Value]:
    return [
        target["name"],
        target["invitations"],
        target["inbound_portion"],
        target["reason"] or None,
        target["ready"],
        target["busy"],
        target["logged_in"],
        target["waiting"],
        target["pending"],
        target["goal_percent"],
    ]


def explain(
    target: Annotated[str, typer.Argument(help="Name of the target, for example 'Sales Chat - chat'.")],
    url: UrlOption = DEFAULT_URL,
    output: OutputOption = Output.TABLE,
    watched: WatchOption = None,
) -> None:
    """Say why a target was allowed as many invitations as it was, or none."""
    path = "/explain?target=" + quote(target, safe="", errors="replace")
    show(lambda: _explanation(ask(url, path)), output, watched)


def _explanation(page: dict[str, Any]) -> Listing:
    lines = [f"{page['name']} · {page['reason'] or 'not calculated yet'} · {freshness(page)}"]
    lines += [f"  {line}" for line in page["lines"]]
    rows: list[list[Value]] = [["line", None, line] for line in page["lines"]]
    for finding in page["findings"]:
        lines.append(f"  {finding['severity']} {finding['code']}: {finding['message']}")
        rows.append([finding["severity"], finding["code"], finding["message"]])
        if remedy := finding.get("remedy"):
            lines.append(f"    {remedy.replace('`', '')}")
    return Listing(page, columns(EXPLAIN_COLUMNS), rows, before=lines, table=False)
