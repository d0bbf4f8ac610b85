"""Addresses and credentials of the engagement platform, from the transaction object ``hybrid_integration``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from pacing_node.objects.object_model import where
from pacing_node.options.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from pacing_node.objects.object_model import ConfigurationObjects, Transaction

DEFAULT_TRANSACTION = "hybrid_integration"


@dataclass(frozen=True, slots=True)
class EngagementCredentials:
    """How to reach the engagement platform. The password never shows in texts."""

    base_auth_url: str
    """Address of the token endpoint."""
    base_service_url: str
    """Address the path of a call is appended to; ends with a slash."""
    client_id: str
    password: SecretStr


def engagement_credentials(
    objects: ConfigurationObjects, transaction: str = DEFAULT_TRANSACTION
) -> EngagementCredentials:
    """Read the credentials from a transaction object.

    Raises:
        ConfigurationError: there is no such object, or options are missing or no addresses; with every problem.
    """
    found = next((item for item in objects.transactions if item.name == transaction), None)
    if found is None:
        names = ", ".join(sorted(item.name for item in objects.transactions)) or "none"
        problem = Problem("configuration objects", f'transaction "{transaction}"', f"transactions: {names}", "this one")
        raise ConfigurationError((problem,))
    problems: list[Problem] = []
    auth_url = _url(found, "base_auth_url", "https://<login host>/oauth/token", problems)
    service_url = _url(found, "base_service_url", "https://<api host>/api/", problems)
    client_id = _text(found, "ewt", "client_id", "the id of the OAuth client", problems)
    password = _text(found, "ewt", "password", "the secret of the OAuth client", problems)
    if problems:
        raise ConfigurationError(tuple(problems))
    return EngagementCredentials(auth_url, service_url.rstrip("/") + "/", client_id, SecretStr(password))


def _text(transaction: Transaction, section: str, option: str, allowed: str, problems: list[Problem]) -> str:
    value = transaction.annex.get(section, {}).get(option, "").strip()
    if not value:
        problems.append(Problem(where(transaction), f"{section}.{option}", "nothing", allowed))
    return value


def _url(transaction: Transaction, option: str, example: str, problems: list[Problem]) -> str:
    value = _text(transaction, "general", option, example, problems)
    if value and not _is_url(value):
        # The value is not shown: an address may carry a user and a password.
        problems.append(Problem(where(transaction), f"general.{option}", "no http or https address", example))
    return value


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0 and " " not in value
