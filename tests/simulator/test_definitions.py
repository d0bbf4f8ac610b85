"""Definitions over the configuration feed: what provisioning reads and writes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from contact_center.v1 import configuration_pb2 as pb
from contact_center.v1 import configuration_pb2_grpc as pb_grpc

if TYPE_CHECKING:
    from simulator.servers import Simulator

GOOD = base64.b64encode(b"admin:any").decode()
STATISTIC, FILTER = pb.DEFINITION_KIND_STATISTIC, pb.DEFINITION_KIND_FILTER


def definition(name: str, kind: Any = STATISTIC, **fields: str) -> pb.Definition:
    return pb.Definition(kind=kind, name=name, fields=fields)


async def call(simulator: Simulator, what: str, request: Any, credentials: str = GOOD) -> Any:
    async with grpc.aio.insecure_channel(simulator.addresses["configuration"]) as channel:
        method = getattr(pb_grpc.ConfigurationServiceStub(channel), what)
        return await method(request, metadata=(("authorization", f"Basic {credentials}"),), timeout=30)


async def write(simulator: Simulator, *definitions: pb.Definition, **more: Any) -> list[tuple[int, str]]:
    request = pb.WriteDefinitionsRequest(application="StatServer", definitions=definitions, **more)
    return [(d.kind, d.name) for d in (await call(simulator, "WriteDefinitions", request)).written]


async def read(simulator: Simulator, application: str = "StatServer") -> dict[tuple[int, str], dict[str, str]]:
    request = pb.ReadDefinitionsRequest(tenant="Environment", application=application)
    answer = await call(simulator, "ReadDefinitions", request)
    return {(d.kind, d.name): dict(d.fields) for d in answer.definitions}


async def test_what_exists_is_left_alone_unless_it_is_to_be_made_anew(simulator: Simulator) -> None:
    assert await write(simulator, definition("A", x="1"), definition("A", FILTER)) == [(STATISTIC, "A"), (FILTER, "A")]
    assert await write(simulator, definition("A", x="2"), definition("B")) == [(STATISTIC, "B")]
    assert (await read(simulator))[STATISTIC, "A"] == {"x": "1", "application": "StatServer"}
    assert await write(simulator, definition("A", x="3"), replace=True) == [(STATISTIC, "A")]
    assert (await read(simulator))[STATISTIC, "A"] == {"x": "3", "application": "StatServer"}
    assert await read(simulator, "Other") == {}


async def test_all_or_none_is_written(simulator: Simulator) -> None:
    for wrong in (definition(""), definition("C", pb.DEFINITION_KIND_UNSPECIFIED)):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await write(simulator, definition("B"), wrong)
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert await read(simulator) == {}


@pytest.mark.parametrize(
    ("request_", "credentials", "code"),
    [
        (pb.ReadDefinitionsRequest(application="S"), "", grpc.StatusCode.UNAUTHENTICATED),
        (pb.ReadDefinitionsRequest(application="S"), "OngK", grpc.StatusCode.UNAUTHENTICATED),
        (pb.ReadDefinitionsRequest(application=""), GOOD, grpc.StatusCode.NOT_FOUND),
        (pb.ReadDefinitionsRequest(application="S", tenant="Else"), GOOD, grpc.StatusCode.NOT_FOUND),
    ],
)
async def test_who_may_not_and_what_is_not_there_are_told(
    simulator: Simulator, request_: Any, credentials: str, code: grpc.StatusCode
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call(simulator, "ReadDefinitions", request_, credentials)
    assert refused.value.code() is code
