"""Reads answer from what the node knows, say how current that is, and are what the document says they are."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI

from cluster.clock import boot_seconds
from cluster.errors import UnavailableError
from pacing_node.algorithms.model import Reason
from pacing_node.api.v1.asking import MOST_EACH
from pacing_node.api.v1.needing_targets import MOST_SHOWN
from pacing_node.api.v1.target_query import FoundTargets, find_targets
from pacing_node.cycle.holds import Hold
from pacing_node.options.options_history import PastVersion
from pacing_node.targets import TargetSet
from tests.support.api_site import ApiSite
from tests.support.cycle_parts import report, target_set
from tests.support.schemas import jsonschema
from tests.support.waiting import until

READS = (
    "/cluster",
    "/history",
    "/alarms",
    "/doctor",
    "/overview",
    "/targets",
    "/targets?fields=invitations",
    "/targets?recent=true",
    "/targets/A - chat",
    "/channels/chat",
    "/groups",
    "/config",
    "/reasons",
)


async def get(client: httpx.AsyncClient, path: str) -> dict[str, object]:
    answer = await client.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert isinstance(body, dict)
    return body


class TestCurrency:
    @pytest.mark.parametrize("path", READS)
    async def test_every_read_says_whose_cycle_it_shows_and_since_when_pacing_is_silent(
        self, site: ApiSite, client: httpx.AsyncClient, path: str
    ) -> None:
        site.pace()
        body = await get(client, path)
        assert body["source"] == {"node": "n1", "master": "n1", "epoch": 3, "sequence": 7}
        assert (body["as_of"], body["silent_since"], body["silent_reason"]) == (1000.0, None, None)
        site.latest_report.post(report("A - chat", "B - chat", epoch=2), boot_seconds() - 71.0)
        body = await get(client, path)
        assert body["source"]["master"] is None  # nobody here can know who led term 2
        assert body["age_seconds"] >= 71.0
        assert (body["silent_reason"], bool(body["silent_text"])) == ("no_report", True)

    @pytest.mark.parametrize("path", READS)
    async def test_every_read_is_what_the_document_says(
        self, site: ApiSite, client: httpx.AsyncClient, path: str
    ) -> None:
        site.pace()
        document = (await client.get("/api/v1/openapi.json")).json()
        operations = document["paths"]
        template = {"/targets/A - chat": "/targets/{name}", "/channels/chat": "/channels/{channel}"}
        name = template.get(path, path.partition("?")[0])
        schema = operations[f"/api/v1{name}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(await get(client, path), {**schema, "components": document["components"]})


class TestDocument:
    async def test_the_document_is_generated_once_and_never_on_the_event_loop(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        threads: list[threading.Thread] = []
        generate = FastAPI.openapi

        def watched(app: FastAPI) -> dict[str, Any]:
            threads.append(threading.current_thread())
            return generate(app)

        monkeypatch.setattr(FastAPI, "openapi", watched)
        async with ApiSite().client() as client:
            answers = await asyncio.gather(*(get(client, "/openapi.json") for _ in range(3)))
        assert answers[0]["openapi"].startswith("3.1")
        assert len(threads) == 1
        assert threads[0] is not threading.current_thread()


class TestOverview:
    async def test_targets_without_invitations_are_counted_by_reason(
        self, site: ApiSite, client: httpx.AsyncClient
    ) -> None:
        assert (await get(client, "/overview"))["without_invitations"] == {}
        reasons = np.array([Reason.WARMING_UP, Reason.NO_READY_AGENTS, Reason.WARMING_UP, Reason.WARMING_UP, 99])
        invitations = np.array([0, 0, 4, 0, 0])
        names = tuple(f"T{number} - chat" for number in range(5))
        site.latest_report.post(report(*names, reason=reasons, invitations=invitations), time.monotonic())
        body = await get(client, "/overview")
        assert body["reasons"] == {"warming_up": 3, "no_ready_agents": 1, "reason_99": 1}
        assert body["without_invitations"] == {"warming_up": 2, "no_ready_agents": 1, "reason_99": 1}

    async def test_targets_that_need_a_person_are_found_among_all_the_most_urgent_first(
        self, site: ApiSite, client: httpx.AsyncClient
    ) -> None:
        assert (await get(client, "/overview"))["needing"] == {"total": None, "targets": []}
        names = ("fine", "lone", "busy", "held", "stale", "refused", "stale and long", "infeasible", "unknown")
        reasons = np.zeros(len(names), np.int64)
        reasons[[4, 6]], reasons[7] = Reason.STATISTICS_STALE, Reason.GOAL_INFEASIBLE
        waiting = np.array([0.0, 2.0, 5.0, 9.0, 0.0, 0.0, 1.0, 0.0, np.nan])
        invitations = np.array([0, 0, 3, 1, 0, 4, 0, 2, 0])
        errors = tuple("no such page" if name == "refused" else "" for name in names)
        found = report(*names, reason=reasons, waiting=waiting, invitations=invitations, target_errors=errors)
        site.latest_report.post(found, time.monotonic())
        await site.holds.change(lambda holds: holds.with_target("held", Hold("desk", "line down", 1.0)))
        await site.holds.change(lambda holds: holds.with_target("fine", Hold("desk", "long ago", 1.0, 2.0)))
        body = (await get(client, "/overview"))["needing"]
        assert [(each["name"], each["why"]) for each in body["targets"]] == [
            ("refused", "the platform refuses it: no such page"),
            ("stale and long", "statistics stale"),
            ("stale", "statistics stale"),
            ("infeasible", "goal infeasible"),
            ("lone", "2 waiting, agents available"),
            ("held", "held by desk: line down"),
        ]
        assert body["total"] == 6

    async def test_an_emergency_stop_makes_no_target_need_anybody(
        self, site: ApiSite, client: httpx.AsyncClient
    ) -> None:
        await site.holds.change(lambda holds: replace(holds, stop=Hold("desk", "wrong offer", 1.0)))
        await site.holds.change(lambda holds: holds.with_target("A - chat", Hold("desk", "line down", 1.0)))
        site.pace(reason=np.full(2, Reason.STOPPED), waiting=np.full(2, 3.0), invitations=np.zeros(2, np.int64))
        body = await get(client, "/overview")
        assert body["needing"] == {"total": 0, "targets": []}
        assert body["without_invitations"] == {"stopped": 2}

    async def test_a_bounded_part_of_them_is_shown_with_how_many_there_are(
        self, site: ApiSite, client: httpx.AsyncClient
    ) -> None:
        names = tuple(f"T{number:03}" for number in range(100))
        stale = np.full(len(names), Reason.STATISTICS_STALE)
        site.latest_report.post(report(*names, reason=stale, waiting=np.zeros(len(names))), time.monotonic())
        body = (await get(client, "/overview"))["needing"]
        assert (body["total"], len(body["targets"])) == (100, MOST_SHOWN)


class TestTargets:
    async def test_targets_are_filtered_sorted_and_paged(self, site: ApiSite, client: httpx.AsyncClient) -> None:
        names = tuple(f"T{number}" for number in range(5))
        site.plan.use_targets(target_set(*names))
        full = tuple(f"{name} - chat" for name in names)
        reasons = np.array([Reason.NO_READY_AGENTS, 0, 0, Reason.NO_READY_AGENTS, 0])
        waiting = np.array([1.0, np.nan, 3.0, 2.0, 3.0])
        site.latest_report.post(report(*full, epoch=3, reason=reasons, waiting=waiting), boot_seconds())

        async def shown(query: str) -> list[str]:
            found = await get(client, f"/targets?{query}")
            return [row["name"][:2] for row in found["targets"]]

        assert await shown("sort=waiting") == ["T0", "T3", "T2", "T4", "T1"]
        assert await shown("sort=waiting&descending=true") == ["T2", "T4", "T3", "T0", "T1"]
        assert await shown("reason=no_ready_agents") == ["T0", "T3"]
        assert await shown("name=t2") == ["T2"]
        assert await shown("media=voice") == []
        assert await shown("group=G&offset=3&limit=2") == ["T3", "T4"]
        body = await get(client, "/targets?reason=no_ready_agents&limit=1")
        assert (body["total"], body["matched"], body["reasons"]) == (5, 2, {"no_ready_agents": 2})

    async def test_before_the_first_cycle_no_target_has_a_reason(
        self, site: ApiSite, client: httpx.AsyncClient
    ) -> None:
        site.plan.use_targets(target_set("A", "B"))
        found = await get(client, "/targets?reason=no_ready_agents&sort=ready&descending=true&fields=reason")
        assert (found["total"], found["matched"], found["targets"]) == (2, 0, [])
        assert [row["reason"] for row in (await get(client, "/targets?fields=reason"))["targets"]] == [None, None]

    async def test_an_answer_has_the_fields_that_were_asked_for(self, site: ApiSite, client: httpx.AsyncClient) -> None:
        site.pace()
        body = await get(client, "/targets?fields=invitations&fields=ready")
        assert body["targets"] == [
            {"name": "A - chat", "invitations": 0, "ready": 0.0},
            {"name": "B - chat", "invitations": 1, "ready": 1.0},
        ]

    async def test_a_list_has_the_newest_invitations_of_its_targets_when_asked(
        self, site: ApiSite, client: httpx.AsyncClient
    ) -> None:
        site.pace()
        cycle = report("A - chat", "B - chat", calculated_at=time.time() - 20.0, invitations=np.array([4, 6]))
        site.last_hour.note(cycle, {})
        body = await get(client, "/targets?recent=true&fields=ready&sort=name&descending=true")
        rows = [(row["name"], row["recent"][0]) for row in body["targets"]]
        assert rows == [("B - chat", 6), ("A - chat", 4)]
        assert "recent" not in (await get(client, "/targets"))["targets"][0]

    async def test_one_question_is_answered_once_in_a_cycle(
        self, site: ApiSite, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        site.pace()
        calls: list[object] = []

        def counted(*question: Any) -> FoundTargets:
            calls.append(question)
            return find_targets(*question)

        monkeypatch.setattr("pacing_node.api.v1.target_routes.find_targets", counted)
        for _ in range(5):
            await get(client, "/targets?limit=1")
        assert len(calls) == 1
        site.pace()
        await get(client, "/targets?limit=1")
        assert len(calls) == 2

    async def test_while_no_cycle_comes_a_hold_that_has_run_out_is_not_shown(
        self, site: ApiSite, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        site.pace()
        until_then = time.time() + 60.0
        await site.holds.change(lambda holds: holds.with_target("A - chat", Hold("desk", "lunch", 1.0, until_then)))
        assert (await get(client, "/targets"))["targets"][0]["hold"]["why"] == "lunch"
        for module in ("pacing_node.api.renderings.boot_seconds", "pacing_node.api.v1.target_routes.time.time"):
            clock = boot_seconds if module.endswith("boot_seconds") else time.time
            monkeypatch.setattr(module, lambda clock=clock: clock() + 61.0)
        assert (await get(client, "/targets"))["targets"][0]["hold"] is None

    @pytest.mark.parametrize("path", ["/overview", "/targets", "/targets/A - chat"])
    async def test_an_answer_that_waited_is_no_younger_than_what_it_is_made_from(
        self, site: ApiSite, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, path: str
    ) -> None:
        site.pace(calculated_at=1000.0)
        hang, begun = threading.Event(), threading.Event()

        def slow(*question: Any) -> FoundTargets:
            begun.set()
            hang.wait(20.0)
            return find_targets(*question)

        def counted(name: str, known: TargetSet | None) -> list[dict[str, Any]]:
            begun.set()
            hang.wait(20.0)
            return []

        for routes in ("target_routes", "overview_routes"):
            monkeypatch.setattr(f"pacing_node.api.v1.{routes}.find_targets", slow)
        monkeypatch.setattr("pacing_node.api.v1.target_routes._shared_with", counted)
        asked = asyncio.ensure_future(get(client, path))
        await until(begun.is_set)
        site.pace(calculated_at=1005.0)
        hang.set()
        assert (await asked)["as_of"] == 1000.0

    async def test_answers_are_kept_up_to_so_many_bytes(
        self, site: ApiSite, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        site.pace()
        calls: list[object] = []

        def counted(*question: Any) -> FoundTargets:
            calls.append(question)
            return find_targets(*question)

        monkeypatch.setattr("pacing_node.api.v1.target_routes.find_targets", counted)
        monkeypatch.setattr("pacing_node.api.v1.target_routes.MOST_KEPT_BYTES", 1)
        for limit in (1, 1, 2, 1):
            await get(client, f"/targets?limit={limit}")
        assert len(calls) == 3

    async def test_one_caller_cannot_keep_the_others_waiting_with_questions(
        self, site: ApiSite, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        site.pace()
        hang, begun = threading.Event(), threading.Event()

        def slow(*question: Any) -> FoundTargets:
            begun.set()
            hang.wait(20.0)
            return find_targets(*question)

        monkeypatch.setattr("pacing_node.api.v1.target_routes.find_targets", slow)
        ask = [asyncio.ensure_future(client.get(f"/api/v1/targets?offset={n}")) for n in range(MOST_EACH + 1)]
        refused, _ = await asyncio.wait(ask, return_when=asyncio.FIRST_COMPLETED)
        assert [each.result().status_code for each in refused] == [429]
        assert [each.result().headers["retry-after"] for each in refused] == ["1"]
        async with site.client(("127.0.0.2", 50_000)) as other:
            waits = asyncio.ensure_future(other.get("/api/v1/targets?offset=100"))
            await until(begun.is_set)
            hang.set()
            assert (await waits).status_code == 200
        assert sorted(each.status_code for each in await asyncio.gather(*ask)) == [200] * MOST_EACH + [429]
        assert (await client.get("/api/v1/targets?offset=200")).status_code == 200

    async def test_many_who_watch_the_same_targets_are_no_more_questions_than_one(
        self, site: ApiSite, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Dashboards behind one address ask at the same moment: when a cycle ends."""
        counted: list[str] = []

        def shared(name: str, known: object) -> list[dict[str, Any]]:
            counted.append(name)
            return []

        monkeypatch.setattr("pacing_node.api.v1.target_routes._shared_with", shared)
        for _ in range(2):
            site.pace()
            paths = ["/api/v1/targets/A - chat", "/api/v1/targets"] * (2 * MOST_EACH)
            answers = await asyncio.gather(*(client.get(path) for path in paths))
            assert {each.status_code for each in answers} == {200}
        assert counted == ["A - chat"] * 2, "once for each set of targets"

    async def test_a_target_says_with_whom_it_shares_agents_and_what_discovery_found(
        self, site: ApiSite, client: httpx.AsyncClient
    ) -> None:
        site.pace()
        body = await get(client, "/targets/A - chat")
        assert body["shared_with"] == [{"target": "B - chat", "agents": 2}]
        assert [each["code"] for each in body["findings"]] == ["alias_differs_from_number"]
        assert body["lines"]

    async def test_totals_are_sums_over_all_that_fit_whatever_the_page(
        self, site: ApiSite, client: httpx.AsyncClient
    ) -> None:
        site.pace()
        every = await get(client, "/targets")
        names = ("invitations", "ready", "busy", "waiting", "pending")
        known = {name: [row[name] for row in every["targets"] if row[name] is not None] for name in names}
        sums = {name: sum(values) if values else None for name, values in known.items()}
        assert len(every["targets"]) > 1
        assert every["totals"] == pytest.approx(sums)
        one = await get(client, "/targets?limit=1&fields=reason")
        assert one["totals"] == every["totals"]

    async def test_before_the_first_cycle_no_total_is_known(self, site: ApiSite, client: httpx.AsyncClient) -> None:
        site.plan.use_targets(target_set("A"))
        totals = (await get(client, "/targets"))["totals"]
        assert set(totals.values()) == {None}

    async def test_a_target_has_its_last_hour(self, site: ApiSite, client: httpx.AsyncClient) -> None:
        site.pace()
        site.last_hour.note(report("A - chat", "B - chat", calculated_at=time.time()), {"B - chat": 3.0})
        hour = (await get(client, "/targets/B - chat"))["last_hour"]
        assert (hour["ready"], hour["invitations"], hour["goal_percent"]) == ([1.0], [1], [3.0])
        assert 0.0 <= hour["complete_since"] - hour["at"][0] < 15.0

    async def test_before_the_first_cycle_the_discovered_targets_are_there_without_numbers(
        self, site: ApiSite, client: httpx.AsyncClient
    ) -> None:
        site.plan.use_targets(target_set("A"))
        body = await get(client, "/targets")
        assert [(row["name"], row["invitations"]) for row in body["targets"]] == [("A - chat", None)]
        assert (body["as_of"], body["source"]["master"]) == (None, None)


