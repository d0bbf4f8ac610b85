"""`pacing events`: what has happened on a node, and what happens."""

from __future__ import annotations

import asyncio
import contextlib
import json
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import typer

from pacing_node.cli.node_client import DEFAULT_URL, UrlOption, asks_a_node, lines_of_stream
from pacing_node.cli.output import Output, OutputOption, columns, moment
from terminal.characters import json_text
from terminal.examples import examples
from terminal.forms import Form, Listing, print_listing, text_of
from terminal.printing import complain, say
from terminal.standard_streams import end_with_reader

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

KINDS = ("leadership", "alarm", "configuration", "hold", "resync", "cycle")
USUAL = KINDS[:-1]
"""Shown unless others are named: a cycle comes every few seconds."""
COLUMNS = {
    "at (UTC)": "when, by the clock of the node",
    "event": "`leadership`, `alarm`, `configuration`, `hold`, `cycle`; `resync` where events are missing",
    "what": "its data",
}
"""Columns of `pacing events`, with what they mean."""
EXAMPLES = examples(
    "pacing events --follow",
    "pacing events --kind leadership --kind alarm -o json",
    "pacing events --follow --kind cycle --url node1,node2",
)
RETRY_SECONDS = 1.0


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("events", epilog=EXAMPLES)(asks_a_node(events))


def events(
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens, until Ctrl-C.")] = False,
    kinds: Annotated[
        list[str] | None,
        typer.Option("--kind", metavar="KIND", help=f"Of these kinds: {', '.join(KINDS)}. All but cycle unless named."),
    ] = None,
    url: UrlOption = DEFAULT_URL,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show the newest events a node keeps (the newest 1000), or follow them as they happen.

    With --follow every event is one line: JSON has one document a line, YAML one behind each `---`. When the node
    goes away another of --url is asked; events in between may be missing, which a line `resync` says.
    """
    wanted = frozenset(kinds or USUAL)
    if unknown := sorted(wanted - set(KINDS)):
        raise typer.BadParameter(f"found {', '.join(unknown)}; allowed: {', '.join(KINDS)}", param_hint="--kind")
    if follow:
        end_with_reader()
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_follow(url, wanted, output))
        return
    found = asyncio.run(_kept(url, wanted))
    print_listing(_listing(found, f"{len(found)} events"), output)


def _path(*, follow: bool) -> str:
    return "/api/v1/events?" + urlencode({"kept": "true", "follow": str(follow).lower()})


async def _kept(url: str, wanted: frozenset[str]) -> list[dict[str, Any]]:
    lines = lines_of_stream(url, _path(follow=False), "")
    return [event async for event in _events(lines) if event["event"] in wanted]


async def _follow(url: str, wanted: frozenset[str], output: Output) -> None:
    """Print events as they come; begin again where the stream ended.

    All of it runs in one event loop, which turns Ctrl-C into the end of this task wherever it is.
    """
    last, first = "", True
    while True:
        with contextlib.suppress(typer.Exit) if not first else contextlib.nullcontext():
            async for event in _events(lines_of_stream(url, _path(follow=True), last)):
                last = event["id"]
                if event["event"] in wanted:
                    say(_line(event, output, head=first), end="")
                    first = False
            complain("pacing: the stream of events has ended; asking again")
        first = False
        await asyncio.sleep(RETRY_SECONDS)


async def _events(stream: AsyncGenerator[str, None]) -> AsyncGenerator[dict[str, Any], None]:
    """Events of a stream of server-sent events, their data under `data`."""
    fields: dict[str, str] = {}
    async with aclosing(stream) as lines:
        async for line in lines:
            if line:
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
            elif "data" in fields:
                data = json.loads(fields["data"])
                yield {"id": fields.get("id", ""), "event": fields.get("event", ""), "data": data}
                fields = {}
            else:
                fields = {}


def _listing(found: Sequence[dict[str, Any]], title: str) -> Listing:
    rows = [
        [moment(each["data"].get("at"), "%Y-%m-%d %H:%M:%S"), each["event"], _words(each["data"])] for each in found
    ]
    return Listing(list(found), columns(COLUMNS), rows, title)


def _line(event: dict[str, Any], output: Output, *, head: bool) -> str:
    """One event while they are followed."""
    if output is Form.JSON:
        return json_text(event, indent=None) + "\n"
    if output is Form.YAML:
        return "---\n" + text_of(Listing(event), output)
    lines = text_of(_listing([event], ""), Form.TSV).splitlines(keepends=True)
    if output is Form.TSV:
        return "".join(lines if head else lines[1:])
    return "  ".join(lines[1].split("\t"))


def _words(data: dict[str, Any]) -> str:
    """The data of an event in a line; what is not there is left out."""
    parts = ((name, value) for name, value in data.items() if name != "at" and value not in (None, [], "", {}))
    return ", ".join(f"{name} {_value(value)}" for name, value in parts)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_value, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
