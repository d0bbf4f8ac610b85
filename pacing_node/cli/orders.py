"""`pacing step-down`, `pause` and `resume`: orders to the cluster, given over the clustering port of a member."""

from __future__ import annotations

import asyncio
import getpass
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cluster.errors import ClusterError, SettingsError
from cluster.outside_text import one_line
from cluster.records import MemberInfo
from cluster.tracing import passing_on
from pacing_node.cli.appointed_time import parse_moment, wait_for
from pacing_node.cli.caller_trace import caller_trace
from pacing_node.cli.exits import ExitCode, YesOption, ask_before, fail
from pacing_node.cli.node_client import DEFAULT_URL, UrlOption, ask, asks_a_node
from pacing_node.cli.order_proof import ConfigOption, SecretFileOption, order_proof
from pacing_node.cli.output import Output, OutputOption, columns, show, utc
from terminal.examples import examples
from terminal.forms import Listing
from terminal.printing import status_line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeVar

    from cluster.admin.member_calls import PeerClient
    from cluster.records import Pause
    from pacing_node.cli.order_proof import OrderProof

    _T = TypeVar("_T")

WAIT_SECONDS = 30.0
CALL_SECONDS = 5.0
LONGEST_SECONDS = 366 * 86_400.0
"""Longest duration an order takes."""
_POLL_SECONDS = 0.1
STEP_DOWN_EXAMPLES = examples(
    "pacing step-down --wait",
    "pacing step-down --to node-2 --at 03:30 --yes",
    "pacing step-down --config /etc/pacing/node.yaml",
)
PAUSE_EXAMPLES = examples("pacing pause --for 30m --wait", "pacing pause --secret-file /etc/pacing/secret")
RESUME_EXAMPLES = examples("pacing resume --wait", "pacing resume -o json")
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("step-down", epilog=STEP_DOWN_EXAMPLES)(asks_a_node(step_down))
    app.command("pause", epilog=PAUSE_EXAMPLES)(asks_a_node(pause))
    app.command("resume", epilog=RESUME_EXAMPLES)(asks_a_node(resume))


def parse_duration(text: str) -> float:
    """Seconds of a duration such as ``90``, ``45s``, ``30m``, ``2h`` or ``1d``. Raises typer.BadParameter."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip())
    seconds = float(match.group(1)) * _UNITS[match.group(2)] if match else 0.0
    if not 0.0 < seconds <= LONGEST_SECONDS:
        message = f"found {text[:40]!r}, allowed is a number above 0 with s, m, h or d, for example 30m; at most 366d"
        raise typer.BadParameter(message)
    return seconds


def step_down(
    url: UrlOption = DEFAULT_URL,
    config: ConfigOption = None,
    *,
    secret_file: SecretFileOption = None,
    to: Annotated[
        str, typer.Option("--to", metavar="NODE", help="The member that shall take over; refused if it cannot.")
    ] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Wait until another member, or NODE, is master.")] = False,
    at: Annotated[
        str,
        typer.Option(
            "--at",
            metavar="TIME",
            help="Give the order at this time, such as 03:30 (UTC) or 2026-12-01T03:30+01:00; the command waits.",
        ),
    ] = "",
    yes: YesOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Ask the master to resign; another member takes over at once."""
    moment = parse_moment(at, datetime.now(UTC)) if at else None
    proof = order_proof(config, secret_file)
    page, master = _page_and_master(url)
    ask_before(f"{master['name']} is master, epoch {page['epoch']}, and will resign.", yes=yes)
    if moment is not None:
        wait_for(moment, "step-down")
        page, master = _page_and_master(url)
    epoch = _resign(proof, page, master, to)
    after = _await(url, lambda page: page["master"] is not None and page["epoch"] > epoch) if wait else None
    if after and to and after["master"] != to:
        raise fail(f"{after['master']} took over, not {to}", ExitCode.FAILED)
    outcome = {
        "former_master": master["name"],
        "former_epoch": epoch,
        "master": after["master"] if after else None,
        "epoch": after["epoch"] if after else None,
    }
    _show(output, outcome, (master["name"], epoch), after)


