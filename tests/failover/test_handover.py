"""The master goes, in every way it can go; another takes over, and nothing old is accepted after anything newer."""

from __future__ import annotations

import asyncio
import json
import os
import signal

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from cluster import addresses
from simulator.harness.processes import innermost_child
from simulator.harness.zookeeper import Ensemble
from tests.support.cluster_site import SESSION_SECONDS, TICK_SECONDS, Site, stopped, wait_until
from tests.support.step_down import step_down
from tests.support.waiting import still_blocking

pytestmark = [pytest.mark.ensemble, pytest.mark.xdist_group("failover")]

SLACK_SECONDS = 20.0
"""For a busy machine: periods, process start, scheduling. Measured times are printed; what ended a term is asserted."""


async def serving(site: Site) -> list[str]:
    """Nodes on which a standard gRPC health client sees the service of the master SERVING."""

    async def ask(name: str) -> str | None:
        async with grpc.aio.insecure_channel(
            addresses.join(site.plans[name].host, site.plans[name].clustering_port)
        ) as channel:
            request = health_pb2.HealthCheckRequest(service="pacing.v1.Master")
            try:
                answer = await health_pb2_grpc.HealthStub(channel).Check(request, timeout=2.0)
            except grpc.aio.AioRpcError:
                return None
            return name if answer.status == health_pb2.HealthCheckResponse.SERVING else None

    answers = await asyncio.gather(*(ask(name) for name in site.nodes))
    return [name for name in answers if name]


def taken_over(site: Site, old_epoch: int) -> float:
    """Wait until the platform has accepted a push of a newer term; the gap it saw, also printed."""

    def newer() -> bool:
        last = site.audit().last_accepted
        return last is not None and last.epoch > old_epoch

    wait_until(f"a push of an epoch above {old_epoch} is accepted", newer, site.logs)
    change = next(change for change in site.audit().changes if change.old_epoch >= old_epoch)
    print(f"gap {change.gap_seconds:.3f} s, epoch {change.old_epoch} to {change.epoch}")
    return change.gap_seconds


def test_a_health_client_sees_exactly_one_master_before_and_after_a_hand_over(site: Site, master: str) -> None:
    assert asyncio.run(serving(site)) == [master]
    answer = json.loads(step_down("--wait", "--output", "json", "--url", site.plans[master].http).out)
    assert answer["former_master"] == master
    assert answer["master"] in set(site.nodes) - {master}
    assert answer["epoch"] > answer["former_epoch"]
    wait_until("one health service serves", lambda: asyncio.run(serving(site)) == [answer["master"]])
    taken_over(site, answer["former_epoch"])


def ended_by(site: Site, node: str, epoch: int) -> str | None:
    """What ended a term, as the history shows it on a node."""
    return {term["epoch"]: term["cause"] for term in site.get(node, "/cluster")["history"]}.get(epoch)


def test_sigterm_hands_over_without_waiting_for_the_session_to_expire(site: Site, master: str) -> None:
    epoch = site.epoch(master)
    os.kill(site.nodes[master].pid, signal.SIGTERM)
    taken_over(site, epoch)
    wait_until("the old master has ended", lambda: not site.nodes[master].running)
    other = site.other_than(master)
    wait_until("the history names the cause", lambda: ended_by(site, other, epoch) == "resigned")
    terms = {term["epoch"]: term for term in site.get(other, "/cluster")["history"]}
    print(f"gap in the history: {terms[epoch + 1]['gap_seconds']:.3f} s, session {SESSION_SECONDS:g} s")
    assert terms[epoch + 1]["gap_seconds"] < SLACK_SECONDS


def test_a_master_that_dies_under_its_supervisor_is_replaced_without_waiting_for_its_session(
    site: Site, master: str
) -> None:
    # Where a supervisor gets no processor for as long as a session lasts, the session ends the term: once more then.
    for _ in range(3):
        epoch, other = site.epoch(master), site.other_than(master)
        site.signal_worker(master, signal.SIGKILL)
        if taken_over(site, epoch) < SESSION_SECONDS:
            break
        master = site.steady()
    wait_until("the supervisor frees the mastership", lambda: ended_by(site, other, epoch) == "process_died")


def test_a_machine_that_is_lost_is_replaced_when_its_session_expires(site: Site, master: str) -> None:
    epoch = site.epoch(master)
    supervisor, worker = site.nodes[master].pid, innermost_child(site.nodes[master].pid)
    assert supervisor != worker
    os.kill(supervisor, signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)
    gap = taken_over(site, epoch)
    assert gap <= SESSION_SECONDS + TICK_SECONDS + SLACK_SECONDS


def test_a_frozen_master_is_replaced_and_harmless_when_it_wakes_up(site: Site, master: str) -> None:
    epoch = site.epoch(master)
    worker = innermost_child(site.nodes[master].pid)
    with stopped(worker):
        taken_over(site, epoch)
    accepted = site.audit().accepted
    wait_until("the cluster goes on pushing", lambda: site.audit().accepted >= accepted + 3, site.logs)
    wait_until("the old master knows", lambda: site.status(master, "/standby") == 200, site.logs)
    assert site.masters() != [master]


def test_the_loss_of_the_zookeeper_leader_changes_neither_master_nor_epoch(
    site: Site, master: str, three_members: Ensemble
) -> None:
    epoch = site.epoch(master)
    leader = three_members.leader()
    assert leader is not None
    before = site.audit().accepted
    leader.kill()
    try:
        wait_until("pushes go on", lambda: site.audit().accepted >= before + 4, site.logs)
    finally:
        three_members.restore()
    assert site.steady() == master
    assert site.epoch(master) == epoch


def test_standbys_show_what_the_master_calculated(site: Site, master: str) -> None:
    standby = site.other_than(master)

    def same() -> bool:
        mine, other = site.get(master, "/targets"), site.get(standby, "/targets")
        return bool(mine["pushed"]) and (mine["epoch"], mine["sequence"]) == (other["epoch"], other["sequence"])

    wait_until("a standby shows the master's newest cycle", same)


def test_while_zookeeper_is_away_nobody_pushes_and_afterwards_the_cluster_goes_on(
    site: Site, master: str, three_members: Ensemble
) -> None:
    for member in three_members.members:
        member.kill()
    wait_until("the lease has run out", lambda: site.masters() == [])
    silent = site.audit().accepted
    still_blocking(lambda: site.audit().accepted == silent, 2.5)
    assert site.status(master, "/liveness") == 200, "an outage of ZooKeeper restarts nobody"
    assert site.status(master, "/readiness") == 200
    three_members.restore()
    wait_until("pushes go on", lambda: site.audit().accepted >= silent + 2, site.logs)
