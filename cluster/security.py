"""How connections are secured: to ZooKeeper, and between members. What is read from files is read by their users."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cluster.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cluster.access.roles import AccessRole


@dataclass(frozen=True, slots=True)
class ZooKeeperSecurity:
    """TLS and credentials of the ZooKeeper session. Raises SettingsError for combinations that cannot work."""

    tls: bool = False
    """Speak TLS; the hosts then name ZooKeeper's secure client port."""
    ca_file: Path | None = None
    """PEM file of the authorities that sign servers' certificates; None takes the system's."""
    certificate_file: Path | None = None
    """PEM file with this node's own certificate, for servers that ask for one."""
    key_file: Path | None = None
    """PEM file with the key of that certificate."""
    key_password: str | None = field(default=None, repr=False)
    check_hostname: bool = True
    """Whether the name in a server's certificate must be the one in the hosts."""
    user: str | None = None
    """User of the scheme ``digest``. With it everything this node creates is open to this user only."""
    password: str | None = field(default=None, repr=False)
    sasl_user: str | None = None
    """User of SASL's DIGEST-MD5. Without ``user`` everything this node creates is open to this user only."""
    sasl_password: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if (self.sasl_user is None) != (self.sasl_password is None) or self.sasl_user == "":
            message = "zookeeper sasl user and password: found one of them, allowed are both or none"
            raise SettingsError(message)
        if (self.certificate_file is None) != (self.key_file is None):
            message = "zookeeper certificate and key: found one of them, allowed are both or none"
            raise SettingsError(message)
        if (self.user is None) != (self.password is None):
            message = "zookeeper user and password: found one of them, allowed are both or none"
            raise SettingsError(message)
        if self.user is not None and (not self.user or ":" in self.user):
            message = f"zookeeper user: found {self.user!r}, allowed is a name without a colon"
            raise SettingsError(message)
        if not self.tls and (self.ca_file is not None or self.certificate_file is not None):
            message = "zookeeper certificates: found files, but TLS is off"
            raise SettingsError(message)

    @property
    def identity(self) -> str:
        """Who ZooKeeper is told this is, and the option that says so; for messages."""
        if self.user is not None:
            return f'user "{self.user}" of zookeeper.acl'
        if self.sasl_user is not None:
            return f'user "{self.sasl_user}" of zookeeper.sasl'
        return "nobody: neither zookeeper.acl nor zookeeper.sasl names a user"

    def check_files(self) -> None:
        """Load every file once. Raises SettingsError naming the one that cannot be used.

        The client reads them again for each connection, so that files that were replaced take effect with the next
        one; a file that is missing then looks to it like a server that is down, for ever.
        """
        if not self.tls:
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            if self.ca_file is not None:
                context.load_verify_locations(self.ca_file)
        except (OSError, ssl.SSLError) as failure:
            message = f"zookeeper authorities: {self.ca_file} cannot be used: {failure}"
            raise SettingsError(message) from failure
        try:
            if self.certificate_file is not None:
                context.load_cert_chain(self.certificate_file, self.key_file, self.key_password or "")
        except (OSError, ssl.SSLError) as failure:
            message = f"zookeeper certificate: {self.certificate_file} with {self.key_file} cannot be used: {failure}"
            raise SettingsError(message) from failure


@dataclass(frozen=True, slots=True)
class PeerTls:
    """Files for the clustering port, all PEM, and who may call."""

    ca_file: Path
    """Authorities that sign members' certificates."""
    certificate_file: Path
    """This member's certificate chain; it names the host under which others reach it."""
    key_file: Path
    """Its key."""
    allowed_names: Mapping[str, AccessRole] = field(default_factory=dict)
    """Names of which a caller's certificate must hold one (subject alternative names), with the role each has.

    Empty: the callers are members, whose names or hosts their certificates hold.
    """

    def read(self) -> tuple[bytes, bytes, bytes]:
        """Authorities, chain and key. Raises SettingsError naming a file that cannot be read."""
        found = []
        for path in (self.ca_file, self.certificate_file, self.key_file):
            try:
                found.append(path.read_bytes())
            except OSError as failure:
                message = f"cluster certificates: {path} cannot be read: {failure}"
                raise SettingsError(message) from failure
            if b"-----BEGIN" not in found[-1]:
                message = f"cluster certificates: {path} is not a PEM file"
                raise SettingsError(message)
        return found[0], found[1], found[2]
