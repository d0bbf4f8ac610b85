"""`pacing label-pod`: on Kubernetes, labels the pod of a node as master or standby, for a Service to select by."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Annotated

import typer

from cluster.tasks import spawn
from pacing_node.cli.exits import ExitCode, fail
from pacing_node.kubernetes.master_label import keep_label, watch_master
from pacing_node.kubernetes.pod_labels import PodIdentity, PodIdentityError, PodLabels
from terminal.examples import examples

EXAMPLES = examples("pacing label-pod", "pacing label-pod --health 127.0.0.1:7801")


def register(app: typer.Typer) -> None:
    """Add the command to the root command."""
    app.command("label-pod", epilog=EXAMPLES)(label_pod)


def label_pod(
    health: Annotated[str, typer.Option(help="Health port of the node in this pod, host:port.")] = "127.0.0.1:7801",
) -> None:
    """Label this pod `agent-pacing/role` master or standby, as its node changes; the chart runs it beside a node."""
    try:
        pod = PodIdentity.of(os.environ)
    except PodIdentityError as error:
        raise fail(str(error), ExitCode.USAGE) from None
    asyncio.run(_until_ended(pod, health))


async def _until_ended(pod: PodIdentity, health: str) -> None:
    """Label until SIGTERM or SIGINT."""
    ended = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, ended.set)
    labels = PodLabels(pod)
    task = spawn("label the pod", keep_label(labels, watch_master(health)))
    try:
        await ended.wait()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await labels.close()
