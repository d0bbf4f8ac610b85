"""Ten thousand targets are scrolled without a frame that a person notices."""

from __future__ import annotations

import pytest

from simulator.benchmark.page_frames import LONGEST_MS, scroll, summed
from simulator.harness.stage import Stage
from tests.browser.conftest import TARGETS, Looker

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_ten_thousand_targets_scroll_without_a_long_frame(large_stage: Stage, looker: Looker) -> None:
    await looker.open(large_stage.plans[0].http, "#/targets")
    await looker.page.wait_for_selector(".grid .row a")
    await looker.page.wait_for_function(
        f"() => document.querySelector('.count').textContent.includes('{TARGETS:,} of')"
    )

    frames = await scroll(looker.page)
    print(summed("clock", [each.clock_ms for each in frames]), summed("own", [each.own_ms for each in frames]))
    print(summed("cpu", [each.cpu_ms for each in frames]))
    assert max(each.own_ms for each in frames) <= LONGEST_MS
    drawn = await looker.page.evaluate("document.querySelectorAll('.grid .body .row').length")
    assert drawn < 80
    await looker.page.wait_for_selector(".grid .body .row a")
    last = await looker.page.evaluate(
        "[...document.querySelectorAll('.grid .body .row')].pop().getAttribute('aria-rowindex')"
    )
    assert int(last) == TARGETS + 1
    await looker.picture("ten-thousand")
    assert looker.faults == []


async def test_ten_thousand_targets_are_filtered_and_sorted_by_the_node(large_stage: Stage, looker: Looker) -> None:
    asked: list[str] = []
    looker.page.on("request", lambda request: asked.append(request.url))
    await looker.open(large_stage.plans[0].http, "#/targets")
    await looker.page.wait_for_selector(".grid .row a")
    await looker.page.click(".head button:text-is('waiting')")
    await looker.page.fill("input[type=search]", "00")
    await looker.page.wait_for_function("() => !document.querySelector('.count').textContent.startsWith('10,000')")
    await looker.page.wait_for_selector(".grid .row a")
    names = await looker.page.eval_on_selector_all(".grid .body .row a", "rows => rows.map(row => row.textContent)")
    assert names
    assert all("00" in name for name in names)
    lists = [url for url in asked if "/targets?" in url]
    assert lists
    assert all("limit=100" in url for url in lists)
    assert any("sort=waiting" in url and "descending=true" in url for url in lists)
