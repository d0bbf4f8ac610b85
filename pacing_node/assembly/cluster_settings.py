"""From a node's options to the settings of the cluster library. Loads nothing else: a supervisor stays small."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.access.certificate_roles import parse_allowed_names
from cluster.access.signed_calls import ClusterSecret
from cluster.errors import SettingsError
from cluster.security import PeerTls, ZooKeeperSecurity
from cluster.settings import ClusterSettings

if TYPE_CHECKING:
    from pathlib import Path

    from pacing_node.options.node_options import NodeOptions, ZooKeeper


def cluster_settings(options: NodeOptions) -> ClusterSettings:
    """Settings of this node as a member of its cluster.

    Raises SettingsError when times or names are out of the library's bounds, or the secret cannot be used.
    """
    common = {
        "node": options.name,
        "cluster": options.cluster,
        "host": options.host,
        "bind_address": options.bind,
        "clustering_port": options.ports.clustering,
        "state_directory": options.state_directory,
        "action_budget_seconds": options.longest_push_seconds,
        "health_port": options.ports.health,
        "health_bind_address": options.health_bind,
        "peer_tls": peer_tls(options),
        "cluster_secret": cluster_secret(options),
        "plain_tokens": options.access.plain_tokens,
    }
    zookeeper = options.zookeeper
    if zookeeper is None:
        # Alone there is no session that would bound a push.
        session_seconds = max(4.0, 3.0 * options.longest_push_seconds)
        # The values in `common` are of the types of their fields; a dict has one type for all.
        return ClusterSettings(zookeeper_hosts=None, session_timeout_seconds=session_seconds, **common)  # type: ignore[arg-type]
    return ClusterSettings(
        zookeeper_hosts=",".join(zookeeper.hosts) + zookeeper.root,
        session_timeout_seconds=zookeeper.session_timeout_seconds,
        heartbeat_seconds=zookeeper.heartbeat_seconds,
        tick_seconds=zookeeper.longest_tick_seconds,
        failsafe_seconds=zookeeper.failsafe_seconds,
        watchdog_seconds=zookeeper.session_timeout_seconds,
        zookeeper_security=zookeeper_security(zookeeper),
        zookeeper_message_bytes=zookeeper.message_bytes,
        **common,  # type: ignore[arg-type]  # as above
    )


def peer_tls(options: NodeOptions) -> PeerTls | None:
    """Files of the clustering port; None for plain text."""
    files = options.peer_certificates
    if files is None:
        return None
    roles = parse_allowed_names(files.allowed_names)
    return PeerTls(files.authorities, files.certificate, files.private_key, roles)


def cluster_secret(options: NodeOptions) -> ClusterSecret | None:
    """The secret of the members; None without one. Raises SettingsError for one that cannot be used."""
    access = options.access
    if access.secret_file is not None:
        return secret_of_file(access.secret_file)
    return ClusterSecret.parse(access.secret.get_secret_value()) if access.secret is not None else None


def secret_of_file(path: Path) -> ClusterSecret:
    """The secret in a file. Raises SettingsError naming it."""
    try:
        return ClusterSecret.parse(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as failure:
        reason = failure.strerror if isinstance(failure, OSError) else "not text"
        message = f"cluster secret: {path} cannot be read: {str(reason).lower()}"
        raise SettingsError(message) from failure
    except SettingsError as failure:
        message = f"{path}: {failure}"
        raise SettingsError(message) from None


def zookeeper_security(zookeeper: ZooKeeper) -> ZooKeeperSecurity:
    """How the session is secured.

    Raises SettingsError for combinations that cannot work.
    """
    tls, sasl, acl = zookeeper.tls, zookeeper.sasl, zookeeper.acl
    password = tls.private_key_password if tls else None
    return ZooKeeperSecurity(
        tls=tls is not None,
        ca_file=tls.authorities if tls else None,
        certificate_file=tls.certificate if tls else None,
        key_file=tls.private_key if tls else None,
        key_password=password.get_secret_value() if password else None,
        user=acl.user if acl else None,
        password=acl.password.get_secret_value() if acl else None,
        sasl_user=sasl.user if sasl else None,
        sasl_password=sasl.password.get_secret_value() if sasl else None,
    )
