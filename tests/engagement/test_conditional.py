"""Conditional writes over sockets: two masters, lost answers, late writes; the platform looks at no token."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from pacing_node.engagement.bulk import BulkPlatform
from pacing_node.engagement.platform import PushStatus
from pacing_node.engagement.webhook import WebhookSettings
from simulator.scenarios import load_scenario
from simulator.servers import CONDITIONAL_PATH, Simulator, SimulatorOptions
from tests.support.engagement_platform import http_bytes, push, raw_server, token, within
from tests.support.fault_proxy import FaultProxy
from tests.support.waiting import until

DEMO = load_scenario("demo")
SECONDS = 5.0


@asynccontextmanager
async def line(base):
    """A way to the platform of one's own, which can lose answers; the proxy and the address by it."""
    address = urlsplit(base)
    async with FaultProxy(address.hostname, address.port) as proxy:
        yield proxy, f"http://127.0.0.1:{proxy.port}{CONDITIONAL_PATH}"


class Place:
    """A platform, the way to it, and its record."""

    def __init__(self, base: str, proxy: FaultProxy, proxied: str) -> None:
        self.base = base
        self.url = f"{base}{CONDITIONAL_PATH}"
        self.proxy = proxy
        self.proxied = proxied

    async def _get(self, path: str):
        async with httpx.AsyncClient(trust_env=False, timeout=30.0) as client:
            return (await client.get(f"{self.base}{path}")).json()

    async def accepted(self) -> list[tuple[int, int, str]]:
        pushes = (await self._get("/simulator/pushes"))["pushes"]
        return [(each["epoch"], each["sequence"], each["part"]) for each in pushes if each["accepted"]]

    async def refused(self) -> list[str]:
        return [each["reason"] for each in (await self._get("/simulator/pushes"))["pushes"] if not each["accepted"]]

    async def out_of_order(self) -> int:
        return (await self._get("/simulator/status"))["accepted_out_of_order"]


@pytest.fixture
async def place():
    async with Simulator(DEMO, SimulatorOptions()) as simulator:
        base = simulator.addresses["http"]
        async with line(base) as (proxy, url):
            yield Place(base, proxy, url)


@asynccontextmanager
async def master(url, **changes):
    adapter = BulkPlatform(WebhookSettings(url, conditional=True, **changes))
    try:
        yield adapter
    finally:
        await adapter.close()


def targets(count=1):
    return [push(f"Sales {index}") for index in range(count)]


async def test_every_push_of_a_term_replaces_the_one_before(place):
    async with master(place.url) as first:
        for sequence in (1, 2, 3):
            outcome = await first.push(token(1, sequence), targets(), within(SECONDS))
            assert (outcome.status, outcome.attempts) == (PushStatus.ACCEPTED, 1)
    assert await place.accepted() == [(1, 1, "1/1"), (1, 2, "1/1"), (1, 3, "1/1")]


async def test_an_older_master_is_told_of_the_newer_one_and_changes_nothing(place):
    async with master(place.url) as old, master(place.url) as new:
        await old.push(token(1, 1), targets(), within(SECONDS))
        assert (await new.push(token(2, 1), targets(), within(SECONDS))).status is PushStatus.ACCEPTED
        outcome = await old.push(token(1, 2), targets(), within(SECONDS))
        assert outcome.status is PushStatus.FENCED
        assert outcome.mark is not None
        assert (outcome.mark.cluster_id, outcome.mark.epoch, outcome.mark.sequence) == ("c-1", 2, 1)
        assert "epoch 2" in outcome.message
        assert (await new.push(token(2, 2), targets(), within(SECONDS))).status is PushStatus.ACCEPTED
    assert await place.accepted() == [(1, 1, "1/1"), (2, 1, "1/1"), (2, 2, "1/1")]
    assert await place.refused() == ["condition_failed"]


async def test_a_late_beginner_of_an_older_term_does_not_steal_from_a_newer_master(place):
    async with master(place.url) as new, master(place.url) as old:
        await new.push(token(2, 1), targets(), within(SECONDS))
        assert (await old.push(token(1, 1), targets(), within(SECONDS))).status is PushStatus.FENCED
    assert await place.accepted() == [(2, 1, "1/1")]
    assert await place.refused() == [], "it was not even sent"


async def test_a_push_whose_answer_was_lost_is_found_to_be_taken_and_the_term_goes_on(place):
    async with master(place.proxied) as one:
        await one.push(token(1, 1), targets(), within(SECONDS))
        place.proxy.cut_before_answer(b'"sequence":2')
        outcome = await one.push(token(1, 2), targets(), within(SECONDS))
        assert (outcome.status, outcome.replayed, len(outcome.replies)) == (PushStatus.ACCEPTED, True, 1)
        assert place.proxy.cuts == 1
        assert (await one.push(token(1, 3), targets(), within(SECONDS))).status is PushStatus.ACCEPTED
    assert await place.accepted() == [(1, 1, "1/1"), (1, 2, "1/1"), (1, 3, "1/1")]


