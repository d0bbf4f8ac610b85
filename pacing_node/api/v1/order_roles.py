"""The role that each order of the API needs: one table, for the gate, the document and the pages. Pure."""

from __future__ import annotations

import re

from cluster.access.roles import AccessRole

OPERATIONS = {
    "stepDown": AccessRole.OPERATOR,
    "pause": AccessRole.OPERATOR,
    "resume": AccessRole.OPERATOR,
    "emergencyStop": AccessRole.OPERATOR,
    "releaseStop": AccessRole.OPERATOR,
    "holdTarget": AccessRole.OPERATOR,
    "releaseTarget": AccessRole.OPERATOR,
    "replaceConfiguration": AccessRole.ADMIN,
    "changeConfiguration": AccessRole.ADMIN,
    "restoreConfiguration": AccessRole.ADMIN,
}
"""Role of each order by its operation in the document."""
_OPERATORS = re.compile(r"/orders/[a-z-]+|/targets/.+/hold", re.DOTALL)


def role_of_order(path: str) -> AccessRole:
    """The role that a request needs which changes something, by its path below `/api/v1`.

    Of an order that nobody has listed, the strongest.
    """
    return AccessRole.OPERATOR if _OPERATORS.fullmatch(path) else AccessRole.ADMIN
