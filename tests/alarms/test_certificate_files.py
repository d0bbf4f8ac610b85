"""Which certificates of a node are watched for their expiry."""

from __future__ import annotations

from pathlib import Path

from pacing_node.assembly.adapters import certificate_files
from pacing_node.options.node_options import load_node_options

NODE = """\
name: a
cluster: test
certificates: {certificate: http.pem, private_key: http.key}
peer_certificates: {certificate: peer.pem, private_key: peer.key, authorities: ca.pem}
zookeeper:
  hosts: localhost:2281
  tls: {authorities: ca.pem, certificate: zookeeper.pem, private_key: zookeeper.key}
"""


def watched(directory: Path, text: str) -> list[str]:
    file = directory / "node.yaml"
    file.write_text(text)
    return [each.name for each in certificate_files(load_node_options(file, {}))]


def test_each_one_that_the_node_shows_is_watched(tmp_path: Path) -> None:
    assert watched(tmp_path, NODE) == ["http.pem", "peer.pem", "zookeeper.pem"]


def test_none_is_watched_where_none_is_shown(tmp_path: Path) -> None:
    assert watched(tmp_path, "name: a\ncluster: test\nzookeeper: {hosts: 'localhost:2181'}\n") == []
