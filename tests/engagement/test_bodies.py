"""The body of the bulk call is the document it stands for, whatever names and numbers are in it."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from pacing_node.algorithms.model import Reason
from pacing_node.engagement.bulk import BulkPlatform
from pacing_node.engagement.connection import MOST_AT_ONCE
from pacing_node.engagement.engagement_settings import EngagementSettings
from pacing_node.engagement.entity_text import SEGMENTS, opening_text
from pacing_node.engagement.mapping import PredictiveDialect, request_body
from pacing_node.engagement.platform import TargetPush
from pacing_node.engagement.push_columns import PushColumns
from pacing_node.engagement.written_entities import Segment, WrittenEntities
from pacing_node.targets import PacingTarget
from tests.support.engagement_platform import push, token, within
from tests.support.engagement_platform import settings as engagement_settings

NAMES = st.text(min_size=1, max_size=20)
COUNTS = st.integers(0, 10**9)
PUSHES = st.builds(
    lambda queue, groups, changes: push(queue=queue, groups=tuple(groups), **changes),
    NAMES,
    st.lists(NAMES, max_size=3),
    st.fixed_dictionaries(
        {
            "invitations": COUNTS,
            "interval_seconds": st.floats(1.0, 60.0),
            "inbound_portion": st.none() | st.floats(0.0, 1.0),
            "estimated_wait_seconds": st.none() | st.floats(0.0, 1e6),
            "accepted_total": COUNTS,
        }
    ),
)


def document(each: TargetPush) -> dict[str, Any]:
    """An entity as the platform documents it."""
    target = each.target
    user_data = [{"key": "agentGroup", "value": group} for group in target.groups]
    user_data.append({"key": "virtualQueue", "value": target.queue})
    if each.inbound_portion is not None:
        user_data.append({"key": "inboundPortion", "value": f"{each.inbound_portion:.4f}"})
    entity: dict[str, Any] = {
        "id": target.name,
        "name": target.name,
        "externalId": target.name,
        "mediaType": target.media,
        "supportedMediaTypes": [target.media],
        "userData": user_data,
        "allowedInvitationCount": each.invitations,
        "allowedInvitationIntervalSeconds": each.interval_seconds,
        "rawStatistics": {
            "numberOfLoggedInAgents": each.logged_in,
            "numberOfReadyAgents": each.ready,
            "numberOfInteractionsInQueue": each.waiting,
            "numberOfServedInteractions": each.accepted_total,
            "numberOfAbandonedInteractions": each.abandoned_total,
        },
    }
    if each.estimated_wait_seconds is not None:
        entity["estimatedWaitTimeSeconds"] = round(each.estimated_wait_seconds, 1)
    return entity


@given(st.lists(PUSHES, max_size=4))
def test_the_text_is_the_document_byte_for_byte(pushes: list[TargetPush]) -> None:
    expected = json.dumps({"entities": [document(each) for each in pushes]}, separators=(",", ":")).encode()
    assert request_body(pushes, {}) == expected


ROWS = 5
WAITS = st.sampled_from([np.nan, 0.0, 0.04, 0.05, 0.15, 0.25, 0.35, 0.3499999, 12.34, 12.35, 12.36, 1e6, 1e15])
PORTIONS = st.sampled_from([np.nan, 0.0, 0.00005, 0.00015, 0.5, 0.50004, 0.50005, 0.50006, 1.0])


def column(values: st.SearchStrategy[Any], kind: type[np.generic]) -> st.SearchStrategy[Any]:
    return st.lists(values, min_size=ROWS, max_size=ROWS).map(lambda each: np.array(each, kind))


SMALL = column(st.integers(0, 2), np.int64)
QUEUES = st.sampled_from([("A", "B", "C", "D", "E"), ("A", "B", "C", "D", "F")])
COLUMNS = st.builds(
    lambda queues, *rest: PushColumns(tuple(push(queue=each).target for each in queues), *rest),
    QUEUES,
    st.sampled_from([5.0, 10.0]),
    SMALL,
    column(PORTIONS, np.float64),
    column(WAITS, np.float64),
    *[SMALL] * 5,
    column(st.sampled_from([int(reason) for reason in Reason]), np.int64),
)


@settings(deadline=None)
@given(st.lists(st.tuples(COLUMNS, st.sampled_from([2, 3, 5])), min_size=2, max_size=4))
def test_what_is_kept_of_earlier_pushes_changes_no_byte(pushes: list[tuple[PushColumns, int]]) -> None:
    dialect = PredictiveDialect()
    for columns, size in pushes:
        of = -(-ROWS // size)
        for number in range(1, of + 1):
            part = columns[(number - 1) * size : number * size]
            assert dialect.body(token(1, 1), (number, of), part) == request_body(list(part), {})


@given(COLUMNS)
def test_columns_are_a_sequence_of_pushes(columns: PushColumns) -> None:
    assert list(columns) == [columns[row] for row in range(ROWS)]
    assert list(columns[1:3]) == list(columns)[1:3]
    assert columns[-1] == list(columns)[-1]


def test_only_what_changed_is_written_anew() -> None:
    written: list[str] = []

    def write(target: PacingTarget, ready: int) -> str:
        written.append(target.queue)
        return f"{ready}"

    targets = tuple(push(queue=name).target for name in "ABCDE")
    zeros, unknown = np.zeros(ROWS, np.int64), np.full(ROWS, np.nan)
    columns = PushColumns(targets, 5.0, zeros, unknown, unknown, *[zeros] * 6)
    entities = WrittenEntities([Segment(lambda each: (each.ready,), write, (None,), of_target=True)])
    assert b"".join(entities.pieces((1, 1), columns)) == b"0,0,0,0,0"
    written.clear()
    changed = replace(columns, ready=np.array([0, 0, 7, 0, 0]))
    assert b"".join(entities.pieces((1, 1), changed)) == b"0,0,7,0,0"
    assert written == ["C"]


async def test_a_push_that_was_written_ahead_writes_its_numbers_alone_and_sends_nothing_before(
    platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[tuple[str, str]] = []

    def opening(target: PacingTarget) -> str:
        written.append((target.queue, threading.current_thread().name.partition("_")[0]))
        return opening_text(target)

    monkeypatch.setattr("pacing_node.engagement.mapping.SEGMENTS", (replace(SEGMENTS[0], write=opening), *SEGMENTS[1:]))
    targets = tuple(push(queue=name).target for name in "ABCDE")
    zeros, unknown = np.zeros(ROWS, np.int64), np.full(ROWS, np.nan)
    columns = PushColumns(targets, 5.0, zeros, unknown, unknown, *[zeros] * 6)
    engagement = BulkPlatform(engagement_settings(platform.url, max_entities_per_request=2))
    await engagement.prepare(columns)
    assert written == [(name, "push") for name in "ABCDE"], "beside the event loop"
    assert not platform.requests
    changed = replace(columns, invitations=np.arange(ROWS))
    outcome = await engagement.push(token(3, 1), changed, within(5.0))
    await engagement.close()
    assert outcome.accepted
    assert len(written) == ROWS
    sent = {each["id"]: each for _, body in platform.requests for each in body["entities"]}
    assert [sent[each.target.name] for each in changed] == [document(each) for each in changed]


def test_a_target_that_changed_is_written_anew() -> None:
    kept: dict[str, Any] = {}
    before = push(groups=("old",))
    request_body([before], kept)
    after = before._replace(target=replace(before.target, groups=("new",)))
    assert b'"value":"new"' in request_body([after], kept)
    assert b'"value":"old"' not in request_body([after], kept)


async def test_large_parts_are_written_beside_the_event_loop_and_small_ones_at_once() -> None:
    settings = EngagementSettings("http://127.0.0.1:1/token", "http://127.0.0.1:1/api/", "id", SecretStr("secret"))
    platform = BulkPlatform(settings)
    async with platform._connection as connection:
        assert await connection.aside(threading.get_ident, MOST_AT_ONCE + 1) != threading.get_ident()
        assert await connection.aside(threading.get_ident, MOST_AT_ONCE) == threading.get_ident()
    await platform.close()
