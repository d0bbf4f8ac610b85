"""Orders are given to a real member over its clustering port, in plain text or with certificates."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import trustme
from typer import BadParameter

from cluster.member import ClusterMember
from cluster.security import PeerTls
from cluster.settings import ClusterSettings
from pacing_node.api.exposition import render
from pacing_node.api.http_server import HttpServer
from pacing_node.api.metrics import MetricSources, NodeCollector
from pacing_node.cli.orders import parse_duration
from pacing_node.cycle.cycle_counters import CycleCounters
from pacing_node.cycle.latest_report import LatestReport
from tests.support.commands import pacing
from tests.support.cycle_parts import FakeMastership
from tests.support.member_page import serving
from tests.support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Result:
    """What a command left."""

    exit_code: int
    stdout: str
    stderr: str


Run = Callable[..., Awaitable[Result]]


def alone(directory: Path, tls: PeerTls | None = None) -> ClusterMember:
    settings = ClusterSettings(
        node="only", cluster="site", zookeeper_hosts=None, clustering_port=0, state_directory=directory, peer_tls=tls
    )
    return ClusterMember(settings, version="1")


def command_runner(server: HttpServer) -> Run:
    async def invoke(*arguments: str) -> Result:
        # A process of its own, as in life: gRPC wants one event loop in a process, and the member has it.
        done = await pacing(*arguments, "--url", f"http://127.0.0.1:{server.port}")
        return Result(done.status, done.out, done.err)

    return invoke


async def runner(member: ClusterMember) -> AsyncIterator[Run]:
    await member.start()
    server = await serving(member)

    yield command_runner(server)
    await server.stop()
    await member.stop()


@pytest.fixture
async def member(tmp_path: Path) -> ClusterMember:
    return alone(tmp_path)


@pytest.fixture
async def run(member: ClusterMember) -> AsyncIterator[Run]:
    async for invoke in runner(member):
        yield invoke


async def test_a_pause_is_ordered_shown_and_ended(run: Run, member: ClusterMember) -> None:
    paused = await run("pause", "--for", "30m", "--wait")
    assert paused.exit_code == 0, paused.stderr
    assert "before: master only, epoch 1" in paused.stdout
    assert "after:  master only, epoch 1" in paused.stdout
    assert "nobody takes over" in paused.stdout
    assert member.paused is not None
    assert member.paused.until == pytest.approx(member.paused.began_at + 1800)
    resumed = await run("resume", "--wait", "--output", "json")
    assert json.loads(resumed.stdout) == {
        "former_master": "only",
        "former_epoch": 1,
        "master": "only",
        "epoch": 1,
        "was_paused": True,
    }
    assert member.paused is None
    assert "was not paused" in (await run("resume")).stdout


async def test_a_pause_as_json_tells_when_it_ends(run: Run) -> None:
    told = json.loads((await run("pause", "--output", "json")).stdout)
    assert told["master"] == "only"
    assert told["paused"]["until"] == pytest.approx(told["paused"]["began_at"] + 3600), "an hour unless told"


async def test_a_duration_that_is_none_is_wrong_usage(run: Run, member: ClusterMember) -> None:
    result = await run("pause", "--for", "soon")
    assert result.exit_code == 2
    assert member.paused is None


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("45s", 45), ("1.5m", 90), ("2h", 7200), ("1d", 86400)])
def test_durations_have_units(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-5", "3 weeks", "m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="for example 30m"):
        parse_duration(text)


async def test_no_member_that_takes_the_order_is_a_failure(run: Run, member: ClusterMember) -> None:
    await member._server.stop()
    result = await run("pause")
    assert result.exit_code == 1
    assert "no member took the order: only at" in result.stderr


async def test_certificates_of_the_nodes_options_open_the_clustering_port(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    (tmp_path / "chain.pem").write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    tls = PeerTls(tmp_path / "ca.pem", tmp_path / "chain.pem", tmp_path / "key.pem")
    config = tmp_path / "node.yaml"
    config.write_text(
        "name: only\nzookeeper: none\n"
        "peer_certificates: {certificate: chain.pem, private_key: key.pem, authorities: ca.pem}\n"
    )
    member = alone(tmp_path / "state", tls)
    async for run in runner(member):
        assert (await run("pause")).exit_code == 1
        allowed = await run("pause", "--config", str(config))
        assert allowed.exit_code == 0, allowed.stderr
        assert member.paused is not None
        config.write_text("nmae: only\n")
        assert (await run("resume", "--config", str(config))).exit_code == 2


@pytest.mark.ensemble
async def test_a_step_down_in_favour_of_a_member_is_carried_out_or_refused(zookeeper_hosts: str) -> None:
    async def able() -> None:
        return None

    members = {}
    for name in ("a", "b"):
        settings = ClusterSettings(node=name, cluster="site", zookeeper_hosts=zookeeper_hosts, clustering_port=0)
        members[name] = ClusterMember(settings, version="1", why_unable=able)
        await members[name].start()
        if name == "a":
            await members[name].mastership.wait_for_term()
    await until(lambda: not (members["b"].status().master != "a" or len(members["a"].members()) < 2))
    server = await serving(members["b"], standalone=False)
    run = command_runner(server)
    refused = await run("step-down", "--to", "nobody")
    assert refused.exit_code == 1
    assert "nobody is not a member now; members are a, b" in refused.stderr
    assert members["a"].mastership.term is not None
    soon = f"{datetime.now(UTC) + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S.%f}"
    done = await run("step-down", "--to", "b", "--at", soon, "--wait", "--output", "json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == {"former_master": "a", "former_epoch": 1, "master": "b", "epoch": 2}
    await server.stop()
    for member in members.values():
        await member.stop()


@pytest.mark.parametrize("paused", [True, False])
def test_a_pause_is_a_metric(paused: bool) -> None:
    mastership = FakeMastership()
    sources = MetricSources(
        lambda: mastership.status,
        dict[str, int],
        tuple,
        lambda: 0.0,
        LatestReport(),
        CycleCounters(),
        paused=lambda: paused,
    )
    assert f"\npacing_paused {float(paused)}\n" in render(NodeCollector(sources)).decode()
