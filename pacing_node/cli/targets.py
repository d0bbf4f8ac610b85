"""`pacing targets` and `pacing explain`: what may be sent, and why."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from pacing_node.cli.output import DEFAULT_URL, Output, OutputOption, UrlOption, ask, number, print_json, print_table

COLUMNS = ["target", "invitations", "inbound", "reason", "ready", "busy", "logged in", "waiting", "pending", "goal %"]
RIGHT = frozenset(COLUMNS) - {"target", "reason"}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("targets")(targets)
    app.command("explain")(explain)


def targets(url: UrlOption = DEFAULT_URL, output: OutputOption = Output.TABLE) -> None:
    """List all pacing targets with what the newest cycle allowed each and what limited it."""
    page = ask(url, "/targets")
    if output is Output.JSON:
        print_json(page)
        return
    pushed = "accepted by the platform" if page["pushed"] else f"not pushed: {page['push_error'] or 'no cycle yet'}"
    title = f"{len(page['targets'])} targets · {page['algorithm'] or 'no cycle yet'} · epoch {page['epoch']} · {pushed}"
    print_table(title, COLUMNS, [_row(target) for target in page["targets"]], RIGHT)
    for target in page["targets"]:
        if target["error"]:
            typer.echo(f"{target['name']}: the platform answered: {target['error']}")


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
    target: Annotated[str, typer.Argument(help="Name of the target, for example 'Proactive Chat - chat'.")],
    url: UrlOption = DEFAULT_URL,
    output: OutputOption = Output.TABLE,
) -> None:
    """Say why a target was allowed as many invitations as it was, or none."""
    page = ask(url, "/explain?target=" + quote(target, safe=""))
    if output is Output.JSON:
        print_json(page)
        return
    typer.echo(f"{page['name']} · {page['reason'] or 'not calculated yet'}")
    for line in page["lines"]:
        typer.echo(f"  {line}")
    for finding in page["findings"]:
        typer.echo(f"  {finding['severity']} {finding['code']}: {finding['message']}")
        if remedy := finding.get("remedy"):
            typer.echo(f"    {remedy.replace('`', '')}")
