"""ZooKeeper as careful operators run it: TLS with host names, client certificates, users and access lists."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from kazoo.client import KazooClient
from kazoo.exceptions import NoAuthError

from cluster.admin.zookeeper_access import open_zookeeper
from cluster.errors import NotAllowedError, SettingsError
from cluster.mastership import ZooKeeperState
from cluster.security import ZooKeeperSecurity
from cluster.zookeeper import paths
from pacing_node.assembly.cluster_settings import cluster_settings, zookeeper_security
from pacing_node.options.document_access import open_documents
from pacing_node.options.node_options import load_node_options
from simulator.harness.ports import choose_quiet
from simulator.harness.zookeeper import Ensemble, ProcessMember
from tests.leadership.conftest import CLUSTER, Members
from tests.leadership.test_zookeeper_faults import connect_anew
from tests.support.waiting import PATIENCE_SECONDS, still, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.mark.ensemble
async def test_everything_a_user_creates_is_open_to_this_user_only(members: Members, ensemble: Ensemble) -> None:
    security = ZooKeeperSecurity(user="pacing", password="a secret")
    first = await members.join("a", zookeeper_security=security)
    await first.mastership.wait_for_term()
    await first.documents.write(b"options", None)
    _, place = paths.locate(first.settings.zookeeper_hosts or "", CLUSTER)
    stranger = KazooClient(hosts=ensemble.hosts)
    await asyncio.to_thread(stranger.start)
    try:
        for path in (place.root, place.epoch, place.master, place.configuration, f"{place.members}/a"):
            with pytest.raises(NoAuthError):
                await asyncio.to_thread(stranger.get, path)
    finally:
        await asyncio.to_thread(stranger.stop)
        await asyncio.to_thread(stranger.close)
    second = await members.join("b", zookeeper_security=security)
    await until(lambda: second.status().zookeeper is ZooKeeperState.CONNECTED)
    document = await second.documents.read()
    assert document is not None
    assert document.data == b"options"


@pytest.mark.ensemble
async def test_a_node_without_the_users_password_never_serves(members: Members) -> None:
    first = await members.join("a", zookeeper_security=ZooKeeperSecurity(user="pacing", password="a secret"))
    await first.mastership.wait_for_term()
    await members.leave(first)
    other = await members.join("b", zookeeper_security=ZooKeeperSecurity(user="pacing", password="a guess"))
    await still(lambda: other.mastership.term is None, 1.5)


def test_secrets_are_not_shown() -> None:
    shown = repr(
        ZooKeeperSecurity(
            tls=True, user="pacing", password="a secret", key_password="another", sasl_user="u", sasl_password="a third"
        )
    )
    assert "a secret" not in shown
    assert "another" not in shown
    assert "a third" not in shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"user": "pacing"}, "user and password: found one"),
        ({"user": "a:b", "password": "c"}, "without a colon"),
        ({"sasl_user": "pacing"}, "sasl user and password: found one"),
    ],
)
def test_combinations_that_cannot_work_are_refused(options: dict, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        ZooKeeperSecurity(**options)


def test_certificates_go_with_a_key_and_with_tls(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="certificate and key"):
        ZooKeeperSecurity(tls=True, certificate_file=tmp_path / "node.pem")
    with pytest.raises(SettingsError, match="TLS is off"):
        ZooKeeperSecurity(ca_file=tmp_path / "ca.pem")


@pytest.mark.parametrize("content", [None, b"no certificate"])
async def test_a_file_that_cannot_be_used_stops_the_node_at_its_start(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    members = Members("127.0.0.1:1")
    with pytest.raises(SettingsError, match=r"ca\.pem cannot be used"):
        await members.join("a", zookeeper_security=ZooKeeperSecurity(tls=True, ca_file=file))


class SecureZooKeeper:
    """A server that speaks TLS only to clients with a certificate of its authority."""

    def __init__(self, ensemble: Ensemble, directory: Path) -> None:
        self.authority = trustme.CA()
        self.directory = directory
        self.ca_file = directory / "ca.pem"
        self.authority.cert_pem.write_to_path(str(self.ca_file))
        (self.port,) = choose_quiet(1)
        server = ensemble.members[0]
        assert isinstance(server, ProcessMember)
        self.server = server
        both = self.certificate("server", "localhost")
        with server._configuration.open("a") as configuration:
            configuration.write(
                "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\n"
                f"secureClientPort={self.port}\nssl.clientAuth=need\n"
                f"ssl.keyStore.type=PEM\nssl.keyStore.location={both}\n"
                f"ssl.trustStore.type=PEM\nssl.trustStore.location={self.ca_file}\n"
            )

    def certificate(self, name: str, host: str, authority: trustme.CA | None = None) -> Path:
        """A PEM file with key and certificate."""
        issued = (authority or self.authority).issue_cert(host)
        key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = self.directory / f"{name}.pem"
        path.write_bytes(pem + b"".join(part.bytes() for part in issued.cert_chain_pems))
        return path

    def security(self, certificate: Path) -> ZooKeeperSecurity:
        return ZooKeeperSecurity(tls=True, ca_file=self.ca_file, certificate_file=certificate, key_file=certificate)


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureZooKeeper]:
    directory = tmp_path_factory.mktemp("secure")
    ensemble = Ensemble(directory, members=1)
    if not isinstance(ensemble.members[0], ProcessMember):
        pytest.skip("needs a ZooKeeper of its own")
    running = SecureZooKeeper(ensemble, directory)
    with ensemble:
        yield running


@pytest.mark.ensemble
async def test_a_node_joins_over_tls_and_takes_up_a_new_certificate(members: Members, secure: SecureZooKeeper) -> None:
    own = secure.certificate("node", "node-a")
    member = await members.join("a", hosts=f"localhost:{secure.port}/tls", zookeeper_security=secure.security(own))
    term = await asyncio.wait_for(member.mastership.wait_for_term(), PATIENCE_SECONDS)
    secure.certificate("node", "node-a")
    await connect_anew(member._backend._session)
    await until(lambda: term.act_until(0.1) is not None)
    await members.leave(member)


# kazoo leaves the socket of a failed handshake to the garbage collector.
LEFT_BY_KAZOO = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@LEFT_BY_KAZOO
@pytest.mark.ensemble
async def test_a_server_with_another_name_in_its_certificate_is_not_spoken_to(
    members: Members, secure: SecureZooKeeper
) -> None:
    own = secure.certificate("node", "node-a")
    member = await members.join("a", hosts=f"127.0.0.1:{secure.port}/tls", zookeeper_security=secure.security(own))
    await still(lambda: member.status().zookeeper is not ZooKeeperState.CONNECTED, 1.5)
    await members.leave(member)
    gc.collect()  # here, not in a test that bears no warning


@LEFT_BY_KAZOO
@pytest.mark.ensemble
async def test_a_node_with_a_certificate_of_strangers_is_turned_away(members: Members, secure: SecureZooKeeper) -> None:
    strange = secure.certificate("strange", "node-a", trustme.CA())
    member = await members.join("a", hosts=f"localhost:{secure.port}/tls", zookeeper_security=secure.security(strange))
    await still(lambda: member.status().zookeeper is not ZooKeeperState.CONNECTED, 1.5)
    await members.leave(member)
    gc.collect()  # here, not in a test that bears no warning


@pytest.fixture(scope="module")
def sasl_hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that turns away whoever has not proved who it is by SASL."""
    directory = tmp_path_factory.mktemp("sasl")
    ensemble = Ensemble(directory, members=1)
    server = ensemble.members[0]
    if not isinstance(server, ProcessMember):
        pytest.skip("needs a ZooKeeper of its own")
    users = directory / "users.jaas"
    module = "org.apache.zookeeper.server.auth.DigestLoginModule"
    users.write_text(f'Server {{ {module} required user_pacing="a secret" user_other="b secret"; }};\n')
    with server._configuration.open("a") as configuration:
        provider = "org.apache.zookeeper.server.auth.SASLAuthenticationProvider"
        configuration.write(f"authProvider.1={provider}\nenforce.auth.enabled=true\nenforce.auth.schemes=sasl\n")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("JAVA_TOOL_OPTIONS", f"-Djava.security.auth.login.config={users}")
        ensemble.start()
    try:
        yield ensemble.hosts
    finally:
        ensemble.stop()


