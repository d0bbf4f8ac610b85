"""A push that was given up is not delivered when the line heals: what the kernel holds of it is thrown away."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import struct
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme

from pacing_node.engagement.bulk import BulkPlatform
from pacing_node.engagement.engagement_settings import ProxySettings
from pacing_node.engagement.platform import PushStatus
from pacing_node.engagement.webhook import WebhookSettings
from simulator.harness.namespace import Namespace
from tests.support.engagement_platform import pushes, token, within
from tests.support.waiting import timed, until

GIVEN_UP_SECONDS = 0.5
KERNEL_SECONDS = 10.0
"""Longest wait for what kernels do alone, however busy the machine is: they send again after 0.2 s, 0.4 s and so on and
forget a push at the first such moment after 0.5 s (0.7 s measured, also with six busy processes beside the test)."""
LINE_SECONDS = 20.0
"""Longest wait for a new connection on the mended line (0.02 s measured, 0.23 s with six busy processes): a kernel asks
again for a neighbour, and for a connection, after a second each."""


@dataclass
class FarSide:
    """The receiver behind the line, and what arrived there."""

    host: str
    port: int
    proxy: int
    ca_file: str
    arrived: list[int] = field(default_factory=list)

    def settings(self, **changes: object) -> WebhookSettings:
        return WebhookSettings(f"https://{self.host}:{self.port}/pushes", ca_file=self.ca_file, **changes)  # type: ignore[arg-type]

    def unsent(self) -> int:
        """Bytes the kernel of this machine still holds for the far side, in whatever state the connection is."""
        address = f"{struct.unpack('=I', socket.inet_aton(self.host))[0]:08X}"
        remotes = {f"{address}:{port:04X}" for port in (self.port, self.proxy)}
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return sum(int(row[4].split(":")[0], 16) for row in rows if row[2] in remotes)

    async def until_nothing_is_unsent(self) -> None:
        await until(lambda: not self.unsent(), seconds=KERNEL_SECONDS)

    async def until_arrived(self, sequence: int) -> None:
        await until(lambda: sequence in self.arrived, seconds=KERNEL_SECONDS)


@pytest.fixture
async def far_side(namespace: Namespace, tmp_path: Path) -> AsyncIterator[FarSide]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert(namespace.inside).private_key_and_cert_chain_pem.write_to_path(tmp_path / "receiver.pem")
    options = {"host": namespace.inside, "certificate": str(tmp_path / "receiver.pem")}
    command = [*namespace.prefix, sys.executable, "-m", "tests.support.recording_receiver", json.dumps(options)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    ports = json.loads(await process.stdout.readline())
    found = FarSide(namespace.inside, ports["port"], ports["proxy"], str(tmp_path / "ca.pem"))
    listening = asyncio.create_task(note_arrivals(process.stdout, found.arrived))
    yield found
    process.kill()
    await process.wait()
    await listening


async def note_arrivals(lines: asyncio.StreamReader, arrived: list[int]) -> None:
    while line := await lines.readline():
        arrived.append(json.loads(line)["sequence"])


async def pushed(adapter: BulkPlatform, sequence: int, seconds: float) -> PushStatus:
    return (await adapter.push(token(sequence=sequence), pushes(3), within(seconds))).status


async def accepted(adapter: BulkPlatform, sequence: int) -> bool:
    return await pushed(adapter, sequence, 5.0) is PushStatus.ACCEPTED


@pytest.mark.parametrize("way", ["direct", "proxy"])
async def test_a_push_given_up_on_a_dead_line_never_arrives(namespace: Namespace, far_side: FarSide, way: str) -> None:
    proxy = ProxySettings(f"http://{far_side.host}:{far_side.proxy}") if way == "proxy" else None
    old, new = BulkPlatform(far_side.settings(proxy=proxy)), BulkPlatform(far_side.settings(proxy=proxy))
    try:
        assert await pushed(old, 1, 30.0) is PushStatus.ACCEPTED
        namespace.cut()
        assert await pushed(old, 2, GIVEN_UP_SECONDS) is PushStatus.DEADLINE
        namespace.mend()
        with timed("the line is usable again"):
            await until(lambda: accepted(new, 3), seconds=LINE_SECONDS)
        with timed("nothing is unsent any more"):
            await far_side.until_nothing_is_unsent()
        assert await pushed(new, 4, 30.0) is PushStatus.ACCEPTED
        await far_side.until_arrived(4)
        assert far_side.arrived == [1, 3, 4]
    finally:
        await old.close()
        await new.close()


async def test_nor_does_one_of_a_process_that_is_frozen_meanwhile(namespace: Namespace, far_side: FarSide) -> None:
    settings = {"push_url": f"https://{far_side.host}:{far_side.port}/pushes", "ca_file": far_side.ca_file}
    program = (
        "import asyncio\n"
        "from pacing_node.engagement.bulk import BulkPlatform\n"
        "from pacing_node.engagement.webhook import WebhookSettings\n"
        "from tests.support.engagement_platform import pushes, token, within\n"
        "async def main():\n"
        f"    adapter = BulkPlatform(WebhookSettings(**{settings!r}, unacknowledged_seconds={GIVEN_UP_SECONDS}))\n"
        "    await adapter.push(token(sequence=1), pushes(3), within(5.0))\n"
        "    print('first', flush=True)\n"
        "    input()\n"
        "    await adapter.push(token(sequence=2), pushes(3), within(30.0))\n"
        "asyncio.run(main())\n"
    )
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert (await process.stdout.readline()).strip() == b"first"
        namespace.cut()
        process.stdin.write(b"\n")
        await until(far_side.unsent)
        os.kill(process.pid, signal.SIGSTOP)
        # The line is still dead: what is gone now can never arrive.
        with timed("the kernel gave up"):
            await far_side.until_nothing_is_unsent()
        assert far_side.arrived == [1]
    finally:
        process.kill()
        await process.wait()
