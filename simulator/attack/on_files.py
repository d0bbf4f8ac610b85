"""Attacks by way of the file system: a planted state directory, foreign owners, secrets that lie open, a full disk."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from typing import TYPE_CHECKING

from simulator.attack.disk_ground import DiskWiring
from simulator.attack.ground import SECRET
from simulator.attack.log_scan import log_end
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
_KEPT = b"this is somebody else's\n"
_SHARED = stat.S_IRWXG | stat.S_IRWXO


async def planted_links(scene: Scene) -> None:
    """Links to somebody else's file stand where a node keeps its state, and beside: nothing is written through."""
    names = await _usual_names(scene)
    place, victim = _fresh(scene, "planted"), scene.arena.directory / "somebody-elses"
    victim.write_bytes(_KEPT)
    place.mkdir(mode=0o700)
    for name in names:
        (place / name).symlink_to(victim)
        (place / f".{name}.new").symlink_to(victim)
    log = await _run_lone_node(scene, place)
    scene.figures["links"] = 2 * len(names)
    scene.expect(names, "a node alone has kept nothing in its state directory")
    scene.expect(victim.read_bytes() == _KEPT, "a planted link was written through")
    scene.expect("Traceback" not in log, "the node ended with a traceback")


async def foreign_directory(scene: Scene) -> None:
    """The state directory belongs to another user: refused by its path. Left out where nobody can give files away."""
    if os.geteuid() != 0:
        scene.figures["left_out"] = "giving files away needs root"
        return
    place = _fresh(scene, "foreign")
    place.mkdir(mode=0o700)
    os.chown(place, _NOBODY, _NOBODY)
    log = await _run_lone_node(scene, place)
    refused = str(place) in log and "own" in log
    scene.expect(refused, "a state directory of another user was not refused by its path")


async def open_directory(scene: Scene) -> None:
    """The state directory is open to everybody: refused by its path, or closed."""
    place = _fresh(scene, "open")
    place.mkdir()
    place.chmod(0o777)
    log = await _run_lone_node(scene, place)
    closed = not place.stat().st_mode & _SHARED
    scene.expect(closed or str(place) in log, "a state directory open to everybody was neither refused nor closed")


async def open_secrets(scene: Scene) -> None:
    """What the running nodes keep is for their user alone, and no secret stands in arguments, pages or logs."""
    for plan in scene.arena.stage.plans:
        state = plan.directory / "state"
        for path in (state, *state.rglob("*")):
            mode = stat.S_IMODE(path.lstat().st_mode)
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
    return scene.arena.directory / f"state-{name}"


async def _usual_names(scene: Scene) -> list[str]:
    """Names of the files a node that runs alone keeps."""
    place = _fresh(scene, "usual")
    await _run_lone_node(scene, place)
    return sorted(file.name for file in place.iterdir()) if place.is_dir() else []


async def _run_lone_node(scene: Scene, state: Path) -> str:
    """Run a node without ZooKeeper for some seconds with this state directory; its log.

    It pushes for a cluster of its own, which the platform refuses.
    """
    arena = scene.arena
    plan = arena.stage.spare_plan(state.name)
    options = node_options(plan, cluster="alone", zookeeper=None, seed=arena.directory / "cluster.yaml")
    write_yaml(plan.file, options | {"state_directory": str(state)})
    objects = arena.stage.plans[0].directory / "objects.yaml"
    (plan.directory / "objects.yaml").write_bytes(objects.read_bytes())
    node = DemoProcess(plan.name, arena.wiring.command("node", "--config", str(plan.file)), plan.directory / "log")
    node.start()
    try:
        await _until(lambda: not node.running or (state.is_dir() and any(state.iterdir())))
        await asyncio.sleep(_WORK_SECONDS if node.running else 0.0)
    finally:
        await end([node], _START_SECONDS)
    return node.log.read_text(errors="replace")


async def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not true() and time.monotonic() < deadline:  # noqa: ASYNC110 - files tell of no event
        await asyncio.sleep(_POLL_SECONDS)
