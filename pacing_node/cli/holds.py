"""`pacing hold`, `release` and `stop`: no invitations for a target, or for all, by an operator's word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from pacing_node.cli.exits import ExitCode, fail
from pacing_node.cli.node_client import DEFAULT_URL, UrlOption, asks_a_node, give_order
from pacing_node.cli.orders import moment, parse_duration
from pacing_node.cli.output import Output, OutputOption, print_json
from terminal.printing import say

if TYPE_CHECKING:
    from collections.abc import Mapping

_Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Why; shown with the hold, and in the audit log.")]
_For = Annotated[
    str | None,
    typer.Option("--for", metavar="TIME", help="How long, such as 30m or 2h; until it is released unless given."),
]
_STOP = "/api/v1/orders/emergency-stop"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("hold")(asks_a_node(hold))
    app.command("release")(asks_a_node(release))
    app.command("stop")(asks_a_node(stop))


def hold(
    target: Annotated[str, typer.Argument(help="Name of the target, such as 'Sales - chat'.")],
    why: _Why,
    duration: _For = None,
    url: UrlOption = DEFAULT_URL,
    output: OutputOption = Output.TABLE,
) -> None:
    """Allow a target no invitations: pacing hold 'Sales - chat' --why 'line down' --for 30m."""
    _show(output, give_order(url, "PUT", _path(target), {"why": why, **_seconds(duration)}), target)


def stop(why: _Why, duration: _For = None, url: UrlOption = DEFAULT_URL, output: OutputOption = Output.TABLE) -> None:
    """Allow no target any invitation (emergency stop): pacing stop --why 'wrong offer on the page'."""
    _show(output, give_order(url, "PUT", _STOP, {"why": why, **_seconds(duration)}), None)


def release(
    why: _Why,
    target: Annotated[str, typer.Argument(help="Name of the target; none with --all.", show_default=False)] = "",
    everything: Annotated[bool, typer.Option("--all", help="End the emergency stop; holds of targets stay.")] = False,
    url: UrlOption = DEFAULT_URL,
    output: OutputOption = Output.TABLE,
) -> None:
    """End the hold of a target, or the emergency stop: pacing release 'Sales - chat' --why 'line is back'."""
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
    if output is Output.JSON:
        print_json(answer)
        return
    what = target or "all targets"
    for name in ("before", "after"):
        state = answer[name]
        found = state["hold"] if target is not None else state["stopped"]
        say(f"{name + ':':<8}{what}: {_words(found)}")
    if target is not None and answer["after"]["stopped"]:
        say(f"all invitations are stopped besides: {_words(answer['after']['stopped'])}")


def _words(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "not held"
    end = "until released" if found["until"] is None else f"until {moment(found['until'])}"
    return f"no invitations {end}, by {found['by']}: {found['why']}"
