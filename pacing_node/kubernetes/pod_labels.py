"""One label of this pod, set over the API server with the token of the pod's ServiceAccount."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pacing_node.http_client.client import ClientSettings, HttpClient

if TYPE_CHECKING:
    from collections.abc import Mapping

LABEL = "agent-pacing/role"
"""The label that the Service for the master selects by."""
CREDENTIALS = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its token and the authorities of the API server."""
_SETTINGS = ClientSettings(most_bytes=1_000_000, answer_seconds=5.0, connect_seconds=2.0, connections=1)


class PodIdentityError(Exception):
    """A process that does not know which pod it is, or has no token."""


class LabelRefusedError(Exception):
    """The API server did not take the label: status and the beginning of its answer."""


@dataclass(frozen=True, slots=True)
class PodIdentity:
    """Which pod this is, and how it reaches the API server."""

    server: str
    namespace: str
    name: str
    credentials: Path = CREDENTIALS

    @classmethod
    def of(cls, environ: Mapping[str, str], credentials: Path = CREDENTIALS) -> PodIdentity:
        """From the variables that Kubernetes and the chart give a container. Raises PodIdentityError."""
        wanted = ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "POD_NAMESPACE", "POD_NAME")
        missing = [name for name in wanted if not environ.get(name)]
        missing += [str(credentials / name) for name in ("token", "ca.crt") if not (credentials / name).is_file()]
        if missing:
            message = f"this is no pod with a token of its own: no {', '.join(missing)}"
            raise PodIdentityError(message)
        host, port, namespace, name = (environ[each] for each in wanted)
        bracketed = f"[{host}]" if ":" in host else host
        return cls(f"https://{bracketed}:{port}", namespace, name, credentials)


class PodLabels:
    """The label of this pod. The token is read for each request, as Kubernetes renews it."""

    def __init__(self, pod: PodIdentity) -> None:
        self._url = f"{pod.server}/api/v1/namespaces/{pod.namespace}/pods/{pod.name}"
        self._token = pod.credentials / "token"
        context = ssl.create_default_context(cafile=str(pod.credentials / "ca.crt"))
        self._client = HttpClient(_SETTINGS, tls=context)

    async def put(self, value: str | None) -> None:
        """Set the label, or take it away with None.

        Raises:
            LabelRefusedError: the server answered something else than success.
            REQUEST_FAILURES, UnreadableAnswerError: no good answer came.
            OSError: the token cannot be read.
        """
        answer = await self._client.request(
            "PATCH",
            self._url,
            cut=True,
            json={"metadata": {"labels": {LABEL: value}}},
            headers={
                "Authorization": f"Bearer {self._token.read_text().strip()}",
                "Content-Type": "application/merge-patch+json",
            },
        )
        if not answer.good:
            message = f"{answer.status}: {answer.body[:200].decode(errors='replace')}"
            raise LabelRefusedError(message)

    async def close(self) -> None:
        """Close the connection."""
        await self._client.close()
