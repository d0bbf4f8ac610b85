"""Through a forward proxy, past it, and over TLS."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess

import pytest
import trustme
from pydantic import SecretStr

from pacing_node.engagement.bulk import BulkPlatform
from pacing_node.engagement.engagement_settings import EngagementSettingsError, ProxySettings
from pacing_node.engagement.platform import PushStatus
from simulator.harness.ports import choose_quiet
from tests.engagement.proxy import proxy_running
from tests.support.engagement_platform import platform_running, pushes, settings, token, within
from tests.support.packages import PATIENT, program
from tests.support.waiting import until, until_blocking

pytestmark = PATIENT


async def pushed(given):
    adapter = BulkPlatform(given)
    try:
        return await adapter.push(token(), pushes(3), within(5.0))
    finally:
        await adapter.close()


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
async def secure_platform(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with platform_running(context=context) as platform:
        yield platform


@pytest.fixture
def ca_file(authority, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return str(tmp_path / "ca.pem")


async def test_everything_goes_through_the_proxy(platform):
    async with proxy_running() as proxy:
        outcome = await pushed(settings(platform.url, proxy=ProxySettings(f"http://127.0.0.1:{proxy.port}")))
    assert outcome.status is PushStatus.ACCEPTED
    assert [method for method, _ in proxy.seen] == ["POST", "POST"]
    assert proxy.seen[0][1] == f"{platform.url}/oauth/token"


async def test_the_proxy_is_given_its_credentials(platform):
    async with proxy_running("user:proxy-pass") as proxy:
        way = ProxySettings(f"http://127.0.0.1:{proxy.port}", "user", SecretStr("proxy-pass"))
        assert (await pushed(settings(platform.url, proxy=way))).status is PushStatus.ACCEPTED


async def test_a_proxy_that_refuses_is_named(platform):
    async with proxy_running("user:proxy-pass") as proxy:
        way = ProxySettings(f"http://127.0.0.1:{proxy.port}", "user", SecretStr("wrong-pass"))
        outcome = await pushed(settings(platform.url, proxy=way))
    assert outcome.status is PushStatus.FAILED
    assert "407" in outcome.message
    assert "wrong-pass" not in repr(outcome)
    assert platform.requests == []


@pytest.mark.parametrize(("pattern", "used"), [("127.0.0.1", False), ("*", False), ("other.example", True)])
async def test_hosts_of_the_no_proxy_list_are_reached_directly(platform, pattern, used):
    async with proxy_running() as proxy:
        way = ProxySettings(f"http://127.0.0.1:{proxy.port}", no_proxy=(pattern,))
        assert (await pushed(settings(platform.url, proxy=way))).status is PushStatus.ACCEPTED
    assert bool(proxy.seen) is used


async def test_environment_variables_do_not_redirect_the_push(platform, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await pushed(settings(platform.url))).status is PushStatus.ACCEPTED


async def test_tls_with_authorities_of_the_site(secure_platform, ca_file):
    assert (await pushed(settings(secure_platform.url, ca_file=ca_file))).status is PushStatus.ACCEPTED


async def test_tls_through_a_proxy_with_credentials(secure_platform, ca_file):
    async with proxy_running("user:proxy-pass") as proxy:
        way = ProxySettings(f"http://127.0.0.1:{proxy.port}", "user", SecretStr("proxy-pass"))
        outcome = await pushed(settings(secure_platform.url, ca_file=ca_file, proxy=way))
        assert outcome.status is PushStatus.ACCEPTED
        assert {method for method, _ in proxy.seen} == {"CONNECT"}
        refused = await pushed(
            settings(secure_platform.url, ca_file=ca_file, proxy=ProxySettings(f"http://127.0.0.1:{proxy.port}"))
        )
    assert refused.status is PushStatus.FAILED
    assert "forward proxy: " in refused.message
    assert refused.attempts == 1


async def test_a_certificate_nobody_trusts_is_refused_and_said(secure_platform):
    outcome = await pushed(settings(secure_platform.url))
    assert outcome.status is PushStatus.FAILED
    assert "certificate verify failed" in outcome.message.lower()
    assert outcome.attempts == 1


@pytest.fixture
def tinyproxy(tmp_path):
    """A real forward proxy that asks for credentials, where the package can be installed: its port."""
    command = program("tinyproxy", "tinyproxy-bin")
    port = free_port()
    (tmp_path / "tinyproxy.conf").write_text(
        f"Port {port}\nListen 127.0.0.1\nAllow 127.0.0.1\nBasicAuth user proxypass\nTimeout 10\n"
        f'LogFile "{tmp_path}/log"\n'
    )
    with listening([command, "-d", "-c", tmp_path / "tinyproxy.conf"], port):
        yield port


def free_port() -> int:
    return choose_quiet(1)[0]


def listens(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


@contextlib.contextmanager
def listening(command, port):
    """A program that runs and listens."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until_blocking(lambda: process.poll() is not None or listens(port), "it listens")
        assert process.poll() is None, "it ended"
        yield
    finally:
        process.terminate()
        process.wait(60)


