"""From a node's options to the settings of the cluster library. Loads nothing else: a supervisor stays small."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.security import PeerTls, ZooKeeperSecurity
from cluster.settings import ClusterSettings

if TYPE_CHECKING:
    from pacing_node.options.node_options import NodeOptions, ZooKeeper


def cluster_settings(options: NodeOptions) -> ClusterSettings:
    """Settings of this node as a member of its cluster.

    Raises SettingsError when times or names are out of the library's bounds.
    """
    common = {
        "node": options.name,
        "cluster": options.cluster,
        "host": options.host,
        "bind_address": options.bind,
        "clustering_port": options.ports.clustering,
        "state_directory": options.state_directory,
        "action_budget_seconds": options.push_budget_seconds,
        "health_port": options.ports.health,
        "health_bind_address": options.health_bind,
        "peer_tls": peer_tls(options),
    }
    zookeeper = options.zookeeper
    if zookeeper is None:
        # Alone there is no session that would bound a push.
        session_seconds = max(4.0, 3.0 * options.push_budget_seconds)
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
        **common,  # type: ignore[arg-type]
    )


def peer_tls(options: NodeOptions) -> PeerTls | None:
    """Files of the clustering port; None for plain text."""
    files = options.peer_certificates
    if files is None:
        return None
    return PeerTls(files.authorities, files.certificate, files.private_key, frozenset(files.allowed_names))


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
