"""Options of one node: what it needs to start and to find its cluster. Everything else is kept in the cluster.

They come from one small YAML file and from environment variables; a variable wins over the file.
"""

from __future__ import annotations

import os
import socket
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo, field_validator

from cluster import addresses
from cluster.access.certificate_roles import parse_allowed_names
from cluster.access.roles import ROLES_OF_PEOPLE, AccessRole
from cluster.settings import DEFAULT_MESSAGE_BYTES
from pacing_node.options import environment
from pacing_node.options.allowed import Allowed
from pacing_node.options.schema import Key, Option, Section, build, canonical, options
from pacing_node.options.values import Addresses, Host, LocalPath, Name, Port, Words
from pacing_node.options.yaml_documents import YamlDocument, load_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["json", "text"]
MOST_PUSH_SECONDS = 4.0
"""Most that a push gets without a word of the operator: a new master counts what a lost one has sent as in flight for
so long, and holds off for so long before a platform that checks no tokens."""


def _networks(words: tuple[str, ...]) -> tuple[str, ...]:
    for word in words:
        try:
            ip_network(word, strict=False)
        except ValueError:
            raise ValueError("addresses or networks separated by commas, for example 10.0.0.0/8, fd00::/8") from None
    return words


class Ports(Section):
    """Ports a node listens on."""

    default: Port = 8080
    """HTTP or, with certificates, HTTPS: pages for operators, health, metrics and the pacing REST interface."""
    clustering: Port = 7800
    """gRPC between the members of the cluster."""
    health: Port | None = None
    """gRPC health checks, and nothing else, without TLS; for probes that cannot show a certificate. Not opened unless
    given."""
    public: Port | None = None
    """HTTP or HTTPS for the two reads that visitors' browsers make, `reactiveState` and `channelCapacity`, and nothing
    else. Not opened unless given; the port `default` answers them too."""


class Http(Section):
    """What callers of the HTTP ports may use of a node."""

    connections: Annotated[int, Field(ge=10, le=100_000)] = 500
    """Most connections at once to each HTTP port."""
    connections_per_address: Annotated[int, Field(ge=2, le=100_000)] = 100
    """Most connections at once from one address, or from one IPv6 network of 64 bits. Trusted proxies may have more."""
    reads_per_second: Annotated[float, Field(gt=0, le=100_000)] = 50.0
    """Most of the two public reads each second by one address; twice as many may come at once."""
    trusted_proxies: Annotated[Words, Key("trusted_proxies", ("trustedProxies",)), AfterValidator(_networks)] = ()
    """Addresses or networks, such as 10.0.0.0/8, of the proxies before the HTTP ports. Only what they say in
    `X-Forwarded-For` is believed."""


def parse_http_names(words: Iterable[str]) -> dict[str, AccessRole]:
    """Roles by name in certificates at the HTTPS port, of people alone: its authorities need not be the members'.

    Raises ValueError for an unknown role, and for a name with two.
    """
    return parse_allowed_names(words, alone=AccessRole.VIEWER, roles_allowed=ROLES_OF_PEOPLE)


def _http_roles(words: tuple[str, ...]) -> tuple[str, ...]:
    parse_http_names(words)
    return words


class Certificates(Section):
    """Certificate files in PEM format. With them the default port speaks HTTPS."""

    certificate: LocalPath
    """Certificate of this node with its chain."""
    private_key: LocalPath
    """Private key of the certificate."""
    authorities: LocalPath | None = None
    """Certificates of the authorities whose clients are accepted; without it no client certificate is asked for."""
    required: bool = True
    """Whether callers must show a certificate of these authorities; false: those who show none are let in, and read
    what is open to all, or show a token."""
    allowed_names: Annotated[
        Words, AfterValidator(_http_roles), Allowed("names, or NAME=ROLE with viewer, operator or admin")
    ] = ()
    """Names in callers' certificates (common name, subject alternative names) that have a role on the pages and the
    API, for example `noc=operator`; a name alone is a viewer's. Unless given, certificates give no role."""

    @field_validator("required", "allowed_names")
    @classmethod
    def _of_authorities(cls, value: bool | Words, info: ValidationInfo) -> bool | Words:
        if info.data.get("authorities") is None and value not in (True, ()):
            raise ValueError("nothing but the default without authorities")
        return value