@contextlib.contextmanager
def haproxy(tmp_path, authority, backend):
    """A real HAProxy that ends TLS in front of a platform, where the package can be installed: its address."""
    command, port = program("haproxy", "haproxy"), free_port()
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(tmp_path / "platform.pem")
    (tmp_path / "haproxy.cfg").write_text(
        "defaults\n mode http\n retries 0\n timeout connect 1s\n timeout client 10s\n timeout server 10s\n"
        f"frontend platform\n bind 127.0.0.1:{port} ssl crt {tmp_path}/platform.pem ssl-min-ver TLSv1.2\n"
        f" default_backend inside\nbackend inside\n server one {backend.removeprefix('http://')}\n"
    )
    with listening([command, "-db", "-f", tmp_path / "haproxy.cfg"], port):
        yield f"https://127.0.0.1:{port}"


@pytest.mark.parametrize("secure", [False, True])
async def test_a_real_forward_proxy_with_credentials(tinyproxy, platform, secure_platform, ca_file, secure):
    url = secure_platform.url if secure else platform.url

    async def outcome(password):
        way = ProxySettings(f"http://127.0.0.1:{tinyproxy}", "user", SecretStr(password))
        outcome = await pushed(settings(url, ca_file=ca_file, proxy=way))
        assert password not in repr(outcome)
        return outcome

    assert (await outcome("proxypass")).status is PushStatus.ACCEPTED

    async def refused():
        # The proxy answers 407 and closes before it has read the body: late readers find a reset in its place.
        status = (await outcome("wrongpass")).status
        assert status in {PushStatus.FAILED, PushStatus.DEADLINE}
        return status is PushStatus.FAILED

    await until(refused, "the proxy's refusal is read")


async def test_a_real_tls_terminator_before_the_platform(platform, authority, ca_file, tmp_path):
    with haproxy(tmp_path, authority, platform.url) as address:
        outcome = await pushed(settings(address, ca_file=ca_file, compress=True, max_entities_per_request=2))
        untrusted = await pushed(settings(address))
    assert outcome.status is PushStatus.ACCEPTED
    assert {headers["pacing-part"] for headers, _ in platform.requests} == {"1/2", "2/2"}
    assert {headers["content-encoding"] for headers, _ in platform.requests} == {"gzip"}
    assert untrusted.status is PushStatus.FAILED
    assert "certificate" in untrusted.message.lower()


async def test_a_terminator_whose_platform_is_gone_answers_503_and_the_push_fails(authority, ca_file, tmp_path):
    with haproxy(tmp_path, authority, f"http://127.0.0.1:{free_port()}") as address:
        adapter = BulkPlatform(settings(address, ca_file=ca_file))
        try:
            outcome = await adapter.push(token(), pushes(3), within(2.0))
        finally:
            await adapter.close()
    assert outcome.status in {PushStatus.FAILED, PushStatus.DEADLINE}
    assert "503" in outcome.message


def test_a_proxy_address_with_a_password_in_it_is_refused():
    with pytest.raises(EngagementSettingsError, match="proxy: found user or password"):
        ProxySettings("http://user:word@host:3128")
