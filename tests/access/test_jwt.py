"""JWT of an identity provider: what is accepted, and everything that is not."""

from __future__ import annotations

import base64
import http.server
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from cluster.access.access_control import AccessControl, BadJwtError
from cluster.access.jwt_check import BadKeysError, JwtCheck, ProviderRules
from cluster.access.roles import AccessRole
from pacing_node.assembly import node_access
from pacing_node.assembly.node_access import NodeAccess
from pacing_node.options.cluster_options import parse_cluster_options
from pacing_node.options.errors import ConfigurationError
from tests.support.waiting import until

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ELLIPTIC = ec.generate_private_key(ec.SECP256R1())
EDWARDS = ed25519.Ed25519PrivateKey.generate()
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
RULES = ProviderRules("https://id.example", "agent-pacing", "realm.roles", {"ops": AccessRole.OPERATOR})


def key_set(*more: dict[str, Any]) -> bytes:
    keys = [
        RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True) | {"kid": "r", "use": "sig", "alg": "RS256"},
        ECAlgorithm.to_jwk(ELLIPTIC.public_key(), as_dict=True) | {"kid": "e", "alg": "ES256"},
        OKPAlgorithm.to_jwk(EDWARDS.public_key(), as_dict=True) | {"kid": "d", "alg": "EdDSA"},
    ]
    return json.dumps({"keys": [*keys, *more]}).encode()


@pytest.fixture(scope="module")
def check() -> JwtCheck:
    made = JwtCheck(RULES)
    assert made.use_keys(key_set()) == 3
    return made


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    content = {
        "iss": RULES.issuer,
        "aud": RULES.audience,
        "sub": "alice",
        "exp": now + 600,
        "realm": {"roles": ["ops"]},
    }
    return {key: value for key, value in (content | changes).items() if value is not None}


def signed(key: Any = RSA, algorithm: str = "RS256", kid: str = "r", **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm, headers={"kid": kid})


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"), [(RSA, "RS256", "r"), (ELLIPTIC, "ES256", "e"), (EDWARDS, "EdDSA", "d")]
)
def test_a_good_jwt_gives_its_subject_the_role(check: JwtCheck, key: Any, algorithm: str, kid: str) -> None:
    principal = check.check(signed(key, algorithm, kid), time.time())
    assert (principal.name, principal.role) == ("alice", AccessRole.OPERATOR)


def nothing_signed() -> str:
    head, body = ({"alg": "none", "kid": "r"}, claims())
    return (
        ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (head, body))
        + "."
    )


def public_key_as_password() -> str:
    """The classic mistake: an HMAC with the public key, which everybody has."""
    pem = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    head, body = ({"alg": "HS256", "kid": "r"}, claims())
    import hashlib  # noqa: PLC0415
    import hmac  # noqa: PLC0415

    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, body)]
    signature = base64.urlsafe_b64encode(hmac.digest(pem, b".".join(parts), hashlib.sha256)).rstrip(b"=")
    return b".".join((*parts, signature)).decode()


NOW = int(time.time())
BAD = {
    "another key": lambda: signed(OTHER),
    "an unknown key": lambda: signed(kid="x"),
    "another issuer": lambda: signed(iss="https://evil.example"),
    "another audience": lambda: signed(aud="another-service"),
    "expired": lambda: signed(exp=NOW - 3600),
    "not yet": lambda: signed(nbf=NOW + 3600),
    "without an end": lambda: signed(exp=None),
    "without a subject": lambda: signed(sub=None),
    "without a role": lambda: signed(realm={"roles": ["guest"]}),
    "a role that is none": lambda: signed(realm={"roles": {"ops": True}}),
    "a claim of another kind": lambda: signed(realm="ops"),
    "not signed": nothing_signed,
    "signed with the public key": public_key_as_password,
    "too long": lambda: signed(padding="x" * 9000),
    "no jwt": lambda: "x.y.z",
}


@pytest.mark.parametrize("kind", BAD)
def test_everything_else_is_refused_with_a_reason(check: JwtCheck, kind: str) -> None:
    with pytest.raises(BadJwtError) as refused:
        check.check(BAD[kind](), time.time())
    assert str(refused.value)


@given(place=st.integers(0, 600), character=st.sampled_from("ABCabc012-_."))
def test_a_jwt_with_any_character_changed_is_refused(check: JwtCheck, place: int, character: str) -> None:
    text = signed()
    place %= len(text)
    changed = text[:place] + character + text[place + 1 :]
    head, _, signature = changed.rpartition(".")
    same = changed == text
    # The last character of the signature carries bits that mean nothing.
    same = same or (head == text.rpartition(".")[0] and signature[:-1] == text.rpartition(".")[2][:-1])
    if not same:
        with pytest.raises(BadJwtError):
            check.check(changed, time.time())