def _known_roles(words: tuple[str, ...]) -> tuple[str, ...]:
    parse_allowed_names(words)
    return words


class PeerCertificateFiles(Section):
    """Certificate files in PEM format for the clustering port. With them members prove who they are to each other."""

    certificate: LocalPath
    """Certificate of this node with its chain; it names the host under which the others reach it."""
    private_key: LocalPath
    """Private key of the certificate."""
    authorities: LocalPath
    """Certificates of the authorities that sign the members' certificates."""
    allowed_names: Annotated[
        Words, AfterValidator(_known_roles), Allowed("names, or NAME=ROLE with viewer, operator, admin or member")
    ] = ()
    """Names of which a caller's certificate must hold one, each with its role, for example `laptop=operator`; a name
    alone is a member's. Unless given, callers must be members, whose names or hosts their certificates hold."""


class Access(Section):
    """Who may call this node. Without a secret, peer certificates, tokens and an identity provider it takes orders from
    its own machine alone.
    """

    secret: SecretStr | None = None
    """Secret by which the members prove themselves to each other, the same for all: 32 characters or more. In several
    lines the first one signs and all are accepted, while one replaces the other."""
    secret_file: LocalPath | None = None
    """File with the secret, in its place."""
    plain_tokens: bool = False
    """Whether access tokens are taken over connections without TLS from other machines, where others can read them."""

    @field_validator("secret_file")
    @classmethod
    def _one_secret(cls, value: LocalPath | None, info: ValidationInfo) -> LocalPath | None:
        if value is not None and info.data.get("secret") is not None:
            raise ValueError("a file, or the secret itself, not both")
        return value


class ZooKeeperTls(Section):
    """TLS to ZooKeeper. Host names are always verified."""

    authorities: LocalPath
    """Certificates of the authorities that sign the servers' certificates, PEM."""
    certificate: LocalPath | None = None
    """Certificate this node shows to ZooKeeper, PEM."""
    private_key: LocalPath | None = None
    """Private key of that certificate, PEM."""
    private_key_password: SecretStr | None = None
    """Password of the private key."""


class ZooKeeperSasl(Section):
    """SASL identity (DIGEST-MD5): without an ``acl`` everything the cluster writes is for this identity only."""

    user: Annotated[str, Field(min_length=1)]
    """User of the SASL identity."""
    password: SecretStr
    """Password of the SASL identity."""


class ZooKeeperAcl(Section):
    """Digest identity: with it everything the cluster writes is readable and writable for this identity only."""

    user: str
    """User of the digest identity."""
    password: SecretStr
    """Password of the digest identity."""


DEFAULT_FAILSAFE_SECONDS = 600.0
"""Longest outage of ZooKeeper a master goes on in with ``failsafe: true``."""
_SWITCHES = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def switched_seconds(value: object) -> object:
    """Seconds for a switch that was thrown, 0 for off; anything else as it is."""
    if isinstance(value, str):
        value = _SWITCHES.get(value.strip().lower(), value)
    return DEFAULT_FAILSAFE_SECONDS * value if isinstance(value, bool) else value


