"""Definitions through a bridge in front of Config Server, over gRPC."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, TypeVar

import grpc

from contact_center.v1 import configuration_pb2 as wire
from contact_center.v1 import configuration_pb2_grpc
from pacing_node.provisioning.definitions import Action, Kind
from pacing_node.provisioning.provisioning_target import ProvisioningError, UnreachableError
from pacing_node.runtime.server_channels import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pacing_node.provisioning.definitions import DefinitionChange

T = TypeVar("T")

TIMEOUT_SECONDS = 30.0
_KINDS = {
    Kind.STATISTIC: wire.DEFINITION_KIND_STATISTIC,
    Kind.FILTER: wire.DEFINITION_KIND_FILTER,
    Kind.ALARM_CONDITION: wire.DEFINITION_KIND_ALARM_CONDITION,
}
_FROM_WIRE = {number: kind for kind, number in _KINDS.items()}
_SILENT = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}


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
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        """With ``credentials`` the bridge is spoken to over TLS."""
        self._address = address
        self._application = application
        self._tenant = tenant
        secret = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._metadata = (("authorization", f"Basic {secret}"),)
        self._credentials = credentials

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

    def write(self, changes: Sequence[DefinitionChange], written: Callable[[Iterable[DefinitionChange]], None]) -> None:
        """Send what is added in one call and what is recreated in another. Raises ProvisioningError."""
        for action in (Action.ADD, Action.RECREATE):
            chosen = [change for change in changes if change.action is action]
            definitions = [
                wire.Definition(kind=_KINDS[item.kind], name=item.name, fields=item.fields)
                for item in (change.definition for change in chosen)
            ]
            if definitions:
                self._write(definitions, replace=action is Action.RECREATE)
                written(chosen)

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
        if self._credentials is None:
            channel = grpc.insecure_channel(self._address, OPTIONS)
        else:
            channel = grpc.secure_channel(self._address, self._credentials, OPTIONS)
        with channel:
            try:
                return ask(configuration_pb2_grpc.ConfigurationServiceStub(channel))
            except grpc.RpcError as failure:
                error: Any = failure  # every failed call is also a grpc.Call, which the types do not say
                kind = UnreachableError if error.code() in _SILENT else ProvisioningError
                raise kind(f"{self._address}: {_reason(error)}") from None


def _reason(error: grpc.Call) -> str:
    """What a failed call means, in words."""
    match error.code():
        case grpc.StatusCode.UNIMPLEMENTED:
            return "this bridge cannot read and write definitions; make them by hand, --dry-run with --file lists them"
        case grpc.StatusCode.UNAUTHENTICATED | grpc.StatusCode.PERMISSION_DENIED:
            return f"user or password refused ({error.details()})"
        case code:
            return f"{code.name}: {error.details()}"
