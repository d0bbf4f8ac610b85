"""Strangers without a certificate: handshakes broken off in numbers, and handshakes that never go on."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
import trustme

from cluster.peers.relay import FIRST_BYTES_SECONDS
from cluster.rpc import peer_pb2, peer_pb2_grpc
from tests.support.waiting import still_blocking, until_blocking

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS, AT_ONCE = 8, 200
FEWEST_DESCRIPTORS = 64
"""What a node may still hold open beyond those it began with."""


class TlsMember:
    """A node with peer certificates in a process of its own."""

    def __init__(self, directory: Path) -> None:
        authority = trustme.CA()
        issued = authority.issue_cert("127.0.0.1", "node-a")
        files = [directory / name for name in ("ca.pem", "chain.pem", "key.pem")]
        self.ca, self.chain, self.key = (
            authority.cert_pem.bytes(),
            issued.cert_chain_pems[0].bytes(),
            issued.private_key_pem.bytes(),
        )
        for file, content in zip(files, (self.ca, self.chain, self.key), strict=True):
            file.write_bytes(content)
        command = [sys.executable, "-m", "tests.support.tls_member", *map(str, files)]
        self.errors = directory / "errors"
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)
        self.port = until_blocking(self._read_port, "the node prints its port")

    def _read_port(self) -> int:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return int(line.split()[1]) if line.startswith(b"port ") else 0

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 10)

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def answers(self) -> bool:
        credentials = grpc.ssl_channel_credentials(self.ca, self.key, self.chain)
        with grpc.secure_channel(f"127.0.0.1:{self.port}", credentials) as channel:
            stub = peer_pb2_grpc.PeerServiceStub(channel)
            return stub.GetStatus(peer_pb2.GetStatusRequest(), timeout=30).name == "a"

    def end(self) -> None:
        self.process.terminate()
        with self.process:
            self.process.wait(30)


@pytest.fixture
def member(tmp_path: Path) -> Iterator[TlsMember]:
    running = TlsMember(tmp_path)
    yield running
    running.end()


def client_hello() -> bytes:
    """The first bytes of a handshake."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2"])
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname="node-a").do_handshake()
    return outgoing.read()


def test_handshakes_broken_off_in_numbers_do_not_end_the_node(member: TlsMember) -> None:
    before, hello = member.descriptors(), client_hello()
    for _ in range(ROUNDS):
        strangers = [member.connect() for _ in range(AT_ONCE)]
        for stranger in strangers:
            try:
                stranger.sendall(hello)
            except OSError:
                continue  # there was no room for it
        # The handshakes are under way, and are to be broken off in their midst.
        still_blocking(lambda: member.process.poll() is None, 0.3)
        for stranger in strangers:
            stranger.close()
        assert member.process.poll() is None, f"the node has ended: {member.process.returncode}"
    assert member.answers()
    until_blocking(lambda: member.descriptors() < before + FEWEST_DESCRIPTORS, state=member.descriptors)
    assert member.errors.stat().st_size < 100_000, "and it does not write a line for each"


@pytest.mark.parametrize("said", [b"", b"PRI * HTTP/2.0\r\n", None], ids=["silent", "another protocol", "half a hello"])
def test_a_connection_that_does_not_go_on_is_closed(member: TlsMember, said: bytes | None) -> None:
    with member.connect() as stranger:
        stranger.sendall(client_hello()[:100] if said is None else said)
        began = time.monotonic()
        stranger.settimeout(60)
        try:
            while stranger.recv(4096):
                pass
        except ConnectionResetError:
            pass
        print(f"closed after {time.monotonic() - began:.1f} s; it may take {FIRST_BYTES_SECONDS:g} s")
    assert member.answers()


def test_connections_of_one_address_are_bounded_and_a_member_still_gets_through(member: TlsMember) -> None:
    before = member.descriptors()
    strangers = [member.connect() for _ in range(400)]
    assert member.answers()
    assert member.descriptors() < before + 3 * 64 + FEWEST_DESCRIPTORS
    for stranger in strangers:
        stranger.close()
