"""Pages that cost something: made one at a time, kept while they are true, in a thread that pushes never wait for."""

from __future__ import annotations

import asyncio
import threading

import pytest

from pacing_node.api.pieces import PIECE_BYTES, PiecesResponse
from pacing_node.api.renderings import KeptPage, OneAtATime
from pacing_node.runtime.pools import PAGES, PUSHES
from tests.support.waiting import until


class Kitchen:
    """Makes pages when it is told to."""

    def __init__(self) -> None:
        self.begun, self.at_once, self.most_at_once = 0, 0, 0
        self.may = asyncio.Event()

    async def make(self) -> int:
        self.begun += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.may.wait()
        self.at_once -= 1
        return self.begun


async def test_all_who_ask_while_a_page_is_made_get_that_one() -> None:
    kitchen, page, report = Kitchen(), KeptPage[int](), object()
    asking = [asyncio.ensure_future(page.get(kitchen.make, report)) for _ in range(10)]
    await until(lambda: kitchen.begun)
    kitchen.may.set()
    assert {each.page for each in await asyncio.gather(*asking)} == {1}
    assert (await page.get(kitchen.make, report)).page == 1


async def test_other_sources_make_another_page_and_never_two_at_once() -> None:
    kitchen, page = Kitchen(), KeptPage[int]()
    reports = [object() for _ in range(5)]
    asking = [asyncio.ensure_future(page.get(kitchen.make, report)) for report in reports]
    await until(lambda: kitchen.begun)
    kitchen.may.set()
    await asyncio.gather(*asking)
    assert kitchen.begun == 5
    assert kitchen.most_at_once == 1


async def test_a_page_that_is_too_old_is_made_anew() -> None:
    kitchen = Kitchen()
    kitchen.may.set()
    now, kept = KeptPage[int](0.0), KeptPage[int](1000.0)
    assert [(await now.get(kitchen.make)).page for _ in range(3)] == [1, 2, 3]
    assert [(await kept.get(kitchen.make)).page for _ in range(3)] == [4, 4, 4]
    assert (await kept.get(kitchen.make)).age_seconds == 0


async def test_who_leaves_does_not_stop_the_making_for_the_others() -> None:
    kitchen, page, report = Kitchen(), KeptPage[int](), object()
    first, second = (asyncio.ensure_future(page.get(kitchen.make, report)) for _ in range(2))
    await until(lambda: kitchen.begun)
    first.cancel()
    kitchen.may.set()
    assert (await second).page == 1


async def test_a_page_that_could_not_be_made_is_tried_again_by_the_next() -> None:
    page: KeptPage[int] = KeptPage()

    async def fail() -> int:
        raise ValueError("no flour")

    async def succeed() -> int:
        return 1

    with pytest.raises(ValueError, match="no flour"):
        await page.get(fail)
    assert (await page.get(succeed)).page == 1


async def test_work_for_all_begins_after_they_have_asked() -> None:
    kitchen = Kitchen()
    work = OneAtATime(kitchen.make)
    early = asyncio.ensure_future(work.get())
    await until(lambda: kitchen.begun)
    late = [asyncio.ensure_future(work.get()) for _ in range(10)]
    await asyncio.sleep(0)
    assert kitchen.begun == 1
    kitchen.may.set()
    assert await early == 1
    assert await asyncio.gather(*late) == [2] * 10
    assert kitchen.most_at_once == 1


async def test_pages_that_hang_keep_no_push_and_no_name_waiting() -> None:
    hang = threading.Event()
    try:
        pages = [asyncio.ensure_future(PAGES.run(hang.wait)) for _ in range(100)]
        assert await asyncio.wait_for(PUSHES.run(threading.current_thread), 30) is not threading.current_thread()
        assert await asyncio.wait_for(asyncio.to_thread(lambda: "free"), 30) == "free"
        assert not any(page.done() for page in pages)
    finally:
        hang.set()
    await asyncio.gather(*pages)


async def test_a_large_answer_goes_in_pieces() -> None:
    sent = []

    async def send(message) -> None:
        sent.append(message)

    parts = (b"a" * 10, b"b" * (2 * PIECE_BYTES + 1))
    await PiecesResponse(*parts, media_type="text/plain")({}, None, send)
    head, *body = sent
    assert dict(head["headers"])[b"content-length"] == str(sum(map(len, parts))).encode()
    assert b"".join(each["body"] for each in body) == b"".join(parts)
    assert max(len(each["body"]) for each in body) == PIECE_BYTES
    assert [each["more_body"] for each in body] == [True] * (len(body) - 1) + [False]
