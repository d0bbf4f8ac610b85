"""A client certificate gives its holder a role on the pages and the API, where the options list its name."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from cluster.access.access_control import AccessControl
from cluster.access.audit_log import AuditLog
from cluster.access.certificate_roles import parse_allowed_names
from cluster.access.roles import AccessRole
from pacing_node.api.app import build_app
from pacing_node.api.certified_callers import CertifiedCallers, certificate_names
from pacing_node.api.http_server import HttpServer
from pacing_node.api.page_gate import PageGate
from pacing_node.options.errors import ConfigurationError
from pacing_node.options.node_options import load_node_options, parse_http_names
from pacing_node.tls import TlsFiles
from tests.api.test_pages import Site as Pages
from tests.support.api_site import ApiSite

ROLES = {"noc": AccessRole.OPERATOR, "screen@example.com": AccessRole.VIEWER, "boss": AccessRole.ADMIN}
PAUSE = "/api/v1/orders/pause"
WHY = {"why": "a test of certificates"}


@dataclass
class Port:
    """A node's HTTPS port that asks for certificates and takes callers without one, all pages and reads closed."""

    server: HttpServer
    api: ApiSite
    control: AccessControl
    servers: trustme.CA
    clients: trustme.CA

    def caller(self, certificate: trustme.LeafCert | None = None, **options: Any) -> httpx.AsyncClient:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.servers.configure_trust(context)
        if certificate is not None:
            certificate.configure_cert(context)
        return httpx.AsyncClient(verify=context, base_url=f"https://127.0.0.1:{self.server.port}", **options)

    def holder(self, *names: str, common: str | None = None, **options: Any) -> httpx.AsyncClient:
        return self.caller(self.clients.issue_cert(*names, common_name=common), **options)


@pytest.fixture(scope="module")
def authorities() -> tuple[trustme.CA, trustme.CA]:
    return trustme.CA(), trustme.CA()


@pytest.fixture
async def port(tmp_path: Path, authorities: tuple[trustme.CA, trustme.CA]) -> AsyncIterator[Port]:
    servers, clients = authorities
    issued = servers.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    clients.cert_pem.write_to_path(str(tmp_path / "clients.pem"))
    files = TlsFiles(tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "clients.pem", required=False)
    # No other proof is taken, and members' names mean nothing here.
    members = [("n1", "n1.example.com")]
    control, audit = AccessControl("demo", certificates=True, members=lambda: members), AuditLog()
    certified = CertifiedCallers(ROLES)
    api = ApiSite(control=control, audit=audit, reads="viewer", certified=certified)
    gate = PageGate(control, audit, lambda: True, certified)
    server = HttpServer("127.0.0.1", 0, files)
    await server.start(build_app(replace(Pages().view(), gate=gate, api=api.app)))
    yield Port(server, api, control, servers, clients)
    await server.stop()


async def statuses(caller: httpx.AsyncClient) -> list[int]:
    """Of a page, a read of the API, and an order of an operator."""
    async with caller:
        page, read = await caller.get("/cluster"), await caller.get("/api/v1/alarms")
        order = await caller.post(PAUSE, json=WHY)
    return [page.status_code, read.status_code, order.status_code]


@pytest.mark.parametrize(
    ("names", "common", "expected"),
    [
        (("noc",), None, [200, 200, 200]),
        ((), "noc", [200, 200, 200]),
        (("screen@example.com",), None, [200, 200, 403]),
        (("screen@example.com", "noc"), None, [200, 200, 200]),
        (("stranger",), None, [401, 401, 401]),
        (("n1", "n1.example.com"), None, [401, 401, 401]),
    ],
    ids=["alternative name", "common name", "viewer", "the strongest of two", "no role", "a member's name"],
)
async def test_a_certificate_has_the_role_of_its_name(
    port: Port, names: tuple[str, ...], common: str | None, expected: list[int]
) -> None:
    caller = port.holder(*names, common=common) if names else port.holder("someone.example.com", common=common)
    assert await statuses(caller) == expected


async def test_who_shows_no_certificate_reads_what_is_open_and_nothing_else(port: Port) -> None:
    assert await statuses(port.caller()) == [401, 401, 401]
    async with port.caller() as caller:
        assert (await caller.get("/liveness")).status_code == 200
        assert (await caller.get("/backend/data/pacing/reactiveState?channel=chat")).status_code != 401


