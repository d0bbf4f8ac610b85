"""Who calls, and how they proved it."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cluster.access.roles import AccessRole


CURRENT: ContextVar[Principal | None] = ContextVar("principal", default=None)
"""Who makes the call that is being answered; None where calls are not judged."""


class Proof(StrEnum):
    """How a caller proved who they are."""

    SECRET = "cluster secret"  # noqa: S105 - words, no secret
    CERTIFICATE = "certificate"
    TOKEN = "token"  # noqa: S105 - a word, no token
    JWT = "jwt"
    ZOOKEEPER = "ZooKeeper"
    """By the right to write what the cluster keeps there, or in the node's state directory."""
    LOCAL = "this machine"
    """By nothing but calling from this machine; only where no proof is configured."""
    NONE = "none"
    """By nothing: whoever they are, they may read what is open to all."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller who has proved who they are."""

    name: str
    """Name in the proof: of the member, the certificate, the token or the subject of a JWT."""
    role: AccessRole
    proof: Proof

    @property
    def proved(self) -> bool:
        """Whether the caller has shown who they are, and is not let in by where they call from, or as anybody is."""
        return self.proof not in {Proof.LOCAL, Proof.NONE}


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one call before anything is decided: what is called, from where, and what was shown."""

    call: str
    """Name of the call, such as ``StepDown``."""
    body: bytes
    """The message as it came over the wire."""
    source: str
    """Address of the caller, for people."""
    local: bool
    """Whether the call came from this machine."""
    encrypted: bool
    """Whether nobody on the way can read it."""
    names: frozenset[str] = frozenset()
    """Names in the caller's certificate, which an authority of the cluster has signed; none without one."""
    certified: Principal | None = None
    """Who calls by a certificate that a port has judged by a list of its own; None without one that has a role."""
    signature: str | None = None
    """Value of the header :data:`cluster.access.signed_calls.HEADER`; None without one."""
    bearer: str | None = None
    """What came as ``Bearer`` in the header ``authorization``; None without one."""
