"""A hand-over is on the screen within a second, and a page whose node dies goes on with another."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from asyncio import to_thread

import pytest

from simulator.benchmark.starvation import Starvation, started_with
from simulator.harness.processes import DemoProcess
from simulator.harness.stage import Stage
from tests.browser.conftest import Looker, away
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

SHOWN_WITHIN_SECONDS = 1.0
BROWSER = ("--type=renderer", "--type=utility")
"""The processes of Chromium through which an event comes to the page."""


def known_master(node: str) -> str | None:
    """The master a node knows, from memory."""
    with urllib.request.urlopen(f"{node}/cluster", timeout=5.0) as answer:
        master = json.load(answer)["master"]
    return None if master is None else str(master)


async def test_a_new_master_is_on_the_screen_within_a_second(stage: Stage, looker: Looker) -> None:
    before = await until(lambda: to_thread(known_master, stage.plans[0].http), "a master")
    watched = next(plan for plan in stage.plans if plan.name != before)
    await looker.open(watched.http, "#/cluster")
    await looker.page.wait_for_function(
        "name => document.querySelector('[data-fact=master]')?.textContent === name", arg=before
    )
    epoch = int(await looker.fact("epoch"))
    watched_process = stage.nodes[watched.name].worker_pid

    async def another() -> bool:
        return await to_thread(known_master, watched.http) not in {None, before}

    async with away(stage, before, DemoProcess.terminate):
        await until(another, "another master")
        starved, known = Starvation(lambda: [watched_process, os.getpid(), *started_with(BROWSER)]), time.monotonic()
        await looker.page.wait_for_function(
            "old => Number(document.querySelector('[data-fact=epoch]')?.textContent) > old", arg=epoch
        )
        shown = time.monotonic() - known
        own = starved.own_seconds(shown)
        print(f"on the screen {shown:.2f} s after its node knew it, {own:.2f} s without waits for a processor")
        await looker.picture("handover")
        assert own < SHOWN_WITHIN_SECONDS
        assert looker.faults == []


async def test_a_page_whose_node_is_killed_goes_on_with_another_member(stage: Stage, looker: Looker) -> None:
    victim = stage.plans[2]
    others = [plan.http for plan in stage.plans if plan is not victim]
    await looker.open(victim.http, "#/targets")
    await looker.page.wait_for_selector(".grid .row a")
    await looker.page.wait_for_selector(".status.pacing")

    killed = time.monotonic()
    async with away(stage, victim.name, DemoProcess.kill_session):
        await looker.page.wait_for_url(lambda url: url.startswith(tuple(others)))
        await looker.page.wait_for_selector(".grid .row a")
        print(f"the page went on {time.monotonic() - killed:.2f} s after its node was killed")

        assert looker.page.url.endswith("#/targets")
        await looker.page.wait_for_selector(".status:not(.unknown)")
        await looker.picture("after-a-kill")
        assert [fault for fault in looker.faults if fault.startswith("policy")] == []


async def test_numbers_turn_grey_when_nobody_answers(stage: Stage, looker: Looker) -> None:
    await looker.open(stage.plans[0].http, "#/overview")
    await looker.page.wait_for_selector(".status.pacing")
    await looker.page.route("**/api/**", lambda route: route.abort())
    await looker.page.wait_for_selector(".status.unknown")
    await looker.page.wait_for_selector(".fresh.old")
    assert "UNKNOWN" in (await looker.page.text_content(".word") or "")
    assert await looker.page.query_selector("text=old") is not None
    await looker.picture("old")
