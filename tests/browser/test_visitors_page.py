"""A visitor's page of another origin asks a node whether to offer a channel; the dashboard shows what it is told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from simulator.harness.stage import Stage
from tests.browser.conftest import Looker
from tests.support.listening import listening
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGE = b"""<!doctype html>
<html lang="en"><title>a shop</title>
<body><button id="offer" hidden>Chat with us</button>
<script>
  // As pages of before fetch do it, with the header that their libraries add; then as pages of today.
  function before(url, told) {
    var request = new XMLHttpRequest();
    request.open("GET", url);
    request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
    request.onload = function () { told(JSON.parse(request.responseText)); };
    request.onerror = function () { told({ error: "refused by the browser" }); };
    request.send();
  }
  function ask(node, channel) {
    return Promise.all(["backend", "server"].flatMap(function (root) {
      return ["reactiveState", "channelCapacity"].flatMap(function (read) {
        var url = node + "/" + root + "/data/pacing/" + read + "?channel=" + encodeURIComponent(channel);
        var today = fetch(url).then(function (answer) { return answer.json(); });
        return [new Promise(function (told) { before(url, told); }), today];
      });
    }));
  }
  function decide(state) { document.getElementById("offer").hidden = !(Math.random() < state); }
</script></body></html>"""
"""Written as the pages of sites are: their own origin, the two reads, a button that is offered or not."""
LET_IN = "section:has(h2:text-is('chat')) .card:has-text('inbound traffic let in') .value"
AT_WORK_MS = 900_000.0
"""The law needs some three minutes to learn what comes by itself; the rest is patience with a busy machine."""


async def a_shop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The site of the visitor's page."""
    await reader.readuntil(b"\r\n\r\n")
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(PAGE)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + PAGE)
    await writer.drain()


async def told(looker: Looker, node: str, channel: str) -> list[dict[str, Any]]:
    """What the visitor's page is told by each of its ways to ask."""
    async with listening(a_shop) as site:
        page = await looker.page.context.new_page()
        page.on("pageerror", lambda error: looker.tell(f"script of the visitor's page: {error}"))
        await page.goto(f"http://localhost:{site.port}/")
        found: list[dict[str, Any]] = await page.evaluate("([node, channel]) => ask(node, channel)", [node, channel])
        await page.evaluate("state => decide(state)", found[0]["reactiveState"])
        offered = await page.is_visible("#offer")
        assert offered or found[0]["reactiveState"] < 1.0
        await page.close()
    return found


async def test_a_visitors_page_of_another_origin_is_told_what_to_offer(stage: Stage, looker: Looker) -> None:
    for plan in stage.plans:
        found = await told(looker, plan.http, "chat")
        states = [each["reactiveState"] for each in found[0:2] + found[4:6]]
        capacities = [each["capacity"] for each in found[2:4] + found[6:8]]
        assert states == [1.0] * 4, "the law of the demonstration leaves inbound traffic alone"
        assert all(capacity >= 0 for capacity in capacities)
    assert looker.faults == []


@pytest.mark.timeout(2.0 * AT_WORK_MS / 1000.0)
async def test_the_inbound_view_shows_a_portion_at_work_and_pages_are_told_the_same(
    inbound_stage: Stage, looker: Looker
) -> None:
    node = inbound_stage.plans[0].http
    await looker.open(node, "#/inbound")
    value = await looker.page.wait_for_selector(LET_IN)
    await looker.page.wait_for_function(
        "value => /^[0-9]+ %$/.test(value.textContent) && parseInt(value.textContent) < 100",
        arg=value,
        timeout=AT_WORK_MS,
    )

    async def shown_and_told() -> bool:
        """Whether a visitor's page is told the portion that is on the screen before and after it asks."""
        before = await looker.page.text_content(LET_IN)
        state = (await told(looker, node, "chat"))[0]["reactiveState"]
        after = await looker.page.text_content(LET_IN)
        return before == after == f"{100.0 * state:.0f} %" != "100 %"

    await until(shown_and_told, "the portion on the screen is what pages are told")
    advice = await looker.page.text_content(".fresh p") or ""
    assert "of its visitors" in advice
    await looker.picture("inbound-at-work")
    assert looker.faults == []
