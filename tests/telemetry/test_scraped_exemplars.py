"""A real Prometheus takes the page as OpenMetrics, and keeps the traces that its histograms name."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from pacing_node.api.app import build_app
from pacing_node.api.http_server import HttpServer
from simulator.harness import ports
from simulator.harness.node_files import HOST
from simulator.harness.processes import DemoProcess
from tests.api.test_pages import Site, paced
from tests.support.packages import PATIENT, program
from tests.support.waiting import until

pytestmark = [pytest.mark.peers, PATIENT]

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
async def prometheus(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """One that scrapes a node with one traced cycle."""
    site = Site()
    paced(site)
    site.cycle_counters.cycle_seconds.observe(0.3, TRACE)
    node = HttpServer(HOST, 0)
    await node.start(build_app(site.view()))
    (port,) = ports.choose_quiet(1)
    scrape = {"job_name": "pacing", "static_configs": [{"targets": [f"{HOST}:{node.port}"]}]}
    configuration = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [scrape]}
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    command = [program("prometheus", "prometheus"), f"--config.file={tmp_path / 'prometheus.yml'}"]
    command += ["--enable-feature=exemplar-storage", f"--storage.tsdb.path={tmp_path / 'data'}"]
    process = DemoProcess("prometheus", [*command, f"--web.listen-address={HOST}:{port}"], tmp_path / "log")
    process.start()
    async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}/api/v1/", trust_env=False) as client:
        yield client
    process.kill_session()
    await node.stop()


async def test_exemplars_are_kept_and_every_sample_is_taken(prometheus: httpx.AsyncClient) -> None:
    async def get(path: str, **asked: Any) -> Any:
        try:
            return (await prometheus.get(path, params=asked)).json()["data"]
        except (httpx.HTTPError, KeyError, ValueError):
            return None

    async def exemplars() -> list[dict[str, Any]]:
        now = time.time()
        asked = {"query": "pacing_cycle_seconds_bucket", "start": now - 600, "end": now + 600}
        return await get("query_exemplars", **asked) or []

    (series,) = await until(exemplars, "Prometheus has the exemplar")
    assert series["seriesLabels"]["le"] == "0.5"
    assert [(each["labels"], each["value"]) for each in series["exemplars"]] == [({"trace_id": TRACE}, "0.3")]
    (target,) = (await get("targets"))["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
    (ready,) = (await get("query", query='pacing_target_ready{target="B - chat"}'))["result"]
    assert ready["value"][1] == "1"
