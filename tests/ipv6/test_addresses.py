"""Hosts and ports are joined and split in one place, with brackets where IPv6 needs them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cluster
from cluster import addresses
from pacing_node.options.errors import ConfigurationError
from pacing_node.options.node_options import load_node_options


@pytest.mark.parametrize(
    ("host", "port", "joined"),
    [
        ("fd00::1", 7803, "[fd00::1]:7803"),
        ("[fd00::1]", 7803, "[fd00::1]:7803"),
        ("::", 0, "[::]:0"),
        ("fe80::1%eth0", 7803, "[fe80::1%eth0]:7803"),
        ("10.0.0.1", 7803, "10.0.0.1:7803"),
        ("node-1.site", 7803, "node-1.site:7803"),
    ],
)
def test_an_ipv6_host_is_joined_with_brackets(host: str, port: int, joined: str) -> None:
    assert addresses.join(host, port) == joined
    assert addresses.split(joined) == (host.strip("[]"), port)


@pytest.mark.parametrize(
    "text", ["fd00::1", "::1", "fd00::1:7803", "host", "host:", ":x", "host:port", "[::1]", "h:999999"]
)
def test_what_has_no_port_or_no_brackets_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="allowed is host:port, an IPv6 host in square brackets"):
        addresses.split(text)


@given(st.ip_addresses(v=6).map(str) | st.ip_addresses(v=4).map(str), st.integers(0, 65535))
def test_every_address_is_read_back(host: str, port: int) -> None:
    assert addresses.split(addresses.join(host, port)) == (host, port)


def test_a_server_on_every_interface_is_reached_over_this_machine() -> None:
    assert [addresses.local_host(bind) for bind in ("::", "[::]", "0.0.0.0", "10.0.0.1")] == [
        "::1", "::1", "127.0.0.1", "10.0.0.1",
    ]  # fmt: skip


@pytest.mark.parametrize("given_host", ["fd00::1", "[fd00::1]"])
def test_a_node_takes_its_host_with_and_without_brackets(given_host: str, tmp_path: Path) -> None:
    path = tmp_path / "node.yaml"
    path.write_text(f"zookeeper: none\nhost: '{given_host}'\nbind: '[::]'\n")
    options = load_node_options(path, {})

    assert (options.host, options.bind) == ("fd00::1", "::")


@pytest.mark.parametrize(
    "given_host", ["fd00::1:7803:x", "node1:7800", "http://node1", "a b", "[::1]:7800", "host/path"]
)
def test_a_host_that_is_none_is_refused(given_host: str, tmp_path: Path) -> None:
    path = tmp_path / "node.yaml"
    path.write_text(f"zookeeper: none\nhost: '{given_host}'\n")
    with pytest.raises(ConfigurationError, match="a host name or address without a port"):
        load_node_options(path, {})


def test_no_other_module_joins_a_host_and_a_port() -> None:
    root = Path(cluster.__file__).parents[1]
    joined = [
        f"{file}:{number}"
        for package in ("cluster", "pacing_node", "simulator")
        for file in sorted((root / package).rglob("*.py"))
        if file.name != "addresses.py" and "_pb2" not in file.name
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if "host}:{" in line.lower() or 'strip("[]")' in line
    ]
    assert joined == []