class TestConfiguration:
    SECRET = "correct-horse"

    @pytest.mark.parametrize("key", ["pacingEndpoint", "pacing-endpiont"])
    async def test_secrets_are_covered_in_text_versions_and_differences_also_below_a_misspelt_key(
        self, site: ApiSite, client: httpx.AsyncClient, key: str
    ) -> None:
        text = f"{key}:\n  username: someone\n  password: {self.SECRET}\n"
        site.write_options(text, version=4)
        other = text.replace(self.SECRET, "battery-staple") + "# changed\n"
        site.past = (PastVersion(3, other), PastVersion(4, text, 1000.0, "someone@desk"))
        answer = await client.get("/api/v1/config")
        assert answer.headers["etag"] == '"4"'
        assert self.SECRET not in answer.text
        assert "battery-staple" not in answer.text
        body = answer.json()
        assert [(each["version"], each["written_by"]) for each in body["versions"]] == [(4, "someone@desk"), (3, "")]
        assert "-# changed" in body["versions"][0]["diff"]

    async def test_versions_that_cannot_be_read_are_no_empty_history(
        self, site: ApiSite, client: httpx.AsyncClient
    ) -> None:
        site.unavailable = UnavailableError("ZooKeeper is away")
        body = await get(client, "/config")
        assert (body["versions"], body["versions_unavailable"]) == ([], "ZooKeeper is away")
        body = await get(client, "/history")
        assert (body["history"], body["history_unavailable"]) == ([], "ZooKeeper is away")


class TestProblems:
    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("/targets/nobody", 404),
            ("/channels/pigeon", 404),
            ("/targets?limit=0", 422),
            ("/targets?sort=colour", 422),
            ("/history?limit=many", 422),
            ("/nothing", 404),
        ],
    )
    async def test_an_error_says_what_where_and_what_is_allowed(
        self, site: ApiSite, client: httpx.AsyncClient, path: str, status: int
    ) -> None:
        site.pace()
        answer = await client.get(f"/api/v1{path}")
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
        assert (body["status"], body["instance"]) == (status, f"/api/v1{path.partition('?')[0]}")
        assert body["detail"]

    async def test_another_method_is_a_405(self, client: httpx.AsyncClient) -> None:
        answer = await client.put("/api/v1/targets")
        assert answer.status_code == 405