@pytest.mark.ensemble
async def test_a_node_proves_who_it_is_by_sasl_and_what_it_creates_is_for_it_only(
    members: Members, sasl_hosts: str
) -> None:
    pacing = ZooKeeperSecurity(sasl_user="pacing", sasl_password="a secret")
    first = await members.join("a", hosts=f"{sasl_hosts}/sasl", zookeeper_security=pacing)
    term = await asyncio.wait_for(first.mastership.wait_for_term(), PATIENCE_SECONDS)
    await connect_anew(first._backend._session)
    await until(lambda: term.act_until(0.1) is not None, "a new connection proves it again")
    other = await members.join(
        "b",
        hosts=f"{sasl_hosts}/sasl",
        zookeeper_security=ZooKeeperSecurity(sasl_user="other", sasl_password="b secret"),
    )
    await until(lambda: other.status().zookeeper is ZooKeeperState.CONNECTED)
    await members.leave(first)
    await still(lambda: other.mastership.term is None, 1.5)


@LEFT_BY_KAZOO
@pytest.mark.ensemble
async def test_a_wrong_password_of_sasl_or_none_keeps_a_node_out(members: Members, sasl_hosts: str) -> None:
    for node, security in (
        ("a", ZooKeeperSecurity(sasl_user="pacing", sasl_password="a guess")),
        ("b", ZooKeeperSecurity()),
    ):
        member = await members.join(node, hosts=f"{sasl_hosts}/out", zookeeper_security=security)
        await still(lambda member=member: member.mastership.term is None, 1.5)
        await members.leave(member)
    gc.collect()  # here, not in a test that bears no warning


