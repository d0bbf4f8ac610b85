"""What happened during a run of the nemesis: trouble, storms and pushes, as a file of JSON lines."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.harness.push_record import Push

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class Fault:
    """One trouble as it was done. Times are Unix seconds."""

    kind: str
    target: str
    """Name of a node or of a member of the ensemble, or what was harmed in ZooKeeper."""
    on_member: bool
    """Whether it hit ZooKeeper: a member, or the ensemble as a whole."""
    began_at: float
    ended_at: float = 0.0
    """When it was over: for a process that was ended, when it was ready again."""


@dataclass(slots=True)
class Storm:
    """A stretch with trouble, followed by one without. Times are Unix seconds."""

    began_at: float
    healed_at: float = 0.0
    """When the last of its trouble was over."""
    calm_until: float = 0.0
    """Until when there was none."""


@dataclass(slots=True)
class History:
    """Everything a judge needs."""

    period_seconds: float
    recovery_seconds: float
    """Longest time from the end of the last trouble of a storm to the next accepted push."""
    seed: int = 0
    partials: bool = False
    """Whether the nodes were to send partial pushes between the full ones."""
    faults: list[Fault] = field(default_factory=list)
    storms: list[Storm] = field(default_factory=list)
    pushes: list[Push] = field(default_factory=list)
    senders: dict[int, list[str]] = field(default_factory=dict)
    """Nodes that have sent pushes under an epoch, as seen on their lines to the platform."""


def write_history(path: Path, history: History) -> None:
    """Write one JSON object per line; the first one holds what is not a list."""
    head = {"type": "run", "period_seconds": history.period_seconds, "recovery_seconds": history.recovery_seconds}
    lines: list[dict[str, Any]] = [head | {"seed": history.seed, "partials": history.partials}]
    lines += [{"type": "storm"} | asdict(storm) for storm in history.storms]
    lines += [{"type": "sender", "epoch": epoch, "nodes": nodes} for epoch, nodes in sorted(history.senders.items())]
    events: list[tuple[float, dict[str, Any]]] = [
        (fault.began_at, {"type": "fault"} | asdict(fault)) for fault in history.faults
    ]
    events += [(push.received_at, {"type": "push"} | push.as_dict()) for push in history.pushes]
    lines += [event for _, event in sorted(events, key=lambda each: each[0])]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def read_history(path: Path) -> History:
    """Read what :func:`write_history` wrote. Raises ValueError, KeyError or TypeError for a file that is none."""
    history = History(0.0, 0.0)
    for text in path.read_text().splitlines():
        line = json.loads(text)
        kind = line.pop("type")
        if kind == "run":
            history = History(**line)
        elif kind == "storm":
            history.storms.append(Storm(**line))
        elif kind == "sender":
            history.senders[line["epoch"]] = line["nodes"]
        elif kind == "fault":
            history.faults.append(Fault(**line))
        else:
            history.pushes.append(Push.from_wire(line))
    history.pushes.sort(key=lambda push: push.index)
    return history
