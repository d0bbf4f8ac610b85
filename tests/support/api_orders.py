"""Every order of the API: method, path of a target's name where it has one, and the role it needs."""

from __future__ import annotations

from cluster.access.roles import AccessRole

TARGET = "A - chat"
"""A target in the paths of the orders."""
ORDERS = (
    ("POST", "/api/v1/orders/step-down", AccessRole.OPERATOR),
    ("POST", "/api/v1/orders/pause", AccessRole.OPERATOR),
    ("POST", "/api/v1/orders/resume", AccessRole.OPERATOR),
    ("PUT", "/api/v1/orders/emergency-stop", AccessRole.OPERATOR),
    ("DELETE", "/api/v1/orders/emergency-stop", AccessRole.OPERATOR),
    ("PUT", f"/api/v1/targets/{TARGET}/hold", AccessRole.OPERATOR),
    ("DELETE", f"/api/v1/targets/{TARGET}/hold", AccessRole.OPERATOR),
    ("PUT", "/api/v1/config", AccessRole.ADMIN),
    ("PATCH", "/api/v1/config", AccessRole.ADMIN),
    ("POST", "/api/v1/config/versions/1/restore", AccessRole.ADMIN),
)
