"""Sections that say what the cluster connects to: configuration, statistics, engagement platform, alarms, proxy."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from pacing_node.options.allowed import Allowed
from pacing_node.options.schema import Applies, Key, Section
from pacing_node.options.statistic_options import StatisticsOptions
from pacing_node.options.values import Address, Host, LocalPath, Url, Words


class ServerTls(Section):
    """TLS to a server. Host names are always verified."""

    authorities: LocalPath
    """Certificates of the authorities that sign the servers' certificates, PEM."""
    certificate: LocalPath | None = None
    """Certificate the nodes show to the servers, PEM."""
    private_key: Annotated[LocalPath | None, Key("privateKey")] = None
    """Private key of that certificate, PEM."""


class ConfigServer(Section):
    """Where the configuration objects come from."""

    kind: Literal["file", "bridge", "gws"] = "file"
    """`file`: YAML, reloaded on change. `bridge`: a gRPC bridge in front of Config Server. `gws`: the platform
    configuration interface over HTTP."""
    path: Annotated[LocalPath | None, Field(validate_default=True), Allowed("a file or directory")] = None
    """File or directory of the objects; for the kind `file`."""
    primary: Annotated[Address | None, Field(validate_default=True)] = None
    """Address of the primary server; for the kinds `bridge` and `gws`."""
    backup: Address | None = None
    """Address of the backup server."""
    tls: ServerTls | None = None
    """TLS to the servers. A bridge is spoken to in plain text without it, `https` trusts the well-known authorities."""
    scheme: Literal["https", "http"] = "https"
    """How the servers are spoken to; for the kind `gws`."""
    user: str | None = None
    """User of the interface; for the kind `gws`."""
    password: SecretStr | None = None
    """Password of the user."""
    poll_seconds: Annotated[float, Field(ge=1, le=3600), Key("pollPeriod")] = 30.0
    """Seconds between two readings of the whole configuration; for the kind `gws`."""
    capacity_rules: Annotated[LocalPath | None, Key("capacityRules")] = None
    """File with the list `capacity_rules` in the form of the objects file; for the kind `gws`, which does not say what
    a capacity rule allows."""
    hold_back_percent: Annotated[float, Field(ge=0, le=100), Key("holdBackShare"), Applies.LIVE] = 50.0
    """A change of the objects that takes away more than this share of the pacing targets, in percent, is held back
    until it is accepted or was there for `holdBackTime`. A change that takes away all of them always is."""
    hold_back_seconds: Annotated[float, Field(ge=0, le=604_800), Key("holdBackTime"), Applies.LIVE] = 600.0
    """Seconds after which a change that is held back and stays the same is put in force."""

    @field_validator("path")
    @classmethod
    def _path_for_file(cls, value: LocalPath | None, info: ValidationInfo) -> LocalPath | None:
        if value is None and info.data.get("kind") == "file":
            raise ValueError("a file or directory, which the kind file needs")
        return value

    @field_validator("primary")
    @classmethod
    def _address_for_servers(cls, value: str | None, info: ValidationInfo) -> str | None:
        kind = info.data.get("kind")
        if value is None and kind in {"bridge", "gws"}:
            raise ValueError(f"host:port, which the kind {kind} needs")
        return value


class StatServer(Section):
    """Where statistics come from."""

    kind: Literal["bridge", "statistics-api", "gms"] = "bridge"
    """`bridge`: a gRPC bridge in front of each Stat Server of the HA pair. `statistics-api`: the Statistics API
    version 3 over HTTP. `gms`: the statistic service of GMS over HTTP, one statistic for each request; for small
    sites."""
    primary: Address
    """Address of the primary server."""
    backup: Address | None = None
    """Address of the backup server."""
    tls: ServerTls | None = None
    """TLS to the servers. A bridge is spoken to in plain text without it, `https` trusts the well-known authorities."""
    scheme: Literal["https", "http"] = "https"
    """How the servers are spoken to; for the kinds `statistics-api` and `gms`."""
    base_path: Annotated[
        str | None, Field(pattern=r"^(/[A-Za-z0-9._~-]+)*$"), Key("basePath"), Allowed("a path, for example /a/b")
    ] = None
    """Path of the interface on the servers: `/statistics/v3` for the kind `statistics-api`, `/genesys/1/statistic` for
    `gms` unless given."""
    token: SecretStr | None = None
    """Bearer token; for the kind `statistics-api`."""
    api_key: Annotated[SecretStr | None, Key("apiKey")] = None
    """Key sent as `x-api-key`; for the kind `statistics-api`."""
    auth_url: Annotated[Url | None, Key("authUrl")] = None
    """Token endpoint whose access tokens (client credentials grant) are used and renewed, instead of a fixed `token`;
    for the kind `statistics-api`."""
    client_id: Annotated[str | None, Key("clientId"), Field(validate_default=True)] = None
    """Client known to the token endpoint."""
    client_secret: Annotated[SecretStr | None, Key("clientSecret"), Field(validate_default=True)] = None
    """Secret of the client."""
    user: str | None = None
    """User of the interface; for the kind `gms`."""
    password: SecretStr | None = None
    """Password of the user."""
    refresh_seconds: Annotated[float, Field(ge=1, le=600), Key("refreshPeriod")] = 5.0
    """Seconds over which every statistic is asked for once; for the kind `gms`."""
    concurrency: Annotated[int, Field(ge=1, le=64)] = 8
    """Most requests of a node in flight at one server; for the kind `gms`."""
    cache_age_seconds: Annotated[int, Field(ge=0, le=600), Key("cacheAge")] = 2
    """Greatest age in seconds of a cached value the server may answer with; for the kind `gms`."""
    statistics: StatisticsOptions = StatisticsOptions()

    @field_validator("client_id", "client_secret")
    @classmethod
    def _client_for_tokens(cls, value: SecretStr | str | None, info: ValidationInfo) -> SecretStr | str | None:
        if value is None and info.data.get("auth_url") is not None:
            raise ValueError("the client's, which authUrl needs")
        return value

    @field_validator("statistics")
    @classmethod
    def _statistics_of_the_kind(cls, value: StatisticsOptions, info: ValidationInfo) -> StatisticsOptions:
        unfit = value.unfit(str(info.data.get("kind")))
        if unfit is not None:
            raise ValueError(unfit)
        return value


