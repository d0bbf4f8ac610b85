"""`pacing targets` and `pacing explain`: what may be sent, and why."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from pacing_node.cli.node_client import DEFAULT_URL, UrlOption, ask, asks_a_node
from pacing_node.cli.output import Output, OutputOption, number, print_json, print_table
from pacing_node.cli.silence import freshness, silence
from pacing_node.cli.target_choice import SortBy, chosen
from terminal.printing import say

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


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("targets")(asks_a_node(targets))
    app.command("explain")(asks_a_node(explain))


def targets(
    *,
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help="Only targets whose name contains this.")] = "",
    reason: Annotated[str, typer.Option(help="Only targets with this reason, such as agents_available.")] = "",
    sort: Annotated[SortBy, typer.Option(help="What to sort by; numbers begin with the highest.")] = SortBy.TARGET,
    limit: Annotated[int | None, typer.Option(min=1, help="Most targets to show.")] = None,
    url: UrlOption = DEFAULT_URL,
    output: OutputOption = Output.TABLE,
) -> None:
    """List the pacing targets with what the newest cycle allowed each and what limited it."""
    page = ask(url, "/targets")
    total = len(page["targets"])
    found = chosen(page["targets"], text=text, reason=reason, sort=sort)
    page["targets"] = found[:limit]
    if output is Output.JSON:
        print_json(page)
        return
    counted, algorithm = _counted(len(page["targets"]), len(found), total), page["algorithm"] or "no cycle yet"
    title = f"{counted} · {algorithm} · epoch {page['epoch']}"
    if silent := silence(page):
        say(silent)
        title += ", numbers of the newest cycle this node knows"
    else:
        title += f" · {freshness(page)}"
    print_table(title, list(COLUMNS), [_row(target) for target in page["targets"]], RIGHT, OPTIONAL)
    for target in page["targets"]:
        if target["error"]:
            say(f"{target['name']}: the platform answered: {target['error']}")


def _counted(shown: int, found: int, total: int) -> str:
    """How many of how many targets."""
    all_of_them = f"{total} targets" if found == total else f"{found} of {total} targets"
    return all_of_them if shown == found else f"{shown} shown of {all_of_them}"


def _row(target: dict[str, Any]) -> list[str]:
    return [
        target["name"],
        number(target["invitations"]),
        number(target["inbound_portion"], 2),
        target["reason"] or "–",
        number(target["ready"]),
        number(target["busy"]),
        number(target["logged_in"]),
        number(target["waiting"]),
        number(target["pending"]),
        number(target["goal_percent"], 1),
    ]


def explain(
    target: Annotated[str, typer.Argument(help="Name of the target, for example 'Sales Chat - chat'.")],
    url: UrlOption = DEFAULT_URL,
    output: OutputOption = Output.TABLE,
) -> None:
    """Say why a target was allowed as many invitations as it was, or none."""
    page = ask(url, "/explain?target=" + quote(target, safe="", errors="replace"))
    if output is Output.JSON:
        print_json(page)
        return
    say(f"{page['name']} · {page['reason'] or 'not calculated yet'} · {freshness(page)}")
    for line in page["lines"]:
        say(f"  {line}")
    for finding in page["findings"]:
        say(f"  {finding['severity']} {finding['code']}: {finding['message']}")
        if remedy := finding.get("remedy"):
            say(f"    {remedy.replace('`', '')}")