def _page_and_master(url: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The cluster and its master's entry; ends the command when nobody can hand over."""
    page = ask(url, "/cluster")
    if page["mode"] == "standalone":
        raise fail("this node runs alone; there is nobody to hand over to", ExitCode.FAILED)
    master = next((member for member in page["members"] if member["name"] == page["master"]), None)
    if master is None:
        raise fail("there is no master now", ExitCode.NOT_FOUND)
    return page, master


def _resign(proof: OrderProof, page: dict[str, Any], master: dict[str, Any], to: str) -> int:
    """Order the master to resign; returns the epoch of the term that ends."""
    by, epoch = f"{one_line(getpass.getuser())} by pacing step-down", int(master.get("epoch") or 0)
    info = _info(master)
    try:
        return _order(proof, page["cluster"], info, lambda client: client.step_down(info, by, CALL_SECONDS, to, epoch))
    except ClusterError as error:
        raise fail(f"{master['name']} did not resign: {error}", ExitCode.FAILED) from None


def pause(
    duration: Annotated[
        str | None,
        typer.Option("--for", metavar="TIME", help="How long, such as 30m or 2h, at most 24h; an hour unless given."),
    ] = None,
    url: UrlOption = DEFAULT_URL,
    config: ConfigOption = None,
    *,
    secret_file: SecretFileOption = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until every member that answers knows of it.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Pause the cluster for a time: the master goes on, and nobody takes over from it."""
    seconds = None if duration is None else parse_duration(duration)
    page = ask(url, "/cluster")
    by = one_line(getpass.getuser())
    proof = order_proof(config, secret_file)
    ordered: Pause = _order_any(page, proof, lambda client, member: client.pause(member, by, seconds, CALL_SECONDS))
    after = _await(url, lambda page: _all_paused(page, paused=True)) if wait else ask(url, "/cluster")
    paused = {"by": ordered.by, "began_at": ordered.began_at, "until": ordered.until}
    said = f"paused by {ordered.by} until {end_of(ordered.until)}: nobody takes over from the master"
    _show(output, _outcome(page, after) | {"paused": paused}, (page["master"], page["epoch"]), after, said)


def resume(
    url: UrlOption = DEFAULT_URL,
    config: ConfigOption = None,
    *,
    secret_file: SecretFileOption = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until no member knows of a pause and there is a master.")
    ] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """End a pause of the cluster."""
    page = ask(url, "/cluster")
    by = one_line(getpass.getuser())
    proof = order_proof(config, secret_file)
    was_paused: bool = _order_any(page, proof, lambda client, member: client.resume(member, by, CALL_SECONDS))
    after = (
        _await(url, lambda page: page["master"] is not None and _all_paused(page, paused=False))
        if wait
        else ask(url, "/cluster")
    )
    outcome = _outcome(page, after) | {"was_paused": was_paused}
    said = "resumed" if was_paused else "the cluster was not paused"
    _show(output, outcome, (page["master"], page["epoch"]), after, said)


def end_of(until: float | None) -> str:
    """The end of a pause for people."""
    return "resumed" if until is None else f"{utc(until)} UTC"


def _all_paused(page: dict[str, Any], *, paused: bool) -> bool:
    return all(member.get("paused", False) is paused for member in page["members"] if member["reachable"])


def _outcome(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {
        "former_master": before["master"],
        "former_epoch": before["epoch"],
        "master": after["master"],
        "epoch": after["epoch"],
    }


def _show(
    output: Output,
    outcome: dict[str, Any],
    before: tuple[str | None, int],
    after: dict[str, Any] | None,
    said: str = "",
) -> None:
    """Print what was and what is, for programs or for people."""
    lines = [f"before: master {before[0] or 'nobody'}, epoch {before[1]}"]
    if after is not None:
        lines.append(f"after:  master {after['master'] or 'nobody'}, epoch {after['epoch']}")
    lines += [said] if said else []
    flat = {key: value for key, value in outcome.items() if not isinstance(value, dict)}
    flat |= {
        f"{key}_{name}": each for key, part in outcome.items() if isinstance(part, dict) for name, each in part.items()
    }
    names = columns(dict.fromkeys(flat, ""))
    show(lambda: Listing(outcome, names, [list(flat.values())], after=lines, table=False), output)


def _info(member: dict[str, Any]) -> MemberInfo:
    return MemberInfo(member["name"], member["http"], member["clustering"], member["version"], member["started_at"])


def _order(proof: OrderProof, cluster: str, member: MemberInfo, order: Callable[[PeerClient], Awaitable[_T]]) -> _T:
    """Give an order to a member, with what proves who gives it. Raises ClusterError."""
    # Loaded here: gRPC is a third of what commands that only read would load.
    from cluster.admin.member_calls import open_calls  # noqa: PLC0415

    async def give() -> _T:
        async with open_calls(CALL_SECONDS, proof.tls, proof.credentials(cluster, member.clustering)) as client:
            return await order(client)

    try:
        with passing_on(caller_trace()):
            return asyncio.run(give())
    except SettingsError as error:
        raise fail(str(error), ExitCode.USAGE) from None


def _order_any(page: dict[str, Any], proof: OrderProof, order: Callable[[PeerClient, MemberInfo], Awaitable[_T]]) -> _T:
    """Give an order that any member takes to the first one that does, the one that answered first."""
    members = sorted(page["members"], key=lambda member: member["name"] != page["answered_by"])
    failure: Exception | None = None
    for member in members:
        info = _info(member)
        # It is called before the next one begins: `info` is still this member's.
        try:
            return _order(proof, page["cluster"], info, lambda client: order(client, info))  # noqa: B023 - see above
        except ClusterError as error:
            failure = failure or error
    raise fail(f"no member took the order: {failure}", ExitCode.FAILED)


def _await(url: str, done: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The cluster as soon as it is as wanted."""
    deadline = time.monotonic() + WAIT_SECONDS
    try:
        while (left := deadline - time.monotonic()) > 0.0:
            page: dict[str, Any] = ask(url, "/cluster")
            if done(page):
                return page
            status_line(f"master {page['master'] or 'nobody'}, epoch {page['epoch']}; waiting, {left:.0f} s at most")
            time.sleep(_POLL_SECONDS)
    finally:
        status_line("")
    raise fail(f"the cluster has not come to it within {WAIT_SECONDS:.0f} s", ExitCode.FAILED)
