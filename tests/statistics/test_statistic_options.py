"""A site's names and definitions of statistics, from the options of the cluster to what the servers are asked."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacing_node.assembly import adapters
from pacing_node.discovery.discover import discover
from pacing_node.objects.object_files import load_objects
from pacing_node.options.cluster_options import parse_cluster_options, restart_needed
from pacing_node.options.errors import ConfigurationError
from simulator.scenarios import load_scenario
from simulator.servers import Simulator, SimulatorOptions
from tests.statistics.api_server import api_serving
from tests.statistics.gms_server import gms_serving
from tests.statistics.server import PROACTIVE, Server, agent, number, serving, target, target_set
from tests.support.waiting import until

ONE = target_set(target(agents=("ann",)))
READY = {"status": 4, "media": [{"media": "chat", "maximum": 3, "inUse": 1, "routable": True}]}


def options(server: str, statistics: str = "{}"):
    text = f"configServer: {{path: objects.yaml}}\nstatServer:\n  statistics: {statistics}\n{server}"
    return parse_cluster_options(text, "cluster.yaml")


def refusal(server: str, statistics: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        options(server, statistics)
    return str(refused.value)


def http(kind: str, port: int) -> str:
    login = "  user: reader\n  password: secret\n  refreshPeriod: 1\n" if kind == "gms" else "  token: t\n"
    return f"  kind: {kind}\n  scheme: http\n  primary: '127.0.0.1:{port}'\n{login}"


@asynccontextmanager
async def reading(chosen, targets=ONE):
    source = adapters.statistics_source(chosen.stat_server, chosen.tenant)
    await source.start()
    source.watch(targets)
    try:
        await until(lambda: source.warmed_up)
        yield source
    finally:
        await source.stop()


async def test_the_statistics_api_is_asked_by_the_sites_names_and_definitions():
    site = (
        "{current: Waiting_Proactive, accepted: {type: Answered}, abandoned: {type: Given_Up, filter: Web},"
        " enteredAll: {definition: {category: TotalNumber, mainMask: CallEntered, intervalLength: '60'}},"
        " agentState: State_Of_Agent, queueType: VirtualQueue, agentType: Person, filter: Ours}"
    )
    async with api_serving() as (server,):
        definition = {"category": "TotalNumber", "mainMask": "CallEntered", "intervalLength": 60}
        server.values["Sales@sw", "Waiting_Proactive"] = 7
        server.values["Sales@sw", str(definition)] = 100
        server.values["ann", "State_Of_Agent"] = READY
        async with reading(options(http("statistics-api", server.port), site)) as source:
            snapshot = source.snapshot(10.0)
            session = next(iter(server.sessions.values()))
            asked = [entry for entries in session["subscriptions"].values() for entry in entries]

    assert snapshot.valid.all()
    assert (snapshot.waiting.tolist(), snapshot.ready.tolist()) == ([7], [2])
    assert [entry.get("name", entry.get("definition")) for entry in asked] == [
        "Waiting_Proactive",
        {"statisticType": "Answered", "filter": "Ours"},
        {"statisticType": "Given_Up", "filter": "Web"},
        definition,
        "State_Of_Agent",
    ]
    assert {entry["objectType"] for entry in asked} == {"VirtualQueue", "Person"}


async def test_gms_is_asked_by_the_sites_names_and_types_and_not_for_what_the_site_has_not():
    site = (
        "{current: Waiting_Proactive, accepted: {type: Answered}, entered: {type: In, filter: Web}, enteredAll: none,"
        " currentAll: none, handleTime: none, agentState: {type: State}, queueType: VQ, filter: Ours}"
    )
    async with gms_serving() as (server,):
        server.values["Sales@sw", "Waiting_Proactive", "proactive"] = 7
        server.values["ann", "State", "all"] = READY
        async with reading(options(http("gms", server.port), site)) as source:
            await until(lambda: bool(source.snapshot(10.0).valid.all()))
            snapshot = source.snapshot(10.0)
        named = {
            (form.get("metric"), form.get("statisticType"), form.get("filter"))
            for form in server.asked
            if "metric" in form or "statisticType" in form
        }

    assert (snapshot.waiting.tolist(), snapshot.ready.tolist()) == ([7], [2])
    assert named == {
        ("Waiting_Proactive", None, None),
        ("PACS_VQ_Abandoned", None, None),
        (None, "Answered", "Ours"),
        (None, "In", "Web"),
        (None, "State", None),
    }
    assert {form["objectType"] for form in server.asked if "objectType" in form} == {"VQ", "Agent"}


async def test_a_bridge_is_asked_by_the_sites_names_and_filter():
    site = "{current: W, accepted: A, abandoned: G, handleTime: none, agentState: S, filter: Ours}"
    server = Server()
    server.values["Sales@sw", "W", "Ours"] = number(7)
    server.values["ann", "S", ""] = agent(chat=(3, 1))
    async with serving(server):
        chosen = options(f"  primary: '{server.address}'\n", site)
        async with reading(chosen) as source:
            await until(lambda: bool(source.snapshot(10.0).valid.all()))
            snapshot = source.snapshot(10.0)
            known = set(server.sessions[0].known.values())

    assert (snapshot.waiting.tolist(), snapshot.ready.tolist()) == ([7], [2])
    assert known == {
        ("Sales@sw", "W", "Ours"),
        ("Sales@sw", "A", "Ours"),
        ("Sales@sw", "G", "Ours"),
        ("Sales@sw", "W", ""),
        ("Sales@sw", "PACS_VQ_Entered", "Ours"),
        ("Sales@sw", "PACS_VQ_Entered", ""),
        ("ann", "S", ""),
    }


async def test_without_options_everything_is_asked_for_as_it_is_provisioned():
    server = Server()
    async with serving(server), reading(options(f"  primary: '{server.address}'\n")):
        known = {(statistic, only) for _, statistic, only in server.sessions[0].known.values()}
    assert known == {
        *product(["PACS_VQ_Current", "PACS_VQ_Entered"], [PROACTIVE, ""]),
        ("PACS_VQ_Accepted", PROACTIVE),
        ("PACS_VQ_Abandoned", PROACTIVE),
        ("PACS_VQ_AverageHandleTime", ""),
        ("AgentState", ""),
    }


async def test_with_definitions_the_statistics_api_tells_as_much_as_a_bridge(tmp_path):
    """Reactive arrivals and the handle time have no provisioned name: with the site's definitions they are read too."""
    site = (
        "{currentAll: {type: PACS_VQ_Current}, entered: {type: PACS_VQ_Entered}, enteredAll: {type: PACS_VQ_Entered},"
        " handleTime: {type: PACS_VQ_AverageHandleTime}}"
    )
    path = tmp_path / "objects.yaml"
    async with Simulator(load_scenario("demo"), SimulatorOptions(objects_file=path, speed=10.0)) as simulator:
        address = simulator.addresses["http"]
        login = f"  authUrl: {address}/oauth/token\n  clientId: pacing\n  clientSecret: simulated-secret\n  apiKey: k\n"
        server = http("statistics-api", int(address.rpartition(":")[2])).replace("  token: t\n", login)
        async with reading(options(server, site), discover(await asyncio.to_thread(load_objects, path))) as source:
            entered, known = 0.0, False

            def all_is_told() -> bool:
                nonlocal entered, known
                snapshot = source.snapshot(15.0)
                entered += float(snapshot.reactive_entered.sum())
                known = bool(np.isfinite(snapshot.handle_seconds).any())
                return entered > 0 and known

            await until(all_is_told)


