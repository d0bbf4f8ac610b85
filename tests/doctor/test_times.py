"""The rules of a cluster's times, and the bound of a fail-over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pacing_node.doctor.diagnosis import FindingSeverity
from pacing_node.doctor.times import Times, check_times

SHIPPED = Times(
    session_asked=4.0,
    session_granted=4.0,
    heartbeat=0.5,
    push_budget=1.2,
    refresh_period=5.0,
    tick_told=0.5,
    tick=0.5,
    sync_limit=4,
)


def found(times: Times, name: str):
    return next(each for each in check_times(times) if each.check == f"times.{name}")


def test_the_shipped_times_are_well():
    assert {each.severity for each in check_times(SHIPPED)} == {FindingSeverity.OK}


def test_the_shipped_bound_is_session_tick_and_hand_over():
    assert SHIPPED.fail_over_bound == 4.75
    assert "at most 4.75 s" in found(SHIPPED, "fail_over").found


def test_the_shipped_lease_is_3_17_seconds():
    assert round(SHIPPED.lease, 2) == 3.17


@pytest.mark.parametrize(
    ("change", "name", "severity", "remedy"),
    [
        ({"session_granted": 6.0}, "session_timeout", FindingSeverity.WARNING, "minSessionTimeout"),
        ({"session_granted": 3.0}, "session_timeout", FindingSeverity.WARNING, "maxSessionTimeout"),
        ({"session_granted": 3.0}, "heartbeat", FindingSeverity.ERROR, "heartbeat_seconds"),
        ({"session_granted": 3.0}, "push_budget", FindingSeverity.ERROR, "push_budget_seconds"),
        ({"tick": 2.0}, "tick", FindingSeverity.ERROR, "zookeeper.tick_seconds to 2"),
        ({"sync_limit": 5}, "sync_limit", FindingSeverity.WARNING, "zookeeper.session_timeout_seconds"),
        ({"heartbeat": 0.51}, "heartbeat", FindingSeverity.ERROR, "heartbeat_seconds"),
        ({"push_budget": 1.34}, "push_budget", FindingSeverity.ERROR, "push_budget_seconds"),
        (
            {"tick": 2.0, "tick_told": 2.0, "push_budget": 1.99},
            "lease",
            FindingSeverity.ERROR,
            "raise the session time-out",
        ),
        ({"refresh_period": 1.0}, "refresh_period", FindingSeverity.WARNING, "push_budget_seconds"),
        ({"session_granted": None}, "session_timeout", FindingSeverity.SKIPPED, "reachable"),
        ({"tick": None}, "tick", FindingSeverity.SKIPPED, "conf"),
        ({"tick": None, "sync_limit": None}, "sync_limit", FindingSeverity.SKIPPED, "conf"),
        ({"refresh_period": None}, "refresh_period", FindingSeverity.SKIPPED, ""),
    ],
)
def test_a_broken_rule_is_found_with_its_remedy(change, name, severity, remedy):
    diagnosis = found(replace(SHIPPED, **change), name)
    assert diagnosis.severity is severity
    assert remedy in diagnosis.remedy


def test_a_foreign_ensemble_with_a_long_tick_has_a_longer_bound():
    times = replace(SHIPPED, tick=2.0, tick_told=2.0)
    assert times.fail_over_bound == 6.25


def test_where_the_ensemble_tells_nothing_the_options_count():
    times = replace(SHIPPED, session_granted=None, tick=None, sync_limit=None)
    assert times.fail_over_bound == 4.75
    assert FindingSeverity.ERROR not in {each.severity for each in check_times(times)}
