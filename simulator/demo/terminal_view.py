"""The demonstration as a picture for a terminal. Pure: what was seen goes in, something to draw comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from simulator.harness.observation import Observation
from terminal.characters import visible_line
from terminal.tables import Column, kept_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from simulator.demo.demo_report import Handover

_HANDOVERS_SHOWN = 4
_TARGETS_SHOWN = 24
_EVENTS_SHOWN = 5
_LONGEST_REASON = 28
_ROLE_STYLE = {"master": "bold green", "standby": "cyan"}


@dataclass(slots=True)
class Scene:
    """Everything the picture is drawn from."""

    title: str
    """What runs: ZooKeeper, scenario."""
    commands: Sequence[str]
    """What else to type."""
    seen: Observation = field(default_factory=Observation)
    processes: Mapping[str, int] = field(default_factory=dict)
    """Process ids of the nodes that run, by name."""
    accepted: int = 0
    refused: int = 0
    out_of_order: int = 0
    elapsed_seconds: float = 0.0
    duration_seconds: float | None = None
    handovers: Sequence[Handover] = ()
    events: Sequence[str] = ()


def draw(scene: Scene, width: int = 200) -> RenderableType:
    """The whole picture, for a terminal of this width: less important columns are left out where it is narrow."""
    end = "Ctrl-C ends it" if scene.duration_seconds is None else f"ends at {scene.duration_seconds:.0f} s"
    head = Text.assemble(
        ("Agent pacing", "bold"), f"  {visible_line(scene.title)}  {scene.elapsed_seconds:.0f} s, {end}"
    )
    parts: list[RenderableType] = [
        head,
        members_table(scene.seen, scene.processes, width),
        targets_table(scene.seen, width),
        _centre_line(scene),
    ]
    if scene.handovers:
        parts.append(handovers_table(scene.handovers, width))
    parts += [Text(visible_line(event), style="dim") for event in list(scene.events)[-_EVENTS_SHOWN:]]
    parts.append(Text("Try: " + " · ".join(scene.commands), style="dim"))
    return Group(*parts)


_MEMBERS = (
    Column("member"),
    Column("role"),
    Column("state"),
    Column("epoch", right=True),
    Column("lease left", right=True, optional=1),
    Column("last push", right=True, optional=2),
    Column("ZooKeeper", optional=3),
    Column("process", optional=4),
    Column("HTTP"),
)


def members_table(seen: Observation, processes: Mapping[str, int], width: int = 200) -> Table:
    """Members of the cluster with role, epoch, lease and ZooKeeper session."""
    title = f"Cluster {seen.cluster.get('cluster', '')}: master {seen.master or 'none'}"
    rows = [_member_row(member, str(processes.get(str(member.get("name")), ""))) for member in seen.members]
    return _table(title, _MEMBERS, rows, width)


def _member_row(member: Mapping[str, Any], process: str) -> list[str | Text]:
    name, http = str(member.get("name", "")), _address(str(member.get("http", "")))
    if not member.get("reachable"):
        return [name, Text("not reachable", "bold red"), "", "", "", "", "", process, http]
    role = str(member.get("role", ""))
    master = role == "master"
    record = member.get("last_record") or {}
    return [
        name,
        Text(role, _ROLE_STYLE.get(role, "")),
        str(member.get("state", "")),
        str(member.get("epoch", "")),
        lease(member) if master else "",
        f"{record['sequence']} of epoch {record['epoch']}" if record else "",
        str(member.get("zookeeper", "")),
        process,
        http,
    ]


def lease(member: Mapping[str, Any]) -> str:
    """What is left of a master's lease, for people; a node without ZooKeeper needs none."""
    return (
        "none needed" if member.get("zookeeper") == "standalone" else number(member.get("lease_left_seconds"), 1, " s")
    )


def _address(http: str) -> str:
    """With its scheme, so that a terminal makes a link of it."""
    return http if "://" in http or not http else f"http://{http}"


_TARGETS = (
    Column("target"),
    Column("goal", right=True, optional=5),
    Column("ready", right=True),
    Column("busy", right=True),
    Column("logged in", right=True, optional=3),
    Column("waiting", right=True, optional=2),
    Column("pending", right=True, optional=1),
    Column("invitations", right=True),
    Column("inbound", right=True, optional=4),
    Column("reason"),
)


