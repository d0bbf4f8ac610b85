"""Who is given a promise not to contend: the master that this member has seen last, for one session, in failsafe mode.

A stranger's request must not delay the next election.
"""

from __future__ import annotations

import grpc
import grpc.aio
import pytest

from cluster.member import ClusterMember
from cluster.rpc import peer_pb2, peer_pb2_grpc
from tests.leadership.conftest import CALM_SESSION_TIMEOUT_SECONDS, Members
from tests.support.patient_channel import patient_channel
from tests.support.waiting import until

pytestmark = pytest.mark.ensemble


async def pair(members: Members, failsafe_seconds: float | None) -> tuple[ClusterMember, ClusterMember]:
    """A master and a standby that know of each other."""
    a = await members.join("a", failsafe_seconds=failsafe_seconds)
    await a.mastership.wait_for_term()
    b = await members.join("b", failsafe_seconds=failsafe_seconds)
    await until(lambda: b.status().master == "a" and len(a.members()) == len(b.members()) == 2)
    return a, b


def asked(a: ClusterMember, b: ClusterMember, **changed) -> peer_pb2.PromiseRequest:
    """What the master ``a`` asks of ``b``, with changes."""
    return peer_pb2.PromiseRequest(
        **{
            "asked_by": "a",
            "incarnation": a.info.incarnation,
            "cluster_id": a.status().cluster_id,
            "epoch": 1,
            "seconds": CALM_SESSION_TIMEOUT_SECONDS,
            "addressee": "b",
            "addressee_incarnation": b.info.incarnation,
            **changed,
        }
    )


async def answer(member: ClusterMember, request: peer_pb2.PromiseRequest) -> str:
    """Why the member does not promise; empty when it does."""
    async with patient_channel(member.info.clustering) as channel:
        try:
            given = await peer_pb2_grpc.PeerServiceStub(channel).Promise(request, timeout=30)
        except grpc.aio.AioRpcError as failure:
            return f"{failure.code().name}: {failure.details()}"
    return given.reason


async def test_only_members_may_ask(members: Members) -> None:
    a, b = await pair(members, 60.0)
    for changed in ({"incarnation": ""}, {"incarnation": b.info.incarnation}, {"asked_by": "x"}, {"asked_by": ""}):
        assert (await answer(b, asked(a, b, **changed))).startswith("PERMISSION_DENIED: ")


async def test_only_the_master_seen_last_may_ask_for_its_epoch_and_one_session(members: Members) -> None:
    a, b = await pair(members, 60.0)
    own = {"asked_by": "b", "incarnation": b.info.incarnation}
    assert await answer(b, asked(a, b, **own)) == "the master it knows of is a"
    assert (
        await answer(b, asked(a, b, cluster_id="another")) == f"it belongs to another cluster, {b.status().cluster_id}"
    )
    assert await answer(b, asked(a, b, seconds=60.0)) == "seconds: found 60, allowed is above 0 to 10"
    assert await answer(b, asked(a, b)) == "its own ZooKeeper session is connected"
    assert (await answer(b, asked(a, b, epoch=2**64 - 1))).startswith("INVALID_ARGUMENT: epoch: found ")
    assert (await answer(b, asked(a, b, seconds=1e300))).startswith("INVALID_ARGUMENT: seconds: found ")


async def test_nobody_is_given_one_where_failsafe_is_off(members: Members) -> None:
    a, b = await pair(members, None)
    assert await answer(b, asked(a, b)) == "failsafe mode is off here"
