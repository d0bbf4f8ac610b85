"""Each view shows its numbers, in both colours and on a phone, to eyes and to screen readers, within its policy."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from simulator.harness.stage import Stage
from tests.browser.conftest import Looker
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

AXE = Path("dashboard/node_modules/axe-core/axe.min.js")
VIEWS = {
    "overview": "text=allowed per minute",
    "targets": ".grid .row a",
    "cluster": "table >> text=node-3",
    "health": "text=Receivers of alarms",
    "configuration": "text=Version",
    "inbound": "text=inbound traffic let in",
    "api": ".api summary code",
}
"""Each view, and what it shows once it knows something."""
SERIOUS = {"serious", "critical"}


async def show(looker: Looker, stage: Stage, view: str) -> None:
    await looker.open(stage.plans[0].http, f"#/{view}")
    await looker.page.wait_for_selector(VIEWS[view])


@pytest.mark.parametrize("view", VIEWS)
async def test_a_view_shows_its_numbers_within_its_policy(stage: Stage, looker: Looker, view: str) -> None:
    await show(looker, stage, view)
    await looker.page.wait_for_selector(".status.pacing")
    assert await looker.fact("master") in stage.nodes
    assert int(await looker.fact("epoch")) > 0
    await looker.picture(view)
    assert looker.faults == []


async def test_a_target_shows_its_sum_and_its_last_hour(stage: Stage, looker: Looker) -> None:
    await show(looker, stage, "targets")
    name = await looker.page.text_content(".grid .row a")
    await looker.page.click(".grid .row a")
    await looker.page.wait_for_selector("h1")
    await looker.page.wait_for_selector("text=Why this number")
    assert await looker.page.text_content("h1") == name
    assert await looker.page.query_selector(".sum, .quiet") is not None
    await looker.picture("target")
    assert looker.faults == []


COLOURS_OF_A_CHART = """() => {
  const canvas = document.querySelector('.chart canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const found = new Set();
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] === 255) found.add(data.slice(at, at + 3).join(','));
  }
  return [...found];
}"""
"""Every opaque colour of the first chart."""
EDGES = {"light": "216,221,229", "dark": "51,58,69"}
"""The colour of edges, and so of the lines behind a chart, in both themes."""


async def test_a_chart_has_the_colours_of_the_page_and_follows_them(stage: Stage, looker: Looker) -> None:
    await show(looker, stage, "targets")
    await looker.page.click(".grid .row a >> nth=1")
    await looker.page.wait_for_selector(".chart canvas")
    for theme in ("light", "dark", "light"):
        await looker.page.emulate_media(color_scheme=theme)
        await until_drawn(looker, EDGES[theme])
        assert "0,0,0" not in await looker.page.evaluate(COLOURS_OF_A_CHART), "what a canvas draws for no colour"
        await looker.picture(f"target-{theme}")


async def until_drawn(looker: Looker, colour: str) -> None:
    async def drawn() -> bool:
        return colour in await looker.page.evaluate(COLOURS_OF_A_CHART)

    await until(drawn, f"something in the colour {colour} is drawn")


@pytest.mark.parametrize("looker", [{"color_scheme": "light"}, {"color_scheme": "dark"}], indirect=True)
@pytest.mark.parametrize("view", VIEWS)
async def test_a_view_has_no_serious_fault_for_screen_readers(stage: Stage, looker: Looker, view: str) -> None:
    await show(looker, stage, view)
    script = await asyncio.to_thread(AXE.read_text)
    # Through the debugger, which the policy of the page does not bind.
    await looker.page.evaluate(script)
    found = await looker.page.evaluate("axe.run()")
    serious = [each for each in found["violations"] if each["impact"] in SERIOUS]
    assert [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in serious] == []
    assert found["passes"]


@pytest.mark.parametrize("looker", [{"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}], indirect=True)
@pytest.mark.parametrize("view", VIEWS)
async def test_a_phone_shows_each_view_without_scrolling_sideways(stage: Stage, looker: Looker, view: str) -> None:
    await show(looker, stage, view)
    await looker.page.wait_for_selector(".status.pacing")
    await looker.picture(f"phone-{view}")
    assert await looker.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert looker.faults == []


async def test_the_keyboard_reaches_every_view(stage: Stage, looker: Looker) -> None:
    await show(looker, stage, "overview")
    await looker.page.evaluate("document.activeElement.blur()")
    reached = []
    for _ in range(60):
        await looker.page.keyboard.press("Tab")
        reached.append(await looker.page.evaluate("document.activeElement.getAttribute('href') || ''"))
    assert {f"#/{view}" for view in VIEWS} <= set(reached)
    await looker.page.focus("nav a[href='#/cluster']")
    await looker.page.keyboard.press("Enter")
    await looker.page.wait_for_selector("main[data-view=cluster]")
