"""One node as the work of this process: its signals, the service manager, and its exit status."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any

from cluster.lasting import lasting
from cluster.process.orphans import OrphanReaper
from cluster.process.signals import handle_harmless, handle_signal
from cluster.tasks import cancel, spawn
from pacing_node.assembly.self_examination import SelfExamination, doctor_command
from pacing_node.node import Node
from pacing_node.runtime.service_manager import ServiceManager

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from pacing_node.options.node_options import NodeOptions


async def run_node(options: NodeOptions, config: Path | None = None) -> int:
    """Run a node until SIGTERM or SIGINT; returns the exit status. SIGHUP has it read its certificates anew.

    ``config`` is the file that the options are from, for the node's examinations of itself.

    Raises OSError for a port that is taken, and ClusterError for a state directory that cannot be used or a name that
    another node has.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        handle_signal(number, stop.set)
    manager, node = ServiceManager(os.environ), Node(options)
    examination = SelfExamination(node.api.examination, doctor_command(config), options.doctor_seconds)
    examining = spawn("examination", lasting("examination", examination.run))
    handle_harmless(node.reload)
    if os.getpid() == 1:
        OrphanReaper().start()
    try:
        await node.start()
        await _first(stop.wait(), node.wait_refused(), manager.run(node.member.status))
    finally:
        await cancel(examining)
        await node.stop()
    return 0


async def _first(*waiting: Coroutine[Any, Any, Any]) -> None:
    """Wait for whichever comes first; raises its error."""
    running = [asyncio.ensure_future(each) for each in waiting]
    try:
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            each.result()
    finally:
        await cancel(*running)
