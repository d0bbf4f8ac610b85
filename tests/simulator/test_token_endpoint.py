"""The OAuth token endpoint: who gets a token, and how long it is good for."""

from __future__ import annotations

import httpx
import pytest

from simulator.servers import Simulator, SimulatorOptions
from tests.simulator.conftest import CLIENTS, DEMO, Platform
from tests.support.waiting import until


async def test_a_known_client_gets_a_token_and_its_life_time(platform: Platform) -> None:
    answer = (await platform.token()).json()
    assert (answer["token_type"], answer["expires_in"]) == ("bearer", 3600)
    assert (await platform.token()).json()["access_token"] != answer["access_token"]


@pytest.mark.parametrize("auth", [("pacing", "wrong"), ("nobody", "secret one"), ("", ""), None])
async def test_wrong_credentials_get_none(platform: Platform, auth: tuple[str, str] | None) -> None:
    form = {"grant_type": "client_credentials"}
    answer = await platform.http.post("/oauth/token", data=form, auth=auth)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert "Basic" in answer.headers["www-authenticate"]


@pytest.mark.parametrize("header", ["Basic !!!", "Basic /w==", "Bearer x", ""])
async def test_a_header_that_is_no_basic_authentication_gets_none(platform: Platform, header: str) -> None:
    answer = await platform.http.post("/oauth/token", data={}, headers={"Authorization": header})
    assert answer.status_code == 401


async def test_another_grant_is_not_supported(platform: Platform) -> None:
    answer = await platform.http.post("/oauth/token", data={"grant_type": "password"}, auth=("pacing", "secret one"))
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("header", ["", "Bearer nonsense", "Basic cGFjaW5nOnNlY3JldCBvbmU="])
async def test_a_push_without_a_good_token_is_refused(platform: Platform, header: str) -> None:
    answer = await platform.push(1, 1, headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "bad.credentials")


async def test_a_token_expires() -> None:
    options = SimulatorOptions(clients=CLIENTS, token_lifetime_seconds=1.0)
    async with (
        Simulator(DEMO, options) as running,
        httpx.AsyncClient(base_url=running.addresses["http"], timeout=30.0, verify=False) as http,
    ):
        platform = Platform(http)
        assert (await platform.push(1, 1)).status_code == 200

        async def refused() -> bool:
            return (await platform.push(1, 2)).status_code == 401

        await until(refused, "the token expires")


async def test_revoked_tokens_are_refused_and_new_ones_are_good(platform: Platform) -> None:
    await platform.push(1, 1)
    await platform.fault("revoke_tokens")
    assert (await platform.push(1, 2)).status_code == 401
    renewed = f"Bearer {(await platform.token()).json()['access_token']}"
    assert (await platform.push(1, 2, headers={"Authorization": renewed})).status_code == 200
