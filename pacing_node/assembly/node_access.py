"""The identity provider of a cluster's options: its keys are read again and again, its JWT checked by them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from cluster.access.jwt_check import BadKeysError, JwtCheck, ProviderRules
from cluster.access.roles import AccessRole
from cluster.lasting import lasting
from cluster.outside_text import one_line
from cluster.tasks import cancel, spawn
from pacing_node.http_client.client import ClientSettings, HttpClient
from pacing_node.http_client.request_failures import REQUEST_FAILURES, UnreadableAnswerError

if TYPE_CHECKING:
    from cluster.access.access_control import AccessControl
    from pacing_node.options.access_options import IdentityProvider
    from pacing_node.options.cluster_options import ClusterOptions

log = structlog.get_logger(__name__)

MOST_BYTES = 1024 * 1024
"""Longest key set."""
READ_SECONDS = 300.0
"""How often the keys are read."""
RETRY_SECONDS = 10.0
"""How soon again when that failed, or at the earliest when a JWT named an unknown key."""


class NodeAccess:
    """Puts the section ``access`` of the cluster's options in force."""

    def __init__(self, control: AccessControl) -> None:
        self._control = control
        self._provider: IdentityProvider | None = None
        self._check: JwtCheck | None = None
        self._wanted = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self.pages_need_viewer = False
        """Whether the pages of the default port need the role viewer."""
        self.api_reads = "local"
        """Who may read the API: the option `access.api`."""

    async def use(self, options: ClusterOptions) -> None:
        """Go by these options from now on."""
        self.pages_need_viewer = options.access.pages == "viewer"
        self.api_reads = options.access.api
        provider = options.access.identity_provider
        if provider == self._provider:
            return
        await cancel(self._reading)
        self._provider, self._reading, self._check = provider, None, None
        if provider is not None:
            self._check = JwtCheck(rules_of(provider), self._wanted.set)
            self._reading = spawn("identity-provider", lasting("identity-provider", self._follow_keys))
        self._control.jwt = self._check

    async def stop(self) -> None:
        """Read no more."""
        await cancel(self._reading)

    async def _follow_keys(self) -> None:
        provider, check = self._provider, self._check
        if provider is None or check is None:
            return
        trouble = ""
        while True:
            try:
                check.use_keys(await read_keys(provider))
                found = ""
            except (*REQUEST_FAILURES, UnreadableAnswerError, BadKeysError, OSError) as error:
                found = one_line(f"{type(error).__name__}: {error}")
            if found and found != trouble:
                log.error("access.keys_not_read", issuer=provider.issuer, error=found)
            trouble = found
            self._wanted.clear()
            # A stranger's JWT can ask for the keys, but not more often than so.
            await asyncio.sleep(RETRY_SECONDS)
            if not trouble:
                await self._wait()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(READ_SECONDS - RETRY_SECONDS):
                await self._wanted.wait()
        except TimeoutError:
            return


def rules_of(provider: IdentityProvider) -> ProviderRules:
    """What the JWT of a provider must say."""
    roles = {value: AccessRole(role) for value, _, role in (word.rpartition("=") for word in provider.roles)}
    return ProviderRules(provider.issuer, provider.audience, provider.role_claim, roles)


async def read_keys(provider: IdentityProvider) -> bytes:
    """The provider's key set as it is now.

    Raises BadKeysError for an answer that is none, OSError for the file, and what the HTTP client raises.
    """
    if provider.keys_file is not None:
        return await asyncio.to_thread(_read, provider)
    async with HttpClient(ClientSettings(MOST_BYTES, RETRY_SECONDS)) as client:
        answer = await client.request("GET", str(provider.keys_url))
    if not answer.good:
        raise BadKeysError(f"{provider.keys_url} answered {answer.status}")
    return answer.body


def _read(provider: IdentityProvider) -> bytes:
    assert provider.keys_file is not None
    with provider.keys_file.open("rb") as file:
        return file.read(MOST_BYTES)