def targets_table(seen: Observation, width: int = 200) -> Table:
    """Pacing targets with what the last calculation gave them and why."""
    targets, cycle = seen.targets.get("targets", ()), seen.targets.get("cycle") or {}
    rows = [_target_row(target) for target in targets[:_TARGETS_SHOWN]]
    title = f"Targets: {seen.targets.get('algorithm', 'no calculation yet')}, {_age(cycle)}{silence(seen)}"
    table = _table(title, _TARGETS, rows, width)
    if cycle.get("silent_since") is not None:
        table.title_style = "bold red"
    if len(targets) > _TARGETS_SHOWN:
        table.caption = f"and {len(targets) - _TARGETS_SHOWN} more"
    return table


def _age(cycle: Mapping[str, Any]) -> str:
    """How old the numbers are."""
    return number(cycle.get("age_seconds"), 1, " s ago")


def silence(seen: Observation) -> str:
    """Why nothing is pushed, to be appended; empty while pacing goes on."""
    cycle = seen.targets.get("cycle") or {}
    return f", SILENT: {cycle.get('text', '')}" if cycle.get("silent_since") is not None else ""


def _target_row(target: Mapping[str, Any]) -> list[str | Text]:
    return [
        str(target.get("name", "")),
        number(target.get("goal_percent"), 0, " %"),
        *(number(target.get(key)) for key in ("ready", "busy", "logged_in", "waiting", "pending")),
        Text(number(target.get("invitations")), "bold"),
        number(_percent(target.get("inbound_portion")), 0, " %"),
        _shortened(str(target.get("error") or target.get("reason") or "")),
    ]


def _shortened(text: str) -> str:
    """An error of the platform, cut so that the numbers beside it keep their place."""
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 1] + "…"


_HANDOVERS = (
    Column("epoch"),
    Column("from", optional=1),
    Column("to"),
    Column("cause"),
    Column("gap without an accepted push"),
)


def handovers_table(handovers: Sequence[Handover], width: int = 200) -> Table:
    """The last hand-overs with cause and gap."""
    rows: list[list[str | Text]] = [
        [str(each.epoch), each.old_master or "?", each.new_master or "?", each.cause, number(each.gap_seconds, 2, " s")]
        for each in handovers[-_HANDOVERS_SHOWN:]
    ]
    return _table("Hand-overs", _HANDOVERS, rows, width)


def _centre_line(scene: Scene) -> Text:
    busy, abandonment = figures(scene.seen.centre)
    return Text.assemble(
        ("Contact centre ", "bold"),
        f"agents busy {busy}, abandoned {abandonment} so far · pushes accepted {scene.accepted}, ",
        f"refused {scene.refused}, ",
        (f"accepted out of order {scene.out_of_order}", "bold red" if scene.out_of_order else ""),
    )


def figures(centre: Mapping[str, Any]) -> tuple[str, str]:
    """Busy share of the agents and abandoned share of the accepted invitations so far, for people."""
    return number(_percent(centre.get("busy_ratio")), 1, " %"), number(centre.get("abandonment_percent"), 1, " %")


def number(value: float | None, digits: int = 0, unit: str = "") -> str:
    """A number for people; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}{unit}"


def _percent(ratio: float | None) -> float | None:
    return None if ratio is None else 100.0 * ratio


def _table(title: str, columns: Sequence[Column], rows: Sequence[Sequence[str | Text]], width: int) -> Table:
    """A table of the columns that fit; nothing in it is markup."""
    cells = [[each if isinstance(each, Text) else Text(visible_line(each)) for each in row] for row in rows]
    widths = [max([len(column.name), *(row[at].cell_len for row in cells)]) for at, column in enumerate(columns)]
    table = Table(
        title=Text(visible_line(title)),
        title_justify="left",
        title_style="bold",
        header_style="dim",
        box=None,
        padding=(0, 2, 0, 0),
    )
    kept = kept_columns(columns, widths, width)
    for at in kept:
        table.add_column(columns[at].name, justify="right" if columns[at].right else "left", no_wrap=True)
    for row in cells:
        table.add_row(*(row[at] for at in kept))
    return table
