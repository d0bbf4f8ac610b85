"""Orders from the browser: not offered without a role; asked, carried out and shown with one."""

from __future__ import annotations

import asyncio
import json
import subprocess
from asyncio import to_thread
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest

from cluster.access.audit_log import EVENT
from simulator.harness.processes import pacing_command
from simulator.harness.stage import Stage
from tests.browser.conftest import EVERYTHING, SECRETS, Looker
from tests.support.api_orders import ORDERS, TARGET
from tests.support.listening import listening
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

OFFERED = "main button:text-matches('^(hold|release|Step down|Pause|Resume|Emergency stop|restore)$')"


def make_token(stage: Stage, role: str) -> str:
    """The token of a role, made by the command for the first test that wants it."""
    node = stage.plans[0]
    file = node.directory / f"{role}.token"
    if file.exists():
        return file.read_text().strip()
    words = ("token", "create", f"browser-{role}", "--role", role, "--to", str(file), "--config", str(node.file))
    made = subprocess.run(pacing_command(*words), capture_output=True, text=True, check=False, timeout=60)
    assert made.returncode == 0, made.stdout + made.stderr
    token = file.read_text().strip()
    SECRETS.add(token)
    return token


def refused(stage: Stage, node: int = 0) -> int:
    """Lines of a node's log that say that a call was refused."""
    log: Path = stage.nodes[stage.plans[node].name].log
    return sum(EVENT in line and "refused" in line for line in log.read_text(errors="replace").splitlines())


async def holds(stage: Stage) -> object:
    """What orders change, as a node says it: the stop, the pause, targets that are held, the version of the options."""
    async with httpx.AsyncClient(base_url=stage.plans[0].http, trust_env=False) as client:
        page = (await client.get("/api/v1/cluster")).json()
        version = (await client.get("/api/v1/config")).json()["version"]
    return page["stopped"], page["paused"], page["held"], page["epoch"], version


async def another_site(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A page of somebody else, on the same machine under another name."""
    await reader.readuntil(b"\r\n\r\n")
    body = b"<!doctype html><title>another site</title>"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()


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
    assert await looker.page.query_selector(OFFERED) is None


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
    assert token not in await looker.page.evaluate(EVERYTHING)
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


FORGE = """async ({node, orders, headers}) => {
  for (const [method, path] of orders) {
    for (const mode of ['cors', 'no-cors']) {
      const body = method === 'DELETE' && mode === 'no-cors' ? undefined : '{"why":"forged"}';
      const asked = { method: mode === 'cors' ? method : 'POST', mode, body, credentials: 'include' };
      if (mode === 'cors') asked.headers = { 'Content-Type': 'application/json', ...headers };
      await fetch(node + path, asked).catch(() => null);
    }
  }
}"""
"""Every order by a script, with its own method and headers, and by what the browser sends without asking the node."""


async def test_another_sites_page_gives_no_order_with_the_session_of_its_reader(stage: Stage, looker: Looker) -> None:
    token = await to_thread(make_token, stage, "admin")
    node = stage.plans[0].http
    await looker.open(node, "#/targets")
    await show_token(looker, token)
    await looker.page.wait_for_selector(".grid .row a")
    session = await looker.page.evaluate("async () => (await fetch('../api/v1/session')).json()")
    assert session["role"] == "admin"
    target = quote(await looker.page.text_content(".grid .row a") or "", safe="")
    orders = [(method, path.replace(TARGET, target)) for method, path, _ in ORDERS]
    before, audited = await holds(stage), refused(stage)

    async with listening(another_site) as site:
        evil = await looker.page.context.new_page()
        await evil.goto(f"http://localhost:{site.port}/")
        for headers in ({}, {"X-CSRF-Token": session["csrf"]}):
            await evil.evaluate(FORGE, {"node": node, "orders": orders, "headers": headers})
        await evil.close()

    assert await holds(stage) == before
    await until(lambda: refused(stage) > audited, "what reached the node is in its audit log")


async def test_an_order_that_was_overheard_is_refused_once_its_session_has_ended(stage: Stage, looker: Looker) -> None:
    token = await to_thread(make_token, stage, "operator")
    overheard: list[tuple[str, str, Mapping[str, str], str | None]] = []
    await looker.open(stage.plans[0].http, "#/targets")
    await show_token(looker, token)
    await looker.page.click(".grid .body .row button:text-is('hold') >> nth=0")
    await looker.page.fill("dialog input[name=why]", "an order that somebody records")
    async with looker.page.expect_request(lambda request: request.url.endswith("/hold")) as sent:
        await looker.page.click("dialog button[type=submit]")
    request = await sent.value
    overheard.append((request.method, request.url, await request.all_headers(), request.post_data))
    await looker.page.click(".grid .row.held button:text-is('release')")
    await looker.page.fill("dialog input[name=why]", "the recording is done")
    await looker.page.click("dialog button[type=submit]")
    await looker.page.wait_for_selector(".grid .row.held", state="detached")
    await looker.page.click("button:has-text('(operator), end')")
    await looker.page.wait_for_selector("text=Show a token")

    audited = refused(stage)
    [(method, url, headers, body)] = overheard
    sent_again = {
        name: value for name, value in headers.items() if not name.startswith(":") and name != "content-length"
    }
    assert "cookie" in sent_again
    assert json.loads(body or "")["why"] == "an order that somebody records"
    async with httpx.AsyncClient(trust_env=False) as thief:
        for key in (sent_again["idempotency-key"], "another-key"):
            answer = await thief.request(method, url, headers=sent_again | {"idempotency-key": key}, content=body)
            assert answer.status_code == 401, urlsplit(url).path
    await until(lambda: refused(stage) >= audited + 2, "both are in the audit log")
    assert await looker.page.query_selector(".grid .row.held") is None
