"""Orders from the browser: not offered without a role; asked, carried out and shown with one."""

from __future__ import annotations

import subprocess
from asyncio import to_thread

import pytest

from simulator.harness.processes import pacing_command
from simulator.harness.stage import Stage
from tests.browser.conftest import Looker

pytestmark = pytest.mark.asyncio(loop_scope="session")

ORDERS = "main button:text-matches('^(hold|release|Step down|Pause|Resume|Emergency stop|restore)$')"


def make_token(stage: Stage, role: str) -> str:
    """A token of a role, made by the command."""
    node = stage.plans[0]
    file = node.directory / f"{role}.token"
    words = ("token", "create", f"browser-{role}", "--role", role, "--to", str(file), "--config", str(node.file))
    made = subprocess.run(pacing_command(*words), capture_output=True, text=True, check=False, timeout=60)
    assert made.returncode == 0, made.stdout + made.stderr
    return file.read_text().strip()


async def show_token(looker: Looker, token: str) -> None:
    await looker.page.click("text=Show a token")
    await looker.page.fill("dialog input[name=token]", token)
    await looker.page.click("dialog button[type=submit]")
    await looker.page.wait_for_selector("dialog", state="detached")


@pytest.mark.parametrize("view", ["targets", "cluster", "configuration"])
async def test_without_a_role_no_order_is_offered(stage: Stage, looker: Looker, view: str) -> None:
    await looker.open(stage.plans[0].http, f"#/{view}")
    await looker.page.wait_for_selector(".status.pacing")
    await looker.page.wait_for_selector("text=Show a token")
    assert await looker.page.query_selector(ORDERS) is None


async def test_an_operator_holds_a_target_and_releases_it(stage: Stage, looker: Looker) -> None:
    token = await to_thread(make_token, stage, "operator")
    await looker.open(stage.plans[0].http, "#/targets")
    await looker.page.wait_for_selector(".grid .row a")
    await show_token(looker, token)
    await looker.page.click(".grid .body .row button:text-is('hold') >> nth=0")
    await looker.page.fill("dialog input[name=why]", "a test of the browser")
    await looker.picture("hold")
    await looker.page.click("dialog button[type=submit]")
    await looker.page.wait_for_selector(".grid .row.held")
    await looker.page.click(".grid .row.held a")
    await looker.page.wait_for_selector("text=a test of the browser")
    await looker.picture("held")
    await looker.page.click("button:text-is('release')")
    await looker.page.fill("dialog input[name=why]", "the test is over")
    await looker.page.click("dialog button[type=submit]")
    await looker.page.wait_for_selector("button:text-is('hold')")
    assert token not in await looker.page.content()
    assert token not in await looker.page.evaluate(
        "() => document.cookie + JSON.stringify({...localStorage, ...sessionStorage})"
    )
    assert looker.faults == []


async def test_an_emergency_stop_is_in_the_header_of_every_view(stage: Stage, looker: Looker) -> None:
    token = await to_thread(make_token, stage, "admin")
    await looker.open(stage.plans[1].http, "#/cluster")
    await show_token(looker, token)
    await looker.page.click("button:text-is('Emergency stop')")
    await looker.page.fill("dialog input[name=why]", "wrong list of visitors")
    await looker.page.click("dialog button[type=submit]")
    await looker.page.wait_for_selector(".status.stopped")
    assert "wrong list of visitors" in (await looker.page.text_content(".why") or "")
    await looker.picture("stopped")
    await looker.page.click("nav a[href='#/overview']")
    await looker.page.wait_for_selector(".status.stopped")
    await looker.page.click("nav a[href='#/cluster']")
    await looker.page.click("button:text-is('End the emergency stop')")
    await looker.page.fill("dialog input[name=why]", "the list is right")
    await looker.page.click("dialog button[type=submit]")
    await looker.page.wait_for_selector(".status:not(.stopped)")
    assert looker.faults == []
