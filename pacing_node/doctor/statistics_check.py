"""The statistics servers: whether each connects, and whether they know the statistics of a few targets."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from pacing_node.assembly import adapters
from pacing_node.doctor.diagnosis import error, ok, warning
from pacing_node.doctor.surroundings import ANSWER_SECONDS
from pacing_node.options.errors import ConfigurationError
from pacing_node.statistics.pair import PairStatistics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pacing_node.doctor.diagnosis import Diagnosis
    from pacing_node.options.cluster_options import ClusterOptions
    from pacing_node.statistics.statistics_source import StatisticsSource
    from pacing_node.targets import TargetSet

SAMPLE_TARGETS, SAMPLE_AGENTS = 5, 10
"""How many targets, and agents of each, are asked for: enough to judge by, and little work for a busy server."""
_POLL_SECONDS = 0.05
_STALE_SECONDS = 60.0
_SHOWN = 3
_REMEDY = "make the statistics with pacing provision, or name the site's own in statServer.statistics"


async def statistics(options: ClusterOptions, targets: TargetSet | None) -> list[Diagnosis]:
    """Connect to the servers and ask for the statistics of some targets. One server of a pair is enough."""
    try:
        source = adapters.statistics_source(options.stat_server, options.tenant)
    except ConfigurationError as failure:
        return [error("statistics.settings", str(failure), "settings that can be used", "correct statServer")]
    await source.start()
    try:
        sample = _sample(targets)
        if sample is not None:
            source.watch(sample)
        await _wait(lambda: all(server.connected for server in source.health), ANSWER_SECONDS)
        found = list(_servers(source))
        if sample is not None and any(server.connected for server in source.health):
            found.append(await _values(source, sample, options))
        return found
    finally:
        await source.stop()


def _sample(targets: TargetSet | None) -> TargetSet | None:
    """Some of the targets, with some of their agents; None without any."""
    if targets is None or not targets.targets:
        return None
    step = -(-len(targets.targets) // SAMPLE_TARGETS)
    chosen = tuple(replace(each, agents=each.agents[:SAMPLE_AGENTS]) for each in targets.targets[::step])
    return replace(targets, targets=chosen, groups=())


async def _wait(condition: Callable[[], bool], seconds: float) -> None:
    """Return when it holds, or when the seconds are over."""
    try:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - neither health nor values are events
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        return


def _servers(source: StatisticsSource) -> Iterator[Diagnosis]:
    """Judge each server of the pair."""
    servers = source.health
    any_connected = any(server.connected for server in servers)
    for server in servers:
        check, what = f"statistics.{server.name}", f"{server.address}: {server.error or 'no answer in time'}"
        allowed, remedy = "a server that answers", f"start it, or correct statServer.{server.name}"
        if server.connected:
            yield ok(check, f"{server.address}: connected, {server.mode}")
        elif any_connected:
            yield warning(check, what, allowed, f"{remedy}: there is nothing to fail over to")
        else:
            yield error(check, what, allowed, remedy)
    if len(servers) == 1:
        remedy = "name a second server as statServer.backup"
        yield warning("statistics.backup", "there is none", "a pair of servers", remedy)


async def _values(source: StatisticsSource, sample: TargetSet, options: ClusterOptions) -> Diagnosis:
    """Judge what the servers say of the targets asked for."""
    check, allowed = "statistics.values", "current values of every statistic a target needs"
    enabled = [each.name for each in sample.targets]
    period = options.stat_server.refresh_seconds if options.stat_server.kind == "gms" else 0.0
    await _wait(lambda: source.warmed_up and bool(source.snapshot(_STALE_SECONDS).valid.all()), ANSWER_SECONDS + period)
    valid = source.snapshot(_STALE_SECONDS).valid
    good = int(valid.sum())
    found = f"{good} of the {len(enabled)} targets asked for have current statistics"
    if good == len(enabled):
        return ok(check, found, allowed)
    reasons = _reasons(source)
    text = f"{found}; {reasons}" if reasons else f"{found}: the servers do not answer for the others"
    return (warning if good else error)(check, text, allowed, _REMEDY)


def _reasons(source: StatisticsSource) -> str:
    """The servers' words for some of what they cannot give; statistics that can be done without are left out."""
    if not isinstance(source, PairStatistics):
        return ""
    needed = [each for each in source.invalid if each.filter or "@" not in each.object_id]
    shown = [f"{each.object_id} {each.statistic}: {each.reason}" for each in needed[:_SHOWN]]
    more = len(needed) - len(shown)
    return "; ".join(shown) + (f"; {more} more" if more > 0 else "")
