"""Pages answer from what the node knows; health pages suit load balancers; the two reads follow their documentation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import numpy as np
import pytest

from cluster.clock import boot_seconds
from cluster.mastership import EndCause, ZooKeeperState
from pacing_node.algorithms.model import Reason, Rounding
from pacing_node.api import exposition
from pacing_node.api.app import NodeView, build_app
from pacing_node.api.metrics import MetricSources, NodeCollector
from pacing_node.api.target_series import TargetSeries
from pacing_node.cycle.cycle_counters import CycleCounters
from pacing_node.cycle.latest_report import LatestReport
from pacing_node.cycle.plan import CycleSettings, Plan
from pacing_node.cycle.push_budget import PushBudget
from pacing_node.engagement.platform import PushStatus
from pacing_node.monitoring.cycle_watch import CycleWatch
from pacing_node.statistics.statistics_source import ServerHealth
from pacing_node.targets import Finding, TargetSet
from tests.support.cycle_parts import FakeMastership, FakeStatistics, FakeTerm, report, snapshot, target


@dataclass
class Site:
    """A node's view of things and a client of its pages."""

    mastership: FakeMastership = field(default_factory=FakeMastership)
    latest_report: LatestReport = field(default_factory=LatestReport)
    plan: Plan = field(default_factory=Plan)
    cycle_counters: CycleCounters = field(default_factory=CycleCounters)
    statistics: FakeStatistics = field(default_factory=lambda: FakeStatistics(snapshot(2)))
    missing: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watch = CycleWatch(self.mastership, self.latest_report, self.plan)

    def view(self) -> NodeView:
        async def cluster_page() -> dict[str, Any]:
            return {"cluster": "demo"}

        server = ServerHealth("statserver", "127.0.0.1:1", True, "primary", 0.1)
        sources = MetricSources(
            status=lambda: self.mastership.status,
            transitions=lambda: {EndCause.RESIGNED.value: 2},
            statistics=lambda: (server,),
            loop_lag_seconds=lambda: 0.001,
            latest_report=self.latest_report,
            cycle_counters=self.cycle_counters,
            cycle=self.watch.state,
            per_target=lambda: True,
        )
        return NodeView(
            mastership=self.mastership,
            latest_report=self.latest_report,
            plan=self.plan,
            statistics=lambda: self.statistics,
            collector=NodeCollector(sources),
            cluster_page=cluster_page,
            not_ready=lambda: self.missing,
            watch=self.watch,
        )


@pytest.fixture
def site() -> Site:
    site = Site()
    site.plan.use_settings(CycleSettings())
    return site


@pytest.fixture
async def client(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=build_app(site.view()))
    async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
        yield client


def paced(site: Site, **columns: object) -> None:
    """Two chat targets with groups of their own and a newest cycle."""
    chat, support = target("A", groups=("G1",)), target("B", groups=("G2",))
    finding = Finding("warning", "alias_differs_from_number", 'virtual queue "A"@switch', "alias X, number VQ_A")
    site.plan.use_targets(TargetSet("1", (chat, support), findings=(finding,)))
    site.latest_report.post(report(chat.name, support.name, **columns), boot_seconds())


