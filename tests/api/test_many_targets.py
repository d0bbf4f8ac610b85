"""Pages over thousands of targets: written once per cycle, beside the event loop, and never older than the cycle."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import numpy as np
import pytest

from pacing_node.api import target_pages
from pacing_node.api.inbound_reads import InboundReads, UnknownError
from pacing_node.api.target_pages import PIECE, TargetsText, targets_page
from pacing_node.cycle.report import CycleReport
from pacing_node.monitoring.silence import CycleState
from pacing_node.targets import TargetSet
from tests.support.cycle_parts import report, target

COUNT = 2 * PIECE + 100


def many(count: int = COUNT) -> TargetSet:
    return TargetSet("1", tuple(target(f"Q{number:05d}", groups=(f"G{number % 7}",)) for number in range(count)))


def test_every_target_is_there_once_and_in_order_across_the_pieces() -> None:
    known = many()
    page = json.loads(targets_page(report(*known.names), known))
    assert [row["name"] for row in page["targets"]] == list(known.names)
    assert [row["invitations"] for row in page["targets"]] == list(range(COUNT))
    assert page["targets"][COUNT - 1]["groups"] == [f"G{(COUNT - 1) % 7}"]
    assert page["sequence"] == 7


def test_before_the_first_cycle_all_discovered_targets_are_listed() -> None:
    known = many()
    page = json.loads(targets_page(None, known))
    assert [row["name"] for row in page["targets"]] == list(known.names)
    assert json.loads(targets_page(None, None))["targets"] == []


async def test_a_page_of_many_targets_is_written_beside_the_event_loop() -> None:
    known = many(5000)
    loop_before, all_before = time.thread_time(), time.process_time()
    page = await TargetsText().page(report(*known.names), known, CycleState())
    loop, everything = time.thread_time() - loop_before, time.process_time() - all_before
    assert len(json.loads(b"".join(page))["targets"]) == 5000
    # Turns of the loop depend on what else the machine runs; whose processor time the page took does not.
    assert loop < everything / 2, f"of {everything:.3f} s the event loop's thread took {loop:.3f}"


async def test_a_page_is_written_once_for_all_who_ask_and_anew_for_the_next_cycle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = []

    def counted(*arguments: object) -> bytes:
        written.append(arguments)
        return targets_page(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(target_pages, "targets_page", counted)
    text, known = TargetsText(), many(10)
    first, second = report(*known.names), report(*known.names, calculated_at=1005.0)
    pages = await asyncio.gather(*(text.page(first, known, CycleState()) for _ in range(5)))
    assert len(written) == 1
    assert len(set(pages)) == 1

    async def page(cycle: CycleReport, targets: TargetSet) -> dict[str, Any]:
        return json.loads(b"".join(await text.page(cycle, targets, CycleState())))

    assert (await page(second, known))["calculated_at"] == 1005.0
    other = TargetSet("2", (target("Q00000", goal_percent=9.0), *known.targets[1:]))
    assert (await page(second, other))["targets"][0]["goal_percent"] == 9.0


def test_an_answer_is_remembered_until_the_next_cycle_or_other_targets() -> None:
    reads, known = InboundReads(), many(4)
    chat = reads.select("chat", [], known)
    before = report(*known.names, inbound_portion=np.full(4, 0.25))
    assert reads.reactive_state(chat, known, before) == 0.25
    assert reads.reactive_state(chat, known, before) == 0.25
    after = report(*known.names, inbound_portion=np.array([1.0, 0.5, 0.5, 0.5]))
    assert reads.reactive_state(reads.select("chat", ["G0"], known), known, after) == 1.0
    assert reads.reactive_state(reads.select("chat", ["G1"], known), known, after) == 0.5
    assert reads.reactive_state(chat, known, None) == 1.0
    other = TargetSet("2", (target("Q00000", groups=("new",)),))
    with pytest.raises(UnknownError, match="G0"):
        reads.select("chat", ["G0"], other)
    assert reads.select("chat", ["new"], other).groups == {"new"}
