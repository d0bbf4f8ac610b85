"""The body of the bulk call is the document it stands for, whatever names and numbers are in it."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from pacing_node.engagement.bulk import BulkPlatform
from pacing_node.engagement.connection import MOST_AT_ONCE
from pacing_node.engagement.engagement_settings import EngagementSettings
from pacing_node.engagement.mapping import request_body
from pacing_node.engagement.platform import TargetPush
from tests.support.engagement_platform import push

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
