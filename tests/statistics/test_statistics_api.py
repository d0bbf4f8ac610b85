"""The Statistics API adapter against a server of its own kind: REST and CometD over real sockets."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.responses import JSONResponse, Response

from cluster.clock import boot_seconds
from pacing_node.assembly import adapters
from pacing_node.options.connections import StatServer
from pacing_node.statistics.api_session import ApiSettings
from pacing_node.statistics.api_statistics import api_statistics
from pacing_node.statistics.api_values import ApiDefinitions, read_service_state, read_statistics
from pacing_node.statistics.bayeux import BayeuxError, Listener
from tests.statistics.api_server import UPDATES, api_serving
from tests.statistics.server import counted, target, target_set
from tests.support.engagement_platform import CLIENT, PASSWORD, platform_running
from tests.support.waiting import until

QUICK = ApiSettings(
    poll_seconds=0.2, silence_seconds=10.0, first_delay_seconds=0.05, longest_delay_seconds=0.2, answer_seconds=5.0
)
ONE = target_set(target())
MIB = 1024 * 1024


def chat(maximum, in_use, *, status="WaitForNextCall", routable=True):
    entry = {"media": "chat", "maximum": maximum, "inUse": in_use, "routable": routable}
    return {"status": status, "media": [entry]}


@pytest.fixture
async def servers():
    async with api_serving(2) as running:
        yield running


@pytest.fixture
async def source(servers):
    statistics = api_statistics(servers[0].address, servers[1].address, settings=QUICK)
    await statistics.start()
    yield statistics
    await statistics.stop()


async def warm(source, targets=ONE):
    source.watch(targets)
    await until(lambda: all(feed.answered(boot_seconds()) and feed.connected for feed in source._feeds))
    source.snapshot(10.0)


async def test_values_there_at_the_start_and_values_pushed_later(servers, source):
    for server in servers:
        server.values["ann", "AgentState"] = chat(3, 1)
        server.values["Sales@sw", "PACS_VQ_Current"] = 4
        server.values["Sales@sw", "PACS_VQ_Accepted"] = {"intValue": 100, "stringValue": "100"}
    await warm(source)
    snapshot = source.snapshot(10.0)
    assert snapshot.valid.all()
    assert (snapshot.ready.tolist(), snapshot.busy.tolist(), snapshot.waiting.tolist()) == ([2], [1], [4])
    for server in servers:
        server.set("ann", "AgentState", chat(3, 2, status="CallInbound"))
        server.set("Sales@sw", "PACS_VQ_Accepted", 105)
    await counted(source, "accepted", 5)
    assert source.snapshot(10.0).ready.tolist() == [1]


async def test_a_server_whose_reply_is_longer_than_the_bound_is_left_with_the_reason(servers, source):
    await warm(source)
    most = ApiSettings().max_reply_bytes
    servers[0].set("ann", "AgentState", chat(3, 1, status="r" * most))
    await until(lambda: f"longer than {most} bytes" in source.health[0].error)
    await until(lambda: source.active == "backup")
    assert source.snapshot(10.0).valid.all()
    assert most == 16 * MIB


async def test_a_reply_below_the_bound_is_read(servers, source):
    await warm(source)
    for server in servers:
        server.values["ann", "AgentState"] = chat(3, 1)
        server.tell_all(UPDATES, {"statistics": [], "padding": "r" * (ApiSettings().max_reply_bytes - 64 * 1024)})
        server.set("Sales@sw", "PACS_VQ_Current", 7)
    await until(lambda: source.snapshot(10.0).waiting.tolist() == [7])
    assert not any(health.error for health in source.health)


async def test_both_servers_get_the_credentials_and_one_cookie_each(servers):
    source = api_statistics(
        servers[0].address, bearer_token=SecretStr("a-token"), api_key=SecretStr("a-key"), settings=QUICK
    )
    await source.start()
    source.watch(ONE)
    await until(lambda: source.warmed_up)
    await source.stop()
    last = servers[0].headers[-1]
    assert (last["authorization"], last["x-api-key"]) == ("Bearer a-token", "a-key")
    assert len(servers[0].sessions) == 1


async def test_statistics_of_the_site_are_asked_for_by_name_or_definition(servers):
    definition = {"category": "CurrentNumber", "mainMask": "CallWait", "subject": "DNAction"}
    known = ApiDefinitions().queue | {("PACS_VQ_Current", ""): definition}
    servers[0].values["Sales@sw", str(definition)] = 9
    servers[0].values["Sales@sw", "PACS_VQ_Current"] = 2
    source = api_statistics(servers[0].address, settings=QUICK, definitions=ApiDefinitions(queue=known))
    await source.start()
    source.watch(ONE)
    await until(lambda: source.warmed_up)
    snapshot = source.snapshot(10.0)
    missing = {each.statistic for each in source.invalid}
    await source.stop()
    assert (snapshot.waiting.tolist(), snapshot.reactive_waiting.tolist()) == ([2], [7])
    assert missing == {"PACS_VQ_Entered", "PACS_VQ_AverageHandleTime"}
    assert snapshot.valid.all()


async def test_a_server_that_dies_is_replaced_and_found_again(servers, source):
    for server in servers:
        server.values["ann", "AgentState"] = chat(2, 0)
    await warm(source)
    first = source.active
    dying = servers[0] if first == "primary" else servers[1]
    await dying.stop()
    await until(lambda: source.active != first)
    assert source.snapshot(10.0).ready.tolist() == [2]
    await dying.start()
    await until(lambda: all(each.connected for each in source.health))


async def test_a_server_that_stops_answering_polls_is_left(servers):
    source = api_statistics(servers[0].address, servers[1].address, settings=replace(QUICK, silence_seconds=1.5))
    await source.start()
    await warm(source)
    first = source.active
    (servers[0] if first == "primary" else servers[1]).silent = True
    await until(lambda: source.active != first)
    await source.stop()


async def test_an_unavailable_service_is_left_and_subscribed_anew_when_it_is_back(servers, source):
    await warm(source)
    first = source.active
    failing = servers[0] if first == "primary" else servers[1]
    asked = failing.subscribed
    failing.service("Unavailable")
    await until(lambda: source.active != first)
    failing.service("Available")
    await until(lambda: failing.subscribed == 2 * asked)


async def test_a_forgotten_session_begins_with_a_new_handshake(servers, source):
    await warm(source)
    asked = servers[0].subscribed
    for session in servers[0].sessions.values():
        session["ready"].set()
    servers[0].sessions.clear()
    await until(lambda: servers[0].subscribed == 2 * asked)


async def test_only_whole_subscriptions_are_ended(servers):
    source = api_statistics(servers[0].address, settings=replace(QUICK, batch_size=5))
    await source.start()
    source.watch(target_set(target("A", agents=())))
    await until(lambda: source.warmed_up)
    source.watch(target_set(target("B", agents=()), version="2"))
    await until(lambda: source.warmed_up and servers[0].deleted)
    await source.stop()
    assert servers[0].deleted == ["sub-0"]


@pytest.mark.parametrize("status", [404, 500])
async def test_a_subscription_that_the_server_does_not_end_costs_no_session(servers, status):
    servers[0].delete_status = status
    source = api_statistics(servers[0].address, settings=replace(QUICK, batch_size=5))
    await source.start()
    source.watch(target_set(target("A", agents=())))
    await until(lambda: source.warmed_up)
    source.watch(target_set(target("A", agents=()), target("B", agents=()), version="2"))
    await until(lambda: source.warmed_up)
    source.watch(target_set(target("B", agents=()), version="3"))
    await until(lambda: servers[0].deleted)
    source.watch(target_set(target("B", agents=()), target("C", agents=()), version="4"))
    await until(lambda: source.warmed_up)
    assert len(servers[0].sessions) == 1, "what was subscribed stays undisturbed"
    await source.stop()


@pytest.mark.parametrize(
    "answer",
    [
        Response("hello", 200),
        Response(b"[" * 50_000, 200),
        JSONResponse({}, 200),
        JSONResponse([], 200),
        JSONResponse([{"channel": "/meta/handshake", "successful": False, "error": "403::denied"}]),
        JSONResponse([{"channel": "/meta/handshake", "successful": True}]),
        Response("no", 503),
    ],
)
async def test_an_answer_that_is_none_is_said_and_tried_again(answer):
    async with api_serving() as (server,):
        server.failing = answer
        source = api_statistics(server.address, settings=QUICK)
        await source.start()
        source.watch(ONE)
        await until(lambda: len(server.headers) >= 2)
        assert source.health[0].error
        assert not source.snapshot(10.0).valid.any()
        server.failing = None
        await until(lambda: source.warmed_up)
        await source.stop()


leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["1", "2", "7", "CallX", "LoggedOut", "Available"])
)
KEYS = [
    *("channel", "successful", "clientId", "advice", "interval", "reconnect", "data", "statistics", "statisticId"),
    *("value", "status", "media", "maximum", "inUse", "routable", "intValue", "serviceState", "error"),
]
keys = st.sampled_from(KEYS)
documents = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5))
entries = st.lists(
    st.fixed_dictionaries({"statisticId": st.sampled_from(["1", "2", "3"]) | leaves, "value": documents})
)


replies = st.lists(
    st.fixed_dictionaries(
        {"channel": st.sampled_from(["/meta/handshake", "/meta/subscribe", "/meta/connect", UPDATES]) | leaves},
        optional={"successful": st.just(True) | leaves, "advice": documents, "clientId": leaves, "data": documents},
    ),
    max_size=3,
)


@settings(max_examples=200, deadline=None)
@given(replies | documents, entries)
def test_no_message_breaks_the_readers(document, values):
    listener = Listener()
    for read in (listener.read_handshake, listener.read_subscribe, listener.read_connect):
        try:
            read(document)
        except BayeuxError as refused:
            assert str(refused)  # noqa: PT017 - either is fine
    read_service_state(document)
    agents = {1: True, 2: False}
    for data in (document, {"statistics": values}):
        for value in read_statistics(data, agents):
            assert value.reference in agents
            assert value.WhichOneof("value") in {("agent_state" if agents[value.reference] else "number"), "invalid"}


@given(
    st.lists(
        st.fixed_dictionaries(
            {"channel": st.sampled_from(["/meta/connect", "/x"]), "successful": st.just(True), "data": documents}
        )
    )
)
def test_events_are_everything_that_is_not_about_the_protocol(messages):
    try:
        connected = Listener().read_connect(json.loads(json.dumps(messages)))
    except BayeuxError:
        assert all(each["channel"] != "/meta/connect" for each in messages)
        return
    assert [each.channel for each in connected.events] == ["/x" for each in messages if each["channel"] == "/x"]
    assert connected.pause_seconds == 0


async def test_options_with_client_credentials_renew_their_token_after_a_refusal(servers):
    """The server forgets a token; the next session begins with another, and nobody has to do anything."""
    async with platform_running() as platform:
        options = StatServer(
            kind="statistics-api",
            scheme="http",
            primary=f"127.0.0.1:{servers[0].port}",
            auth_url=f"{platform.url}/oauth/token",
            client_id=CLIENT,
            client_secret=SecretStr(PASSWORD),
        )
        source = adapters.statistics_source(options)
        await source.start()
        source.watch(ONE)
        await until(lambda: source.warmed_up)
        assert servers[0].headers[-1]["authorization"] == f"Bearer {platform.tokens[0]}"
        servers[0].failing = Response("who are you?", 401)
        await until(lambda: len(platform.tokens) > 1)
        servers[0].failing = None
        await until(lambda: source.health[0].connected)
        assert servers[0].headers[-1]["authorization"] == f"Bearer {platform.tokens[-1]}"
        await source.stop()


def test_a_name_that_is_no_text_costs_only_itself():
    """Half of a surrogate pair is valid JSON and cannot be kept as text."""
    odd = {"status": 4, "media": [{"media": "\ud800", "maximum": 1, "inUse": 0, "routable": True}]}
    entries = [{"statisticId": "1", "value": odd}, {"statisticId": "2", "value": None, "error": "\ud800"}]
    values = read_statistics({"statistics": entries}, {1: True, 2: False})
    assert [value.reference for value in values] == [1, 2]
    assert values[1].WhichOneof("value") == "invalid"
