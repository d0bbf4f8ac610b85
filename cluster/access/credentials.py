"""What a caller shows with each call: a signature with the cluster's secret, or a token."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Protocol

from cluster.access.signed_calls import HEADER, NONCE_BYTES, CallSubject, sign

if TYPE_CHECKING:
    from cluster.access.signed_calls import ClusterSecret


class CallCredentials(Protocol):
    """Makes the metadata that proves who calls."""

    def metadata(self, addressee: str, call: str, body: bytes) -> tuple[tuple[str, str], ...]:
        """Metadata of one call of ``call`` with the message ``body`` to the clustering port at ``addressee``."""
        ...


class SecretCredentials:
    """Signs each call with the cluster's secret."""

    def __init__(self, secret: ClusterSecret, cluster: str, caller: str) -> None:
        self._secret = secret
        self._cluster = cluster
        self._caller = caller

    def metadata(self, addressee: str, call: str, body: bytes) -> tuple[tuple[str, str], ...]:
        """The signature of one call."""
        subject = CallSubject(self._cluster, addressee, call, body)
        return ((HEADER, sign(self._secret, subject, self._caller, time.time(), os.urandom(NONCE_BYTES))),)


class TokenCredentials:
    """Shows a token with each call."""

    def __init__(self, token: str) -> None:
        self._token = token

    def metadata(self, addressee: str, call: str, body: bytes) -> tuple[tuple[str, str], ...]:
        """The token, the same for every call."""
        del addressee, call, body
        return (("authorization", f"Bearer {self._token}"),)