class TestHealth:
    @pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
    async def test_liveness_answers_every_method_a_load_balancer_uses(
        self, client: httpx.AsyncClient, method: str
    ) -> None:
        assert (await client.request(method, "/liveness")).status_code == 200

    async def test_readiness_names_what_is_missing(self, client: httpx.AsyncClient, site: Site) -> None:
        assert (await client.get("/readiness")).status_code == 200
        site.missing.append("cluster options")
        answer = await client.get("/readiness")
        assert (answer.status_code, answer.json()["missing"]) == (503, ["cluster options"])

    async def test_master_and_standby_are_never_both_healthy(self, client: httpx.AsyncClient, site: Site) -> None:
        async def codes() -> tuple[int, int]:
            return (await client.get("/master")).status_code, (await client.get("/standby")).status_code

        assert await codes() == (503, 200)
        term = FakeTerm()
        site.mastership.give(term)
        assert await codes() == (200, 503)
        term.ended.set()
        assert await codes() == (503, 200)

    async def test_a_master_nobody_can_vouch_for_is_the_last_known_one_only(
        self, client: httpx.AsyncClient, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        away = replace(site.mastership.status, zookeeper=ZooKeeperState.SUSPENDED)
        monkeypatch.setattr(type(site.mastership), "status", property(lambda _: away))
        body = (await client.get("/master")).json()
        assert (body["master"], body["last_known_master"]) == (None, "n1")

    @pytest.mark.parametrize(
        "path", ["/targets", "/explain?target=A - chat", "/cluster", "/history", "/alarms", "/readiness"]
    )
    async def test_every_page_says_how_old_its_numbers_are_and_that_pacing_is_silent(
        self, client: httpx.AsyncClient, site: Site, path: str
    ) -> None:
        paced(site)
        assert (await client.get(path)).json()["cycle"]["silent_since"] is None
        assert "pacing_silent_seconds 0.0" in (await client.get("/metrics")).text
        site.latest_report.post(report("A - chat", "B - chat"), boot_seconds() - 71.0)
        cycle = (await client.get(path)).json()["cycle"]
        assert cycle["age_seconds"] >= 71.0
        assert cycle["silent_since"] == pytest.approx(time.time() - 71.0, abs=10.0)
        assert cycle["reason"] == "no_report"
        metrics = (await client.get("/metrics")).text
        assert 'pacing_silent{reason="no_report"} 1.0' in metrics
        assert "pacing_silent_seconds 7" in metrics


class TestTargets:
    async def test_before_the_first_cycle_the_discovered_targets_are_listed_without_numbers(
        self, client: httpx.AsyncClient, site: Site
    ) -> None:
        site.plan.use_targets(TargetSet("1", (target("A"),)))
        page = (await client.get("/targets")).json()
        assert [(row["name"], row["invitations"]) for row in page["targets"]] == [("A - chat", None)]

    async def test_the_newest_cycle_is_shown_with_reasons_and_without_nan(
        self, client: httpx.AsyncClient, site: Site
    ) -> None:
        paced(site, reason=np.array([Reason.AGENTS_AVAILABLE, Reason.STATISTICS_STALE]), target_errors=("", "unknown"))
        page = (await client.get("/targets")).json()
        assert [row["reason"] for row in page["targets"]] == ["agents_available", "statistics_stale"]
        assert page["targets"][0]["inbound_portion"] is None
        assert page["targets"][1]["error"] == "unknown"
        assert page["targets"][0]["goal_percent"] == 3.0

    async def test_explain_gives_the_sum_the_push_and_the_findings(self, client: httpx.AsyncClient, site: Site) -> None:
        paced(site, pushed=False, push_error="503 from the platform")
        page = (await client.get("/explain", params={"target": "A - chat"})).json()
        assert page["reason"] == "agents_available"
        assert any("503 from the platform" in line for line in page["lines"])
        assert [finding["code"] for finding in page["findings"]] == ["alias_differs_from_number"]
        assert "alias" in page["findings"][0]["remedy"].lower()

    async def test_explain_says_how_acceptance_and_number_came_about_or_that_the_master_is_older(
        self, client: httpx.AsyncClient, site: Site
    ) -> None:
        paced(site)
        page = (await client.get("/explain", params={"target": "B - chat"})).json()
        assert any("of an older version" in line for line in page["lines"])
        acceptance = {"acceptance_ratio": 0.125, "acceptance_seen": 0.0625, "acceptance_floor": 0.125}
        behind = {"level": 5.0, "still_out": 3.75, "rounding": Rounding.LESS_UP}
        paced(site, **{name: np.array([value] * 2) for name, value in (acceptance | behind).items()})
        page = (await client.get("/explain", params={"target": "B - chat"})).json()
        assert any("the answers so far say 6.2 %, 12.5 % is in use: never below" in line for line in page["lines"])
        assert any("5.0 may be out at once, 3.8 still are" in line for line in page["lines"])
        assert not any("older version" in line for line in page["lines"])

    async def test_what_pushes_take_and_may_take_is_shown_with_its_age_and_by_no_standby(
        self, client: httpx.AsyncClient, site: Site
    ) -> None:
        paced(site)
        assert (await client.get("/explain", params={"target": "A - chat"})).json()["push"] is None
        assert "\npacing_push_limit_seconds " not in (await client.get("/metrics")).text

        budget = PushBudget()
        budget.answered(2, 0.4)
        site.cycle_counters.push_time = budget.push_time(2, 1.3, 5.0)
        site.cycle_counters.push_time = replace(site.cycle_counters.push_time, at=time.time() - 7.0)
        paced(site)
        push = (await client.get("/explain", params={"target": "A - chat"})).json()["push"]
        assert push["age_seconds"] == pytest.approx(7.0, abs=3.0)
        assert {name: push[name] for name in ("budget_seconds", "limit_seconds", "expected_seconds", "targets")} == {
            "budget_seconds": 1.2,
            "limit_seconds": 1.3,
            "expected_seconds": 0.4,
            "targets": 2,
        }
        metrics = (await client.get("/metrics")).text
        for name, value in (("budget", 1.2), ("limit", 1.3), ("expected", 0.4)):
            assert f"\npacing_push_{name}_seconds {value}\n" in metrics

    async def test_a_value_that_is_held_back_is_a_finding(self, client: httpx.AsyncClient, site: Site) -> None:
        paced(site, reason=np.array([Reason.AGENTS_AVAILABLE, Reason.INPUT_IMPLAUSIBLE]))
        held = (await client.get("/explain", params={"target": "B - chat"})).json()["findings"]
        assert [(finding["code"], finding["where"]) for finding in held] == [("input_implausible", 'target "B - chat"')]
        assert "statistics" in held[0]["remedy"]
        others = (await client.get("/explain", params={"target": "A - chat"})).json()["findings"]
        assert "input_implausible" not in [finding["code"] for finding in others]

    async def test_explain_of_an_unknown_target_names_the_known_ones(
        self, client: httpx.AsyncClient, site: Site
    ) -> None:
        paced(site)
        answer = await client.get("/explain", params={"target": "Nobody - chat"})
        assert answer.status_code == 404
        assert '"A - chat", "B - chat"' in answer.json()["error"]
        assert (await client.get("/explain")).status_code == 400

    @pytest.mark.parametrize("path", ["/master/", "/readiness/", "/targets/"])
    async def test_a_path_with_a_slash_too_much_is_no_page(self, client: httpx.AsyncClient, path: str) -> None:
        answer = await client.get(path)
        assert (answer.status_code, answer.headers.get("location")) == (404, None)
        assert "error" in answer.json()

    async def test_a_reason_of_a_newer_version_is_shown_as_such(self, client: httpx.AsyncClient, site: Site) -> None:
        paced(site, reason=np.array([99, 0]))
        page = (await client.get("/explain", params={"target": "A - chat"})).json()
        assert page["reason"] == "reason_99"


class TestInboundReads:
    READS = ("/backend/data/pacing/reactiveState", "/server/data/pacing/reactiveState")

    @pytest.mark.parametrize("path", READS)
    async def test_the_mean_is_weighted_by_capacity(self, client: httpx.AsyncClient, site: Site, path: str) -> None:
        paced(site, inbound_portion=np.array([1.0, 0.0]), ready=np.array([1.0, 0.0]), busy=np.array([2.0, 1.0]))
        assert (await client.get(path, params={"channel": "chat"})).json() == {"reactiveState": 0.75}
        only = await client.get(path, params={"channel": "chat", "groups": "G2"})
        assert only.json() == {"reactiveState": 0.0}

    async def test_without_capacity_every_target_weighs_the_same(self, client: httpx.AsyncClient, site: Site) -> None:
        paced(site, inbound_portion=np.array([1.0, 0.0]), ready=np.zeros(2), busy=np.zeros(2))
        assert (await client.get(self.READS[0], params={"channel": "chat"})).json() == {"reactiveState": 0.5}

    async def test_a_law_without_control_of_inbound_traffic_allows_all_of_it(
        self, client: httpx.AsyncClient, site: Site
    ) -> None:
        paced(site)
        assert (await client.get(self.READS[0], params={"channel": "chat"})).json() == {"reactiveState": 1.0}

    async def test_an_old_cycle_protects_nothing(self, client: httpx.AsyncClient, site: Site) -> None:
        paced(site, inbound_portion=np.zeros(2), epoch=1)
        site.latest_report.post(
            report("A - chat", "B - chat", epoch=2, inbound_portion=np.zeros(2)), boot_seconds() - 60
        )
        assert (await client.get(self.READS[0], params={"channel": "chat"})).json() == {"reactiveState": 1.0}

    async def test_capacity_of_a_channel_and_of_groups(self, client: httpx.AsyncClient, site: Site) -> None:
        paced(site)
        path = "/backend/data/pacing/channelCapacity"
        assert (await client.get(path, params={"channel": "chat"})).json() == {"capacity": 5}
        assert (await client.get(path, params=[("channel", "chat"), ("groups", "G1")])).json() == {"capacity": 2}

    async def test_no_capacity_is_assumed_when_the_statistics_are_not_current(
        self, client: httpx.AsyncClient, site: Site
    ) -> None:
        paced(site)
        path, asked = "/backend/data/pacing/channelCapacity", {"channel": "chat"}
        assert (await client.get(path, params=asked)).json() == {"capacity": 5}
        limits: list[float] = []
        site.statistics.channel_capacity = lambda *at: limits.append(at[2])  # type: ignore[method-assign]
        assert (await client.get(path, params=asked)).json() == {"capacity": 0}
        assert limits == [site.plan.settings.stale_after_seconds]

    @pytest.mark.parametrize("page", ["reactiveState", "channelCapacity"])
    async def test_a_question_asked_again_has_the_same_answer_until_what_it_follows_from_changes(
        self, client: httpx.AsyncClient, site: Site, page: str
    ) -> None:
        path = f"/backend/data/pacing/{page}?channel=chat&groups=G1"
        paced(site, inbound_portion=np.array([0.25, 0.0]))
        first, again = await client.get(path), await client.get(path)
        assert (again.status_code, again.content, again.headers) == (200, first.content, first.headers)

        site.statistics.channel_capacity = lambda *_: 7.0  # type: ignore[method-assign]
        site.latest_report.post(report("A - chat", "B - chat", epoch=2, inbound_portion=np.ones(2)), boot_seconds())
        assert (await client.get(path)).json() in ({"reactiveState": 1.0}, {"capacity": 7})
        assert (await client.options(path)).status_code == 204
        assert (await client.post(path)).status_code == 405

        site.plan.use_targets(TargetSet("2", (target("B", groups=("G2",)),)))
        assert (await client.get(path)).status_code == 404, "no target has the group any more"

    async def test_browsers_of_other_origins_may_read(self, client: httpx.AsyncClient, site: Site) -> None:
        paced(site)
        answer = await client.get(self.READS[0], params={"channel": "chat"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert (await client.options(self.READS[0])).status_code == 204
        assert "access-control-allow-origin" not in (await client.get("/targets")).headers

    async def test_scripts_of_other_origins_may_send_headers_of_their_own(self, client: httpx.AsyncClient) -> None:
        asked = {"Origin": "https://shop.example", "Access-Control-Request-Headers": "x-requested-with, content-type"}
        answer = await client.options("/backend/data/pacing/reactiveState?channel=chat", headers=asked)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-headers"] == "*"
        assert int(answer.headers["access-control-max-age"]) > 0
        assert "access-control-allow-headers" not in (await client.options("/readiness", headers=asked)).headers

    @pytest.mark.parametrize(
        ("query", "status", "words"),
        [
            ("", 400, "channel is missing"),
            ("channel=fax", 404, 'unknown channel "fax"; known are chat'),
            ("channel=chat&groups=Nobody", 404, 'group "Nobody" serves no target of channel "chat"'),
        ],
    )
    async def test_wrong_parameters_are_named(
        self, client: httpx.AsyncClient, site: Site, query: str, status: int, words: str
    ) -> None:
        paced(site)
        answer = await client.get(f"{self.READS[0]}?{query}")
        assert answer.status_code == status
        assert words in answer.json()["error"]

    async def test_before_the_configuration_is_read_the_reads_say_so(self, client: httpx.AsyncClient) -> None:
        assert (await client.get(self.READS[0], params={"channel": "chat"})).status_code == 503


class TestMetrics:
    async def test_leadership_pushes_targets_and_environment_are_there(
        self, client: httpx.AsyncClient, site: Site
    ) -> None:
        paced(site)
        site.cycle_counters.pushes["accepted"] += 3
        site.mastership.give(FakeTerm())
        text = (await client.get("/metrics")).text
        for line in (
            "pacing_master 1.0",
            'pacing_node_role{role="master"} 1.0',
            'pacing_push_total{result="accepted"} 3.0',
            "pacing_refresh_period_seconds 5.0",
            'pacing_leadership_transitions_total{cause="resigned"} 2.0',
            'pacing_zookeeper_session_state{state="connected"} 1.0',
            "pacing_targets 2.0",
            'pacing_targets_by_reason{reason="agents_available"} 2.0',
            'pacing_statistics_server_up{mode="primary",server="statserver"} 1.0',
        ):
            assert line in text

    @pytest.mark.parametrize(
        ("name", "kinds"),
        [
            ('pacing_push_total{result="', PushStatus),
            ('pacing_partial_push_total{result="', PushStatus),
            ('pacing_leadership_transitions_total{cause="', EndCause),
        ],
    )
    async def test_events_that_have_not_happened_are_counted_as_0(
        self, client: httpx.AsyncClient, name: str, kinds: type[PushStatus | EndCause]
    ) -> None:
        """A series that begins with 1 has no increase that an alert could see."""
        text = (await client.get("/metrics")).text
        for kind in kinds:
            assert f'{name}{kind.value}"}} ' in text

    @pytest.mark.parametrize(
        ("asked", "packed"),
        [
            ("gzip", True),
            ("deflate, gzip;q=0.5", True),
            ("*", True),
            ("gzip;q=0", False),
            ("*;q=0.0", False),
            ("", False),
        ],
    )
    async def test_who_takes_gzip_gets_it_and_reads_the_same(
        self, client: httpx.AsyncClient, site: Site, asked: str, packed: bool
    ) -> None:
        paced(site)
        plain = await client.get("/metrics", headers={"Accept-Encoding": "identity"})
        answer = await client.get("/metrics", headers={"Accept-Encoding": asked})
        assert answer.headers.get("content-encoding") == ("gzip" if packed else None)
        assert answer.headers["vary"] == "Accept, Accept-Encoding"
        assert int(answer.headers["age"]) >= 0
        assert answer.text == plain.text
        assert 'pacing_target_ready{target="B - chat"} 1.0' in answer.text

    async def test_series_of_targets_are_written_and_packed_once_a_cycle_for_all_who_read_them(
        self, client: httpx.AsyncClient, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written, packings = [], []
        text, pack = TargetSeries.text, exposition.packed
        monkeypatch.setattr(TargetSeries, "text", lambda self, made: written.append(made) or text(self, made))
        monkeypatch.setattr(exposition, "packed", lambda body: packings.append(body) or pack(body))
        # The node's own part is never made anew by its age, however long this test takes.
        monkeypatch.setattr("pacing_node.api.exposition.NODE_SECONDS", 3600.0)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=build_app(site.view())),
            base_url="http://node",
            headers={"Accept-Encoding": "gzip"},
        ) as reader:
            for cycle in range(1, 3):
                paced(site, calculated_at=1000.0 + cycle)
                await asyncio.gather(*(reader.get("/metrics") for _ in range(10)))
                assert (len(written), len(packings)) == (cycle, cycle)


@pytest.mark.parametrize("limit", ["0", "-1", "many", "1001"])
async def test_the_history_takes_a_sensible_limit_only(client: httpx.AsyncClient, limit: str) -> None:
    assert (await client.get("/history")).json()["history"] == []
    answer = await client.get("/history", params={"limit": limit})
    assert answer.status_code == 400
    assert "from 1 to 1000" in answer.json()["error"]


async def test_unknown_pages_and_methods_answer_json(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nothing")).json() == {"error": "there is no page /nothing"}
    assert (await client.post("/targets")).json() == {"error": "POST is not allowed on /targets"}