class ZooKeeper(Section):
    """How to reach ZooKeeper, and the times of the session. The word ``none`` instead runs the node alone."""

    hosts: Addresses
    """Members of the ensemble."""
    root: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._-]+)+$"), Allowed("a path such as /pacing")] = "/pacing"
    """Node under which every cluster has its own tree, named after the cluster."""
    session_timeout_seconds: Annotated[float, Field(ge=2, le=60)] = 4.0
    """Time after which ZooKeeper gives up a silent node. It bounds the gap after a lost master from below."""
    heartbeat_seconds: Annotated[
        float, Field(ge=0.05, validate_default=True), Allowed("a number from 0.05 to an eighth of the session time-out")
    ] = 0.5
    """Time between two proofs of mastership."""
    tick_seconds: Annotated[
        float | None, Field(ge=0.05), Allowed("a number from 0.05 to half of the session time-out")
    ] = None
    """The ensemble's `tickTime` in seconds; half of the session time-out unless given, which is safe with every
    ensemble. The lease of the master rests on it: a shorter one makes it longer, and must not be below the real one."""
    failsafe: Annotated[
        float,
        BeforeValidator(switched_seconds),
        Field(ge=0, le=86400),
        Allowed("true, false, or a number of seconds from 10 to 86400"),
    ] = 0.0
    """Longest time in seconds the master goes on while all of ZooKeeper is away, by the promise of every other member
    not to take over; `true` means 600. After a loss of the master that looks like such an outage, a node that is
    not on the failsafe list waits for as long before it contends."""
    message_bytes: Annotated[int, Field(ge=65_536, le=1_073_741_824)] = DEFAULT_MESSAGE_BYTES
    """The ensemble's `jute.maxbuffer`: larger cluster options are refused before they are sent."""
    tls: ZooKeeperTls | None = None
    sasl: ZooKeeperSasl | None = None
    acl: ZooKeeperAcl | None = None

    @property
    def failsafe_seconds(self) -> float | None:
        """Longest time the master goes on without ZooKeeper; None when it does not."""
        return self.failsafe or None

    @property
    def longest_tick_seconds(self) -> float:
        """The tick that the lease is computed with."""
        return self.session_timeout_seconds / 2 if self.tick_seconds is None else self.tick_seconds

    @field_validator("failsafe")
    @classmethod
    def _longer_than_a_session(cls, value: float, info: ValidationInfo) -> float:
        timeout = max(10.0, info.data.get("session_timeout_seconds", 0.0))
        if 0.0 < value < timeout:
            raise ValueError(f"at least {timeout:g}, and no less than the session time-out")
        return value

    @field_validator("tick_seconds")
    @classmethod
    def _two_ticks(cls, value: float | None, info: ValidationInfo) -> float | None:
        timeout = info.data.get("session_timeout_seconds")
        if value is not None and timeout is not None and value > timeout / 2:
            raise ValueError(f"at most {timeout / 2:g}: ZooKeeper grants no session below two ticks")
        return value

    @field_validator("heartbeat_seconds")
    @classmethod
    def _within_session(cls, value: float, info: ValidationInfo) -> float:
        timeout = info.data.get("session_timeout_seconds")
        if timeout is not None and value > timeout / 8:
            raise ValueError(f"at most {timeout / 8:g}, an eighth of the session time-out of {timeout:g} s")
        return value


class NodeLog(Section):
    """The node's own log before the cluster's ``log`` section is known, and its form."""

    level: LogLevel = "info"
    """Lowest level that is written."""
    format: LogFormat = "json"
    """One JSON object per line for programs, or text for people."""


def _never_or_at_least(value: float) -> float:
    if value and not 20.0 <= value <= 86_400.0:
        raise ValueError("0 for never, or from 20 to 86400")
    return value


def _own_host(data: dict[str, object]) -> str:
    """Where a node is reached that does not say so."""
    bind = str(data.get("bind", ""))
    return bind if addresses.is_local_host(bind) else socket.gethostname()


