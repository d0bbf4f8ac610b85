"""The configuration feed: the objects over gRPC, once and again after every change."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import grpc

from contact_center.v1 import configuration_pb2 as pb
from contact_center.v1 import configuration_pb2_grpc as pb_grpc
from simulator.servers.configuration.definitions import KIND_KEYS, require_user
from simulator.servers.grpc_server import started

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from simulator.servers.configuration.configuration_document import ConfigurationDocument

SIGN_OF_LIFE_SECONDS = 5.0


class ConfigurationServer(pb_grpc.ConfigurationServiceServicer):
    """Serves the configuration document, and the definitions of applications to callers that name themselves."""

    def __init__(self, document: ConfigurationDocument, host: str) -> None:
        self._document = document
        self._host = host
        self._server: grpc.aio.Server | None = None
        self._encoded: tuple[int, pb.ConfigurationObjects] | None = None
        self.port = 0

    async def start(self, port: int) -> None:
        """Listen on ``port`` (0: any free one). Raises OSError when it is taken."""
        add = partial(pb_grpc.add_ConfigurationServiceServicer_to_server, self)
        self._server, self.port = await started("configuration", add, self._host, port)

    async def stop(self) -> None:
        """End every stream and close the port."""
        server, self._server = self._server, None
        if server is not None:
            await server.stop(0)

    async def Watch(  # noqa: N802 - the name is the contract's
        self,
        request: pb.WatchRequest,
        context: grpc.aio.ServicerContext[pb.WatchRequest, pb.WatchResponse],
    ) -> AsyncIterator[pb.WatchResponse]:
        """The objects now and after every change; a sign of life in between."""
        tenant = self._document.objects.get("tenant", "")
        if request.tenant not in {"", tenant}:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"no tenant {request.tenant}; there is {tenant}")
        known = request.known_version
        while True:
            version = str(self._document.version)
            if version == known:
                yield pb.WatchResponse(version=version, unchanged=True)
            else:
                yield pb.WatchResponse(version=version, objects=self._objects())
                known = version
            if version == str(self._document.version):
                await self._document.wait_for_change(SIGN_OF_LIFE_SECONDS)

    async def ReadDefinitions(  # noqa: N802 - the name is the contract's
        self,
        request: pb.ReadDefinitionsRequest,
        context: grpc.aio.ServicerContext[pb.ReadDefinitionsRequest, pb.ReadDefinitionsResponse],
    ) -> pb.ReadDefinitionsResponse:
        """The definitions of an application."""
        await self._admit(request, context)
        return pb.ReadDefinitionsResponse(definitions=self._document.definitions(request.application))

    async def WriteDefinitions(  # noqa: N802 - the name is the contract's
        self,
        request: pb.WriteDefinitionsRequest,
        context: grpc.aio.ServicerContext[pb.WriteDefinitionsRequest, pb.WriteDefinitionsResponse],
    ) -> pb.WriteDefinitionsResponse:
        """Add definitions, or make them anew."""
        await self._admit(request, context)
        if any(not item.name or item.kind not in KIND_KEYS for item in request.definitions):
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "a definition needs a kind and a name")
        written = self._document.define(request.application, list(request.definitions), replace=request.replace)
        return pb.WriteDefinitionsResponse(written=written)

    async def _admit(
        self,
        request: pb.ReadDefinitionsRequest | pb.WriteDefinitionsRequest,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> None:
        """End the call unless a user asks for an application of the tenant."""
        await require_user(context)
        tenant = self._document.objects.get("tenant", "")
        if request.tenant not in {"", tenant} or not request.application:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such tenant or application")

    def _objects(self) -> pb.ConfigurationObjects:
        if self._encoded is None or self._encoded[0] != self._document.version:
            self._encoded = (self._document.version, encode_objects(self._document.objects))
        return self._encoded[1]


def encode_objects(objects: dict[str, Any]) -> pb.ConfigurationObjects:
    """Objects in the form of the configuration YAML as a message."""
    return pb.ConfigurationObjects(
        switches=[pb.Switch(name=entry["name"], type=entry["type"]) for entry in objects["switches"]],
        virtual_queues=[_queue(entry) for entry in objects["virtual_queues"]],
        agents=[_agent(entry) for entry in objects["agents"]],
        agent_groups=[_group(entry) for entry in objects["agent_groups"]],
        capacity_rules=[
            pb.CapacityRule(name=entry["name"], media=entry["media"], exclusive=entry.get("exclusive", False))
            for entry in objects["capacity_rules"]
        ],
        transactions=[
            pb.Transaction(name=entry["name"], type=entry["type"], annex=_sections(entry["annex"]))
            for entry in objects["transactions"]
        ],
    )


def _sections(annex: dict[str, dict[str, Any]]) -> list[pb.Section]:
    return [
        pb.Section(name=name, options={key: str(value) for key, value in options.items()})
        for name, options in annex.items()
    ]


def _queue(entry: dict[str, Any]) -> pb.VirtualQueue:
    return pb.VirtualQueue(
        name=entry["name"],
        number=entry["number"],
        alias=entry["alias"],
        switch=entry["switch"],
        annex=_sections(entry["annex"]),
        enabled=entry.get("enabled", True),
    )


def _agent(entry: dict[str, Any]) -> pb.Agent:
    return pb.Agent(
        user_name=entry["user_name"],
        employee_id=entry["employee_id"],
        skills=entry["skills"],
        capacity_rule=entry["capacity_rule"],
        logins=entry.get("logins", ()),
        enabled=entry.get("enabled", True),
    )


def _group(entry: dict[str, Any]) -> pb.AgentGroup:
    return pb.AgentGroup(
        name=entry["name"],
        agents=entry.get("agents", ()),
        script=entry.get("script", ""),
        origination_dns=entry["origination_dns"],
        annex=_sections(entry.get("annex", {})),
        enabled=entry.get("enabled", True),
    )
