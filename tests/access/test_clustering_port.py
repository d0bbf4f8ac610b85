"""Orders over gRPC to a real node: without, with wrong, expired, repeated and too weak proofs; refused and audited."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from typing import TYPE_CHECKING, Any, cast

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from structlog.testing import capture_logs

from cluster.access.audit_log import EVENT
from cluster.access.credentials import SecretCredentials
from cluster.access.roles import CALL_ROLES, AccessRole
from cluster.access.signed_calls import HEADER, CallSubject, ClusterSecret, sign
from cluster.access.tokens import KeptTokens, TokenBook, encode_tokens, new_token
from cluster.admin.member_calls import open_calls
from cluster.errors import RefusedError
from cluster.member import ClusterMember
from cluster.peers.member_access import MemberAccess
from cluster.records import Record, RecordInfo
from cluster.rpc import peer_pb2
from cluster.settings import ClusterSettings
from cluster.zookeeper.document_stores import LocalDocuments
from tests.leadership.conftest import Members
from tests.support.patient_channel import patient_channel
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, MutableMapping
    from pathlib import Path

SECRET = ClusterSecret.parse("a secret of the cluster that is long enough")
REQUESTS: dict[str, Any] = {
    "GetStatus": peer_pb2.GetStatusRequest(),
    "Follow": peer_pb2.FollowRequest(follower="stranger"),
    "Fetch": peer_pb2.FetchRequest(asked_by="a stranger", topic="anything"),
    "StepDown": peer_pb2.StepDownRequest(requested_by="a stranger"),
    "CanServe": peer_pb2.CanServeRequest(asked_by="a stranger"),
    "Promise": peer_pb2.PromiseRequest(asked_by="a stranger", epoch=1, seconds=1.0),
    "Pause": peer_pb2.PauseRequest(requested_by="a stranger", seconds=60.0),
    "Resume": peer_pb2.ResumeRequest(requested_by="a stranger"),
}
ORDERS = ("StepDown", "Pause", "Resume")
Metadata = tuple[tuple[str, str], ...]
Events = list[Any]


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[ClusterMember]:
    settings = ClusterSettings(
        "only", "site", None, clustering_port=0, state_directory=tmp_path / "state", cluster_secret=SECRET
    )
    member = ClusterMember(settings, version="1")
    await member.start()
    await member.mastership.wait_for_term()
    yield member
    await member.stop()


@pytest.fixture
def events() -> Iterator[Events]:
    with capture_logs() as found:
        yield found


def audited(events: Iterable[MutableMapping[str, Any]]) -> list[MutableMapping[str, Any]]:
    return [event for event in events if event["event"] == EVENT]


async def call(node: ClusterMember, name: str, metadata: Metadata = (), body: bytes | None = None) -> Any:
    """One call as anybody can make it: the bytes and the metadata are ours."""
    async with patient_channel(node.info.clustering) as channel:
        path = f"/cluster.v1.PeerService/{name}"
        sent = REQUESTS[name].SerializeToString() if body is None else body
        if name == "Follow":
            return [each async for each in channel.unary_stream(path)(sent, metadata=metadata, timeout=30)]
        return await channel.unary_unary(path)(sent, metadata=metadata, timeout=30)


async def refused(
    node: ClusterMember, name: str, metadata: Metadata = (), body: bytes | None = None
) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await call(node, name, metadata, body)
    return failure.value.code()


def signature(node: ClusterMember, name: str, secret: ClusterSecret = SECRET, **changes: Any) -> Metadata:
    given = {"addressee": node.info.clustering, "cluster": "site", "at": time.time(), "call": name} | changes
    subject = CallSubject(given["cluster"], given["addressee"], given["call"], REQUESTS[name].SerializeToString())
    return ((HEADER, sign(secret, subject, "node-2", given["at"], os.urandom(16))),)


def bearer(node: ClusterMember, role: AccessRole, seconds: float = 60.0) -> Metadata:
    now = time.time() - (100.0 if seconds < 0 else 0.0)
    text, token = new_token("ops", role, created_at=now, seconds=abs(seconds), randomness=os.urandom(38))
    node.access.control.tokens = TokenBook((*node.access.control.tokens.tokens, token))
    return (("authorization", f"Bearer {text}"),)


def untouched(node: ClusterMember, epoch: int) -> bool:
    return node.status().epoch == epoch and node.mastership.term is not None and node.paused is None


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_call_without_a_proof_is_refused_and_audited(node: ClusterMember, events: Events, name: str) -> None:
    epoch = node.status().epoch
    assert await refused(node, name) is grpc.StatusCode.UNAUTHENTICATED
    (event,) = audited(events)
    assert (event["outcome"], event["what"], event["who"]) == ("refused", name, None)
    assert event["source"].startswith("127.0.0.1:")
    assert untouched(node, epoch)


WRONG = {
    "another secret": lambda node, name: signature(node, name, ClusterSecret.parse("x" * 40)),
    "another cluster": lambda node, name: signature(node, name, cluster="elsewhere"),
    "another node": lambda node, name: signature(node, name, addressee="127.0.0.1:1"),
    "another call": lambda node, name: signature(node, name, call="GetStatus" if name != "GetStatus" else "Pause"),
    "too old": lambda node, name: signature(node, name, at=time.time() - 60.0),
    "of the future": lambda node, name: signature(node, name, at=time.time() + 60.0),
    "no signature": lambda node, name: ((HEADER, "v1 x"),),
    "an unknown token": lambda node, name: (("authorization", "Bearer pacing_0123456789ab_" + "x" * 43),),
    "an expired token": lambda node, name: bearer(node, AccessRole.ADMIN, -50.0),
    "a jwt of nobody": lambda node, name: (("authorization", "Bearer e30.e30.x"),),
    "an empty token": lambda node, name: (("authorization", "Bearer "),),
}


@pytest.mark.parametrize("proof", WRONG)
@pytest.mark.parametrize("name", ORDERS)
async def test_an_order_with_a_wrong_proof_is_refused_and_audited(
    node: ClusterMember, events: Events, name: str, proof: str
) -> None:
    epoch = node.status().epoch
    assert await refused(node, name, WRONG[proof](node, name)) is grpc.StatusCode.UNAUTHENTICATED
    (event,) = audited(events)
    assert (event["outcome"], event["what"]) == ("refused", name)
    assert event["reason"]
    assert untouched(node, epoch)


@pytest.mark.parametrize("name", ORDERS)
async def test_an_order_with_another_body_than_the_signed_one_is_refused(
    node: ClusterMember, events: Events, name: str
) -> None:
    other = REQUESTS[name].SerializeToString() + peer_pb2.PauseRequest(requested_by="x").SerializeToString()
    assert await refused(node, name, signature(node, name), other) is grpc.StatusCode.UNAUTHENTICATED
    assert [event["outcome"] for event in audited(events)] == ["refused"]


@pytest.mark.parametrize(
    ("name", "outcome"), [("Pause", "carried out"), ("Resume", "carried out"), ("StepDown", "failed")]
)
async def test_an_order_that_was_recorded_and_is_sent_again_is_refused(
    node: ClusterMember, events: Events, name: str, outcome: str
) -> None:
    recorded = signature(node, name)
    with contextlib.suppress(grpc.aio.AioRpcError):  # a node alone steps down for nobody
        await call(node, name, recorded)
    assert await refused(node, name, recorded) is grpc.StatusCode.UNAUTHENTICATED
    done, repeated = audited(events)
    assert (done["outcome"], done["who"], done["role"]) == (outcome, "node-2", "member")
    assert repeated["outcome"] == "refused"
    assert "nonce" in repeated["reason"]


@pytest.mark.parametrize("name", ORDERS)
async def test_an_order_of_a_viewer_is_refused_and_audited_with_their_name(
    node: ClusterMember, events: Events, name: str
) -> None:
    epoch = node.status().epoch
    assert await refused(node, name, bearer(node, AccessRole.VIEWER)) is grpc.StatusCode.PERMISSION_DENIED
    (event,) = audited(events)
    assert event["outcome"] == "refused"
    assert event["who"].startswith("ops (")
    assert event["role"] == "viewer"
    assert untouched(node, epoch)


@pytest.mark.parametrize("name", [name for name in CALL_ROLES if name not in {*ORDERS, "GetStatus"}])
async def test_an_admin_is_no_member(node: ClusterMember, name: str) -> None:
    assert await refused(node, name, bearer(node, AccessRole.ADMIN)) is grpc.StatusCode.PERMISSION_DENIED


async def test_orders_of_an_operator_are_carried_out_and_audited_with_what_they_changed(
    node: ClusterMember, events: Events
) -> None:
    shown = bearer(node, AccessRole.OPERATOR)
    await call(node, "Pause", shown)
    assert node.paused is not None
    await call(node, "Resume", shown)
    assert await refused(node, "StepDown", shown) is grpc.StatusCode.ABORTED
    paused, resumed, stepped = audited(events)
    assert [event["what"] for event in (paused, resumed, stepped)] == ["Pause", "Resume", "StepDown"]
    assert (paused["before"]["paused_by"], paused["after"]["paused_by"]) == (None, "a stranger")
    assert paused["asked"] == {"requested_by": "a stranger", "seconds": 60.0}
    assert (resumed["before"]["paused_by"], resumed["after"]["paused_by"]) == ("a stranger", None)
    assert [event["outcome"] for event in (paused, resumed, stepped)] == ["carried out", "carried out", "failed"]
    assert "runs alone" in stepped["reason"]


async def test_an_order_that_could_not_be_carried_out_is_audited_as_failed(node: ClusterMember, events: Events) -> None:
    shown = bearer(node, AccessRole.OPERATOR)
    await call(node, "Pause", shown)
    assert await refused(node, "StepDown", shown) is grpc.StatusCode.ABORTED
    # The caller has the answer before the line is written.
    await until(lambda: len(audited(events)) == 2)
    failed = audited(events)[-1]
    assert failed["outcome"] == "failed"
    assert "paused" in failed["reason"]


async def test_a_message_that_is_none_is_refused_to_who_sent_it(node: ClusterMember, events: Events) -> None:
    junk = b"\xff" * 40
    subject = CallSubject("site", node.info.clustering, "Pause", junk)
    shown = ((HEADER, sign(SECRET, subject, "node-2", time.time(), os.urandom(16))),)
    assert await refused(node, "Pause", shown, junk) is grpc.StatusCode.INVALID_ARGUMENT
    assert not [event for event in events if event.get("exc_info")]


async def test_what_members_call_each_other_with_is_accepted(node: ClusterMember) -> None:
    async with open_calls(5.0, credentials=SecretCredentials(SECRET, "site", "node-2")) as client:
        assert (await client.get_status(node.info)).reachable
        assert await client.pause(node.info, "node-2", 60.0, 5.0)
        assert await client.resume(node.info, "node-2", 5.0)
    async with open_calls(5.0) as client:
        assert "unauthenticated" in ((await client.get_status(node.info)).error or "")


async def test_a_flood_of_refused_orders_is_counted_and_not_written_down_one_by_one(
    node: ClusterMember, events: Events
) -> None:
    async with patient_channel(node.info.clustering) as channel:
        order = channel.unary_unary("/cluster.v1.PeerService/StepDown")
        for _ in range(300):
            with pytest.raises(grpc.aio.AioRpcError):
                await order(b"", timeout=30)
    assert node.access.audit.refused["StepDown"] == 300
    node.access.audit.flush()
    lines = audited(events)
    assert len(lines) < 100
    assert len([line for line in lines if "source" in line]) + sum(line["not_logged"] for line in lines) == 300


@pytest.mark.parametrize(("possible", "outcome"), [(True, "carried out"), (False, "failed")])
async def test_an_order_whose_caller_went_away_goes_on_and_is_audited_by_its_end(
    node: ClusterMember, events: Events, monkeypatch: pytest.MonkeyPatch, possible: bool, outcome: str
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    switch = node._backend.pause
    pause = switch.pause

    async def slow(by: str, seconds: float | None = None) -> Any:
        begun.set()
        await go_on.wait()
        if not possible:
            raise RefusedError("not now")
        return await pause(by, seconds)

    monkeypatch.setattr(switch, "pause", slow)
    async with patient_channel(node.info.clustering) as channel:
        order = channel.unary_unary("/cluster.v1.PeerService/Pause")
        given = order(REQUESTS["Pause"].SerializeToString(), metadata=signature(node, "Pause"))
        await begun.wait()
        given.cancel()
        await health_told(channel)  # by now the node knows that the caller has gone
        go_on.set()
        await until(lambda: audited(events))
    (event,) = audited(events)
    assert event["outcome"] == outcome
    assert (node.paused is not None, event["after"]["paused_by"] is not None) == (possible, possible)
    assert not [each for each in events if each["log_level"] == "error"]


async def health_told(channel: grpc.aio.Channel) -> None:
    await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=30)


def kept_tokens(*names: str, created_at: float) -> bytes:
    made = [
        new_token(name, AccessRole.VIEWER, created_at=created_at, seconds=9e5, randomness=os.urandom(38))[1]
        for name in names
    ]
    return encode_tokens(KeptTokens(tuple(made), "root@host"))


async def test_tokens_that_were_there_at_the_start_are_no_change_of_theirs(events: Events) -> None:
    documents = LocalDocuments(None)
    await documents.write(kept_tokens("ops", created_at=time.time() - 86_400.0), None)
    access = MemberAccess(ClusterSettings("only", "site", None), cast("Any", None))
    access.follow_tokens(documents)
    await until(lambda: len(access.control.tokens.tokens) == 1)
    assert audited(events) == []
    await documents.write(kept_tokens(created_at=time.time()), 0)
    await until(lambda: audited(events))
    (event,) = audited(events)
    assert (event["what"], event["who"], len(event["before"]["tokens"])) == ("Tokens", "root@host", 1)


async def test_the_first_token_of_a_running_cluster_is_audited(events: Events) -> None:
    documents = LocalDocuments(None)
    access = MemberAccess(ClusterSettings("only", "site", None), cast("Any", None))
    access.follow_tokens(documents)
    await documents.write(kept_tokens("ops", created_at=time.time() + 1.0), None)
    await until(lambda: audited(events))
    assert [event["what"] for event in audited(events)] == ["Tokens"]


async def test_health_is_told_to_everybody(node: ClusterMember) -> None:
    async with patient_channel(node.info.clustering) as channel:
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=30)
    assert answer.status


@pytest.mark.ensemble
async def test_members_with_one_secret_follow_each_other_and_one_with_another_is_left_out_and_says_so(
    zookeeper_hosts: str, events: Events
) -> None:
    members = Members(zookeeper_hosts)
    try:
        a = await members.join("a", cluster_secret=SECRET)
        await members.master()
        b = await members.join("b", cluster_secret=SECRET)
        stranger = await members.join("c", cluster_secret=ClusterSecret.parse("x" * 40))
        await until(lambda: len(b.members()) == 3)

        async def told_apart() -> bool:
            answers = {each.info.name: each.reachable for each in await b.ask_members()}
            return answers == {"a": True, "b": True, "c": False}

        await until(told_apart)
        a.publish(Record(RecordInfo(1, 1, 0.0), "test.v1", b""))
        await until(lambda: b.last_record is not None)
        assert stranger.last_record is None
        await until(lambda: [event for event in events if event["event"] == "follower.refused"])
        assert stranger.refused_by_master.startswith("a wrong signature")
        assert b.refused_by_master == ""
    finally:
        for member in list(members.all):
            await members.leave(member)
