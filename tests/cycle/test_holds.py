"""Held targets get no invitations, whoever is master, from the next cycle on, and every number says why."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cluster.documents import Document
from cluster.errors import UnavailableError
from cluster.zookeeper.document_stores import LocalDocuments
from pacing_node.algorithms.model import Reason
from pacing_node.cycle.hold_book import HoldBook
from pacing_node.cycle.holds import Hold, Holds, encode_holds
from pacing_node.cycle.pacing_state import PacingState
from pacing_node.cycle.plan import CycleSettings
from tests.support.cycle_parts import snapshot, target_set
from tests.support.waiting import still, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOW = time.time()
HOLD = Hold("somebody", "a fire drill", NOW)


class Away(LocalDocuments):
    """A store that cannot be reached the first three times."""

    failures = 3

    async def read(self) -> object:  # type: ignore[override]
        if self.failures:
            self.failures -= 1
            raise UnavailableError("away")
        return await super().read()


class Counting(LocalDocuments):
    """A store that counts how often it is read."""

    readings = 0

    async def read(self) -> object:  # type: ignore[override]
        self.readings += 1
        return await super().read()


def state() -> PacingState:
    return PacingState(CycleSettings(), target_set("A", "B"))


class TestCalculation:
    @pytest.mark.parametrize("way", ["calculate", "preview"])
    def test_a_held_target_gets_nothing_and_the_others_what_they_had(self, way: str) -> None:
        free = getattr(state(), way)(snapshot(2), NOW).result
        assert (free.invitations > 0).all()
        held = getattr(state(), way)(snapshot(2), NOW, Holds(targets={"A - chat": HOLD})).result
        assert held.invitations.tolist() == [0, free.invitations[1]]
        assert held.reason.tolist() == [Reason.HELD, free.reason[1]]

    def test_the_emergency_stop_is_for_all_whatever_is_held_besides(self) -> None:
        held = state().calculate(snapshot(2), NOW, Holds(HOLD, {"A - chat": HOLD})).result
        assert (held.invitations.tolist(), held.reason.tolist()) == ([0, 0], [Reason.STOPPED] * 2)

    def test_a_hold_for_a_time_runs_out(self) -> None:
        holds = Holds(targets={"A - chat": Hold("somebody", "lunch", NOW, NOW + 60.0)})
        assert holds.of("A - chat", NOW + 59.0) is not None
        assert holds.of("A - chat", NOW + 60.0) is None
        pacing = state()
        assert pacing.calculate(snapshot(2), NOW + 59.0, holds).result.invitations[0] == 0
        assert pacing.calculate(snapshot(2), NOW + 64.0, holds).result.invitations[0] > 0

    def test_a_target_that_is_switched_off_says_so_also_while_it_is_held(self) -> None:
        pacing = state()
        pacing.policy.enabled[0] = False
        held = pacing.calculate(snapshot(2), NOW, Holds(targets={"A - chat": HOLD})).result
        assert held.reason[0] == Reason.TARGET_DISABLED


class TestBook:
    async def test_two_nodes_that_change_at_once_lose_no_hold(self) -> None:
        documents = LocalDocuments(None)
        books = [HoldBook(documents) for _ in range(5)]
        await asyncio.gather(
            *(book.change(lambda holds, n=n: holds.with_target(f"T{n}", HOLD)) for n, book in enumerate(books))
        )
        last = HoldBook(documents)
        await last.refresh()
        assert sorted(last.holds.targets) == [f"T{number}" for number in range(5)]

    async def test_a_change_says_what_was_so_before_and_after_and_others_follow(self) -> None:
        documents = LocalDocuments(None)
        here, there = HoldBook(documents), HoldBook(documents)
        following = asyncio.create_task(there.run())
        await there.wait_known()
        before, after = await here.change(lambda holds: holds.with_target("A", HOLD))
        assert (before, after) == (Holds(), Holds(targets={"A": HOLD}))
        assert there.holds == here.holds == after
        before, after = await there.change(lambda holds: holds.with_target("A", None))
        assert (before.targets, after.targets) == ({"A": HOLD}, {})
        following.cancel()

    async def test_a_node_does_not_know_the_holds_before_it_has_read_them(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pacing_node.cycle.hold_book.RETRY_SECONDS", 0.0)
        documents = Away(None)
        book = HoldBook(documents)
        following = asyncio.create_task(book.run())
        await book.wait_known()
        assert documents.failures == 0
        following.cancel()

    async def test_a_term_goes_by_what_was_read_behind_its_acquisition(self) -> None:
        documents = Counting(None)
        book, other = HoldBook(documents), HoldBook(documents)
        await other.change(lambda holds: holds.with_target("A", HOLD))
        documents.readings = 0
        book.read_ahead()
        await book.read_for_term()
        assert (list(book.holds.targets), documents.readings) == (["A"], 1)
        await book.read_for_term()
        assert documents.readings == 2, "of the next term without an acquisition: read now"

    async def test_a_term_reads_once_more_what_could_not_be_read_behind_its_acquisition(self) -> None:
        documents = Away(None)
        documents.failures = 1
        book = HoldBook(documents)
        book.read_ahead()
        await until(lambda: documents.failures == 0)
        await HoldBook(documents).change(lambda holds: holds.with_target("A", HOLD))
        await book.read_for_term()
        assert list(book.holds.targets) == ["A"]

    async def test_without_the_store_a_term_goes_by_what_is_known(self) -> None:
        book = HoldBook(Away(None))
        book.read_ahead()
        await book.read_for_term()
        assert book.holds == Holds()

    @pytest.mark.parametrize(
        "damage",
        [
            b"",
            b"{",
            b'{"stop": null}',
            b'{"stop": {"by": 1}, "targets": {}}',
            b"[]",
            json.dumps({"stop": {"by": "a", "why": "b", "since": 10**400, "until": None}, "targets": {}}).encode(),
        ],
        ids=["empty", "cut", "without targets", "without a reason", "a list", "a moment beyond all numbers"],
    )
    async def test_a_damaged_document_releases_nothing(self, damage: bytes) -> None:
        documents = LocalDocuments(None)
        version = await documents.write(encode_holds(Holds(targets={"A": HOLD})), None)
        known, fresh = HoldBook(documents), HoldBook(documents)
        await known.refresh()
        await documents.write(damage, version)
        await known.refresh()
        await fresh.refresh()
        assert known.holds.targets == {"A": HOLD}
        # A node that never read a good one cannot know whether everything was stopped.
        assert fresh.holds.stopped(time.time()) is not None
        assert known.problem
        assert fresh.problem
        await known.change(lambda holds: holds)
        await fresh.refresh()
        assert (fresh.holds.stop, fresh.problem) == (None, "")


class Replaced(LocalDocuments):
    """A store whose content can be replaced, as by a ZooKeeper that lost its data or was put back to an older copy."""

    def put_back(self, document: Document | None) -> None:
        self._watchers.newest = None
        if document is not None:
            self._watchers.changed(document)


class TestStoreThatForgets:
    """Versions begin anew with it, and what is ordered after that must hold all the same."""

    @pytest.fixture
    async def site(self) -> AsyncIterator[tuple[Replaced, HoldBook, HoldBook]]:
        documents = Replaced(None)
        here, there = HoldBook(documents), HoldBook(documents)
        following = [asyncio.create_task(each.run()) for each in (here, there)]
        for number in range(3):
            await here.change(lambda holds, number=number: holds.with_target(f"T{number}", HOLD))
        await until(lambda: len(there.holds.targets) == 3)
        yield documents, here, there
        for each in following:
            each.cancel()
        await asyncio.gather(*following, return_exceptions=True)

    @pytest.mark.parametrize("copy", [None, Document(encode_holds(Holds(targets={"T0": HOLD})), 0)])
    async def test_an_order_after_that_holds_on_every_node(
        self, site: tuple[Replaced, HoldBook, HoldBook], copy: Document | None
    ) -> None:
        documents, here, there = site
        documents.put_back(copy)
        await here.change(lambda holds: replace(holds, stop=HOLD))
        await until(lambda: there.holds.stop is not None)
        assert there.holds == here.holds
        await there.change(lambda holds: replace(holds, stop=None))
        await until(lambda: here.holds.stop is None)

    async def test_what_an_older_copy_holds_is_in_force_on_every_node(
        self, site: tuple[Replaced, HoldBook, HoldBook]
    ) -> None:
        documents, here, there = site
        documents.put_back(Document(encode_holds(Holds(targets={"T0": HOLD})), 0))
        await until(lambda: [*here.holds.targets] == [*there.holds.targets] == ["T0"])

    async def test_an_order_releases_nothing_of_what_was_lost(self, site: tuple[Replaced, HoldBook, HoldBook]) -> None:
        documents, here, there = site
        await here.change(lambda holds: replace(holds, stop=HOLD))
        documents.put_back(None)
        await here.change(lambda holds: holds.with_target("T9", HOLD))
        await until(lambda: "T9" in there.holds.targets)
        assert there.holds.stop is not None

    async def test_news_that_come_late_undo_nothing(self, site: tuple[Replaced, HoldBook, HoldBook]) -> None:
        documents, here, _ = site
        late = await documents.read()
        await here.change(lambda holds: replace(holds, stop=HOLD))
        assert late is not None
        here._use(late)
        await still(lambda: here.holds.stop is not None, 0.2)
