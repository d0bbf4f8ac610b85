"""What a member answers about itself is made fit for pages and terminals: anybody can answer at its address."""

from __future__ import annotations

import json
import math

from cluster.peers.wire import status_from_wire
from cluster.records import MemberInfo
from cluster.rpc import peer_pb2
from cluster.zookeeper.paths import HIGHEST_EPOCH

INFO = MemberInfo("a", "", "a:7800", "1", 0.0)


def test_texts_are_short_and_print_and_numbers_are_finite() -> None:
    status = status_from_wire(
        INFO,
        peer_pb2.GetStatusResponse(
            state="serving\x1b[2J\n" + "x" * 100_000,
            master="[/foo]\u202e",
            cluster_id="\x00" * 1000,
            epoch=2**64 - 1,
            lease_left_seconds=math.inf,
            session_timeout_seconds=math.nan,
            last_record=peer_pb2.RecordInfo(epoch=2**64 - 1, created_at=-math.inf),
        ),
    )
    for text in (status.state, status.master or "", status.cluster_id):
        assert text.isprintable()
        assert len(text) <= 200
    assert status.master == "[/foo] "
    assert status.epoch == HIGHEST_EPOCH
    assert status.last_record is not None
    numbers = [status.lease_left_seconds, status.session_timeout_seconds, status.last_record.created_at]
    assert json.loads(json.dumps(numbers, allow_nan=False)) == [0.0, 0.0, 0.0]
