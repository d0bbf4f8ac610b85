"""Roles of those who call a node, and the role each call needs."""

from __future__ import annotations

from enum import StrEnum


class AccessRole(StrEnum):
    """What a caller may do. An admin may what an operator may, and an operator what a viewer may."""

    VIEWER = "viewer"
    """Read what the cluster does."""
    OPERATOR = "operator"
    """Give orders to the running cluster: step down, pause, resume."""
    ADMIN = "admin"
    """Change what the cluster is told to do: options, objects, tokens."""
    MEMBER = "member"
    """Be one of the nodes: all an operator may, and the calls between members. Given to no person."""


ROLES_OF_PEOPLE = (AccessRole.VIEWER, AccessRole.OPERATOR, AccessRole.ADMIN)
"""Roles a token or an identity provider can give, the weakest first."""
_COVERED = {
    AccessRole.VIEWER: frozenset({AccessRole.VIEWER}),
    AccessRole.OPERATOR: frozenset({AccessRole.VIEWER, AccessRole.OPERATOR}),
    AccessRole.ADMIN: frozenset(ROLES_OF_PEOPLE),
    AccessRole.MEMBER: frozenset({AccessRole.VIEWER, AccessRole.OPERATOR, AccessRole.MEMBER}),
}

CALL_ROLES = {
    "GetStatus": AccessRole.VIEWER,
    "Follow": AccessRole.MEMBER,
    "Fetch": AccessRole.MEMBER,
    "CanServe": AccessRole.MEMBER,
    "Promise": AccessRole.MEMBER,
    "StepDown": AccessRole.OPERATOR,
    "Pause": AccessRole.OPERATOR,
    "Resume": AccessRole.OPERATOR,
}
"""The role that each call of the clustering port needs."""


def covers(held: AccessRole, needed: AccessRole) -> bool:
    """Whether a caller with the role ``held`` may do what needs the role ``needed``."""
    return needed in _COVERED[held]


def needed_for(call: str) -> AccessRole:
    """The role a call needs; of one that nobody has listed, one that no person holds."""
    return CALL_ROLES.get(call, AccessRole.MEMBER)


def is_order(call: str) -> bool:
    """Whether a call changes something by the will of a person, and belongs into the audit log when carried out."""
    return needed_for(call) in {AccessRole.OPERATOR, AccessRole.ADMIN}


def strongest(roles: frozenset[AccessRole]) -> AccessRole | None:
    """The strongest of some roles of people; None without any."""
    return next((role for role in reversed(ROLES_OF_PEOPLE) if role in roles), None)
