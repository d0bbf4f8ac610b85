"""How nodes are put behind proxies, and what is overheard there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import yaml

from simulator.harness.node_files import NodePlan
from simulator.harness.proxy_wiring import NodeLines, ProxyWiring
from tests.support.listening import Listener

HEAD = b"POST /api/bulk HTTP/1.1\r\nHost: x\r\nPacing-Cluster-Id: c\r\nPacing-Epoch: 12\r\nPacing-Sequence: 3\r\n\r\n"


@pytest.fixture
async def wired(tmp_path):
    """Two nodes behind proxies of an ensemble of two and a platform, which are one server that tells its own port."""

    async def note(_, writer):
        writer.write(str(writer.get_extra_info("sockname")[1]).encode())

    servers = [Listener(note) for _ in range(3)]
    ports = [await server.open() for server in servers]
    objects = tmp_path / "objects.yaml"
    general = {"base_auth_url": f"http://h:{ports[2]}/oauth/token", "base_service_url": f"http://h:{ports[2]}/api/"}
    objects.write_text(yaml.safe_dump({"transactions": [{"name": "t", "annex": {"general": general}}]}))
    wiring = ProxyWiring()
    told = wiring.addresses({"http": f"http://127.0.0.1:{ports[2]}", "objects_file": str(objects)})
    plans = [NodePlan(name, tmp_path / name, 0, 0) for name in ("node-1", "node-2")]
    hosts = [await wiring.hosts(plan, f"127.0.0.1:{ports[0]},127.0.0.1:{ports[1]}") for plan in plans]
    yield wiring, told, plans, hosts, ports
    await wiring.stop()
    for server in servers:
        await server.close()


async def answer_of(address):
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        return int(await asyncio.wait_for(reader.read(), 30.0))
    finally:
        writer.transport.abort()


async def test_each_node_has_its_own_way_to_each_member(wired):
    _, _, _, hosts, ports = wired
    ways = [way for each in hosts for way in each.split(",")]
    assert len(set(ways)) == 4
    assert [await answer_of(way) for way in ways] == [ports[0], ports[1]] * 2


async def test_each_node_has_objects_with_its_own_way_to_the_platform(wired):
    _, told, plans, _, ports = wired
    assert not Path(told["objects_file"]).is_absolute()
    for plan in plans:
        objects = yaml.safe_load((plan.directory / told["objects_file"]).read_text())
        general = objects["transactions"][0]["annex"]["general"]
        address, _, path = general["base_service_url"].removeprefix("http://").partition("/")
        assert (await answer_of(address), path) == (ports[2], "api/")
        assert general["base_auth_url"] == f"http://{address}/oauth/token"


async def test_one_nodes_trouble_is_not_the_others(wired):
    wiring, _, _, hosts, ports = wired
    for proxy in wiring.lines["node-1"].all:
        proxy.drop()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(answer_of(hosts[0].split(",")[0]), 0.2)
    assert await answer_of(hosts[1].split(",")[0]) == ports[0]
    wiring.heal()
    assert await answer_of(hosts[0].split(",")[0]) == ports[0]


def test_a_node_runs_in_the_directory_of_its_file_and_the_others_where_they_are():
    line = ProxyWiring().command("node", "--config", "/somewhere/node-1/node.yaml")
    assert line[:2] == ["env", "--chdir=/somewhere/node-1"]
    assert line[-3:] == ["node", "--config", "/somewhere/node-1/node.yaml"]
    assert ProxyWiring().command("simulator", "--scenario", "demo")[0] != "env"


@pytest.mark.parametrize(
    ("request_head", "epochs"),
    [
        (HEAD, {12}),
        (HEAD.lower(), {12}),
        (HEAD + b"{}" + HEAD.replace(b"12", b"13"), {12, 13}),
        (b"POST /oauth/token HTTP/1.1\r\nHost: x\r\n\r\n", set()),
        (HEAD[: HEAD.index(b"12") + 1], set()),
    ],
    ids=["one push", "small letters", "two pushes", "no push", "a head cut in the number"],
)
def test_the_epochs_of_pushes_that_pass_are_overheard(request_head, epochs):
    lines = NodeLines("node-1")
    lines.overhear(request_head)
    assert lines.epochs == epochs