class MessageServer(Section):
    """Where alarms and the log output ``network`` go, as syslog messages."""

    applies: ClassVar[Applies] = Applies.LIVE

    primary: Address
    """Address of the receiver."""
    backup: Address | None = None
    """Address of the receiver that is used while the primary does not answer."""
    transport: Literal["tcp", "udp", "tls"] = "tcp"
    """Transport of the messages."""
    authorities: LocalPath | None = None
    """File with the certificates of the authorities that sign the receivers', PEM, for the transport `tls`; the
    system's unless given."""


class PacingEndpoint(Section):
    """The engagement platform the results go to."""

    applies: ClassVar[Applies] = Applies.LIVE

    kind: Literal["predictive-engagement", "webhook"] = "predictive-engagement"
    """`predictive-engagement`: the platform's bulk call. `webhook`: a call any platform can take."""
    target_endpoint: Annotated[
        str, Field(min_length=1, pattern=r"^[^\s?#]+$"), Key("targetEndpoint"), Allowed("a path without blanks")
    ] = "v2/journey/actiontargets/bulk"
    """Path appended to `base_service_url` of the transaction object; for the kind `predictive-engagement`."""
    transaction: str = "hybrid_integration"
    """Transaction object with addresses and credentials of the platform; for the kind `predictive-engagement`."""
    max_entities_per_request: Annotated[int, Field(ge=1, le=100_000), Key("maxEntitiesPerRequest")] = 1000
    """Most targets in one request; more are sent in several requests at once."""
    max_concurrent_requests: Annotated[int, Field(ge=1, le=64), Key("maxConcurrentRequests")] = 8
    """Most requests of one push in flight at once."""
    fencing: Literal["token", "if-match", "none"] = "token"
    """`token`: the platform refuses a push of an older term by its token. `if-match`, for the kind `webhook`: the
    platform looks at no tokens, and every push is a conditional write on the ETag of the state it replaces. `none`: the
    platform does neither; the first push of a term then waits until every push of the previous term must be over,
    unless that term ended clean."""
    compress: bool = False
    """Send request bodies with gzip from the first on; only for a platform that takes them. Without it they go with
    gzip once an answer of the platform says that it takes them (`Accept-Encoding`)."""
    authorities: LocalPath | None = None
    """Certificates that are trusted instead of the well-known ones, PEM."""
    url: Annotated[Url | None, Field(validate_default=True)] = None
    """Address pushes are posted to; for the kind `webhook`."""
    token: SecretStr | None = None
    """Bearer token; for the kind `webhook`."""
    signing_key: Annotated[SecretStr | None, Key("signingKey")] = None
    """Key that signs every body; for the kind `webhook`."""

    @field_validator("fencing")
    @classmethod
    def _conditions_for_webhook(cls, value: str, info: ValidationInfo) -> str:
        if value == "if-match" and info.data.get("kind") != "webhook":
            raise ValueError("token or none for the kind predictive-engagement, which documents no conditional writes")
        return value

    @field_validator("url")
    @classmethod
    def _url_for_webhook(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("kind") == "webhook":
            raise ValueError("an address that begins with http:// or https://, which the kind webhook needs")
        return value


class ForwardProxy(Section):
    """HTTP proxy between the nodes and the engagement platform."""

    applies: ClassVar[Applies] = Applies.LIVE

    scheme: Literal["http", "https"] = "http"
    """How the proxy itself is spoken to."""
    host: Host
    """Host of the proxy."""
    port: Annotated[int, Field(ge=1, le=65535)]
    """Port of the proxy."""
    user: str | None = None
    """User the proxy asks for."""
    password: SecretStr | None = None
    """Password the proxy asks for."""
    no_proxy: Annotated[Words, Key("noProxy", ("no-proxy",))] = ()
    """Hosts that are reached directly."""
