"""Members show each other certificates, and take up new ones while they run."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import grpc
import grpc.aio
import pytest
import trustme
from grpc_health.v1 import health_pb2, health_pb2_grpc

from cluster.access.certificate_roles import parse_allowed_names
from cluster.errors import SettingsError, UnavailableError
from cluster.peers.channels import open_channel
from cluster.records import Record, RecordInfo
from cluster.rpc import peer_pb2, peer_pb2_grpc
from cluster.security import PeerTls
from tests.leadership.conftest import Members
from tests.support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from cluster.member import ClusterMember


class Certificates:
    """Files of one member, written anew at will."""

    def __init__(self, directory: Path, authority: trustme.CA, name: str) -> None:
        self._directory, self._authority, self._name = directory, authority, name
        self.issue()

    def issue(self, lasts_seconds: float | None = None) -> None:
        """Write a new certificate; with ``lasts_seconds`` one that expires so soon."""
        until = None if lasts_seconds is None else datetime.now(UTC) + timedelta(seconds=lasts_seconds)
        issued = self._authority.issue_cert("127.0.0.1", self._name, not_after=until)
        self._authority.cert_pem.write_to_path(str(self._path("ca")))
        self._path("key").write_bytes(issued.private_key_pem.bytes())
        self._path("chain").write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))

    def _path(self, kind: str) -> Path:
        return self._directory / f"{self._name}-{kind}.pem"

    def tls(self, *allowed: str) -> PeerTls:
        return PeerTls(self._path("ca"), self._path("chain"), self._path("key"), parse_allowed_names(allowed))

    def shown_by(self, address: str) -> str:
        """Fingerprint of the certificate a server shows to this member."""
        context = ssl.create_default_context(cafile=str(self._path("ca")))
        context.load_cert_chain(self._path("chain"), self._path("key"))
        context.set_alpn_protocols(["h2"])
        host, _, port = address.rpartition(":")
        with (
            socket.create_connection((host, int(port)), 5) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            shown = secure.getpeercert(binary_form=True)
        assert shown is not None
        return hashlib.sha256(shown).hexdigest()


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.mark.ensemble
async def test_members_talk_over_mutual_tls_and_follow_the_master(
    members: Members, tmp_path: Path, authority: trustme.CA
) -> None:
    names = ("node-a", "node-b")
    a = await members.join("a", peer_tls=Certificates(tmp_path, authority, "node-a").tls(*names))
    await members.master()
    b = await members.join("b", peer_tls=Certificates(tmp_path, authority, "node-b").tls(*names))
    await until(lambda: len(b.members()) == 2)
    assert all(status.reachable for status in await b.ask_members())
    a.publish(Record(RecordInfo(1, 1, 0.0), "test.v1", b""))
    await until(lambda: b.last_record is not None)


@pytest.mark.ensemble
async def test_a_caller_without_a_certificate_or_of_another_authority_is_turned_away(
    members: Members, tmp_path: Path, authority: trustme.CA
) -> None:
    a = await members.join("a", peer_tls=Certificates(tmp_path, authority, "node-a").tls())
    stranger = await members.join("b", peer_tls=Certificates(tmp_path, trustme.CA(), "node-b").tls())
    await until(lambda: len(stranger.members()) == 2)
    answers = {each.info.name: each for each in await stranger.ask_members()}
    assert not answers["a"].reachable
    async with open_channel(a.info.clustering) as channel:
        with pytest.raises(Exception, match="UNAVAILABLE"):
            await peer_pb2_grpc.PeerServiceStub(channel).GetStatus(peer_pb2.GetStatusRequest(), timeout=30)


@pytest.mark.ensemble
async def test_a_caller_whose_name_is_not_allowed_is_turned_away(
    members: Members, tmp_path: Path, authority: trustme.CA
) -> None:
    await members.join("a", peer_tls=Certificates(tmp_path, authority, "node-a").tls("node-a"))
    other = await members.join("b", peer_tls=Certificates(tmp_path, authority, "node-b").tls())
    await until(lambda: len(other.members()) == 2)
    answers = {each.info.name: each for each in await other.ask_members()}
    assert not answers["a"].reachable
    assert "permission denied" in (answers["a"].error or "")


@pytest.mark.ensemble
async def test_both_sides_take_up_certificates_that_were_replaced(
    members: Members, tmp_path: Path, authority: trustme.CA
) -> None:
    of_a, of_b = Certificates(tmp_path, authority, "node-a"), Certificates(tmp_path, authority, "node-b")
    a = await members.join("a", peer_tls=of_a.tls())
    b = await members.join("b", peer_tls=of_b.tls())
    await until(lambda: len(b.members()) == 2)
    before = await asyncio.to_thread(of_b.shown_by, a.info.clustering)
    # A new authority on both sides: whoever went on with old files would be refused.
    successor = trustme.CA()
    for files in (of_a, of_b):
        files._authority = successor
        files.issue()
    after = await asyncio.to_thread(of_b.shown_by, a.info.clustering)
    assert after != before
    assert all(status.reachable for status in await b.ask_members())
    assert all(status.reachable for status in await a.ask_members())


@pytest.mark.ensemble
async def test_certificates_that_expire_end_no_term_and_are_named_and_new_ones_are_enough(
    members: Members, tmp_path: Path, authority: trustme.CA
) -> None:
    own, others = (Certificates(tmp_path, authority, name) for name in ("node-a", "node-b"))
    expires_at = time.time() + 8.0
    for each in (own, others):
        each.issue(lasts_seconds=8.0)
    a = await members.join("a", peer_tls=own.tls())
    await members.master()
    b = await members.join("b", peer_tls=others.tls())
    term = a.mastership.term
    a.publish(Record(RecordInfo(1, 1, 0.0), "test.v1", b"before"))
    await until(lambda: b.last_record is not None, "the stream was opened in time")
    await until(lambda: time.time() > expires_at + 1.0)
    assert a.mastership.term is term is not None, "the mastership rests on ZooKeeper alone"
    a.publish(Record(RecordInfo(1, 2, 0.0), "test.v1", b"after"))
    await until(lambda: b.last_record is not None and b.last_record.body == b"after", "an open stream goes on")
    c = await members.join("c", peer_tls=Certificates(tmp_path, authority, "node-c").tls())
    await until(lambda: len(c.members()) == 3)
    answers = {each.info.name: each for each in await c.ask_members()}
    assert not answers["a"].reachable
    assert "certificate" in (answers["a"].error or ""), answers["a"].error
    with pytest.raises(UnavailableError, match="certificate"):
        await c.step_down("an operator")
    assert a.mastership.term is term
    for each in (own, others):
        each.issue()
    await until(lambda: reachable(c), "new files are taken up without a restart")


async def reachable(member: ClusterMember) -> bool:
    return all(each.reachable for each in await member.ask_members())


@pytest.mark.ensemble
async def test_new_certificates_cost_no_call_and_no_early_sign(
    members: Members, tmp_path: Path, authority: trustme.CA
) -> None:
    """The server is replaced behind the open port: calls that run end well, and streams are asked for again."""
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def why_unable() -> None:
        asked.set()
        await may_answer.wait()

    of_a, of_b = Certificates(tmp_path, authority, "node-a"), Certificates(tmp_path, authority, "node-b")
    a = await members.join("a", peer_tls=of_a.tls(), why_unable=why_unable)
    await members.master()
    b = await members.join("b", peer_tls=of_b.tls())
    signs: list[int] = []
    b.on_early_sign.add(lambda: signs.append(1))
    a.publish(Record(RecordInfo(1, 1, 0.0), "test.v1", b"before"))
    await until(lambda: b.last_record is not None)
    running = asyncio.create_task(b._client.why_unable(a.info, 30.0))
    await asked.wait()
    of_a.issue()
    after = await asyncio.to_thread(of_b.shown_by, a.info.clustering)
    assert after == await asyncio.to_thread(of_b.shown_by, a.info.clustering)
    await until(lambda: len(a._server._servers) == 2, "the old server and the new one")
    a.publish(Record(RecordInfo(1, 2, 0.0), "test.v1", b"after"))
    await until(lambda: b.last_record is not None and b.last_record.body == b"after")
    may_answer.set()
    assert await running is None
    await until(lambda: len(a._server._servers) == 1, "the old server has ended")
    assert not signs


@pytest.mark.ensemble
async def test_a_new_certificate_without_its_key_is_not_taken_up_until_the_key_is_there(
    members: Members, tmp_path: Path, authority: trustme.CA
) -> None:
    of_a, of_b = Certificates(tmp_path, authority, "node-a"), Certificates(tmp_path, authority, "node-b")
    a = await members.join("a", peer_tls=of_a.tls())
    before = await asyncio.to_thread(of_b.shown_by, a.info.clustering)
    key = (tmp_path / "node-a-key.pem").read_bytes()
    of_a.issue()
    new_key = (tmp_path / "node-a-key.pem").read_bytes()
    (tmp_path / "node-a-key.pem").write_bytes(key)
    assert await asyncio.to_thread(of_b.shown_by, a.info.clustering) == before
    (tmp_path / "node-a-key.pem").write_bytes(new_key)
    assert await asyncio.to_thread(of_b.shown_by, a.info.clustering) != before


@pytest.mark.ensemble
async def test_files_that_cannot_be_used_leave_the_old_ones_in_force(
    members: Members, tmp_path: Path, authority: trustme.CA
) -> None:
    of_a, of_b = Certificates(tmp_path, authority, "node-a"), Certificates(tmp_path, authority, "node-b")
    a = await members.join("a", peer_tls=of_a.tls())
    b = await members.join("b", peer_tls=of_b.tls())
    await until(lambda: len(b.members()) == 2)
    (tmp_path / "node-a-chain.pem").write_bytes(b"half a file")
    await asyncio.to_thread(of_b.shown_by, a.info.clustering)
    assert all(status.reachable for status in await b.ask_members())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nothing\.pem cannot be read"):
        PeerTls(tmp_path / "nothing.pem", tmp_path / "b", tmp_path / "c").read()


async def statuses(port: int | None, services: tuple[str, ...]) -> list[int]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        asked = [stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=30) for name in services]
        return [answer.status for answer in await asyncio.gather(*asked)]


@pytest.mark.ensemble
async def test_a_port_of_its_own_serves_health_in_plain_text_and_nothing_else(
    members: Members, tmp_path: Path, authority: trustme.CA
) -> None:
    serving, silent = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
    tls = Certificates(tmp_path, authority, "node-a").tls()
    a = await members.join("a", peer_tls=tls, health_port=0)
    await members.master()
    assert await statuses(a.health_port, ("", "node", "master")) == [silent, serving, serving]
    a.set_ready(ready=True)
    assert await statuses(a.health_port, ("",)) == [serving]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{a.health_port}") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await peer_pb2_grpc.PeerServiceStub(channel).StepDown(
                peer_pb2.StepDownRequest(requested_by="x"), timeout=30
            )
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert a.mastership.term is not None
    with pytest.raises(grpc.aio.AioRpcError):
        await statuses(int(a.info.clustering.rpartition(":")[2]), ("",))


@pytest.mark.ensemble
async def test_without_the_option_there_is_no_such_port_and_one_that_is_taken_stops_the_start(members: Members) -> None:
    a = await members.join("a")
    assert a.health_port is None
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="health port 127"):
            await members.join("b", health_port=taken.getsockname()[1])
