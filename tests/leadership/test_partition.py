"""A master behind a network that loses everything: no connection breaks, packets just do not arrive."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from simulator.harness.namespace import Namespace
from simulator.harness.zookeeper import Ensemble
from tests.leadership.conftest import SESSION_TIMEOUT_SECONDS, SLACK_SECONDS, TICK_SECONDS, Workers
from tests.support.fault_proxy import FaultProxy
from tests.support.receiver import Receiver
from tests.support.waiting import still

pytestmark = pytest.mark.ensemble

NOTICED_SECONDS = SESSION_TIMEOUT_SECONDS + TICK_SECONDS + SLACK_SECONDS


@dataclass
class Ways:
    """Where a worker inside the namespace finds ZooKeeper and the receiver."""

    hosts: str
    receiver: int


@pytest.fixture
async def ways(namespace: Namespace, ensemble: Ensemble, receiver: Receiver) -> AsyncIterator[Ways]:
    async with AsyncExitStack() as stack:

        async def way_to(port: int) -> int:
            return (await stack.enter_async_context(FaultProxy("127.0.0.1", port, namespace.outside))).port

        doors = [await way_to(int(each.rsplit(":", 1)[1])) for each in ensemble.hosts.split(",")]
        yield Ways(",".join(f"{namespace.outside}:{port}" for port in doors), await way_to(receiver.port))


async def test_a_master_cut_off_by_the_network_is_replaced_and_never_disturbs_its_successor(
    namespace: Namespace, ways: Ways, workers: Workers, receiver: Receiver, zookeeper_hosts: str
) -> None:
    root = zookeeper_hosts[zookeeper_hosts.index("/") :] if "/" in zookeeper_hosts else ""
    workers.start(
        "inside",
        receiver,
        prefix=namespace.prefix,
        hosts=ways.hosts + root,
        receiver_port=ways.receiver,
        receiver_host=namespace.outside,
    )
    await receiver.next_accepted(lambda push: push.node == "inside")
    workers.start("outside", receiver)
    last = await receiver.next_accepted(lambda push: push.node == "inside" and push.members == 2)

    namespace.cut()
    first = await receiver.next_accepted(lambda push: push.epoch > last.epoch)
    gap = first.at - max(push.at for push in receiver.accepted if push.epoch == last.epoch)
    namespace.mend()
    print(f"partition: {gap:.2f} s")
    assert first.node == "outside"
    assert gap <= NOTICED_SECONDS

    # What was held back arrives now, and the one that was cut off finds that its term is over.
    await still(lambda: all(push.epoch > last.epoch for push in receiver.accepted[-1:]), 2 * SESSION_TIMEOUT_SECONDS)
    assert (await receiver.next_accepted()).node == "outside"
    assert receiver.order_kept()
    workers.processes["outside"].terminate()
    await receiver.next_accepted(lambda push: push.node == "inside" and push.epoch > first.epoch)
    assert receiver.order_kept()
