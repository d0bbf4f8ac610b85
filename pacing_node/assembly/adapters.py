"""From options to the parts they ask for: settings of the cycle, and adapters by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cluster import addresses
from pacing_node.assembly.statistic_names import api_definitions, gms_definitions, names_asked_for, statistic_names
from pacing_node.cycle.plan import CLOCK_DRIFT, CycleSettings
from pacing_node.engagement.client_credentials import ClientCredentials
from pacing_node.engagement.engagement_settings import EngagementSettings, ProxySettings
from pacing_node.engagement.webhook import WebhookSettings
from pacing_node.objects.platform_credentials import engagement_credentials
from pacing_node.options.node_options import parse_http_names
from pacing_node.statistics.api_statistics import api_statistics
from pacing_node.statistics.bridge_statistics import bridge_statistics
from pacing_node.statistics.gms_session import GmsSettings
from pacing_node.statistics.gms_statistics import gms_statistics
from pacing_node.tls import TlsFiles, channel_credentials, client_context

if TYPE_CHECKING:
    from pathlib import Path

    from cluster.access.roles import AccessRole
    from pacing_node.objects.object_model import ConfigurationObjects
    from pacing_node.options.cluster_options import ClusterOptions
    from pacing_node.options.connections import ForwardProxy, StatServer
    from pacing_node.options.node_options import NodeOptions
    from pacing_node.statistics.statistics_source import StatisticsSource

LEAST_KEEPALIVE_SECONDS = 90.0
BASE_PATHS = {"statistics-api": "/statistics/v3", "gms": "/genesys/1/statistic"}
"""Paths of the interfaces on their servers."""


def cycle_settings(options: ClusterOptions, push_budget_seconds: float) -> CycleSettings:
    """Settings of the cycle."""
    pacing = options.pacing
    ratio = 100.0 if pacing.proactive_ratio is None else pacing.proactive_ratio
    return CycleSettings(
        algorithm=pacing.algorithm,
        optimization_target=pacing.optimization_target,
        refresh_seconds=pacing.refresh_seconds,
        push_budget_seconds=push_budget_seconds,
        hold_off_seconds=CLOCK_DRIFT * push_budget_seconds if options.pacing_endpoint.fencing == "none" else 0.0,
        partial_pushes=pacing.partial_pushes == "auto" and options.pacing_endpoint.fencing != "none",
        requests_per_minute=pacing.requests_per_minute,
        entities_per_request=options.pacing_endpoint.max_entities_per_request,
        proactive_ratio=ratio / 100.0,
        reserved_agents=pacing.reserved_agents,
        caution=pacing.caution,
        default_acceptance_ratio=pacing.default_acceptance_percent / 100.0,
        default_handle_seconds=pacing.default_handle_seconds,
        default_disposition_seconds=pacing.default_disposition_seconds,
    )


def engagement_settings(
    options: ClusterOptions, objects: ConfigurationObjects, push_budget_seconds: float | None = None
) -> EngagementSettings | WebhookSettings:
    """Settings of the engagement platform's adapter, by its kind; without a budget they are not for pushes.

    Raises EngagementSettingsError when no connection can be made with them, ConfigurationError when the transaction
    object with the credentials is missing or broken.
    """
    endpoint = options.pacing_endpoint
    common: dict[str, Any] = {
        "max_entities_per_request": endpoint.max_entities_per_request,
        "max_concurrent_requests": endpoint.max_concurrent_requests,
        "compress": endpoint.compress,
        "keepalive_seconds": max(LEAST_KEEPALIVE_SECONDS, 2.0 * options.pacing.refresh_seconds),
        "unacknowledged_seconds": push_budget_seconds,
        "proxy": _proxy(options.forward_proxy),
        "ca_file": str(endpoint.authorities) if endpoint.authorities else None,
    }
    if endpoint.kind == "webhook":
        url, token, key = endpoint.url or "", endpoint.token, endpoint.signing_key
        conditional = endpoint.fencing == "if-match"
        return WebhookSettings(push_url=url, bearer_token=token, signing_key=key, conditional=conditional, **common)
    credentials = engagement_credentials(objects, endpoint.transaction)
    return EngagementSettings(
        base_auth_url=credentials.base_auth_url,
        base_service_url=credentials.base_service_url,
        client_id=credentials.client_id,
        password=credentials.password,
        target_endpoint=endpoint.target_endpoint,
        **common,
    )


def _proxy(proxy: ForwardProxy | None) -> ProxySettings | None:
    if proxy is None:
        return None
    return ProxySettings(
        f"{proxy.scheme}://{addresses.join(proxy.host, proxy.port)}", proxy.user, proxy.password, tuple(proxy.no_proxy)
    )


def statistics_source(options: StatServer, tenant: str = "Environment") -> StatisticsSource:
    """The adapter to the statistics servers, by its kind.

    Raises ConfigurationError when a certificate file cannot be used.
    """
    addresses = [address for address in (options.primary, options.backup) if address]
    if options.kind == "bridge":
        names = statistic_names(options.statistics)
        return bridge_statistics(*addresses, credentials=lambda: channel_credentials(options.tls), names=names)
    path = BASE_PATHS[options.kind] if options.base_path is None else options.base_path
    urls = [f"{options.scheme}://{address}{path}" for address in addresses]
    tls = client_context(options.tls)
    names = names_asked_for(options.statistics)
    if options.kind == "gms":
        return gms_statistics(
            *urls,
            tenant=tenant,
            user=options.user,
            password=options.password,
            tls=tls,
            settings=_gms_settings(options),
            definitions=gms_definitions(options.statistics),
            names=names,
        )
    return api_statistics(
        *urls,
        bearer_token=options.token,
        api_key=options.api_key,
        authority=_statistics_authority(options),
        tls=tls,
        definitions=api_definitions(options.statistics),
        names=names,
    )


def _gms_settings(options: StatServer) -> GmsSettings:
    """A statistic is missing when three refreshes went by without it."""
    return GmsSettings(
        refresh_seconds=options.refresh_seconds,
        concurrency=options.concurrency,
        cache_age_seconds=options.cache_age_seconds,
        oldest_seconds=max(30.0, 3.0 * options.refresh_seconds),
    )


def _statistics_authority(options: StatServer) -> ClientCredentials | None:
    """The source of access tokens; None when a fixed token or none is used."""
    if options.auth_url is None or options.client_id is None or options.client_secret is None:
        return None
    return ClientCredentials(
        options.auth_url,
        options.client_id,
        options.client_secret,
        ca_file=str(options.tls.authorities) if options.tls else None,
    )


def tls_files(options: NodeOptions) -> TlsFiles | None:
    """Certificate files of the HTTP port; None for plain HTTP."""
    files = options.certificates
    return TlsFiles(files.certificate, files.private_key, files.authorities, files.required) if files else None


def http_roles(options: NodeOptions) -> dict[str, AccessRole]:
    """The roles that names in callers' certificates have at the HTTPS port."""
    return parse_http_names(options.certificates.allowed_names) if options.certificates else {}


def certificate_files(options: NodeOptions) -> tuple[Path, ...]:
    """The certificates this node shows to others: on the HTTP port, to members, to ZooKeeper."""
    shown = (
        options.certificates.certificate if options.certificates else None,
        options.peer_certificates.certificate if options.peer_certificates else None,
        options.zookeeper.tls.certificate if options.zookeeper and options.zookeeper.tls else None,
    )
    return tuple(file for file in shown if file is not None)