class NodeOptions(Section):
    """Options of one node."""

    name: Annotated[Name, Field(default_factory=socket.gethostname)]
    """Name of the node, unique in its cluster; the host's name unless given."""
    cluster: Name = "pacing"
    """Name of the cluster the node joins."""
    bind: Annotated[Host, Allowed("an address, for example 127.0.0.1 or ::")] = "127.0.0.1"
    """Address the ports are opened on: this machine only, unless given. A cluster over several machines needs another
    one, and a proof for its members (`access`, `peer_certificates`)."""
    host: Annotated[Host, Field(default_factory=_own_host)]
    """Host name or address under which the other members reach this node; the host's name unless given, or the address
    of `bind` where that is this machine only."""
    health_bind: Annotated[Host, Allowed("an address, for example 127.0.0.1 or the pod's")] = "127.0.0.1"
    """Address the port `ports.health` is opened on: this machine only, unless given."""
    public_bind: Annotated[Host | None, Allowed("an address, for example 0.0.0.0 or ::")] = None
    """Address the port `ports.public` is opened on: that of `bind`, unless given."""
    ports: Ports = Ports()
    http: Http = Http()
    certificates: Certificates | None = None
    peer_certificates: PeerCertificateFiles | None = None
    access: Access = Access()
    zookeeper: Annotated[ZooKeeper | None, Allowed("a section with the hosts, or the word none")]
    """The ensemble; the word ``none`` runs this node alone, as its own master."""
    state_directory: LocalPath = Path("pacing-state")
    """Directory for what the node remembers between starts; created when missing."""
    seed: LocalPath | None = None
    """File with cluster options, used once: while the cluster has none yet."""
    push_budget_seconds: Annotated[
        float | None, Field(ge=0.1, le=60), Allowed("a number from 0.1 to a third of the session time-out")
    ] = None
    """Most time one push to the engagement platform may get, all attempts together; what it gets within that, and
    within the refresh period, follows the number of targets and what pushes took. A third of the session time-out
    unless given, 4 at most."""
    doctor_seconds: Annotated[
        float, AfterValidator(_never_or_at_least), Allowed("0 for never, or a number from 20 to 86400")
    ] = 300.0
    """Time from one examination of the node by itself to the next: what `pacing doctor` finds, for the dashboard and
    `/api/v1/doctor`. It runs as a process of its own."""
    log: NodeLog = NodeLog()

    @field_validator("push_budget_seconds")
    @classmethod
    def _within_session(cls, value: float | None, info: ValidationInfo) -> float | None:
        zookeeper = info.data.get("zookeeper")
        if value is not None and isinstance(zookeeper, ZooKeeper) and value > zookeeper.session_timeout_seconds / 3:
            timeout = zookeeper.session_timeout_seconds
            raise ValueError(f"at most {timeout / 3:.3g}, a third of the session time-out of {timeout:g} s")
        return value

    @property
    def longest_push_seconds(self) -> float:
        """The most that one push may get."""
        if self.push_budget_seconds is not None:
            return self.push_budget_seconds
        return (
            MOST_PUSH_SECONDS
            if self.zookeeper is None
            else min(MOST_PUSH_SECONDS, self.zookeeper.session_timeout_seconds / 3)
        )

    @property
    def standalone(self) -> bool:
        """Whether the node runs alone, without ZooKeeper."""
        return self.zookeeper is None


def load_node_options(path: Path | None = None, environ: Mapping[str, str] | None = None) -> NodeOptions:
    """Read the options from a file and the environment; relative paths in the file count from the file's directory.

    Raises:
        ConfigurationError: with every problem of the file and of the environment.
    """
    document = load_document(path) if path is not None else YamlDocument("node options", {})
    given = canonical(NodeOptions, document)
    if path is not None:
        environment.resolve_paths(NodeOptions, given.data, path.parent)
    environment.overlay(NodeOptions, given, os.environ if environ is None else environ)
    return build(NodeOptions, given)


def describe_node_options() -> tuple[tuple[str, str, str, str, str], ...]:
    """Every option as (key, environment variable, allowed values, default, meaning), in order of definition."""
    return tuple(
        (".".join(option.key), environment.variable(option), option.allowed, option.default, option.meaning)
        for option in node_option_list()
    )


def node_option_list() -> tuple[Option, ...]:
    """Every option of a node."""
    return tuple(options(NodeOptions))
