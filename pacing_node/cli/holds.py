"""`pacing hold`, `release` and `stop`: no invitations for a target, or for all, by an operator's word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from pacing_node.cli.exits import ExitCode, YesOption, ask_before, fail
from pacing_node.cli.node_client import DEFAULT_URL, UrlOption, asks_a_node, give_order
from pacing_node.cli.orders import end_of, parse_duration
from pacing_node.cli.output import Output, OutputOption, columns, show
from terminal.examples import examples
from terminal.forms import Listing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from terminal.forms import Value

_Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Why; shown with the hold, and in the audit log.")]
_For = Annotated[
    str | None,
    typer.Option("--for", metavar="TIME", help="How long, such as 30m or 2h; until it is released unless given."),
]
_STOP = "/api/v1/orders/emergency-stop"
HOLD_EXAMPLES = examples(
    "pacing hold 'Sales - chat' --why 'line down' --for 30m",
    "pacing hold 'Sales - chat' --why 'training today'",
)
RELEASE_EXAMPLES = examples(
    "pacing release 'Sales - chat' --why 'line is back'",
    "pacing release --all --why 'offer is right again'",
)
STOP_EXAMPLES = examples(
    "pacing stop --why 'wrong offer on the page'",
    "pacing stop --why 'drill' --for 10m --yes",
)
_COLUMNS = {"when": "", "what": "", "held": "", "until": "", "by": "", "why": ""}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("hold", epilog=HOLD_EXAMPLES)(asks_a_node(hold))
    app.command("release", epilog=RELEASE_EXAMPLES)(asks_a_node(release))
    app.command("stop", epilog=STOP_EXAMPLES)(asks_a_node(stop))


def hold(
    target: Annotated[str, typer.Argument(help="Name of the target, such as 'Sales - chat'.")],
    why: _Why,
    duration: _For = None,
    url: UrlOption = DEFAULT_URL,
    output: OutputOption = Output.TABLE,
) -> None:
    """Allow a target no invitations, whoever is master, until it is released or for a time."""
    _show(output, give_order(url, "PUT", _path(target), {"why": why, **_seconds(duration)}), target)


def stop(
    why: _Why,
    duration: _For = None,
    *,
    yes: YesOption = False,
    url: UrlOption = DEFAULT_URL,
    output: OutputOption = Output.TABLE,
) -> None:
    """Allow no target any invitation (emergency stop)."""
    seconds = _seconds(duration)
    ask_before("This stops all invitations of the cluster.", yes=yes)
    _show(output, give_order(url, "PUT", _STOP, {"why": why, **seconds}), None)


def release(
    why: _Why,
    target: Annotated[str, typer.Argument(help="Name of the target; none with --all.", show_default=False)] = "",
    everything: Annotated[bool, typer.Option("--all", help="End the emergency stop; holds of targets stay.")] = False,
    url: UrlOption = DEFAULT_URL,
    output: OutputOption = Output.TABLE,
) -> None:
    """End the hold of a target, or the emergency stop."""
    if bool(target) == everything:
        raise fail("name one target, or --all for the emergency stop", ExitCode.USAGE)
    path = _STOP if everything else _path(target)
    _show(output, give_order(url, "DELETE", path, {"why": why}), target or None)


def _path(target: str) -> str:
    return f"/api/v1/targets/{quote(target, safe='')}/hold"


def _seconds(duration: str | None) -> dict[str, float]:
    return {} if duration is None else {"seconds": parse_duration(duration)}


def _show(output: Output, answer: Mapping[str, Any], target: str | None) -> None:
    """What was so before, and what is so now."""
    what = target or "all targets"
    lines, rows = [], []
    for name in ("before", "after"):
        state = answer[name]
        found = state["hold"] if target is not None else state["stopped"]
        lines.append(f"{name + ':':<8}{what}: {_words(found)}")
        rows.append(_row(name, what, found))
    if target is not None and answer["after"]["stopped"]:
        lines.append(f"all invitations are stopped besides: {_words(answer['after']['stopped'])}")
    show(lambda: Listing(answer, columns(_COLUMNS), rows, after=lines, table=False), output)


def _row(when: str, what: str, found: Mapping[str, Any] | None) -> list[Value]:
    if found is None:
        return [when, what, False, None, None, None]
    return [when, what, True, found["until"], found["by"], found["why"]]


def _words(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "not held"
    end = "until released" if found["until"] is None else f"until {end_of(found['until'])}"
    return f"no invitations {end}, by {found['by']}: {found['why']}"
