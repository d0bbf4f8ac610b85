"""Settings out of bounds are refused with what was found and what is allowed."""

from __future__ import annotations

import pytest

from cluster.errors import SettingsError
from cluster.settings import ClusterSettings


def settings(**options) -> ClusterSettings:
    return ClusterSettings(**{"node": "a", "cluster": "c", "zookeeper_hosts": "h:2181", **options})


def test_heartbeat_and_budget_follow_from_the_session_timeout() -> None:
    found = settings(session_timeout_seconds=6.0)
    assert found.heartbeat_seconds == 0.75
    assert found.action_budget_seconds == 2.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"session_timeout_seconds": 1.9}, "session_timeout_seconds: found 1.9"),
        ({"heartbeat_seconds": 0.51}, "heartbeat_seconds: found 0.51"),
        ({"action_budget_seconds": 1.4}, "action_budget_seconds: found 1.4"),
        ({"action_budget_seconds": -1.0}, "action_budget_seconds: found -1"),
        ({"tick_seconds": 2.1}, "tick_seconds: found 2.1"),
        ({"watchdog_seconds": 4.1}, "watchdog_seconds: found 4.1"),
        ({"node": ""}, "node: found ''"),
        ({"node": "a/b"}, "node: found 'a/b'"),
        ({"cluster": "a b"}, "cluster: found 'a b'"),
        ({"zookeeper_hosts": " "}, "zookeeper hosts: found nothing"),
        ({"clustering_port": 70000}, "clustering port: found 70000"),
    ],
)
def test_a_setting_out_of_bounds_is_refused(options: dict, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        settings(**options)


def test_shorter_sessions_are_for_tests_that_ask_for_them() -> None:
    assert settings(session_timeout_seconds=8.0).tick_seconds == 4.0, "the longest one with which it is granted"
    found = settings(session_timeout_seconds=1.0, tick_seconds=0.5, short_session_allowed=True)
    assert found.session_timeout_seconds == 1.0