@LEFT_BY_KAZOO
@pytest.mark.ensemble
async def test_commands_reach_a_secured_zookeeper_with_the_nodes_own_options(
    tmp_path: Path, secure: SecureZooKeeper
) -> None:
    own = secure.certificate("command", "node-a")
    file = tmp_path / "node.yaml"
    file.write_text(
        f"name: a\ncluster: {CLUSTER}\nzookeeper:\n  hosts: localhost:{secure.port}\n  root: /commands\n"
        f"  tls: {{authorities: {secure.ca_file}, certificate: {own}, private_key: {own}}}\n"
        "  acl: {user: pacing, password: a secret}\n"
    )
    options = load_node_options(file, {})
    assert options.zookeeper is not None
    async with open_documents(options, zookeeper_security(options.zookeeper)) as documents:
        await documents.write(b"options", None)
    settings = cluster_settings(options)
    assert settings.zookeeper_hosts is not None
    async with open_zookeeper(
        settings.zookeeper_hosts,
        settings.cluster,
        settings.zookeeper_security,
        session_timeout_seconds=settings.session_timeout_seconds,
        call_seconds=1.0,
        connect_seconds=10.0,
    ) as access:
        document = await access.document().read()
    assert document is not None
    assert document.data == b"options"
    file.write_text(file.read_text().replace("a secret", "a guess"))
    guess = load_node_options(file, {})
    assert guess.zookeeper is not None
    async with open_documents(guess, zookeeper_security(guess.zookeeper)) as documents:
        with pytest.raises(NotAllowedError):
            await documents.read()
    gc.collect()  # here, not in a test that bears no warning