async def test_the_lost_answer_of_a_terms_first_push_is_no_foreign_write_either(place):
    async with master(place.url) as before, master(place.proxied) as one:
        await before.push(token(1, 1), targets(), within(SECONDS))
        place.proxy.cut_before_answer(b'"epoch":2')
        assert (await one.push(token(2, 1), targets(), within(SECONDS))).status is PushStatus.ACCEPTED
        assert (await before.push(token(1, 2), targets(), within(SECONDS))).status is PushStatus.FENCED
    assert await place.accepted() == [(1, 1, "1/1"), (2, 1, "1/1")]


async def test_after_a_push_without_any_answer_the_next_one_looks_first(place):
    async with master(place.proxied) as one:
        await one.push(token(1, 1), targets(), within(SECONDS))
        place.proxy.silent = True
        assert (await one.push(token(1, 2), targets(), within(0.2))).status is PushStatus.DEADLINE
        place.proxy.silent = False
        assert (await one.push(token(1, 3), targets(), within(SECONDS))).status is PushStatus.ACCEPTED
    assert await place.out_of_order() == 0


async def test_a_newer_master_that_came_while_an_answer_was_lost_is_not_overwritten(place):
    async with master(place.proxied) as old, master(place.url) as new:
        await old.push(token(1, 1), targets(), within(SECONDS))
        place.proxy.silent = True
        await old.push(token(1, 2), targets(), within(0.2))
        await new.push(token(2, 1), targets(), within(SECONDS))
        place.proxy.silent = False
        assert (await old.push(token(1, 3), targets(), within(SECONDS))).status is PushStatus.FENCED
    assert (await place.accepted())[-1] == (2, 1, "1/1")


async def test_a_resource_of_another_cluster_is_left_alone(place):
    async with master(place.url) as one, master(place.url) as other:
        await one.push(token(1, 1), targets(), within(SECONDS))
        outcome = await other.push(token(9, 1, cluster="c-2"), targets(), within(SECONDS))
        assert outcome.status is PushStatus.FENCED
        assert outcome.mark is not None
        assert outcome.mark.cluster_id == "c-1"


async def test_parts_of_a_push_go_one_after_the_other_each_on_the_one_before(place):
    async with master(place.url, max_entities_per_request=2) as one:
        for sequence in (1, 2):
            outcome = await one.push(token(1, sequence), targets(5), within(SECONDS))
            assert (outcome.status, outcome.attempts, len(outcome.replies)) == (PushStatus.ACCEPTED, 1, 5)
    assert await place.accepted() == [(1, sequence, f"{part}/3") for sequence in (1, 2) for part in (1, 2, 3)]
    assert await place.refused() == []


@pytest.mark.parametrize("etag", ["", 'ETag: W/"weak"\r\n'], ids=["none", "weak"])
async def test_a_receiver_without_strong_etags_is_told_as_such_and_gets_nothing(etag):
    posted = []

    async def handle(path, writer, head, body):
        if head.startswith("POST"):
            posted.append(body)
        writer.write(http_bytes(b"{}", headers=etag))

    async with raw_server(handle, whole=True) as url, master(f"{url}/pacing") as one:
        outcome = await one.push(token(1, 1), targets(), within(SECONDS))
    assert outcome.status is PushStatus.FAILED
    assert "expected a strong one" in outcome.message
    assert posted == []


async def test_two_masters_at_once_with_lost_answers_leave_a_history_in_order(place):
    """No lease keeps them apart here: three terms push as fast as they can, each over its own unreliable line."""
    chance = random.Random(5)

    async def term(epoch, most):
        """Push until somebody newer has taken over, or ``most`` times; how many were taken, and how the last ended."""
        taken = 0
        async with line(place.base) as (proxy, url), master(url) as one:
            for sequence in range(1, most + 1):
                if chance.random() < 0.3:
                    proxy.cut_before_answer(f'"sequence":{sequence},'.encode())
                outcome = await one.push(token(epoch, sequence), targets(), chance.choice((0.02, 0.2, within(SECONDS))))
                taken += outcome.status is PushStatus.ACCEPTED
                if outcome.status is PushStatus.FENCED:
                    break
        return taken, outcome.status

    async def some_accepted(epoch):
        return [each for each in await place.accepted() if each[0] == epoch][3:]

    async with asyncio.TaskGroup() as group:
        terms = []
        for epoch, most in ((1, 10_000), (2, 10_000), (3, 40)):
            terms.append(group.create_task(term(epoch, most)))
            await until(lambda epoch=epoch: some_accepted(epoch), f"term {epoch} has pushed")
    ended = [each.result() for each in terms]
    accepted = await place.accepted()
    assert accepted == sorted(set(accepted))
    assert await place.out_of_order() == 0
    assert [status for _, status in ended[:2]] == [PushStatus.FENCED] * 2
    assert ended[2][1] is not PushStatus.FENCED
    assert len([each for each in accepted if each[0] == 3]) >= ended[2][0] > 0
