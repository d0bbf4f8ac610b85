"""Attacks by way of the file system: a planted state directory, foreign owners, secrets that lie open, a full disk."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.attack.disk_ground import DiskWiring
from simulator.attack.ground import SECRET
from simulator.attack.log_scan import log_end
from simulator.attack.scene import NotPossibleError
from simulator.harness.harness_error import HarnessError
from simulator.harness.node_files import node_options, write_yaml
from simulator.harness.processes import DemoProcess, end

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from simulator.attack.scene import Scene

_START_SECONDS = 30.0
_WORK_SECONDS = 4.0
_POLL_SECONDS = 0.1
_REFUSING_SECONDS = 4.0
_NOBODY = 65534
_LONE = "lone"
"""Name of every node that runs alone: it names some of its files by it."""
_SERVING = b"leadership.acquired"
"""A node that runs alone says so once it has read and written its state."""
_KEPT = b"this is somebody else's\n"
_SHARED = stat.S_IRWXG | stat.S_IRWXO


async def planted_links(scene: Scene) -> None:
    """Links to somebody else's file stand where a node keeps its state, and beside: nothing is written through.

    Each file in turn, for the first link that is refused ends the start; then all names files are written under first.
    """
    names = await _usual_names(scene)
    scene.expect(names, "a node alone has kept nothing in its state directory")
    for name in names:
        await _plant(scene, f"planted-{name}", [name])
    await _plant(scene, "planted-beside", [f".{name}.new" for name in names])
    scene.figures["links"] = 2 * len(names)


async def _plant(scene: Scene, title: str, names: list[str]) -> None:
    """Run a node whose state directory holds links of these names: it names one that it refuses, or goes round it."""
    place, victim = _fresh(scene, title), scene.arena.directory / f"somebody-elses-{title}"
    victim.write_bytes(_KEPT)
    place.mkdir(mode=0o700)
    for name in names:
        (place / name).symlink_to(victim)
    run = await _run_lone_node(scene, place)
    scene.expect(victim.read_bytes() == _KEPT, f"{title}: the planted link was written through")
    scene.expect("Traceback" not in run.log, f"{title}: the node shows a traceback")
    refused = any(f"{place / name} is a symbolic link" in run.log for name in names)
    replaced = not run.ended and any(not (place / name).is_symlink() for name in names)
    scene.expect(refused or replaced, f"{title}: the planted link was neither refused by its path nor replaced")
    scene.figures[title] = "refused" if refused else "replaced"


async def foreign_directory(scene: Scene) -> None:
    """The state directory belongs to another user: refused by its path. Left out where nobody can give files away."""
    if os.geteuid() != 0:
        raise NotPossibleError("giving files away needs root")
    place = _fresh(scene, "foreign")
    place.mkdir(mode=0o700)
    os.chown(place, _NOBODY, _NOBODY)
    run = await _run_lone_node(scene, place)
    refused = run.ended and f"{place} belongs to the user {_NOBODY}" in run.log
    scene.expect(refused, "a state directory of another user was not refused by its path")
    scene.expect(not any(place.iterdir()), "something was written into another user's state directory")


async def open_directory(scene: Scene) -> None:
    """The state directory is open to everybody: refused by its path, or closed."""
    place = _fresh(scene, "open")
    place.mkdir()
    place.chmod(0o777)
    run = await _run_lone_node(scene, place)
    closed = not place.stat().st_mode & _SHARED
    refused = run.ended and f"{place}: every user may write there" in run.log
    scene.expect(closed or refused, "a state directory open to everybody was neither refused nor closed")
    scene.figures["answer"] = "refused" if refused else "closed"


async def open_secrets(scene: Scene) -> None:
    """What the running nodes keep is for their user alone, and no secret stands in arguments, pages or logs."""
    for plan in scene.arena.stage.plans:
        state = plan.directory / "state"
        for path in (state, *state.rglob("*")):
            try:
                mode = stat.S_IMODE(path.lstat().st_mode)
            except FileNotFoundError:
                continue  # one that is written beside the old and renamed over it
            scene.expect(not mode & _SHARED, f"{path.name} of the state directory has the mode {mode:o}")
        text = (plan.directory / "log").read_text(errors="replace")
        for page in ("/cluster", "/alarms", "/objects", "/history", "/targets"):
            text += str(await scene.arena.page(plan.name, page))
        process = scene.arena.nodes[plan.name]
        for pid in (process.pid, process.worker_pid):
            text += _command_line(pid)
        for secret in (SECRET, "simulated-secret"):
            scene.expect(secret not in text, f"{plan.name} shows a secret in its arguments, pages or log")


async def full_disks(scene: Scene) -> None:
    """The disks with state and log of all nodes are full: pushes go on, and the log says which path it is.

    The platform refuses pushes for a while, which raises an alarm, which is kept on the disk.
    """
    wiring = scene.arena.wiring
    if not isinstance(wiring, DiskWiring):
        raise HarnessError("this needs a ground with small disks")
    starts = {name: log_end(process.log) for name, process in scene.arena.nodes.items()}
    wiring.fill()
    try:
        await scene.arena.fault(kind="status", status=503, seconds=_REFUSING_SECONDS)
        await asyncio.sleep(max(2 * _REFUSING_SECONDS, scene.seconds / 2))
    finally:
        wiring.free()
        await scene.arena.clear_faults()
    said = [
        process.log.read_bytes()[starts[name] :].decode(errors="replace") for name, process in scene.arena.nodes.items()
    ]
    named = any("No space left" in text or "no space left" in text for text in said)
    scene.expect(named, "no node said that a disk is full")
    scene.expect(not named or any(f"/{wiring.disks[0].name}/" in text for text in said), "the full path is not named")


def _command_line(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - the kernel's
            return file.read()
    except OSError:
        return ""


def _fresh(scene: Scene, name: str) -> Path:
    """A place for a state directory that is not there yet, whatever ran before on the same ground."""
    place = scene.arena.directory / f"state-{name}"
    number = 1
    while place.exists():
        number += 1
        place = place.with_name(f"state-{name}-{number}")
    return place


async def _usual_names(scene: Scene) -> list[str]:
    """Names of the files a node that runs alone keeps."""
    place = _fresh(scene, "usual")
    await _run_lone_node(scene, place)
    return sorted(file.name for file in place.iterdir()) if place.is_dir() else []


@dataclass(frozen=True, slots=True)
class LoneRun:
    """What came of a node that ran alone for some seconds."""

    log: str
    ended: bool
    """Whether it ended by itself."""


async def _run_lone_node(scene: Scene, state: Path) -> LoneRun:
    """Run a node without ZooKeeper for some seconds with this state directory.

    It pushes for a cluster of its own, which the platform refuses. Its configuration and its log lie elsewhere: what
    the harness writes must not pass for what the node has written.
    """
    arena = scene.arena
    plan = arena.stage.spare_plan(f"lone-{state.name}")
    options = node_options(plan, cluster="alone", zookeeper=None, seed=arena.directory / "cluster.yaml")
    write_yaml(plan.file, options | {"state_directory": str(state), "name": _LONE})
    objects = arena.stage.plans[0].directory / "objects.yaml"
    (plan.directory / "objects.yaml").write_bytes(objects.read_bytes())
    node = DemoProcess(plan.name, arena.wiring.command("node", "--config", str(plan.file)), plan.directory / "log")
    node.start()
    try:
        await _until(lambda: not node.running or _SERVING in node.log.read_bytes())
        await asyncio.sleep(_WORK_SECONDS if node.running else 0.0)
        ended = not node.running
    finally:
        await end([node], _START_SECONDS)
    return LoneRun(node.log.read_text(errors="replace"), ended)


async def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not true() and time.monotonic() < deadline:  # noqa: ASYNC110 - files tell of no event
        await asyncio.sleep(_POLL_SECONDS)
