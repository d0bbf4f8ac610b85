"""The history tells outages: what the receiver saw, and what the nodes knew; odd entries are shown as broken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cluster.errors import UnavailableError
from cluster.mastership import EndCause
from cluster.records import HistoryEntry
from cluster.zookeeper.history_entries import decode_entry, encode_entry, epoch_of, merged, stranger, with_gaps
from tests.leadership.conftest import Members, order_step_down
from tests.support.waiting import until


def term(epoch: int, began_at: float | None, ended_at: float | None, cause: str | None, **more) -> HistoryEntry:
    return HistoryEntry(epoch, f"node-{epoch}", began_at, None, ended_at, cause, None, **more)


def gap(entry: HistoryEntry, *before: HistoryEntry) -> float | None:
    """``before`` newest first."""
    return with_gaps([entry, *before])[0].gap_seconds


class TestGap:
    def test_it_is_the_time_from_the_last_accepted_action_to_the_first(self):
        before = term(1, 90.0, 103.0, "lease_expired", first_action_at=91.0, last_action_at=100.0)
        assert gap(term(2, 178.0, None, None, first_action_at=179.0), before) == 79.0

    def test_it_is_not_known_before_the_first_accepted_action(self):
        assert gap(term(2, 178.0, None, None), term(1, 90.0, 103.0, "resigned", last_action_at=100.0)) is None

    def test_a_term_without_an_accepted_action_belongs_to_the_gap(self):
        silent = term(2, 110.0, 120.0, "operator")
        before = term(1, 90.0, 103.0, "resigned", last_action_at=100.0)
        assert gap(term(3, 121.0, None, None, first_action_at=122.0), silent, before) == 22.0

    def test_clocks_that_disagree_give_no_negative_gap(self):
        before = term(1, 90.0, 103.0, "resigned", last_action_at=103.0)
        assert gap(term(2, 102.9, None, None, first_action_at=102.95), before) == 0.0

    def test_a_missing_entry_leaves_it_unknown(self):
        before = term(1, 90.0, 103.0, "resigned", last_action_at=100.0)
        assert gap(term(3, 178.0, None, None, first_action_at=179.0), before) is None
        assert gap(term(3, 178.0, None, None), term(1, 90.0, 103.0, "resigned")) is None

    def test_an_epoch_raised_after_a_refusal_is_no_missing_entry(self):
        before = term(1, 90.0, 103.0, "fenced", last_action_at=100.0)
        assert gap(term(58, 104.0, None, None, first_action_at=105.0), before) == 5.0

    def test_the_first_term_has_none(self):
        assert gap(term(1, 90.0, None, None, first_action_at=91.0)) is None

    def test_without_any_report_of_actions_it_is_the_time_without_a_master(self):
        assert gap(term(2, 103.5, None, None), term(1, 90.0, 103.0, "resigned")) == 0.5

    def test_a_term_whose_end_nobody_told_leaves_it_unknown(self):
        entry = term(2, 103.0, None, None)
        assert gap(entry, term(1, 90.0, None, None)) is None
        assert gap(entry, term(1, 90.0, None, "session_lost")) is None

    def test_an_end_that_an_older_version_made_up_leaves_it_unknown(self):
        assert gap(term(2, 103.0, None, None), term(1, 90.0, 103.0, "session_lost")) is None

    def test_a_broken_begin_leaves_it_unknown(self):
        assert gap(term(2, None, None, None), term(1, 90.0, 103.0, "resigned")) is None


class TestContent:
    def test_what_is_kept_is_what_was_written_but_the_gap(self):
        entry = term(7, 103.0, 110.0, "fenced", first_action_at=104.0, last_action_at=109.0)
        assert decode_entry(7, encode_entry(replace(entry, gap_seconds=2.0))) == entry

    def test_the_word_of_the_node_that_led_wins_where_it_has_one(self):
        found = term(3, 10.0, None, "session_lost", last_action_at=20.0)
        known = merged(term(3, 10.0, 22.0, "lease_expired", first_action_at=11.0), found)
        assert known == term(3, 10.0, 22.0, "lease_expired", first_action_at=11.0, last_action_at=20.0)

    @pytest.mark.parametrize(
        ("data", "named"),
        [
            (b'{"node": "a", "began_at": 5.0, "ended_at": "x"}', "ended_at: found 'x'"),
            (b'{"node": "a", "began_at": 1e999}', "began_at: found inf"),
            (b'{"node": "a", "began_at": 1767323045000}', "began_at: found 1767323045000"),
            (b'{"node": "a", "began_at": 5.0, "cause": {"a": 1}}', "cause: found {'a': 1}"),
            (b'{"node": 7, "began_at": 5.0}', "node: found 7"),
            (b"", "found b'', expected a JSON object"),
            (b"[" * 100_000, "expected a JSON object"),
            (b'{"node": "a", "began_at": 1' + b"0" * 400 + b"}", "began_at: found 1000"),
        ],
    )
    def test_what_cannot_be_read_is_shown_as_broken_and_the_rest_is_kept(self, data: bytes, named: str):
        entry = decode_entry(7, data)
        assert entry.epoch == 7
        assert named in entry.broken[0]

    def test_names_of_nodes_are_fit_for_every_output(self):
        entry = decode_entry(7, b'{"node": "a\\ud83d\\n\\u202eb", "began_at": 5.0}')
        assert entry.node == "a   b"

    def test_a_node_that_is_no_entry_is_shown_as_such(self):
        assert [epoch_of(name) for name in ("0000000007", "x", "9" * 5000, "٣")] == [7, None, None, None]
        assert "'x'" in stranger("x").broken[0]


@pytest.mark.ensemble
class TestOutages:
    async def test_a_master_that_died_is_closed_with_its_last_accepted_action_as_its_successor_knows_it(
        self, members: Members, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        a = await members.join("a")
        await members.master()
        b = await members.join("b")
        await until(lambda: b.status().master == "a" and len(b.members()) == 2)

        async def died(*_: object) -> None:
            raise UnavailableError("nobody writes for the dead")

        for at in (100.0, 110.0):
            a.report_accepted(1, at)
            b.report_accepted(1, at)
        monkeypatch.setattr(a._backend._history, "ended", died)
        await order_step_down(b, "an operator")
        await members.master(other_than=a)
        # Before the previous term is closed in the history, as a quick successor does.
        b.report_accepted(2, 150.0)

        async def told() -> bool:
            return [each.gap_seconds for each in await b.history()] == [40.0, None]

        await until(told)
        newest, dead = await b.history()
        assert (dead.cause, dead.ended_at, dead.first_action_at) == ("session_lost", None, 100.0)
        assert newest.first_action_at == 150.0

    async def test_an_action_accepted_before_the_term_is_entered_is_its_first(self, members: Members) -> None:
        a = await members.join("a")
        await members.master()
        history = a._backend._history
        history.acted(7, 100.0)
        await history.began(7, 99.0)
        assert (await a.history())[0].first_action_at == 100.0

    async def test_what_could_not_be_written_is_written_when_zookeeper_is_back(
        self, members: Members, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        a = await members.join("a", cooldown_seconds=0.1)
        await members.master()
        history = a._backend._history
        a.report_accepted(1, 100.0)

        async def entered() -> bool:
            return [each.first_action_at for each in await a.history()] == [100.0]

        await until(entered)
        write = history._update

        async def away(*_: object) -> None:
            raise UnavailableError("ZooKeeper is away")

        monkeypatch.setattr(history, "_update", away)
        await a.mastership.step_down(EndCause.LEASE_EXPIRED)
        await until(lambda: history._unwritten)
        ended = history._own[1].ended_at
        monkeypatch.setattr(history, "_update", write)
        await history.catch_up()
        entry = next(each for each in await a.history() if each.epoch == 1)
        assert (entry.cause, entry.ended_at, entry.last_action_at) == ("lease_expired", ended, 100.0)


@pytest.mark.ensemble
async def test_an_entry_that_cannot_be_deleted_holds_no_other_back(members: Members, monkeypatch) -> None:
    monkeypatch.setattr("cluster.zookeeper.history.KEPT_TERMS", 1)
    a = await members.join("a")
    await members.join("b")
    master = await members.master()
    session, paths = a._backend._session, a.mastership._transactions._paths
    first = f"{paths.history}/{(await until(lambda: session.children(paths.history)))[0]}"
    await session.create(f"{first}/foreign", b"")

    for _ in range(2):
        await order_step_down(master, "a test")
        master = await members.master(other_than=master)

    newest = master.mastership.term.epoch
    await until(lambda: left(session, paths.history, {1, newest}), "the first and the newest are left")


async def left(session, path: str, wanted: set[int]) -> bool:
    return {epoch_of(name) for name in await session.children(path)} == wanted
