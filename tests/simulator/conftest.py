"""A running simulator and clients of what it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from simulator.scenarios import load_scenario
from simulator.servers import BULK_PATH, Simulator, SimulatorOptions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DEMO = load_scenario("demo")
CLIENTS = {"pacing": "secret one", "other": "secret:two"}


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """The demo scenario, served on free ports."""
    async with Simulator(DEMO, SimulatorOptions(clients=CLIENTS)) as running:
        yield running


class Platform:
    """A client of the simulator's HTTP side."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self._tokens: dict[str, str] = {}

    async def token(self, client: str = "pacing", **more: Any) -> httpx.Response:
        form = {"grant_type": "client_credentials"}
        return await self.http.post("/oauth/token", data=form, auth=(client, CLIENTS[client]), **more)

    async def authorization(self, client: str = "pacing") -> str:
        if client not in self._tokens:
            self._tokens[client] = f"Bearer {(await self.token(client)).json()['access_token']}"
        return self._tokens[client]

    async def push(
        self,
        epoch: int,
        sequence: int,
        part: str = "1/1",
        *,
        cluster: str = "A",
        client: str = "pacing",
        entities: list[Any] | None = None,
        **more: Any,
    ) -> httpx.Response:
        headers = {
            "Authorization": await self.authorization(client),
            "Pacing-Cluster-Id": cluster,
            "Pacing-Epoch": str(epoch),
            "Pacing-Sequence": str(sequence),
            "Pacing-Part": part,
            "Idempotency-Key": f"{cluster}:{epoch}:{sequence}:{part.partition('/')[0]}",
        }
        body = {"entities": [entity("Sales Chat - chat")] if entities is None else entities}
        return await self.http.post(BULK_PATH, json=body, headers=headers | more.pop("headers", {}), **more)

    async def status(self) -> dict[str, Any]:
        return (await self.http.get("/simulator/status")).json()

    async def row(self, target: str, field: str) -> Any:
        """One figure of a target, as the simulator counts it."""
        return next(row for row in (await self.status())["targets"] if row["name"] == target)[field]

    async def fault_kinds(self) -> list[str]:
        """Kinds of the faults in force."""
        return [fault["kind"] for fault in (await self.http.get("/simulator/faults")).json()["faults"]]

    async def pushes(self, after: int = 0) -> list[dict[str, Any]]:
        return (await self.http.get("/simulator/pushes", params={"after": after})).json()["pushes"]

    async def fault(self, kind: str, **fields: Any) -> httpx.Response:
        return await self.http.post("/simulator/faults", json={"kind": kind} | fields)


def entity(name: str, count: int = 0, interval: float = 5.0, **more: Any) -> dict[str, Any]:
    shape = {"id": name, "allowedInvitationCount": count, "allowedInvitationIntervalSeconds": interval}
    return shape | more


@pytest.fixture
async def platform(simulator: Simulator) -> AsyncIterator[Platform]:
    """A client of the running simulator."""
    async with httpx.AsyncClient(base_url=simulator.addresses["http"], timeout=10.0, verify=False) as http:
        yield Platform(http)
