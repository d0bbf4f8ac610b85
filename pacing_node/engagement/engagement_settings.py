"""What an engagement adapter has to know: addresses, credentials, limits. Secrets are masked when shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pacing_node.http_client.url import url_parts

if TYPE_CHECKING:
    from pydantic import SecretStr


class EngagementSettingsError(ValueError):
    """Settings no connection can be made with; the message names the setting, what was found and what is allowed."""


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """The forward proxy between this node and the platform."""

    url: str
    """``http://host:port`` or ``https://host:port``: how the proxy itself is spoken to."""
    user: str | None = None
    password: SecretStr | None = None
    no_proxy: tuple[str, ...] = ()
    """Hosts reached directly: ``host``, ``.domain`` or ``*.domain`` (the domain's hosts), ``*`` (all)."""

    def __post_init__(self) -> None:
        check_url("proxy", self.url)


@dataclass(frozen=True, slots=True)
class EngagementSettings:
    """Settings of the ``predictive-engagement`` adapter."""

    base_auth_url: str
    """Address of the token endpoint, ``https://<login host>/oauth/token``."""
    base_service_url: str
    """Address of the interface, ``https://<api host>/api/``."""
    client_id: str
    password: SecretStr
    target_endpoint: str = "v2/journey/actiontargets/bulk"
    """Path appended to ``base_service_url``."""
    max_entities_per_request: int = 1000
    """Most targets in one request; more are sent in several requests, parts of one push."""
    max_concurrent_requests: int = 8
    """Most requests of one push in flight at once."""
    max_reply_bytes: int = 8 * 1024 * 1024
    """A longer reply, unpacked, is refused: twice what 10,000 targets in one request are answered with."""
    compress: bool = False
    """Send request bodies with gzip; only for a platform that takes them."""
    keepalive_seconds: float = 90.0
    """Idle connections are kept this long: above the refresh period, so that a push finds one open."""
    token_seconds: float = 10.0
    """Time allowed for a token that is renewed beside the pushes."""
    unacknowledged_seconds: float | None = None
    """A connection whose bytes the other side has not acknowledged for so long is given up by the kernel, so that a
    push of a frozen process is not delivered later: the push budget. None leaves it to the kernel: minutes."""
    proxy: ProxySettings | None = None
    ca_file: str | None = None
    """Certificates that are trusted instead of the well-known ones, PEM."""

    def __post_init__(self) -> None:
        check_url("base_auth_url", self.base_auth_url)
        check_url("base_service_url", self.base_service_url)
        check_url("target_endpoint", self.push_url)
        for name in ("max_entities_per_request", "max_concurrent_requests", "max_reply_bytes"):
            if getattr(self, name) < 1:
                raise EngagementSettingsError(f"{name}: found {getattr(self, name)}, allowed is 1 or more")
        if not self.client_id:
            raise EngagementSettingsError("client_id: found nothing, allowed is the client's identity")

    @property
    def push_url(self) -> str:
        """Where pushes go: the endpoint behind the base address with exactly one slash between."""
        return f"{self.base_service_url.rstrip('/')}/{self.target_endpoint.lstrip('/')}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that must never be shown."""
        password = self.password.get_secret_value()
        secrets = [password, f"{self.client_id}:{password}"]
        if self.proxy is not None and self.proxy.password is not None:
            secrets += [self.proxy.password.get_secret_value()]
            secrets += [f"{self.proxy.user}:{self.proxy.password.get_secret_value()}"]
        return tuple(secrets)


def check_url(name: str, url: str) -> None:
    """Raise ``EngagementSettingsError`` unless ``url`` is an HTTP address without credentials in it."""
    allowed = "allowed is http://host or https://host without user and password"
    try:
        parsed = url_parts(url)
    except ValueError as error:
        raise EngagementSettingsError(f"{name}: not an address ({error}), {allowed}") from None
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise EngagementSettingsError(f"{name}: found {url!r}, {allowed}")
    if parsed.credentials:
        raise EngagementSettingsError(f"{name}: found user or password in the address, {allowed}")
