"""Decides who may call what: looks at what a caller shows, and compares the role with the one the call needs. Pure.

What was shown counts in this order, and what is wrong is not overlooked for the sake of what follows: a signature, a
bearer token or JWT, a certificate. With no proof configured at all, orders are taken from this machine, and reads from
everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from cluster.access.certificate_roles import certificate_holder
from cluster.access.principal import Principal, Proof
from cluster.access.roles import AccessRole, covers
from cluster.access.signed_calls import BadSignatureError, CallSubject
from cluster.access.tokens import BadTokenError, TokenBook, is_token
from cluster.access.verdict import Refusal, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cluster.access.principal import Evidence
    from cluster.access.signed_calls import SignedCalls


class BadJwtError(Exception):
    """A JWT that is not accepted; the message says why."""


class JwtCheck(Protocol):
    """Checks the JWT of an identity provider."""

    def check(self, text: str, now: float) -> Principal:
        """Who the JWT is about and their role; ``now`` is Unix time in seconds. Raises BadJwtError."""
        ...


class _Refused(Exception):  # noqa: N818 - it never leaves this module
    pass


class AccessControl:
    """The proofs that are accepted now, and the verdict on each call."""

    def __init__(
        self,
        cluster: str,
        *,
        signed_calls: SignedCalls | None = None,
        certificates: bool = False,
        certificate_roles: Mapping[str, AccessRole] | None = None,
        members: Callable[[], Iterable[tuple[str, str]]] = tuple,
        plain_tokens: bool = False,
    ) -> None:
        """What the node's own options say.

        ``certificates`` says whether callers show any; ``members`` are name and host of those that have joined, who
        prove themselves by them where ``certificate_roles`` is empty; ``plain_tokens`` says whether tokens are taken
        over connections that others can read.
        """
        self._cluster = cluster
        self._signed_calls = signed_calls
        self._certificates = certificates
        self._certificate_roles = dict(certificate_roles or {})
        self._members = members
        self._plain_tokens = plain_tokens
        self.tokens = TokenBook()
        """Tokens of the cluster."""
        self.jwt: JwtCheck | None = None
        """Check of the identity provider's tokens; None without one."""
        self.address = ""
        """Address of this node's clustering port as the others know it: signed calls are meant for it."""

    @property
    def knows_members(self) -> bool:
        """Whether members can prove themselves; without it everybody on this machine counts as one."""
        return self._signed_calls is not None or self._certificates

    @property
    def is_open(self) -> bool:
        """Whether no proof is configured at all."""
        return not self.knows_members and not self.tokens.tokens and self.jwt is None

    def judge(self, evidence: Evidence, needed: AccessRole, now: float) -> Verdict:
        """The verdict on a call that needs the role ``needed``; ``now`` is Unix time in seconds."""
        try:
            principal = self._identify(evidence, now)
        except _Refused as refused:
            return Verdict(needed, None, Refusal.BAD_PROOF, str(refused))
        if principal is None:
            return self._judge_stranger(evidence, needed)
        if covers(principal.role, needed):
            return Verdict(needed, principal)
        return Verdict(needed, principal, Refusal.TOO_WEAK, f"the role {principal.role} may not; needed: {needed}")

    def _identify(self, evidence: Evidence, now: float) -> Principal | None:
        """Who calls; None for somebody who has shown nothing. Raises _Refused for what is wrong."""
        if evidence.signature is not None:
            return self._by_signature(evidence.signature, evidence, now)
        if evidence.bearer is not None:
            return self._by_bearer(evidence.bearer, evidence, now)
        if evidence.certified is not None:
            return evidence.certified
        holder = certificate_holder(evidence.names, self._certificate_roles, self._members())
        return Principal(holder[0], holder[1], Proof.CERTIFICATE) if holder is not None else None

    def _by_signature(self, signature: str, evidence: Evidence, now: float) -> Principal:
        if self._signed_calls is None:
            raise _Refused("a signature, but this node has no cluster secret")
        subject = CallSubject(self._cluster, self.address, evidence.call, evidence.body)
        try:
            name = self._signed_calls.check(signature, subject, now)
        except BadSignatureError as error:
            raise _Refused(str(error)) from None
        return Principal(name, AccessRole.MEMBER, Proof.SECRET)

    def _by_bearer(self, bearer: str, evidence: Evidence, now: float) -> Principal:
        if not evidence.encrypted and not evidence.local and not self._plain_tokens:
            raise _Refused("a token over a connection that others can read: use TLS, and make a new token")
        try:
            if self.jwt is not None and not is_token(bearer):
                return self.jwt.check(bearer, now)
            token = self.tokens.check(bearer, now)
        except (BadTokenError, BadJwtError) as error:
            raise _Refused(str(error)) from None
        return Principal(f"{token.name} ({token.id})", token.role, Proof.TOKEN)

    def _judge_stranger(self, evidence: Evidence, needed: AccessRole) -> Verdict:
        """The verdict on a call without a proof."""
        if evidence.local and (self.is_open or (needed is AccessRole.MEMBER and not self.knows_members)):
            return Verdict(needed, Principal("anybody", AccessRole.ADMIN, Proof.LOCAL))
        if self.is_open and needed is AccessRole.VIEWER:
            return Verdict(needed, Principal("anybody", AccessRole.VIEWER, Proof.NONE))
        if evidence.names:
            reason = "the certificate holds no name of a member, nor one with a role"
            return Verdict(needed, None, Refusal.TOO_WEAK, reason)
        reason = "no signature, token or certificate was shown"
        if self.is_open:
            reason = "this cluster has no secret, certificates or tokens: it takes orders from its own machine alone"
        return Verdict(needed, None, Refusal.NO_PROOF, reason)
