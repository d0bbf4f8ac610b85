"""A node that does nothing but push: `python -m tests.support.pushing_worker JSON`.

SIGTERM ends it in an orderly way, SIGUSR1 freezes its event loop, with ``supervised`` it runs below a supervisor.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time

from cluster.mastership import Term
from cluster.member import ClusterMember
from cluster.process.supervisor import run
from cluster.settings import ClusterSettings

PERIOD_SECONDS = 0.03
CONNECT_SECONDS = 1.0


def settings_from(options: dict) -> ClusterSettings:
    return ClusterSettings(
        node=options["node"],
        cluster=options["cluster"],
        zookeeper_hosts=options["hosts"],
        clustering_port=options.get("port", 0),
        session_timeout_seconds=options.get("session_timeout_seconds", 2.0),
        watchdog_seconds=options.get("watchdog_seconds"),
    )


async def push(member: ClusterMember, host: str, port: int) -> None:
    """Push whenever master; on a new connection when the one before has failed."""
    while True:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                connection = await asyncio.open_connection(host, port)
            await push_on(member, *connection)
        except (OSError, TimeoutError):
            await asyncio.sleep(PERIOD_SECONDS)


async def push_on(member: ClusterMember, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    settings = member.settings
    while True:
        term = await member.mastership.wait_for_term()
        while not term.ended.is_set():
            if term.act_until(settings.action_budget_seconds) is not None:
                async with asyncio.timeout(settings.action_budget_seconds):
                    await push_once(term, member, reader, writer)
            await asyncio.sleep(PERIOD_SECONDS)


async def push_once(
    term: Term, member: ClusterMember, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    token = term.next_token()
    body = {
        "node": member.settings.node,
        "pid": os.getpid(),
        "members": len(member.members()),
        "epoch": token.epoch,
        "sequence": token.sequence,
    }
    writer.write(json.dumps(body).encode() + b"\n")
    answer = json.loads(await reader.readline())
    if not answer["accepted"]:
        term.fenced(term.cluster_id, *answer["mark"])


async def work(options: dict) -> None:
    member = ClusterMember(settings_from(options), version="1")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, time.sleep, 60)
    await member.start()
    member.set_ready(ready=True)
    pushing = asyncio.create_task(push(member, options.get("receiver_host", "127.0.0.1"), options["receiver_port"]))
    await stop.wait()
    await member.stop()
    pushing.cancel()


def main() -> int:
    options = json.loads(sys.argv[1])
    if options.pop("supervised", False):
        command = [sys.executable, "-m", "tests.support.pushing_worker", json.dumps(options)]
        return run(command)
    asyncio.run(work(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
