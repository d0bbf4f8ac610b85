"""What the members of a ZooKeeper ensemble report about themselves."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cluster import addresses
from pacing_node.doctor.diagnosis import error, ok, warning
from pacing_node.doctor.surroundings import reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pacing_node.doctor.diagnosis import Diagnosis

ANSWER_SECONDS = 2.0
_LONGEST_ANSWER = 65536


@dataclass(frozen=True, slots=True)
class MemberAnswer:
    """What one host answered to ZooKeeper's four letter words."""

    host: str
    mode: str | None = None
    """``leader``, ``follower``, ``standalone``…; None when it reported none."""
    failure: str = ""
    """Why it could not be asked; empty when it could."""
    tick_seconds: float | None = None
    sync_limit: int | None = None


async def ask_member(host: str) -> MemberAnswer:
    """Ask one host for its mode and, where it is allowed, for its configuration."""
    try:
        state = await _word(host, b"srvr")
        settings = await _word(host, b"conf")
    except (OSError, TimeoutError) as failure:
        return MemberAnswer(host, failure=reason(failure))
    mode = re.search(r"^Mode: (\S+)", state, re.MULTILINE)
    tick, sync = (re.search(rf"^{key}=(\d+)", settings, re.MULTILINE) for key in ("tickTime", "syncLimit"))
    return MemberAnswer(
        host,
        mode=mode.group(1) if mode else None,
        tick_seconds=int(tick.group(1)) / 1000 if tick else None,
        sync_limit=int(sync.group(1)) if sync else None,
    )


async def _word(host: str, word: bytes) -> str:
    name, port = addresses.split(host)
    async with asyncio.timeout(ANSWER_SECONDS):
        reader, writer = await asyncio.open_connection(name, port)
        try:
            writer.write(word)
            return (await reader.read(_LONGEST_ANSWER)).decode(errors="replace")
        finally:
            writer.close()


def check_members(answers: Sequence[MemberAnswer], *, secured: bool) -> Iterator[Diagnosis]:
    """Judge what the hosts answered. A port that speaks TLS answers no four letter words: ``secured``.

    While a majority answers the ensemble works, with less to lose.
    """
    silent = sum(bool(answer.failure) for answer in answers)
    judge = warning if 2 * silent < len(answers) else error
    for answer in answers:
        check = f"zookeeper.{answer.host}"
        if answer.failure:
            yield judge(check, answer.failure, "a ZooKeeper that answers", "start it, or correct zookeeper.hosts")
        elif answer.mode is None and not secured:
            remedy = "see its log: it may have no quorum, or not allow `srvr` in 4lw.commands.whitelist"
            yield warning(check, "connected, and it reports no mode", "leader or follower", remedy)
        else:
            yield ok(check, answer.mode or "connected; it speaks TLS")
    if len(answers) < 3 or len(answers) % 2 == 0:
        yield warning(
            "zookeeper.hosts",
            f"{len(answers)} hosts",
            "an odd number of hosts, 3 or more",
            "name all members of an ensemble of 3 or 5: it then survives the loss of 1 or 2",
        )
