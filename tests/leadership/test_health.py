"""What a load balancer sees: one master before and after, none in doubt, and silence noticed within two seconds."""

from __future__ import annotations

import asyncio
import signal

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from cluster.errors import ClusterError
from cluster.peers.channels import open_channel
from cluster.peers.health import Health
from simulator.harness.ports import choose_quiet
from tests.leadership.conftest import SLACK_SECONDS, Members, Workers
from tests.support.patient_channel import patient_channel
from tests.support.receiver import Receiver
from tests.support.waiting import timed, until

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def check(address: str, service: str) -> int:
    async with patient_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=30)
        return answer.status


async def masters_by_health(members: Members) -> list[str]:
    addresses = {member.info.name: member.info.clustering for member in members.all}
    answers = await asyncio.gather(*(check(address, "pacing.v1.Master") for address in addresses.values()))
    return [name for name, answer in zip(addresses, answers, strict=True) if answer == SERVING]


@pytest.mark.ensemble
async def test_exactly_one_node_serves_as_master_before_and_after_a_hand_over(members: Members) -> None:
    names = ("pacing.v1.Node", "pacing.v1.Master")
    for node in ("a", "b", "c"):
        await members.join(node, health_services=names)
    master = await members.master()
    await until(lambda: all(member.status().master for member in members.all))
    assert await masters_by_health(members) == [master.info.name]
    address = master.info.clustering
    assert await members.all[0].step_down("a test") == 1
    # From the moment the old one has resigned, whoever asks it is told.
    assert await check(address, "pacing.v1.Master") == NOT_SERVING
    successor = await members.master(other_than=master)
    assert await masters_by_health(members) == [successor.info.name]


@pytest.mark.ensemble
async def test_a_node_joins_before_it_is_ready_and_knows_no_other_service(members: Members) -> None:
    member = await members.join("a", health_services=("pacing.v1.Node", "pacing.v1.Master"))
    await members.master()
    assert await check(member.info.clustering, "") == NOT_SERVING
    assert await check(member.info.clustering, "pacing.v1.Node") == SERVING
    member.set_ready(ready=True)
    assert await check(member.info.clustering, "") == SERVING
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await check(member.info.clustering, "no.such.Service")
    assert refusal.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_watcher_is_told_of_each_change_and_of_the_end() -> None:
    health = Health("node", "master")
    server = grpc.aio.server()
    health.add_to(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with patient_channel(f"127.0.0.1:{port}") as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service="master"))
        assert (await watch.read()).status == NOT_SERVING
        health.set(master=True)
        assert (await watch.read()).status == SERVING
        health.close()
        assert (await watch.read()).status == NOT_SERVING
        health.set(master=True)
        assert await watch.read() is grpc.aio.EOF
        with timed("stop with a watcher that has seen the end") as taken:
            await server.stop(60)
        assert taken.seconds < 30, "it does not wait for the watcher"


@pytest.mark.ensemble
async def test_a_frozen_peer_is_noticed(workers: Workers, receiver: Receiver) -> None:
    (port,) = choose_quiet(1)
    worker = workers.start("a", receiver, port=port)
    await receiver.next_accepted()
    async with open_channel(f"127.0.0.1:{port}") as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service="master"))
        await watch.read()
        worker.send_signal(signal.SIGSTOP)
        with timed("frozen peer noticed") as noticed, pytest.raises(grpc.aio.AioRpcError) as broken:
            await watch.read()
        assert broken.value.code() is grpc.StatusCode.UNAVAILABLE
        assert noticed.seconds <= 2.0 + SLACK_SECONDS


@pytest.mark.ensemble
async def test_a_clustering_port_in_use_is_an_error(members: Members) -> None:
    first = await members.join("a")
    port = int(first.info.clustering.rpartition(":")[2])
    with pytest.raises((OSError, ClusterError), match=str(port)):
        await members.join("b", clustering_port=port)
