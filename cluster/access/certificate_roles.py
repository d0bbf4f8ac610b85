"""What a client certificate lets its holder do: by a list of names, or by the list of members. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.access.roles import AccessRole

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

_STRONGEST_FIRST = (AccessRole.MEMBER, AccessRole.ADMIN, AccessRole.OPERATOR, AccessRole.VIEWER)


def parse_allowed_names(
    words: Iterable[str],
    *,
    alone: AccessRole = AccessRole.MEMBER,
    roles_allowed: Collection[AccessRole] = tuple(AccessRole),
) -> dict[str, AccessRole]:
    """Roles by name, out of words such as ``laptop=operator``; a name alone has the role ``alone``.

    Raises ValueError for an unknown role, and for a name with two.
    """
    roles: dict[str, AccessRole] = {}
    for word in words:
        name, equals, role = word.rpartition("=")
        name, held = (name, role) if equals else (word, alone.value)
        if not name or held not in roles_allowed:
            message = f"found {word!r}, allowed is NAME or NAME=ROLE with one of the roles {', '.join(roles_allowed)}"
            raise ValueError(message)
        if roles.setdefault(name, AccessRole(held)) != held:
            raise ValueError(f"found {name!r} with two roles, allowed is one")
    return roles


def certificate_holder(
    names: frozenset[str], roles: Mapping[str, AccessRole], members: Iterable[tuple[str, str]]
) -> tuple[str, AccessRole] | None:
    """The name and the role of who holds a certificate with these names; None for one who may nothing.

    ``roles`` decide where there are any: the strongest that one of the names has. Without them the holder is the member
    whose name, or host, is one of ``names``; ``members`` are pairs of both.
    """
    if roles:
        held = {roles[name]: name for name in sorted(names, reverse=True) if name in roles}
        return next(((held[role], role) for role in _STRONGEST_FIRST if role in held), None)
    name = next((name for name, host in members if names & {name, host}), None)
    return (name, AccessRole.MEMBER) if name is not None else None
