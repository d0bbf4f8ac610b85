"""The section ``access`` of the cluster: the identity provider, and who may read the pages."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from cluster.access.roles import ROLES_OF_PEOPLE
from cluster.addresses import is_local_host
from pacing_node.options.allowed import Allowed
from pacing_node.options.schema import Applies, Key, Section
from pacing_node.options.values import LocalPath, Url, Words

_ROLES_TEXT = f"VALUE=ROLE separated by commas, with one of the roles {', '.join(ROLES_OF_PEOPLE)}"
_KEYS_TEXT = "an address that begins with https://, or with http:// on this machine"


def _roles(words: tuple[str, ...]) -> tuple[str, ...]:
    for word in words:
        value, _, role = word.rpartition("=")
        if not value or role not in ROLES_OF_PEOPLE:
            raise ValueError(_ROLES_TEXT)
    return words


def _protected(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_local_host(parts.hostname or ""):
        raise ValueError(_KEYS_TEXT)
    return url


class IdentityProvider(Section):
    """An identity provider whose JWT are taken as tokens (OpenID Connect)."""

    applies: ClassVar[Applies] = Applies.LIVE

    issuer: Annotated[str, Field(min_length=1, max_length=500)]
    """Issuer the JWT must name (`iss`)."""
    audience: Annotated[str, Field(min_length=1, max_length=500)]
    """Audience the JWT must name (`aud`)."""
    keys_url: Annotated[Url | None, AfterValidator(_protected), Key("keysUrl"), Allowed(_KEYS_TEXT)] = None
    """Address of the provider's key set (JWKS), read every five minutes, and when a JWT names an unknown key."""
    keys_file: Annotated[LocalPath | None, Key("keysFile"), Field(validate_default=True)] = None
    """File with the key set, in its place, on every node."""
    role_claim: Annotated[str, Field(min_length=1, max_length=200), Key("roleClaim")] = "roles"
    """Claim with the role or roles; dots lead into claims that are mappings, for example `realm_access.roles`."""
    roles: Annotated[Words, AfterValidator(_roles), Allowed(_ROLES_TEXT)] = ()
    """Role of each value of the claim, for example `pacing-ops=operator`; without it the roles' own names."""

    @field_validator("keys_file")
    @classmethod
    def _one_place(cls, value: LocalPath | None, info: ValidationInfo) -> LocalPath | None:
        if (value is None) == (info.data.get("keys_url") is None):
            raise ValueError("keysUrl or keysFile, one of them")
        return value


class AccessOptions(Section):
    """Who may read pages and give orders, besides the holders of tokens and certificates."""

    applies: ClassVar[Applies] = Applies.LIVE

    pages: Literal["open", "viewer"] = "open"
    """`open`: everybody who reaches the default port reads its pages. `viewer`: they need a token or a JWT with a role,
    for all but the health pages and the two pacing reads of visitors' browsers."""
    api: Literal["open", "local", "viewer"] = "local"
    """Who may read `/api/v1`. `open`: everybody who reaches the default port. `local`: programs and browsers on the
    node's own machine; others need a token, a JWT or a browser's session. `viewer`: everybody needs one. Orders always
    need a role."""
    identity_provider: Annotated[
        IdentityProvider | None, Key("identityProvider"), Allowed("a section, or the word none")
    ] = None
    """Provider whose JWT are taken as tokens; none unless given."""
