"""The GMS adapter against a server of its own kind over real sockets, and against the simulated contact centre."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.responses import JSONResponse, Response

from pacing_node.assembly import adapters
from pacing_node.discovery.discover import discover
from pacing_node.objects.object_files import load_objects
from pacing_node.options.cluster_options import parse_cluster_options
from pacing_node.statistics.gms_schedule import LONGEST_PAUSE_SECONDS, Schedule
from pacing_node.statistics.gms_session import GmsSettings
from pacing_node.statistics.gms_statistics import gms_statistics
from pacing_node.statistics.gms_values import GmsDefinitions, read_answer
from pacing_node.statistics.registry import Subject
from simulator.scenarios import load_scenario
from simulator.servers import Simulator, SimulatorOptions
from tests.statistics.gms_server import gms_serving
from tests.statistics.server import target, target_set
from tests.support.waiting import still, until

QUICK = GmsSettings(
    refresh_seconds=0.2, silence_seconds=10.0, request_seconds=10.0, first_delay_seconds=0.05, longest_delay_seconds=0.2
)
ONE = target_set(target())


def source_of(*servers, password="secret", **changes):
    return gms_statistics(
        *(server.address for server in servers),
        user="reader",
        password=SecretStr(password),
        settings=replace(QUICK, **changes),
    )


@pytest.fixture
async def servers():
    async with gms_serving(2) as running:
        yield running


@pytest.fixture
async def source(servers):
    statistics = source_of(*servers)
    await statistics.start()
    yield statistics
    await statistics.stop()


async def warm(source, targets=ONE):
    source.watch(targets)
    await until(lambda: source.warmed_up and all(each.connected for each in source.health))
    source.snapshot(10.0)


async def test_every_statistic_is_read_by_a_request_of_its_own(servers, source):
    for server in servers:
        server.agent("ann", 3, 1)
        server.queue("Sales@sw", Current=4, Accepted=100)
        server.values["Sales@sw", "PACS_VQ_Current", "all"] = 6
    await warm(source)
    snapshot = source.snapshot(10.0)
    assert snapshot.valid.all()
    assert (snapshot.ready.tolist(), snapshot.busy.tolist()) == ([2], [1])
    assert (snapshot.waiting.tolist(), snapshot.reactive_waiting.tolist()) == ([4], [2])
    for server in servers:
        server.queue("Sales@sw", Accepted=105)
        server.agent("ann", 3, 0)
    seen = {"accepted": 0.0, "completed": 0.0}

    def arrived() -> bool:
        snapshot = source.snapshot(10.0)
        for name in seen:
            seen[name] += getattr(snapshot, name)[0]
        return snapshot.ready.tolist() == [3] and seen == {"accepted": 5, "completed": 1}

    await until(arrived, state=lambda: f"; {seen}")


async def test_a_request_carries_the_documented_fields(servers, source):
    await warm(source)
    asked = [form for server in servers for form in server.asked]
    assert {
        "objectId": "Sales@sw",
        "objectType": "Queue",
        "tenant": "Environment",
        "notificationMode": "NoNotification",
        "metric": "PACS_VQ_Abandoned",
    } in asked
    filters = {form.get("filter") for form in asked if form.get("statisticType") == "PACS_VQ_Entered"}
    assert filters == {None, "PACS_Proactive_Interaction"}
    assert {"ann", "bob"} <= {form["objectId"] for form in asked if form.get("objectType") == "Agent"}
    assert all(header["cache-control"] == "max-age=2" for server in servers for header in server.headers)


async def test_the_server_that_is_not_read_only_gets_a_request_from_time_to_time(servers, source):
    await warm(source)
    for server in servers:
        server.asked.clear()
    await until(lambda: max(len(each.asked) for each in servers) >= 40)
    busy, idle = sorted(servers, key=lambda each: -len(each.asked))
    assert len(idle.asked) <= len(busy.asked) / 8


async def test_a_server_that_dies_is_replaced_and_found_again(servers, source):
    for server in servers:
        server.agent("ann", 2, 0)
        server.queue("Sales@sw", Accepted=100 if server is servers[0] else 9000)
    await warm(source)
    first = source.active
    dying = servers[0] if first == "primary" else servers[1]
    await dying.stop()
    counted = 0.0

    def read_from_the_other() -> bool:
        nonlocal counted
        snapshot = source.snapshot(10.0)
        counted += snapshot.accepted.sum()
        return source.active != first and bool(snapshot.valid.all()) and snapshot.ready.tolist() == [2]

    await until(read_from_the_other)
    assert counted == 0, "another server's totals are no traffic"
    await dying.start()
    await until(lambda: all(each.connected for each in source.health))
    await still(lambda: source.active != first, 0.3)  # the one that works goes on being read


async def test_a_server_that_answers_too_late_is_left(servers):
    source = source_of(*servers, silence_seconds=1.5, request_seconds=1.0)
    await source.start()
    await warm(source)
    first = source.active
    (servers[0] if first == "primary" else servers[1]).delay = 30.0
    await until(lambda: source.active != first)
    for server in servers:
        server.delay = 0.0
    await source.stop()


async def test_no_server_gets_more_requests_at_once_than_allowed():
    async with gms_serving() as (server,):
        server.delay = 0.05
        source = source_of(server, concurrency=3)
        await source.start()
        source.watch(target_set(*(target(f"Q{number}") for number in range(10))))
        await until(lambda: source.warmed_up and server.most_under_way == 3)
        await still(lambda: server.most_under_way == 3, 0.5)
        await source.stop()


async def test_a_statistic_the_site_does_not_have_is_missing_and_rarely_asked_for():
    async with gms_serving() as (server,):
        server.unknown = {"PACS_VQ_Entered", "PACS_VQ_AverageHandleTime"}
        source = source_of(server)
        await source.start()
        await warm(source)
        server.asked.clear()
        await until(lambda: len(server.asked) >= 30)  # several rounds
        snapshot, invalid = source.snapshot(10.0), {(each.statistic, each.reason) for each in source.invalid}
        await source.stop()
        assert snapshot.valid.all()
        assert ("PACS_VQ_Entered", "HTTP 403: PACS_VQ_Entered is not defined") in invalid
        assert not any(form.get("statisticType") == "PACS_VQ_Entered" for form in server.asked)


async def test_what_fails_for_one_target_leaves_the_others_valid():
    async with gms_serving() as (server,):
        source = source_of(server, oldest_seconds=0.8)
        await source.start()
        await warm(source, target_set(target("A"), target("B", agents=("cid",))))
        server.answer = lambda form: (
            Response("{", 200)
            if form["objectId"] == "A@sw"
            else JSONResponse({"value": 0 if "@" in form["objectId"] else {"status": 4}})
        )
        await until(lambda: source.snapshot(10.0).valid.tolist() == [False, True])
        reasons = {each.reason for each in source.invalid if each.object_id == "A@sw"}
        await source.stop()
        assert "not read for 1 s" in reasons


async def test_a_value_the_server_says_is_old_counts_as_missing():
    async with gms_serving() as (server,):
        server.age = "31"
        source = source_of(server)
        await source.start()
        await warm(source)
        assert not source.snapshot(10.0).valid.any()
        assert {each.reason for each in source.invalid} == {"the server's value is 31 s old"}
        server.age = "3"
        await until(lambda: bool(source.snapshot(10.0).valid.all()))
        await source.stop()


async def test_targets_come_and_go_while_it_is_read(servers, source):
    await warm(source)
    source.watch(target_set(target("Other", agents=("zoe",)), version="2"))
    await until(lambda: source.warmed_up and source.snapshot(10.0).valid.all())
    for _ in range(2):  # what was under way for the old ones is among the first
        for server in servers:
            server.asked.clear()
        await until(lambda: sum(len(server.asked) for server in servers) >= 40)
    assert {form["objectId"] for server in servers for form in server.asked} == {"Other@sw", "zoe"}


async def test_wrong_credentials_are_said_without_the_password():
    async with gms_serving() as (server,):
        source = source_of(server, password="wrong-password")
        await source.start()
        source.watch(ONE)
        await until(lambda: "401" in source.health[0].error)
        await source.stop()
        assert "wrong-password" not in str(source.health)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_server_that_asks_for_patience_gets_it(status):
    async with gms_serving() as (server,):
        source = source_of(server)
        await source.start()
        await warm(source)
        server.answer = Response("later", status, {"Retry-After": "3"})
        asked = len(server.asked)
        await until(lambda: len(server.asked) > asked)
        await until(lambda: time.monotonic() - server.asked_at > 0.3, "what was on its way has arrived")
        asked = len(server.asked)
        await still(lambda: len(server.asked) == asked, 0.6)
        server.answer = None
        await until(lambda: len(server.asked) > asked + 20)
        assert source.snapshot(10.0).valid.all()
        await source.stop()


@pytest.mark.parametrize(
    "answer",
    [
        Response("hello", 200),
        Response(b"[" * 50_000, 200),
        JSONResponse({}, 200),
        JSONResponse([], 200),
        Response("moved", 302, {"Location": "/elsewhere"}),
        Response("no", 404),
        JSONResponse({"message": "no statistics server", "exception": "X"}, 500),
        Response(b"x" * 2_000_000, 200),
    ],
)
async def test_an_answer_that_is_none_is_said_and_tried_again(answer):
    async with gms_serving() as (server,):
        server.answer = answer
        source = source_of(server)
        await source.start()
        source.watch(ONE)
        await until(lambda: len(server.asked) >= 2)
        assert source.health[0].error
        assert not source.snapshot(10.0).valid.any()
        server.answer = None
        await until(lambda: source.warmed_up)
        await source.stop()


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
keys = st.sampled_from(["value", "message", "status", "media", "maximum", "inUse", "routable", "intValue", "exception"])
documents = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5))
bodies = (
    st.binary(max_size=50)
    | documents.map(lambda each: json.dumps(each).encode())
    | documents.map(lambda each: json.dumps({"value": each}).encode())
)


@settings(max_examples=1000, deadline=None)
@given(
    status=st.sampled_from([200, 200, 200, 403, 400, 500]),
    body=bodies,
    agent=st.booleans(),
    age=st.text(max_size=4) | st.integers().map(str),
)
def test_no_answer_gives_anything_but_a_value_a_reason_or_a_refusal(status, body, agent, age):
    try:
        reading = read_answer(7, agent=agent, status=status, body=body, age=age, longest_age_seconds=30.0)
    except (ValueError, RecursionError):
        return
    assert reading.value.reference == 7
    kind = reading.value.WhichOneof("value")
    assert kind in {"invalid", "agent_state" if agent else "number"}
    assert reading.refused == (status in {400, 403})


@settings(max_examples=300, deadline=None)
@given(count=st.integers(1, 40), refresh=st.floats(0.5, 60.0), late=st.floats(0.0, 200.0))
def test_a_schedule_asks_evenly_and_never_makes_up_for_lost_time(count, refresh, late):
    schedule = Schedule(refresh)
    schedule.add(range(1, count + 1))
    now, first = 1000.0, []
    for _ in range(count):
        first.append(schedule.take(now)[0])
        schedule.done(first[-1], now)
    assert first == list(range(1, count + 1)), "new ones at once"
    now += late
    pause = min(LONGEST_PAUSE_SECONDS, refresh / count)
    times, turns = [], []
    for _ in range(20 * count + 20):
        reference, wait = schedule.take(now)
        if reference is None:
            now += wait + 1e-6
            continue
        turns.append(reference)
        times.append(now)
        schedule.done(reference, now)
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert all(gap >= pause * 0.99 - 1e-5 for gap in gaps[1:]), "at most one is made up for"
    assert turns[: 3 * count] == [*range(1, count + 1)] * 3


def test_a_resting_statistic_comes_back_and_a_dropped_one_does_not():
    schedule = Schedule(1.0)
    schedule.add([1, 2])
    assert [schedule.take(0.0)[0], schedule.take(0.0)[0]] == [1, 2]
    schedule.drop([2])
    schedule.done(1, 0.0, rest_seconds=60.0)
    schedule.done(2, 0.0)
    assert schedule.take(0.1)[0] is None
    assert schedule.take(59.0)[0] is None
    assert schedule.take(60.0)[0] == 1


def test_a_site_names_its_statistics_itself():
    definitions = GmsDefinitions(queue={}, agent_state={"metric": "SiteState"})
    assert definitions.form(Subject(False, "Q@s", "PACS_VQ_Current", ""), "T") is None
    assert definitions.form(Subject(True, "ann", "AgentState"), "T")["metric"] == "SiteState"


async def test_the_simulated_centre_read_by_options_gives_what_its_model_counts(tmp_path):
    path = tmp_path / "objects.yaml"
    async with Simulator(load_scenario("demo"), SimulatorOptions(objects_file=path)) as simulator:
        address = simulator.addresses["http"].removeprefix("http://")
        options = parse_cluster_options(
            f"configServer: {{path: {path}}}\n"
            f"statServer: {{kind: gms, scheme: http, primary: '{address}', user: reader, password: simulated-secret,"
            " refreshPeriod: 2}\n",
            "cluster.yaml",
        )
        targets = discover(await asyncio.to_thread(load_objects, path))
        source = adapters.statistics_source(options.stat_server, options.tenant)
        await source.start()
        source.watch(targets)
        try:
            await until(lambda: source.warmed_up and bool(source.snapshot(15.0).valid.all()))
            snapshot = source.snapshot(15.0)
        finally:
            await source.stop()
        for row, name in enumerate(targets.names):
            model = simulator.live.centre.target(name)
            slots = sum(sum(agent.reading.slots(model.media)) for agent in model.agents)
            assert abs(snapshot.ready[row] + snapshot.busy[row] - slots) <= 6
            assert abs(snapshot.logged_in[row] - model.logged_in) <= 2