@given(text=st.text(max_size=300))
def test_no_text_makes_the_check_fail_otherwise_than_by_its_own_error(check: JwtCheck, text: str) -> None:
    with pytest.raises(BadJwtError):
        check.check(text, time.time())


def test_without_a_mapping_the_claim_names_roles_and_never_a_member() -> None:
    check = JwtCheck(ProviderRules(RULES.issuer, RULES.audience))
    check.use_keys(key_set())
    assert check.check(signed(roles="viewer admin"), time.time()).role is AccessRole.ADMIN
    with pytest.raises(BadJwtError, match="without a role"):
        check.check(signed(roles=["member"]), time.time())


@pytest.mark.parametrize("data", [b"", b"[]", b'{"keys": 3}', b'{"keys": []}', b'{"keys": [3]}', b"[" * 100_000])
def test_a_key_set_that_is_none_leaves_the_old_one_in_force(data: bytes) -> None:
    check = JwtCheck(RULES)
    check.use_keys(key_set())
    with pytest.raises(BadKeysError):
        check.use_keys(data)
    assert check.check(signed(), time.time())


def test_a_secret_key_in_the_set_is_not_used() -> None:
    check = JwtCheck(RULES)
    assert check.use_keys(key_set({"kty": "oct", "k": "c2VjcmV0", "kid": "o", "alg": "HS256"})) == 3


def test_an_unknown_key_asks_for_the_keys() -> None:
    asked: list[bool] = []
    check = JwtCheck(RULES, lambda: asked.append(True))
    with pytest.raises(BadJwtError, match="unknown key"):
        check.check(signed(), time.time())
    assert asked == [True]


# --- a node ----------------------------------------------------------------------------------------------------------

BASE = "configServer: {path: objects.yaml}\nstatServer: {primary: 'localhost:1'}\n"


def provider(where: str) -> str:
    return (
        f"{BASE}access:\n  pages: viewer\n  identityProvider:\n    issuer: {RULES.issuer}\n"
        f"    audience: {RULES.audience}\n    roleClaim: realm.roles\n    roles: ops=operator\n    {where}\n"
    )


@pytest.fixture
def served() -> Iterator[tuple[str, list[bytes]]]:
    """A server of keys, with the answers it gives: the last one for ever."""
    answers: list[bytes] = [key_set()]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/keys", answers
    server.shutdown()
    server.server_close()


def accepts(control: AccessControl) -> bool:
    try:
        return control.jwt is not None and control.jwt.check(signed(), time.time()).name == "alice"
    except BadJwtError:
        return False


@pytest.mark.parametrize("way", ["url", "file"])
async def test_a_node_reads_the_keys_and_takes_the_jwt(
    served: tuple[str, list[bytes]], tmp_path: Path, way: str
) -> None:
    (tmp_path / "keys.json").write_bytes(key_set())
    where = f"keysUrl: {served[0]}" if way == "url" else f"keysFile: {tmp_path / 'keys.json'}"
    control = AccessControl("pacing")
    access = NodeAccess(control)
    await access.use(parse_cluster_options(provider(where), "test"))
    assert access.pages_need_viewer
    assert not control.is_open
    await until(lambda: accepts(control))
    await access.use(parse_cluster_options(BASE, "test"))
    assert control.jwt is None
    await access.stop()


async def test_keys_that_cannot_be_read_are_asked_for_again(
    served: tuple[str, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_access, "RETRY_SECONDS", 0.5)
    served[1][:0] = [b"no keys", b"x" * (2 * node_access.MOST_BYTES)]
    control = AccessControl("pacing")
    access = NodeAccess(control)
    await access.use(parse_cluster_options(provider(f"keysUrl: {served[0]}"), "test"))
    await until(lambda: accepts(control))
    await access.stop()


@pytest.mark.parametrize(
    "where",
    [
        "",
        "keysUrl: http://id.example/keys",
        "keysUrl: https://a/k\n    keysFile: keys.json",
        "keysFile: 3\n    roles: x=member",
    ],
)
def test_a_provider_that_cannot_be_used_is_refused(where: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_cluster_options(provider(where), "test")


def test_a_provider_cannot_make_members() -> None:
    with pytest.raises(ConfigurationError, match="VALUE=ROLE"):
        parse_cluster_options(provider("keysUrl: https://a/k").replace("ops=operator", "ops=member"), "test")
