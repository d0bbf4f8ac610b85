"""JWT of an identity provider (OpenID Connect): signature, issuer, audience, times, and the role in a claim.

Signatures are checked by PyJWT, with keys of the provider's set (JWKS, RFC 7517) and asymmetric algorithms alone: a
token that is "signed" with nothing, or with a public key as a password, is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jwt

from cluster.access.access_control import BadJwtError
from cluster.access.principal import Principal, Proof
from cluster.access.roles import AccessRole, strongest
from cluster.outside_text import load_json, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
LEEWAY_SECONDS = 30.0
"""By how much the clocks of provider and node may differ."""
MOST_CHARACTERS = 8192
MOST_KEYS = 100
_REQUIRED = ("exp", "iss", "aud", "sub")


class BadKeysError(Exception):
    """A set of keys that cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class ProviderRules:
    """What a JWT must say."""

    issuer: str
    audience: str
    role_claim: str = "roles"
    """Claim with a role, or a list of them; dots lead into claims that are mappings."""
    roles: Mapping[str, AccessRole] = field(default_factory=dict)
    """Role by value of that claim; without any the values are the roles' own names."""


class JwtCheck:
    """Checks the JWT of one provider by the keys that were last read."""

    def __init__(self, rules: ProviderRules, on_unknown_key: Callable[[], None] = lambda: None) -> None:
        """``on_unknown_key`` is called when a JWT names a key that is not in the set: it may be a new one."""
        self._rules = rules
        self._on_unknown_key = on_unknown_key
        self._keys: dict[str, jwt.PyJWK] = {}

    def use_keys(self, document: bytes) -> int:
        """Put a key set in force; the number of its keys that can be used. Raises BadKeysError for one without any."""
        try:
            entries = load_json(document)["keys"]
            if len(entries) > MOST_KEYS:
                raise BadKeysError(f"found {len(entries)} keys, allowed are {MOST_KEYS}")
            found = [key for entry in entries if (key := _key(entry)) is not None]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BadKeysError("what was read is no key set (RFC 7517)") from error
        if not found:
            raise BadKeysError("the key set holds no public key that can be used")
        self._keys = {str(key.key_id): key for key in found}
        return len(found)

    def check(self, text: str, now: float) -> Principal:
        """Who a JWT is about, with the strongest role it gives. Raises BadJwtError.

        Times are compared with the clock of this machine, as ``now`` is.
        """
        del now
        if len(text) > MOST_CHARACTERS:
            raise BadJwtError(f"a JWT of {len(text)} characters, allowed are {MOST_CHARACTERS}")
        try:
            claims = jwt.decode(
                text,
                self._key_of(text),
                algorithms=list(ALGORITHMS),
                issuer=self._rules.issuer,
                audience=self._rules.audience,
                leeway=LEEWAY_SECONDS,
                options={"require": list(_REQUIRED)},
            )
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise BadJwtError(f"a JWT that is not accepted: {one_line(error, 100)}") from None
        role = strongest(self._roles(claims))
        if role is None:
            raise BadJwtError(f"a JWT without a role in its claim {self._rules.role_claim}")
        return Principal(one_line(claims["sub"], 64), role, Proof.JWT)

    def _key_of(self, text: str) -> jwt.PyJWK:
        """The key a JWT was signed with. Raises BadJwtError, jwt.PyJWTError."""
        name = jwt.get_unverified_header(text).get("kid")
        if name is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        key = self._keys.get(str(name))
        if key is None:
            self._on_unknown_key()
            raise BadJwtError("a JWT that was signed with an unknown key")
        return key

    def _roles(self, claims: Mapping[str, Any]) -> frozenset[AccessRole]:
        value: Any = claims
        for step in self._rules.role_claim.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        values = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
        known = self._rules.roles or {role.value: role for role in AccessRole}
        # A member's role is for nodes, whatever a provider says.
        return frozenset(known[each] for each in values if isinstance(each, str) and each in known)


def _key(entry: dict[str, Any]) -> jwt.PyJWK | None:
    """A public key of a set; None for one that is none, or for another use."""
    if entry.get("kty") == "oct" or entry.get("use", "sig") != "sig":
        return None
    try:
        key = jwt.PyJWK.from_dict(entry)
    except jwt.PyJWTError:
        return None
    return key if key.algorithm_name in ALGORITHMS else None