FORMS = "a name, or a mapping with name, with type and filter, or with definition"


@pytest.mark.parametrize(
    ("kind", "statistics", "said"),
    [
        ("gms", "{current: none}", "statistics.current: found 'none'; allowed: a name, or"),
        ("gms", "{abandoned: [a]}", f"statistics.abandoned: found a list of 1; allowed: {FORMS}"),
        ("gms", "{entered: {nmae: x}}", "statistics.entered.nmae: found 'x'; allowed: a name"),
        ("gms", "{entered: {}}", "statistics.entered: found a mapping; allowed: one of name, type (with"),
        ("gms", "{entered: {name: a, type: b}}", "one of name, type (with or without filter) and definition"),
        ("gms", "{entered: {name: a, filter: b}}", "one of name, type (with or without filter) and definition"),
        ("gms", "{entered: {asked: no}}", "none in the place of the statistic"),
        ("gms", "{curent: a}", "statistics.curent: found an unknown key; allowed: did you mean current?"),
        ("gms", "{filter: ''}", "statistics.filter: found ''"),
        ("gms", "{current: {definition: {a: b}}}", "allowed: current: a name, or a type and a filter: the kind gms"),
        ("statistics-api", "{current: {definition: {a: {b: c}}}}", "statistics.current.definition.a: found a mapping"),
        ("bridge", "{current: {type: a}}", "allowed: current: a name: the kind bridge is asked by names only"),
        ("bridge", "{enteredAll: none}", "enteredAll: a name: the kind bridge is asked for every statistic but"),
        ("bridge", "{currentAll: X}", "current: the same name with and without the filter, which the kind bridge"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(kind: str, statistics: str, said: str):
    assert said in refusal(f"  kind: {kind}\n  primary: 'a:1'\n", statistics)


def test_a_changed_definition_waits_for_the_next_start():
    server = "  kind: gms\n  primary: 'a:1'\n"
    changed = restart_needed(options(server), options(server, "{current: X}"))
    assert changed == ("statServer.statistics.current",)


values = st.recursive(
    st.sampled_from(["none", "x", "~", "''"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda each: f"[{', '.join(each)}]")
        | st.dictionaries(
            st.sampled_from(["name", "type", "filter", "definition", "asked", "x"]), inner, max_size=3
        ).map(lambda each: "{" + ", ".join(f"{key}: {value}" for key, value in each.items()) + "}")
    ),
    max_leaves=6,
)
KEYS = ["current", "accepted", "currentAll", "entered", "handleTime", "agentState", "filter", "queueType"]


@given(st.sampled_from(["bridge", "gms", "statistics-api"]), st.dictionaries(st.sampled_from(KEYS), values, max_size=4))
def test_whatever_stands_there_is_refused_with_its_place_or_can_be_asked_for(kind: str, given: dict[str, str]):
    text = "{" + ", ".join(f"{key}: {value}" for key, value in given.items()) + "}"
    try:
        chosen = options(f"  kind: {kind}\n  scheme: http\n  primary: 'a:1'\n", text)
    except ConfigurationError as error:
        problems = error.problems
    else:
        problems = ()
        adapters.statistics_source(chosen.stat_server, chosen.tenant)
    assert all("statServer.statistics" in str(problem) for problem in problems)