async def test_a_certificate_of_another_authority_is_no_connection(port: Port) -> None:
    with pytest.raises((httpx.ReadError, httpx.ConnectError, httpx.RemoteProtocolError)):
        await statuses(port.caller(trustme.CA().issue_cert("noc")))


async def test_an_order_is_audited_by_the_name_in_the_certificate(port: Port) -> None:
    await statuses(port.holder("noc"))
    carried_out = [event for event in port.api.events if event["outcome"] == "carried out"]
    assert [(each["who"], each["role"], each["proof"]) for each in carried_out] == [("noc", "operator", "certificate")]


async def test_a_wrong_token_is_not_overlooked_for_the_sake_of_the_certificate(port: Port) -> None:
    headers = {"Authorization": "Bearer pacing_0123456789ab_" + "x" * 43}
    assert await statuses(port.holder("noc", headers=headers)) == [401, 401, 401]


async def test_a_token_counts_before_the_certificate(port: Port) -> None:
    headers = {"Authorization": f"Bearer {port.api.token(AccessRole.VIEWER)}"}
    assert await statuses(port.holder("noc", headers=headers)) == [200, 200, 403]


async def test_a_page_of_another_site_gives_no_orders_with_the_certificate_of_a_browser(port: Port) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert (await statuses(port.holder("noc", headers=headers)))[2] == 403


async def test_the_session_of_a_browser_with_a_certificate_names_its_holder_and_orders(port: Port) -> None:
    async with port.holder("noc") as browser:
        found = (await browser.get("/api/v1/session")).json()
    assert (found["name"], found["role"], found["session"]) == ("noc", "operator", False)
    assert "pause" in found["orders"]
    assert "changeConfiguration" not in found["orders"]


async def test_what_a_caller_writes_into_headers_is_no_certificate(port: Port) -> None:
    shown = {"X-SSL-Client-S-DN": "CN=noc", "X-Forwarded-Client-Cert": "Subject=CN=noc", "X-Client-Cert": "noc"}
    assert await statuses(port.caller(headers=shown)) == [401, 401, 401]


def test_names_are_those_of_the_subject_and_its_alternatives() -> None:
    certificate = {
        "subject": ((("organizationName", "Example"),), (("commonName", "ann"),)),
        "issuer": ((("commonName", "authority"),),),
        "subjectAltName": (
            ("DNS", "desk"),
            ("email", "a@b"),
            ("IP Address", "::1"),
            ("URI", "spiffe://x/y"),
            ("x", "z"),
        ),
    }
    assert certificate_names(certificate) == {"ann", "desk", "a@b", "::1", "spiffe://x/y"}
    assert certificate_names({}) == frozenset()


def test_a_name_alone_is_a_viewers_and_no_name_is_a_members() -> None:
    assert parse_http_names(["desk", "noc=operator"]) == {"desk": AccessRole.VIEWER, "noc": AccessRole.OPERATOR}
    with pytest.raises(ValueError, match=r"with one of the roles viewer, operator, admin$"):
        parse_http_names(["n1=member"])
    assert parse_allowed_names(["n1"]) == {"n1": AccessRole.MEMBER}


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"allowed_names": "noc=operator"}, "allowed_names"),
        ({"required": "false"}, "required"),
        ({"authorities": "ca.pem", "allowed_names": "n1=member"}, "allowed_names"),
        ({"authorities": "ca.pem", "allowed_names": "a=viewer,a=admin"}, "allowed_names"),
    ],
    ids=["roles without authorities", "optional without authorities", "a member", "two roles"],
)
def test_options_that_mean_nothing_are_refused(more: dict[str, str], name: str) -> None:
    given = {"zookeeper": "none", "certificates_certificate": "c.pem", "certificates_private_key": "k.pem"}
    given |= {f"certificates_{key}": value for key, value in more.items()}
    with pytest.raises(ConfigurationError, match=f"PACING_CERTIFICATES_{name.upper()}: found"):
        load_node_options(environ={f"PACING_{key.upper()}": value for key, value in given.items()})
