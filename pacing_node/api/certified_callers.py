"""Who calls an HTTPS port by the certificate of its connection: roles of their own, by the option of the port.

The authorities of this port need not be the members', so its names are looked up in its own list, and none of them
makes a member.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cluster.access.certificate_roles import certificate_holder
from cluster.access.principal import Principal, Proof
from pacing_node.api.guarded_connection import STATE, GuardedConnection

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.types import Scope

    from cluster.access.roles import AccessRole


class CertifiedCallers:
    """The roles of names in certificates that an authority of the port has signed."""

    def __init__(self, roles: Mapping[str, AccessRole] | None = None) -> None:
        """Without ``roles`` a certificate opens the connection and says nothing of its holder."""
        self._roles = dict(roles or {})

    def principal(self, scope: Scope) -> Principal | None:
        """Who sent a request; None without a certificate that has a role."""
        connection = scope.get("state", {}).get(STATE) if self._roles else None
        if not isinstance(connection, GuardedConnection):
            return None
        holder = certificate_holder(certificate_names(connection.certificate), self._roles, ())
        return Principal(holder[0], holder[1], Proof.CERTIFICATE) if holder is not None else None


def certificate_names(certificate: Mapping[str, Any]) -> frozenset[str]:
    """The common names of the subject, and all subject alternative names, of what ``ssl`` says of a certificate."""
    subject = (pair for part in certificate.get("subject", ()) for pair in part)
    return frozenset(
        [*_values(subject, {"commonName"}), *_values(certificate.get("subjectAltName", ()), _ALTERNATIVE_NAMES)]
    )


_ALTERNATIVE_NAMES = frozenset({"DNS", "email", "URI", "IP Address"})


def _values(pairs: Iterable[tuple[str, Any]], kinds: Iterable[str]) -> list[str]:
    return [value for kind, value in pairs if kind in kinds and isinstance(value, str) and value]
