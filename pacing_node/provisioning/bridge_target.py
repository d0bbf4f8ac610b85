"""Definitions through a bridge in front of Config Server, over gRPC."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, TypeVar

import grpc

from contact_center.v1 import configuration_pb2 as wire
from contact_center.v1 import configuration_pb2_grpc
from pacing_node.provisioning.definitions import Action, Kind
from pacing_node.provisioning.port import ProvisioningError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pacing_node.provisioning.definitions import Change

T = TypeVar("T")

TIMEOUT_SECONDS = 30.0
_KINDS = {
    Kind.STATISTIC: wire.DEFINITION_KIND_STATISTIC,
    Kind.FILTER: wire.DEFINITION_KIND_FILTER,
    Kind.ALARM_CONDITION: wire.DEFINITION_KIND_ALARM_CONDITION,
}
_FROM_WIRE = {number: kind for kind, number in _KINDS.items()}


class BridgeTarget:
    """Asks one bridge at a time; each call opens a channel of its own."""

    def __init__(
        self,
        address: str,
        *,
        application: str,
        user: str = "",
        password: str = "",
        tenant: str = "",
        authorities: Path | None = None,
    ) -> None:
        """``authorities`` is a PEM file; with it the bridge is spoken to over TLS. Raises ProvisioningError."""
        self._address = address
        self._application = application
        self._tenant = tenant
        secret = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._metadata = (("authorization", f"Basic {secret}"),)
        try:
            self._authorities = authorities.read_bytes() if authorities else None
        except OSError as error:
            raise ProvisioningError(f"{authorities}: {(error.strerror or type(error).__name__).lower()}") from None

    @property
    def place(self) -> str:
        """Address of the bridge."""
        return self._address

    def existing(self) -> frozenset[tuple[Kind, str]]:
        """Definitions the application has. Raises ProvisioningError."""
        request = wire.ReadDefinitionsRequest(tenant=self._tenant, application=self._application)
        answer: wire.ReadDefinitionsResponse = self._call(
            lambda stub: stub.ReadDefinitions(request, timeout=TIMEOUT_SECONDS, metadata=self._metadata)
        )
        known = [item for item in answer.definitions if item.kind in _FROM_WIRE]
        return frozenset((_FROM_WIRE[item.kind], item.name) for item in known)

    def write(self, changes: Sequence[Change]) -> None:
        """Send what is added in one call and what is recreated in another. Raises ProvisioningError."""
        for action in (Action.ADD, Action.RECREATE):
            definitions = [
                wire.Definition(
                    kind=_KINDS[change.definition.kind], name=change.definition.name, fields=change.definition.fields
                )
                for change in changes
                if change.action is action
            ]
            if definitions:
                self._write(definitions, replace=action is Action.RECREATE)

    def _write(self, definitions: Sequence[wire.Definition], *, replace: bool) -> None:
        request = wire.WriteDefinitionsRequest(
            tenant=self._tenant, application=self._application, definitions=definitions, replace=replace
        )
        answer: wire.WriteDefinitionsResponse = self._call(
            lambda stub: stub.WriteDefinitions(request, timeout=TIMEOUT_SECONDS, metadata=self._metadata)
        )
        written = {(item.kind, item.name) for item in answer.written}
        missing = [item.name for item in definitions if (item.kind, item.name) not in written]
        if missing:
            reason = "somebody else added them meanwhile, or the bridge refuses them"
            raise ProvisioningError(f"{self._address}: did not write {', '.join(missing)}: {reason}")

    def _call(self, ask: Callable[[configuration_pb2_grpc.ConfigurationServiceStub], T]) -> T:
        options = (("grpc.enable_http_proxy", 0),)
        if self._authorities is None:
            channel = grpc.insecure_channel(self._address, options)
        else:
            channel = grpc.secure_channel(self._address, grpc.ssl_channel_credentials(self._authorities), options)
        with channel:
            try:
                return ask(configuration_pb2_grpc.ConfigurationServiceStub(channel))
            except grpc.RpcError as failure:
                error: Any = failure  # every failed call is also a grpc.Call, which the types do not say
                raise ProvisioningError(f"{self._address}: {_reason(error)}") from None


def _reason(error: grpc.Call) -> str:
    """What a failed call means, in words."""
    match error.code():
        case grpc.StatusCode.UNIMPLEMENTED:
            return "this bridge cannot write definitions"
        case grpc.StatusCode.UNAUTHENTICATED | grpc.StatusCode.PERMISSION_DENIED:
            return f"user or password refused ({error.details()})"
        case code:
            return f"{code.name}: {error.details()}"
