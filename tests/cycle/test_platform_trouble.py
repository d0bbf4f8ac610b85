"""What the node does next when the platform answers badly: the real cycle and adapter, a platform on a socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from structlog.testing import capture_logs

from pacing_node.algorithms.model import Algorithm, Reason
from pacing_node.cycle.plan import CycleSettings
from pacing_node.cycle.report import CycleReport
from pacing_node.engagement.bulk import BulkPlatform
from pacing_node.monitoring.pacing_readings import PLATFORM, PacingReadings
from tests.cycle.test_pacer import Bench, running
from tests.support.cycle_parts import FakeTerm, snapshot, target_set
from tests.support.engagement_platform import Platform, platform_running, settings
from tests.support.waiting import until

SETTINGS = CycleSettings(algorithm=Algorithm.SUPER_PROGRESSIVE, refresh_seconds=0.7, push_budget_seconds=0.65)


class Site:
    """A pacing node with one platform: what it reported, and what the platform was sent."""

    def __init__(self, bench: Bench, platform: Platform) -> None:
        self.bench, self.platform = bench, platform

    @property
    def reports(self) -> list[CycleReport]:
        return self.bench.shared

    @property
    def sequences(self) -> list[int]:
        return [int(headers["pacing-sequence"]) for headers, _ in self.platform.requests]

    async def trouble(self, *answers: Any) -> tuple[CycleReport, CycleReport]:
        """The report of the first push that met the trouble, and of the one after it."""
        await until(lambda: len(self.reports) >= 1 and self.reports[-1].pushed)
        count = len(self.reports)
        self.platform.script.extend(answers)
        await until(lambda: not self.platform.script and len(self.reports) >= count + 3)
        met = next(place for place in range(count, len(self.reports)) if self._met(place))
        return self.reports[met], self.reports[met + 1]

    def _met(self, place: int) -> bool:
        report = self.reports[place]
        return not report.pushed or bool(report.target_errors) or self.sequences.count(report.sequence) > 1


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with platform_running() as platform:
        adapter = BulkPlatform(settings(platform.url))
        bench = Bench()
        bench.platform = adapter  # type: ignore[assignment]
        bench.plan.use_settings(SETTINGS)
        bench.plan.use_targets(target_set("a", "b"))
        bench.statistics.now = snapshot(2, ready=40.0, busy=0.0)
        bench.mastership.give(FakeTerm())
        async with running(bench):
            yield Site(bench, platform)
        with contextlib.suppress(Exception):
            await adapter.close()


async def late(_: object) -> Response:
    await asyncio.sleep(1.5)
    return JSONResponse({"results": []})


def good_body(site: Site) -> dict[str, Any]:
    return site.platform.results(site.platform.requests[-1][1])


async def test_a_slow_answer_costs_one_push_and_what_it_allowed_counts_as_given(site: Site) -> None:
    met, after = await site.trouble(late)

    assert (met.pushed, after.pushed) == (False, True)
    assert "no answer" in met.push_error
    assert after.sequence == met.sequence + 1, "never the old number with other content"
    assert after.feedback.pending.sum() >= met.result.invitations.sum(), (
        "whether it was taken is unknown: it may have been"
    )


async def test_a_refused_token_is_renewed_and_the_same_push_goes_again(site: Site) -> None:
    await until(lambda: bool(site.reports))
    site.platform.valid.clear()
    await until(lambda: max(map(site.sequences.count, site.sequences)) == 2)
    again = next(number for number in site.sequences if site.sequences.count(number) == 2)
    await until(lambda: site.reports[-1].sequence > again)

    assert all(report.pushed for report in site.reports)
    assert len(site.platform.tokens) == 2


async def test_429_with_a_short_wait_is_repeated_and_with_a_long_one_nothing_is_sent_until_it_is_over(
    site: Site,
) -> None:
    short, _ = await site.trouble(Response(status_code=429, headers={"Retry-After": "0"}))
    met, after = await site.trouble(Response("busy", 429, headers={"Retry-After": "2"}))
    await until(lambda: site.reports[-1].pushed)

    assert short.pushed
    assert (met.pushed, after.pushed) == (False, False)
    assert "429" in met.push_error
    assert "the platform asked to wait" in after.push_error
    again = next(report for report in site.reports[site.reports.index(after) :] if report.pushed)
    assert again.sequence == met.sequence + 1, "pushes that are withheld use no number"
    assert again.calculated_at - met.calculated_at >= 1.9


async def test_503_is_repeated_inside_the_same_push(site: Site) -> None:
    met, after = await site.trouble(Response("busy", 503))

    assert (met.pushed, after.pushed) == (True, True)
    assert site.sequences.count(met.sequence) == 2
    keys = [h["idempotency-key"] for h, _ in site.platform.requests if int(h["pacing-sequence"]) == met.sequence]
    assert len(set(keys)) == 1, "the platform can tell that it is the same"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: json.dumps(body)[:-20],
        lambda body: json.dumps({"results": 7}),
        lambda body: json.dumps(body | {"results": body["results"][:-1]}),
        lambda body: "<html>gateway</html>",
    ],
    ids=["truncated", "wrong_types", "one_result_too_few", "not_json"],
)
async def test_a_reply_that_does_not_fit_is_told_and_the_next_push_is_a_new_one(
    site: Site, spoil: Callable[[dict[str, Any]], str]
) -> None:
    async def spoiled(_: object) -> Response:
        return Response(spoil(good_body(site)), media_type="application/json")

    met, after = await site.trouble(spoiled)

    assert (met.pushed, after.pushed) == (False, True)
    assert met.push_error
    assert site.sequences.count(met.sequence) == 1, "it is not repeated: it was answered"
    assert after.sequence == met.sequence + 1
    assert after.feedback.pending.sum() >= met.result.invitations.sum(), "a platform that says 200 may have taken it"


async def test_an_error_of_one_target_shows_there_and_the_other_goes_on(site: Site) -> None:
    async def one_refused(_: object) -> Response:
        body = good_body(site)
        body["results"][0] = {"error": {"code": "target.error", "message": "no such map", "status": 400}}
        return JSONResponse(body | {"errorCount": 1, "errorIndexes": [0]})

    met, after = await site.trouble(one_refused)

    assert met.pushed
    assert "no such map" in met.target_errors[0]
    assert met.target_errors[1] == ""
    assert after.target_errors == ()
    assert after.pushed


def jumped(site: Site) -> list[CycleReport]:
    """Reports of cycles that knew of the jump."""
    return [report for report in site.reports if report.feedback.pending.min() >= 5000]


async def test_pending_counts_that_jump_are_believed_once_confirmed_and_hold_back_until_they_fall(site: Site) -> None:
    await until(lambda: bool(site.reports) and site.reports[-1].result.invitations.sum() > 0)
    with capture_logs() as logs:
        site.platform.pending = 5000
        await until(lambda: len(jumped(site)) > 1)
    first, held = jumped(site)[:2]
    site.platform.pending = 0
    await until(lambda: bool(site.reports[-1].result.invitations.any()))

    assert set(first.result.reason.tolist()) == {int(Reason.INPUT_IMPLAUSIBLE)}
    assert [(each["event"], each["targets"]) for each in logs if each["event"].startswith("input")] == [
        ("input.implausible", 2)
    ]
    assert set(held.result.reason.tolist()) == {int(Reason.PENDING_COVERS_CAPACITY)}
    assert not held.result.invitations.any()
    assert held.pushed


async def test_wrong_credentials_fail_every_push_and_say_so_until_they_are_right(site: Site) -> None:
    await until(lambda: bool(site.reports))
    site.platform.valid.clear()
    site.platform.token_script = [JSONResponse({"error": "invalid_client"}, 401) for _ in range(3)]
    await until(lambda: not site.reports[-1].pushed)
    failed = site.reports[-1]
    await until(lambda: site.reports[-1].pushed)

    assert "token endpoint: HTTP 401" in failed.push_error


class Slow:
    """Never answers, and knows how many requests wait for an answer."""

    def __init__(self) -> None:
        self.waiting = self.most_waiting = 0

    async def __call__(self, request: Request) -> None:
        self.waiting += 1
        self.most_waiting = max(self.waiting, self.most_waiting)
        while (await request.receive())["type"] != "http.disconnect":
            pass
        self.waiting -= 1


async def test_a_platform_slower_than_lease_and_period_allow_is_announced_and_pushes_do_not_queue(site: Site) -> None:
    slow, counters = Slow(), site.bench.cycle_counters
    await until(lambda: bool(site.reports) and site.reports[-1].pushed)
    assert counters.push_time is not None
    assert (counters.push_time.used_percent or 100.0) < 80.0
    site.platform.script.extend([slow] * 2)
    await until(lambda: counters.pushes["deadline"] >= 2)

    assert slow.most_waiting == 1, "a push that overruns is given up before the next one goes out"
    assert (counters.push_time.used_percent or 0.0) >= 95.0
    readings = PacingReadings(site.bench.latest_report, counters).take(FakeTerm().epoch, 0.0)
    assert readings["PushNearLimit"][PLATFORM].value >= 95.0
    assert "a push of 2 targets takes" in readings["PushNearLimit"][PLATFORM].text

    await until(lambda: site.reports[-1].pushed)
    sent = [report.sequence for report in site.reports]
    assert sent == sorted(set(sent)), "what was left out is never made up for"
    assert counters.overruns == 0, "the push was given up within its period"
