"""Cluster options in the shared document: seed, changes, refusals, and who wrote first."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
from typing import TYPE_CHECKING

import pytest

from cluster.errors import ConflictError, NotAllowedError, TooLargeError, UnavailableError
from cluster.zookeeper.document_stores import LocalDocuments
from pacing_node.options.cluster_options import parse_cluster_options
from pacing_node.options.errors import ConfigurationError, Problem
from pacing_node.options.options_store import (
    OptionsChangedError,
    OptionsStore,
    StoredOptions,
    options_diff,
    read_options,
    replace_options,
)
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator
    from pathlib import Path

    from cluster.documents import Document, DocumentCallback
    from pacing_node.options.cluster_options import ClusterOptions

GOOD = "configServer: {path: objects.yaml}\nstatServer: {primary: 'stat1:7000'}\npacing: {refreshPeriod: 5}\n"


class Running:
    """A store at work and the options it handed on."""

    def __init__(self, store: OptionsStore, failures: Iterator[Exception]) -> None:
        self.store = store
        self.failures = failures
        self.seen: list[ClusterOptions] = []

    async def use(self, options: ClusterOptions) -> None:
        self.seen.append(options)
        if (failure := next(self.failures, None)) is not None:
            raise failure


@contextlib.asynccontextmanager
async def running(store: OptionsStore, failures: Iterable[Exception] = ()) -> AsyncIterator[Running]:
    state = Running(store, iter(failures))
    task = asyncio.create_task(store.run(state.use))
    try:
        yield state
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    path = tmp_path / "cluster.yaml"
    path.write_text(GOOD)
    return path


async def test_a_seed_becomes_the_document_word_for_word(seed: Path) -> None:
    seed.write_text(GOOD + "# why it is so\n")
    documents = LocalDocuments(None)

    async with running(OptionsStore(documents, seed)) as state:
        await until(lambda: len(state.seen) == 1)

    assert await read_options(documents) == StoredOptions(GOOD + "# why it is so\n", 0)
    assert state.store.version == 0


async def test_a_document_that_stands_wins_over_the_seed(seed: Path) -> None:
    documents = LocalDocuments(None)
    await documents.write(GOOD.replace("refreshPeriod: 5", "refreshPeriod: 2").encode(), None)

    async with running(OptionsStore(documents, seed)) as state:
        await until(lambda: len(state.seen) == 1)

    assert state.seen[0].pacing.refresh_seconds == 2.0


async def test_a_small_document_of_nested_aliases_is_refused_and_the_previous_options_hold(seed: Path) -> None:
    nested = "a: &a0 [x, x, x, x, x, x, x, x, x]\n"
    nested += "".join(f"b{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
    documents = LocalDocuments(None)

    async with running(OptionsStore(documents, seed)) as state:
        await until(lambda: len(state.seen) == 1)
        await documents.write(nested.encode(), 0)
        await until(lambda: bool(state.store.problems))

    assert "found too much nesting; allowed: 24 levels and 100000 values" in state.store.problems[0]
    assert len(state.seen) == 1


async def test_the_event_loop_goes_on_while_a_document_is_read(seed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, gate = threading.Event(), threading.Event()

    def slow(content: bytes, source: str) -> ClusterOptions:
        begun.set()
        assert gate.wait(10.0)
        return parse_cluster_options(content, source)

    documents = LocalDocuments(None)
    await documents.write(seed.read_bytes(), None)
    monkeypatch.setattr("pacing_node.options.options_store.parse_cluster_options", slow)

    async with running(OptionsStore(documents)) as state:
        await until(begun.is_set)
        gate.set()
        await until(lambda: len(state.seen) == 1)


async def test_whatever_a_document_provokes_the_options_in_force_stay(
    seed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(content: bytes, source: str) -> ClusterOptions:
        if b"provoke" in content:
            raise RuntimeError("nobody foresaw it")
        return parse_cluster_options(content, source)

    documents = LocalDocuments(None)
    monkeypatch.setattr("pacing_node.options.options_store.parse_cluster_options", broken)

    async with running(OptionsStore(documents, seed)) as state:
        await until(lambda: len(state.seen) == 1)
        await documents.write(b"provoke", 0)
        await until(lambda: bool(state.store.problems))
        assert "cluster options version 1: found something unexpected (RuntimeError" in state.store.problems[0]
        await documents.write(GOOD.replace("refreshPeriod: 5", "refreshPeriod: 2").encode(), 1)
        await until(lambda: len(state.seen) == 2)

    assert state.store.problems == ()


@pytest.mark.parametrize("error", [TooLargeError, NotAllowedError])
async def test_a_seed_that_zookeeper_does_not_take_is_a_problem_that_shows(seed: Path, error: type[Exception]) -> None:
    class Refusing(LocalDocuments):
        async def write(self, data: bytes, version: int | None) -> int:
            raise error("/pacing/c/config: why")

    async with running(OptionsStore(Refusing(None), seed)) as state:
        await until(lambda: bool(state.store.problems))

    assert state.store.problems == ("/pacing/c/config: why",)


async def test_two_nodes_that_seed_at_once_agree(tmp_path: Path) -> None:
    documents = LocalDocuments(None)
    seeds = []
    for period in (2, 3):
        path = tmp_path / f"{period}.yaml"
        path.write_text(GOOD.replace("refreshPeriod: 5", f"refreshPeriod: {period}"))
        seeds.append(path)

    async with running(OptionsStore(documents, seeds[0])) as one, running(OptionsStore(documents, seeds[1])) as two:
        await until(lambda: bool(one.seen) and bool(two.seen))

    assert one.seen == two.seen


async def test_a_change_is_handed_on_and_one_of_words_only_is_not(seed: Path) -> None:
    documents = LocalDocuments(None)

    async with running(OptionsStore(documents, seed)) as state:
        await until(lambda: len(state.seen) == 1)
        await documents.write((GOOD + "# a remark\n").encode(), 0)
        await until(lambda: state.store.version == 1)
        await documents.write(GOOD.replace("Period: 5", "Period: 7").encode(), 1)
        await until(lambda: len(state.seen) == 2)

    assert [options.pacing.refresh_seconds for options in state.seen] == [5.0, 7.0]


async def test_a_bad_change_keeps_the_options_and_says_what_is_wrong(seed: Path) -> None:
    documents = LocalDocuments(None)

    async with running(OptionsStore(documents, seed)) as state:
        await until(lambda: len(state.seen) == 1)
        await documents.write(GOOD.replace("refreshPeriod: 5", "refreshPeriod: soon").encode(), 0)
        await until(lambda: bool(state.store.problems))
        assert state.store.problems == (
            "cluster options version 1:3:10: pacing.refreshPeriod: found 'soon'; allowed: a number from 1 to 3600",
        )
        assert (state.store.version, len(state.seen)) == (0, 1)

        await documents.write(GOOD.replace("refreshPeriod: 5", "refreshPeriod: 7").encode(), 1)
        await until(lambda: len(state.seen) == 2)
        assert (state.store.version, state.store.problems) == (2, ())


async def test_a_bad_seed_is_reported_until_it_is_mended(seed: Path) -> None:
    seed.write_text("tenant: [")

    async with running(OptionsStore(LocalDocuments(None), seed)) as state:
        await until(lambda: bool(state.store.problems))
        assert state.store.problems[0].startswith(f"{seed}:2:1: found a syntax error")
        seed.write_text(GOOD)
        await until(lambda: len(state.seen) == 1)


async def test_a_seed_that_is_missing_is_named(tmp_path: Path) -> None:
    async with running(OptionsStore(LocalDocuments(None), tmp_path / "gone.yaml")) as state:
        await until(lambda: bool(state.store.problems))

    assert state.store.problems == (f"{tmp_path}/gone.yaml: found no such file or directory; allowed: a readable file",)


async def test_without_a_seed_the_first_options_may_come_from_anybody() -> None:
    documents = LocalDocuments(None)

    async with running(OptionsStore(documents)) as state:
        await until(lambda: bool(state.store.problems))
        assert state.store.problems == ("there are no cluster options and no seed file is named",)
        await replace_options(documents, GOOD, None, "cluster.yaml")
        await until(lambda: len(state.seen) == 1)


async def test_an_error_of_whoever_uses_the_options_does_not_end_the_store(seed: Path) -> None:
    documents = LocalDocuments(None)
    seen: list[float] = []

    async def fail(options: ClusterOptions) -> None:
        seen.append(options.pacing.refresh_seconds)
        raise RuntimeError("cannot use this")

    task = asyncio.create_task(OptionsStore(documents, seed).run(fail))
    await until(lambda: seen)
    await documents.write(GOOD.replace("refreshPeriod: 5", "refreshPeriod: 7").encode(), 0)
    await until(lambda: len(seen) == 2)
    task.cancel()

    assert seen == [5.0, 7.0]


class LateDocuments:
    """A store that cannot be reached for the first few calls."""

    def __init__(self, failures: int) -> None:
        self._inner = LocalDocuments(None)
        self._failures = failures

    def _count(self) -> None:
        self._failures -= 1
        if self._failures >= 0:
            raise UnavailableError("no connection")

    async def read(self) -> Document | None:
        self._count()
        return await self._inner.read()

    async def write(self, data: bytes, version: int | None) -> int:
        self._count()
        return await self._inner.write(data, version)

    def watch(self, callback: DocumentCallback) -> Callable[[], None]:
        return self._inner.watch(callback)


@pytest.mark.parametrize("failures", [1, 2])
async def test_a_store_that_cannot_be_reached_is_waited_for(seed: Path, failures: int) -> None:
    async with running(OptionsStore(LateDocuments(failures), seed)) as state:
        await until(lambda: len(state.seen) == 1)


async def test_bad_options_are_never_written() -> None:
    documents = LocalDocuments(None)

    with pytest.raises(ConfigurationError, match=r"^new\.yaml:1:1: pacng: found an unknown key; allowed: did you mean"):
        await replace_options(documents, "pacng: {}\n" + GOOD, None, "new.yaml")

    assert await documents.read() is None


async def test_whoever_writes_second_is_refused_and_shown_the_difference() -> None:
    documents = LocalDocuments(None)
    await replace_options(documents, GOOD, None, "a")
    base = await read_options(documents)
    await replace_options(documents, GOOD.replace("refreshPeriod: 5", "refreshPeriod: 7"), base, "b")

    with pytest.raises(OptionsChangedError) as caught:
        await replace_options(documents, GOOD.replace("stat1", "stat2"), base, "c")

    assert caught.value.newest.version == 1
    assert "-pacing: {refreshPeriod: 5}\n+pacing: {refreshPeriod: 7}\n" in caught.value.diff
    newest = await read_options(documents)
    assert newest is not None
    assert "stat2" not in newest.text


async def test_creating_where_options_stand_is_refused() -> None:
    documents = LocalDocuments(None)
    await replace_options(documents, GOOD, None, "a")

    with pytest.raises(OptionsChangedError):
        await replace_options(documents, GOOD, None, "b")
    with pytest.raises(ConflictError):
        await documents.write(b"", 5)


def test_equal_texts_have_no_difference() -> None:
    assert options_diff(GOOD, GOOD, "a", "b") == ""
    assert options_diff("a", "b", "x", "y") == "--- x\n+++ y\n@@ -1 +1 @@\n-a\n+b\n"


class TestNotApplied:
    """Good options that cannot be applied now, for a file they name that is not there yet, say."""

    MISSING = ConfigurationError((Problem("/run/ca.pem", "", "no such file or directory", "certificates"),))

    @pytest.fixture(autouse=True)
    def at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pacing_node.options.options_store.APPLY_SECONDS", (0.01, 0.01))

    @pytest.mark.parametrize("failure", [MISSING, RuntimeError("who knows")])
    async def test_are_applied_as_soon_as_they_can_be(self, seed: Path, failure: Exception) -> None:
        gate = asyncio.Event()

        def failures() -> Iterator[Exception]:
            while not gate.is_set():
                yield failure

        async with running(OptionsStore(LocalDocuments(None), seed), failures()) as state:
            await until(lambda: len(state.seen) > 2)
            assert len(state.store.problems) == 1
            gate.set()
            await until(lambda: not state.store.problems)
            assert state.seen[0] == state.seen[-1]

    async def test_are_a_problem_that_names_what_is_wrong(self, seed: Path) -> None:
        async with running(OptionsStore(LocalDocuments(None), seed), itertools.repeat(self.MISSING)) as state:
            await until(lambda: bool(state.store.problems))
            assert state.store.problems == tuple(map(str, self.MISSING.problems))

    async def test_stay_a_problem_beside_that_of_a_newer_document(self, seed: Path) -> None:
        documents = LocalDocuments(None)
        async with running(OptionsStore(documents, seed), itertools.repeat(self.MISSING)) as state:
            await until(lambda: bool(state.store.problems))
            await documents.write(b"pacing: {refreshPeriod: never}", 0)
            await until(lambda: len(state.store.problems) > 1)
            tried = len(state.seen)
            await until(lambda: len(state.seen) > tried)
            assert str(self.MISSING.problems[0]) in state.store.problems

    async def test_give_way_to_newer_ones(self, seed: Path) -> None:
        documents = LocalDocuments(None)
        async with running(OptionsStore(documents, seed), iter([self.MISSING])) as state:
            await until(lambda: bool(state.seen))
            await documents.write(GOOD.replace("refreshPeriod: 5", "refreshPeriod: 2").encode(), 0)
            await until(lambda: state.seen[-1].pacing.refresh_seconds == 2.0)
            await until(lambda: not state.store.problems)
