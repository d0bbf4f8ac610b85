"""Through a forward proxy, past it, and over TLS."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import time

import pytest
import trustme
from pydantic import SecretStr

from pacing_node.engagement.port import PushStatus
from pacing_node.engagement.predictive import PredictiveEngagement
from pacing_node.engagement.settings import EngagementSettingsError, ProxySettings
from tests.engagement.platform import platform_running, pushes, settings, token
from tests.engagement.proxy import proxy_running


async def pushed(given):
    adapter = PredictiveEngagement(given)
    try:
        return await adapter.push(token(), pushes(3), 5.0)
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
    """A real forward proxy that asks for credentials, where the package is installed: its port."""
    program = shutil.which("tinyproxy")
    if program is None:
        pytest.skip("no tinyproxy is installed (Debian: tinyproxy)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "tinyproxy.conf").write_text(
        f"Port {port}\nListen 127.0.0.1\nAllow 127.0.0.1\nBasicAuth user proxypass\nTimeout 10\n"
        f'LogFile "{tmp_path}/log"\n'
    )
    process = subprocess.Popen([program, "-d", "-c", tmp_path / "tinyproxy.conf"], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while True:
            assert process.poll() is None, "tinyproxy ended"
            assert time.monotonic() < deadline, "tinyproxy does not listen"
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.parametrize("secure", [False, True])
async def test_a_real_forward_proxy_with_credentials(tinyproxy, platform, secure_platform, ca_file, secure):
    url = secure_platform.url if secure else platform.url
    for password, status in (("proxypass", PushStatus.ACCEPTED), ("wrongpass", PushStatus.FAILED)):
        way = ProxySettings(f"http://127.0.0.1:{tinyproxy}", "user", SecretStr(password))
        outcome = await pushed(settings(url, ca_file=ca_file, proxy=way))
        assert outcome.status is status
        assert password not in repr(outcome)


def test_a_proxy_address_with_a_password_in_it_is_refused():
    with pytest.raises(EngagementSettingsError, match="proxy: found user or password"):
        ProxySettings("http://user:word@host:3128")
