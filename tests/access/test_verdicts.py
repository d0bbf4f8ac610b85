"""Who may call what: by each proof, without one, and where no proof is configured."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from cluster.access.access_control import AccessControl, BadJwtError
from cluster.access.certificate_roles import certificate_holder, parse_allowed_names
from cluster.access.principal import Evidence, Principal, Proof
from cluster.access.roles import CALL_ROLES, AccessRole, covers, needed_for
from cluster.access.signed_calls import CallSubject, ClusterSecret, SignedCalls, sign
from cluster.access.tokens import TokenBook, new_token
from cluster.access.verdict import Refusal, Verdict
from cluster.rpc import peer_pb2

NOW = 1_700_000_000.0
SECRET = ClusterSecret.parse("a secret of the cluster that is long enough")
STRANGER = Evidence("StepDown", b"", "10.0.0.9:1234", local=False, encrypted=False)
HERE = replace(STRANGER, source="127.0.0.1:1234", local=True)
ORDERS = ("StepDown", "Pause", "Resume")
AMONG_MEMBERS = ("Follow", "Fetch", "CanServe", "Promise")


def guarded(**options) -> AccessControl:
    control = AccessControl("pacing", signed_calls=SignedCalls(SECRET, NOW - 100.0, lambda: 0.0), **options)
    control.address = "node1:7800"
    return control


def with_token(control: AccessControl, role: AccessRole, seconds: float = 60.0) -> str:
    text, token = new_token("ops", role, created_at=NOW, seconds=seconds, randomness=os.urandom(38))
    control.tokens = TokenBook((*control.tokens.tokens, token))
    return text


def judge(control: AccessControl, evidence: Evidence, call: str = "StepDown", now: float = NOW) -> Verdict:
    return control.judge(replace(evidence, call=call), needed_for(call), now)


def test_every_call_of_the_contract_has_a_role() -> None:
    assert set(CALL_ROLES) == {method.name for method in peer_pb2.DESCRIPTOR.services_by_name["PeerService"].methods}


def test_a_call_that_nobody_has_listed_is_for_no_person() -> None:
    assert not any(
        covers(role, needed_for("New")) for role in (AccessRole.VIEWER, AccessRole.OPERATOR, AccessRole.ADMIN)
    )


@pytest.mark.parametrize("call", CALL_ROLES)
@pytest.mark.parametrize("evidence", [STRANGER, HERE])
def test_with_a_secret_nobody_may_call_anything_without_a_proof(call: str, evidence: Evidence) -> None:
    assert judge(guarded(), evidence, call).refusal is Refusal.NO_PROOF


@pytest.mark.parametrize("call", CALL_ROLES)
def test_a_member_that_signs_may_call_everything(call: str) -> None:
    header = sign(SECRET, CallSubject("pacing", "node1:7800", call, b"m"), "node-2", NOW, os.urandom(16))
    verdict = judge(guarded(), replace(STRANGER, body=b"m", signature=header), call)
    assert verdict.principal == Principal("node-2", AccessRole.MEMBER, Proof.SECRET)
    assert verdict.allowed


def test_a_signed_call_that_is_sent_again_is_refused() -> None:
    control = guarded()
    header = sign(SECRET, CallSubject("pacing", "node1:7800", "StepDown", b""), "node-2", NOW, os.urandom(16))
    assert judge(control, replace(STRANGER, signature=header)).allowed
    assert judge(control, replace(STRANGER, signature=header)).refusal is Refusal.BAD_PROOF


def test_a_wrong_signature_is_not_overlooked_for_the_sake_of_a_token() -> None:
    control = guarded()
    token = with_token(control, AccessRole.OPERATOR)
    assert judge(control, replace(HERE, bearer=token, signature="v1 x")).refusal is Refusal.BAD_PROOF


@pytest.mark.parametrize("call", AMONG_MEMBERS)
@pytest.mark.parametrize("role", [AccessRole.VIEWER, AccessRole.OPERATOR, AccessRole.ADMIN])
def test_no_token_makes_its_holder_a_member(call: str, role: AccessRole) -> None:
    control = guarded()
    assert judge(control, replace(HERE, bearer=with_token(control, role)), call).refusal is Refusal.TOO_WEAK


@pytest.mark.parametrize("call", ORDERS)
def test_orders_need_an_operator_or_more(call: str) -> None:
    control = guarded()
    viewer, operator, admin = (
        judge(control, replace(HERE, bearer=with_token(control, role)), call)
        for role in (AccessRole.VIEWER, AccessRole.OPERATOR, AccessRole.ADMIN)
    )
    assert (viewer.refusal, operator.allowed, admin.allowed) == (Refusal.TOO_WEAK, True, True)
    assert viewer.principal is not None
    assert "viewer" in viewer.reason


def test_an_expired_token_and_one_that_was_revoked_are_refused() -> None:
    control = guarded()
    token = with_token(control, AccessRole.ADMIN, seconds=60.0)
    assert judge(control, replace(HERE, bearer=token), now=NOW + 61.0).refusal is Refusal.BAD_PROOF
    control.tokens = TokenBook()
    assert judge(control, replace(HERE, bearer=token)).refusal is Refusal.BAD_PROOF


def test_a_token_is_not_taken_where_others_can_read_it_unless_told() -> None:
    control, told = guarded(), guarded(plain_tokens=True)
    for each, allowed in ((control, False), (told, True)):
        token = with_token(each, AccessRole.OPERATOR)
        assert judge(each, replace(STRANGER, bearer=token)).allowed is allowed
        assert judge(each, replace(STRANGER, bearer=token, encrypted=True)).allowed


def test_where_no_proof_is_configured_orders_come_from_this_machine_alone_and_reads_from_everywhere() -> None:
    control = AccessControl("pacing")
    for call in (*ORDERS, *AMONG_MEMBERS):
        assert judge(control, HERE, call).allowed
        assert judge(control, STRANGER, call).refusal is Refusal.NO_PROOF
    assert judge(control, STRANGER, "GetStatus").allowed


def test_with_tokens_alone_this_machine_holds_the_members_and_gives_no_orders_without_one() -> None:
    control = AccessControl("pacing")
    token = with_token(control, AccessRole.OPERATOR)
    for call in AMONG_MEMBERS:
        assert judge(control, HERE, call).allowed
        assert not judge(control, STRANGER, call).allowed
    for call in (*ORDERS, "GetStatus"):
        assert not judge(control, HERE, call).allowed
        assert judge(control, replace(HERE, bearer=token), call).allowed


def test_a_certificate_of_the_authority_alone_gives_no_right() -> None:
    control = AccessControl("pacing", certificates=True, members=lambda: [("node-1", "host1"), ("node-2", "host2")])
    for call in CALL_ROLES:
        unknown = judge(control, replace(STRANGER, names=frozenset({"laptop"}), encrypted=True), call)
        assert unknown.refusal is Refusal.TOO_WEAK
        for name in ("host2", "node-2"):
            member = judge(control, replace(STRANGER, names=frozenset({name, "x"}), encrypted=True), call)
            assert member.principal == Principal("node-2", AccessRole.MEMBER, Proof.CERTIFICATE)


def test_a_list_of_names_decides_alone_and_gives_each_its_role() -> None:
    roles = parse_allowed_names(["node-1", "laptop=operator", "screen=viewer"])
    control = AccessControl("pacing", certificates=True, certificate_roles=roles, members=lambda: [("node-9", "host9")])
    allowed = {
        name: [call for call in CALL_ROLES if judge(control, replace(STRANGER, names=frozenset({name})), call).allowed]
        for name in ("node-1", "laptop", "screen", "node-9")
    }
    assert allowed["node-1"] == list(CALL_ROLES)
    assert allowed["laptop"] == ["GetStatus", *ORDERS]
    assert allowed["screen"] == ["GetStatus"]
    assert allowed["node-9"] == []


def test_of_several_names_in_a_certificate_the_strongest_role_counts() -> None:
    roles = parse_allowed_names(["a=viewer", "b=admin", "c=operator"])
    assert certificate_holder(frozenset("abc"), roles, ()) == ("b", AccessRole.ADMIN)


@pytest.mark.parametrize("word", ["x=root", "=viewer", "x="])
def test_an_unknown_role_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="allowed is NAME or NAME=ROLE"):
        parse_allowed_names([word])


def test_a_name_with_two_roles_is_refused() -> None:
    with pytest.raises(ValueError, match="two roles"):
        parse_allowed_names(["x=viewer", "x"])


class _Provider:
    def check(self, text: str, now: float) -> Principal:
        if text != "good.jwt.text":
            raise BadJwtError("expired")
        return Principal("alice", AccessRole.OPERATOR, Proof.JWT)


def test_a_jwt_counts_where_there_is_an_identity_provider() -> None:
    control = guarded()
    assert judge(control, replace(HERE, bearer="good.jwt.text")).refusal is Refusal.BAD_PROOF
    control.jwt = _Provider()
    assert judge(control, replace(HERE, bearer="good.jwt.text")).allowed
    assert judge(control, replace(HERE, bearer="bad.jwt.text")).refusal is Refusal.BAD_PROOF
    assert judge(control, replace(HERE, bearer=with_token(control, AccessRole.OPERATOR))).allowed
