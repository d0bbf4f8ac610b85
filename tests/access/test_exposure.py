"""What a node leaves open is said at its start, by the doctor and on its page; by default, this machine alone."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from cluster.addresses import is_local_host
from pacing_node.doctor.surroundings import check_exposure
from pacing_node.options.exposure import exposures
from pacing_node.options.node_options import NodeOptions, load_node_options
from simulator.harness.ports import choose_quiet
from tests.support.waiting import until

CERTIFICATES = {"certificate": "a.pem", "private_key": "b.pem", "authorities": "c.pem"}


def options(tmp_path: Path, **content: Any) -> NodeOptions:
    file = tmp_path / "node.yaml"
    file.write_text(yaml.safe_dump({"name": "only", "zookeeper": "none", **content}))
    return load_node_options(file, {})


def codes(given: NodeOptions) -> list[str]:
    return [each.code for each in exposures(given)]


def test_a_node_that_is_told_nothing_listens_on_its_own_machine_alone(tmp_path: Path) -> None:
    given = options(tmp_path)
    assert (given.bind, given.health_bind, given.host) == ("127.0.0.1", "127.0.0.1", "127.0.0.1")


def test_a_node_that_is_bound_wider_is_reached_by_its_hosts_name(tmp_path: Path) -> None:
    assert options(tmp_path, bind="0.0.0.0").host == socket.gethostname()


def test_without_a_proof_that_is_said(tmp_path: Path) -> None:
    assert codes(options(tmp_path)) == ["no_proof"]
    (wide,) = exposures(options(tmp_path, bind="0.0.0.0"))
    assert "members on other machines are refused" in wide.found


@pytest.mark.parametrize("content", [{"access": {"secret": "x" * 40}}, {"peer_certificates": CERTIFICATES}])
def test_with_a_proof_there_is_nothing_to_say(tmp_path: Path, content: dict[str, Any]) -> None:
    assert codes(options(tmp_path, **content)) == []
    (found,) = check_exposure(options(tmp_path, **content))
    assert found.severity == "ok"


def test_what_others_can_read_is_said(tmp_path: Path) -> None:
    given = options(tmp_path, bind="::", access={"secret": "x" * 40, "plain_tokens": True})
    assert codes(given) == ["plain_members", "plain_tokens"]
    assert {each.severity for each in check_exposure(given)} == {"warning"}


def test_a_name_that_nobody_can_reach_is_said(tmp_path: Path) -> None:
    content = {"zookeeper": {"hosts": "zk:2181"}, "host": "node1", "access": {"secret": "x" * 40}}
    assert codes(options(tmp_path, **content)) == ["bound_to_this_machine"]


def test_a_secret_that_every_user_can_read_is_said(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x" * 40)
    secret.chmod(0o644)
    assert codes(options(tmp_path, access={"secret_file": "secret"})) == ["secret_file_open"]
    key = CERTIFICATES | {"private_key": "secret"}
    assert codes(options(tmp_path, peer_certificates=key)) == ["secret_file_open"]
    secret.chmod(0o640)
    assert codes(options(tmp_path, access={"secret_file": "secret"}, peer_certificates=key)) == []


async def test_a_real_node_with_default_options_listens_on_its_own_machine_and_dumps_no_memory(tmp_path: Path) -> None:
    http, clustering = choose_quiet(2)
    file = tmp_path / "node.yaml"
    ports = {"default": http, "clustering": clustering}
    file.write_text(yaml.safe_dump({"name": "only", "zookeeper": "none", "ports": ports}))
    command = [sys.executable, "-m", "pacing_node.cli.main", "node", "--config", str(file)]
    pipe = asyncio.subprocess.PIPE
    node = await asyncio.create_subprocess_exec(*command, cwd=tmp_path, stdout=pipe, stderr=asyncio.subprocess.STDOUT)
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=30.0) as client:
            page = await until(lambda: _page(client, http), "the node answers")
        assert [warning for warning in page["warnings"] if "[no_proof]" in warning]
        worker = int(Path(f"/proc/{node.pid}/task/{node.pid}/children").read_text())
        await until(lambda: {port for _, port in _listening(worker)} >= {http, clustering}, "both ports are open")
        assert [address for address, _ in _listening(worker) | _listening(node.pid) if not is_local_host(address)] == []
        assert (_most_core(worker), _most_core(node.pid)) == (["0", "0"], ["0", "0"])
        assert int(Path(f"/proc/{worker}/coredump_filter").read_text(), 16) == 0
    finally:
        node.terminate()
        out, _ = await node.communicate()
    assert b"access.exposed" in out
    assert b"no_proof" in out


async def _page(client: httpx.AsyncClient, port: int) -> Any:
    with contextlib.suppress(httpx.HTTPError):
        return (await client.get(f"http://127.0.0.1:{port}/cluster")).json()
    return None


def _most_core(pid: int) -> list[str]:
    """Soft and hard limit of the size of a core file."""
    limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
    (core,) = (line.split()[4:6] for line in limits if line.startswith("Max core file size"))
    return core


def _listening(pid: int) -> set[tuple[str, int]]:
    """Addresses and ports on which a process listens, out of /proc."""
    sockets = {
        link.readlink().name.removeprefix("socket:[").removesuffix("]")
        for link in Path(f"/proc/{pid}/fd").iterdir()
        if link.is_symlink() and str(link.readlink()).startswith("socket:")
    }
    found = set()
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in sockets:
                address, port = fields[1].split(":")
                words = [bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8)]
                found.add((socket.inet_ntop(family, b"".join(words)), int(port, 16)))
    return found
