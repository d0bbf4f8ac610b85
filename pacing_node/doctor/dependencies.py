"""What a node depends on beyond ZooKeeper: options, objects, the platform. Each is really used."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

from cluster import tasks
from pacing_node.assembly import adapters
from pacing_node.discovery.remedies import REMEDIES
from pacing_node.doctor.diagnosis import error, ok, skipped, warning
from pacing_node.doctor.surroundings import ANSWER_SECONDS, ask, check_clock
from pacing_node.engagement.connection import build_client
from pacing_node.engagement.engagement_settings import EngagementSettings, EngagementSettingsError
from pacing_node.engagement.oauth import TokenError, TokenSource
from pacing_node.engagement.redaction import Redactor
from pacing_node.http_client.request_failures import REQUEST_FAILURES
from pacing_node.objects.sources import configuration_source
from pacing_node.options.cluster_options import advice, parse_cluster_options
from pacing_node.options.errors import ConfigurationError
from pacing_node.options.options_store import read_seed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pacing_node.doctor.diagnosis import Diagnosis
    from pacing_node.http_client.client import HttpClient
    from pacing_node.objects.object_model import ConfigurationObjects
    from pacing_node.options.cluster_options import ClusterOptions
    from pacing_node.targets import Finding, TargetSet

OBJECTS_SECONDS = 30.0
"""Longest wait for the objects; those of a large site take a while."""
_POLL_SECONDS = 0.05


def cluster_options(stored: bytes | None, seed: Path | None) -> tuple[ClusterOptions | None, Diagnosis]:
    """The options in force, or those that would be: from the cluster, else from the seed file."""
    check = "options.cluster"
    try:
        if stored is not None:
            return parse_cluster_options(stored, "cluster options"), ok(check, "kept in the cluster, and well")
        if seed is not None:
            return parse_cluster_options(read_seed(seed), str(seed)), ok(check, f"none yet; {seed} is well")
    except ConfigurationError as failure:
        return None, error(check, str(failure), "options that can be used", "correct what is named")
    return None, error(check, "none in the cluster, and no seed", "options or a seed file", "name a file with `seed`")


async def configuration(options: ClusterOptions) -> tuple[ConfigurationObjects | None, Diagnosis]:
    """Read the configuration objects once."""
    check, read = "configuration.source", asyncio.Event()
    found: list[ConfigurationObjects] = []

    def use(objects: ConfigurationObjects) -> None:
        found.append(objects)
        read.set()

    source = configuration_source(options.config_server, options.tenant)
    running = tasks.spawn("doctor.configuration", source.run(use))
    try:
        async with asyncio.timeout(OBJECTS_SECONDS):
            while not read.is_set() and not source.status.problems:  # noqa: ASYNC110 - problems are no event
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        pass
    finally:
        await tasks.cancel(running)
    if found:
        objects = found[-1]
        counts = (
            f"{len(objects.virtual_queues)} queues, {len(objects.agents)} agents, {len(objects.agent_groups)} groups"
        )
        return objects, ok(check, f"{source.status.place}: {counts}")
    place = source.status.place
    problem = "; ".join(source.status.problems) or f"{place}: no objects within {OBJECTS_SECONDS:g} s"
    remedy = "make the source reachable, or correct configServer or the objects"
    return None, error(check, problem, "objects that can be read", remedy)


def discovery(targets: TargetSet) -> Iterator[Diagnosis]:
    """What a node finds in the objects: its pacing targets, and every doubt."""
    if targets.targets:
        yield ok("discovery.targets", f"{len(targets.targets)} pacing targets")
    else:
        remedy = "give a virtual queue a medium (pacing/media) and list it in the origination DNs of a group"
        yield error("discovery.targets", "no pacing target", "one or more", remedy)
    yield from _findings("discovery", targets.findings)


def advised(options: ClusterOptions) -> Iterator[Diagnosis]:
    """What is allowed in the options and likely not as meant."""
    return _findings("options", advice(options))


def _findings(area: str, findings: Iterable[Finding]) -> Iterator[Diagnosis]:
    """Findings with what to do about each. What cannot be paced is left out, and the node goes on with the rest."""
    for finding in findings:
        found, _, allowed = finding.message.partition("; allowed: ")
        known = REMEDIES.get(finding.code)
        remedy = known.remedy[:1].lower() + known.remedy[1:].rstrip(".") if known else "correct what is named"
        yield warning(f"{area}.{finding.code}", f"{finding.where}: {found}", allowed, remedy)


async def platform(options: ClusterOptions, objects: ConfigurationObjects) -> list[Diagnosis]:
    """Fetch a token and reach the engagement platform; nothing is pushed."""
    try:
        settings = adapters.engagement_settings(options, objects)
        if not isinstance(settings, EngagementSettings):
            return [skipped("platform.endpoint", f"kind {options.pacing_endpoint.kind}: only a push shows it")]
        client = build_client(settings)
    except (ConfigurationError, EngagementSettingsError) as failure:
        return [error("platform.settings", str(failure), "addresses and credentials", "correct the transaction object")]
    async with client:
        return [await _token(client, settings), *await _endpoint(client, settings)]


async def _token(client: HttpClient, settings: EngagementSettings) -> Diagnosis:
    check, source = "platform.token", TokenSource(client, settings, Redactor(settings.secrets))
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await source.get()
    except (TokenError, TimeoutError) as failure:
        found = f"{settings.base_auth_url}{_way(settings)}: {str(failure) or 'no answer in time'}"
        remedy = "correct base_auth_url, client_id or password in the transaction object, or the way there"
        return error(check, found, "an access token", remedy)
    finally:
        await source.close()
    return ok(check, f"given by {settings.base_auth_url}")


async def _endpoint(client: HttpClient, settings: EngagementSettings) -> list[Diagnosis]:
    check, url = "platform.endpoint", settings.base_service_url
    try:
        status, headers, asked_at = await ask(client, url)
    except REQUEST_FAILURES as failure:
        text = f"{url}{_way(settings)}: {str(failure) or 'no answer in time'}"
        return [error(check, text, "a server that answers", "correct base_service_url, forward-proxy or the network")]
    clock = check_clock("platform", headers, asked_at)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return [warning(check, f"{url}: HTTP {status}", "an answer below 500", "ask the platform's operators"), clock]
    return [ok(check, f"{url}: answers"), clock]


def _way(settings: EngagementSettings) -> str:
    """The proxy on the way, for people; its credentials are not part of its address."""
    return f" (through the proxy {settings.proxy.url})" if settings.proxy is not None else ""
