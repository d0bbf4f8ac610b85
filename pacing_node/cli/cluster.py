"""`pacing list` and `pacing step-down`: who is in the cluster, who is master, and how to hand over."""

from __future__ import annotations

import asyncio
import getpass
import time
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cluster.channels import Channels
from cluster.errors import ClusterError
from cluster.peer_client import PeerClient
from cluster.records import MemberInfo
from pacing_node.cli.output import (
    DEFAULT_URL,
    ExitCode,
    Output,
    OutputOption,
    UrlOption,
    ask,
    fail,
    number,
    print_json,
    print_table,
)

COLUMNS = ["member", "role", "state", "epoch", "lease left", "zookeeper", "version", "http", "clustering", "note"]
WAIT_SECONDS = 30.0
CALL_SECONDS = 5.0
_POLL_SECONDS = 0.1


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("list")(list_members)
    app.command("step-down")(step_down)
    app.command("history")(history)


def list_members(url: UrlOption = DEFAULT_URL, output: OutputOption = Output.TABLE) -> None:
    """List the members of the cluster with their role, epoch, lease and ZooKeeper session."""
    page = ask(url, "/cluster")
    if output is Output.JSON:
        print_json(page)
        return
    mode = "standalone" if page["mode"] == "standalone" else f"master {page['master'] or 'nobody'}"
    pause = f" · PAUSED by {page['paused']['by']}" if page.get("paused") else ""
    title = f"cluster {page['cluster']} · {mode} · epoch {page['epoch']}{pause} · answered by {page['answered_by']}"
    print_table(title, COLUMNS, [_row(member) for member in page["members"]], frozenset({"epoch", "lease left"}))
    for entry in page["history"][:5]:
        typer.echo(_reign(entry))


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
        "" if member["reachable"] else f"not reachable: {member['error']}",
    ]


def _reign(entry: dict[str, Any]) -> str:
    """One reign as a line for people."""
    began = datetime.fromtimestamp(entry["began_at"], UTC).strftime("%H:%M:%S")
    ended = f", ended: {entry['cause'] or 'not known'}" if entry["ended_at"] or entry["cause"] else ""
    gap = f", {entry['gap_seconds']:.2f} s after {entry['previous']}" if entry["gap_seconds"] is not None else ""
    return f"epoch {entry['epoch']}: {entry['node']} since {began} UTC{gap}{ended}"


def history(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most reigns to show.")] = 50,
    url: UrlOption = DEFAULT_URL,
    output: OutputOption = Output.TABLE,
) -> None:
    """List the newest reigns: who, which epoch, from when to when, why it ended, and the gap before it."""
    page = ask(url, f"/history?limit={limit}")
    if output is Output.JSON:
        print_json(page)
        return
    rows = [
        [
            number(entry["epoch"]),
            entry["node"],
            _moment(entry["began_at"]),
            _moment(entry["ended_at"]),
            entry["cause"] or "–",
            "–" if entry["gap_seconds"] is None else f"{entry['gap_seconds']:.3f} s",
        ]
        for entry in page["history"]
    ]
    print_table(
        f"{len(rows)} reigns",
        ["epoch", "master", "from (UTC)", "to (UTC)", "ended by", "gap before"],
        rows,
        frozenset(),
    )


def _moment(at: float | None) -> str:
    return "–" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def step_down(
    url: UrlOption = DEFAULT_URL,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until another member is master.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Ask the master to resign; another member takes over at once."""
    page = ask(url, "/cluster")
    if page["mode"] == "standalone":
        raise fail("this node runs alone; there is nobody to hand over to", ExitCode.FAILED)
    master = next((member for member in page["members"] if member["name"] == page["master"]), None)
    if master is None:
        raise fail("there is no master now", ExitCode.NOT_FOUND)
    try:
        epoch = asyncio.run(_resign(master))
    except ClusterError as error:
        raise fail(f"{master['name']} did not resign: {error}", ExitCode.FAILED) from None
    successor = _await_successor(url, epoch) if wait else None
    outcome = {
        "former_master": master["name"],
        "former_epoch": epoch,
        "master": successor["master"] if successor else None,
        "epoch": successor["epoch"] if successor else None,
    }
    if output is Output.JSON:
        print_json(outcome)
    else:
        typer.echo(f"before: master {outcome['former_master']}, epoch {epoch}")
        if successor:
            typer.echo(f"after:  master {outcome['master']}, epoch {outcome['epoch']}")


async def _resign(master: dict[str, Any]) -> int:
    info = MemberInfo(master["name"], master["http"], master["clustering"], master["version"], master["started_at"])
    client = PeerClient(CALL_SECONDS, Channels())
    try:
        return await client.step_down(info, f"{getpass.getuser()} by pacing step-down", CALL_SECONDS)
    finally:
        await client.close()


def _await_successor(url: str, epoch: int) -> dict[str, Any]:
    """The cluster as soon as a member reigns with a newer epoch."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        page: dict[str, Any] = ask(url, "/cluster")
        if page["master"] is not None and page["epoch"] > epoch:
            return page
        time.sleep(_POLL_SECONDS)
    raise fail(f"no other member took over within {WAIT_SECONDS:.0f} s", ExitCode.FAILED)
