"""A whole node in trouble: its log at the highest verbosity, pages, API, events, metrics and doctor hold no secret."""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml

from simulator.harness.ports import choose_quiet
from simulator.scenarios import load_scenario
from simulator.servers import Simulator, SimulatorOptions
from tests.support.waiting import until

CLIENT_SECRET, READER_SECRET, PROXY_SECRET = "clients-hidden-word", "readers-hidden-word", "proxys-hidden-word"
PAGES = ("cluster", "targets", "explain?target=Sales%20Chat%20-%20chat", "history", "alarms", "metrics", "readiness")
API = (
    *("cluster", "history", "alarms", "overview", "doctor", "config", "groups", "channels/chat", "reasons", "session"),
    *("targets?limit=10000&recent=true", "targets/Sales%20Chat%20-%20chat", "events?kept=true&follow=false"),
)
"""Every read of the API."""
TROUBLE = [
    {"kind": "status", "status": 401},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 401, "where": "token"},
    *({"kind": "garble", "how": how} for how in ("truncated", "not_json", "wrong_types", "no_results")),
    {"kind": "garble", "how": "wrong_types", "where": "token"},
    {"kind": "status", "status": 401, "where": "statistics"},
    {"kind": "garble", "how": "truncated", "where": "statistics"},
]
PACING = Path(sys.executable).with_name("pacing")


def free_port() -> int:
    return choose_quiet(1)[0]


@pytest.fixture
def tokens(monkeypatch):
    """Access tokens the centre gives out."""
    given, numbers = [], itertools.count()

    def token_urlsafe(_length):
        given.append(f"tokens-hidden-word-{next(numbers)}")
        return given[-1]

    monkeypatch.setattr("simulator.servers.oauth.secrets.token_urlsafe", token_urlsafe)
    return given


def write_options(folder, simulator, port, proxy):
    cluster = {
        "log": {"verbose": "all", "all": "stdout"},
        "pacing": {"refreshPeriod": 1},
        "configServer": {"kind": "file", "path": str(folder / "objects.yaml")},
        "statServer": {
            "kind": "gms",
            "scheme": "http",
            "primary": simulator.addresses["http"].removeprefix("http://"),
            "user": "reader",
            "password": READER_SECRET,
            "refreshPeriod": 2,
        },
    }
    if proxy:
        way = {"host": "127.0.0.1", "port": free_port(), "user": "u", "password": PROXY_SECRET}
        cluster["forward-proxy"] = way
    node = {
        "name": "n1",
        "host": "127.0.0.1",
        "bind": "127.0.0.1",
        "ports": {"default": port, "clustering": 0},
        "zookeeper": "none",
        "state_directory": str(folder / "state"),
        "seed": str(folder / "cluster.yaml"),
    }
    (folder / "cluster.yaml").write_text(yaml.safe_dump(cluster))
    (folder / "node.yaml").write_text(yaml.safe_dump(node))


async def seen_in_trouble(address, simulator, tokens, *, proxy):
    """Everything the node's pages show, first well, then in trouble after trouble."""
    seen = []
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:

        async def look():
            for page in PAGES:
                answer = await client.get(f"{address}/{page}")
                seen.append(answer.text)
            for read in API:
                answer = await client.get(f"{address}/api/v1/{read}")
                assert answer.status_code == 200, (read, answer.text)
                seen.append(answer.text)

        async def cycles():
            """Number of the newest cycle that has targets, and whose push went as it should; None before that."""
            try:
                page = (await client.get(f"{address}/targets")).json()
            except httpx.TransportError:
                return None
            well = page.get("pushed") or (proxy and page.get("push_error"))
            return page["sequence"] if page.get("targets") and well else None

        async def later_than(number):
            return (await client.get(f"{address}/targets")).json()["sequence"] > number

        await until(cycles)
        await look()
        for fault in TROUBLE if not proxy else TROUBLE[:1]:
            await client.post(f"{simulator.addresses['http']}/simulator/faults", json=fault)
            await client.post(f"{simulator.addresses['http']}/simulator/faults", json={"kind": "revoke_tokens"})
            newest = (await client.get(f"{address}/targets")).json()["sequence"]
            await until(lambda newest=newest: later_than(newest + 1), f"two cycles with {fault}")
            await look()
            await client.delete(f"{simulator.addresses['http']}/simulator/faults")
    return "\n".join(seen)


@pytest.mark.parametrize("proxy", [False, True], ids=["direct", "through_a_proxy_that_is_gone"])
async def test_no_secret_appears_in_log_pages_api_events_metrics_or_doctor(tmp_path, tokens, proxy):
    options = SimulatorOptions(
        objects_file=tmp_path / "objects.yaml", clients={"pacing": CLIENT_SECRET}, users={"reader": READER_SECRET}
    )
    port = free_port()
    async with Simulator(load_scenario("demo"), options) as simulator:
        write_options(tmp_path, simulator, port, proxy)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PACING_")}
        with (tmp_path / "log").open("w") as log:
            command = [PACING, "node", "--config", tmp_path / "node.yaml"]
            node = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
        try:
            shown = await seen_in_trouble(f"http://127.0.0.1:{port}", simulator, tokens, proxy=proxy)
        finally:
            node.terminate()
            await asyncio.to_thread(node.wait, 20)
        doctor = await asyncio.to_thread(
            lambda: subprocess.run(
                [PACING, "doctor", "--config", tmp_path / "node.yaml"],
                capture_output=True,
                text=True,
                env=environment | {"COLUMNS": "300"},
                timeout=60,
                check=False,
            )
        )
    told = (tmp_path / "log").read_text()
    assert proxy or ("401" in told and tokens), "the trouble reached the log"
    everything = shown + told + doctor.stdout + doctor.stderr
    secrets = [CLIENT_SECRET, READER_SECRET, PROXY_SECRET, "tokens-hidden-word"]
    pairs = [f"pacing:{CLIENT_SECRET}", f"reader:{READER_SECRET}", f"u:{PROXY_SECRET}"]
    for secret in [*secrets, *(base64.b64encode(pair.encode()).decode() for pair in pairs)]:
        assert secret not in everything
