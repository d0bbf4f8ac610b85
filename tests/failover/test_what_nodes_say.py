"""What the nodes of a whole cluster say of themselves and of each other."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cluster_site import Site, wait_until

EXAMINED_SECONDS = 220.0
"""Longer than the first half minute and the two minutes that an examination may take."""
pytestmark = [pytest.mark.ensemble, pytest.mark.xdist_group("failover")]


def test_members_say_how_far_their_clocks_are_apart(site: Site, master: str) -> None:
    def clocks() -> dict[str, Any]:
        return {each["name"]: each["clock"] for each in site.get(master, "/api/v1/cluster")["members"]}

    others = set(site.nodes) - {master}
    wait_until("every other clock was compared", lambda: all(clocks()[name] for name in others), site.logs)
    found = clocks()
    assert found.pop(master) is None, "a node is not apart from itself"
    for clock in found.values():
        assert abs(clock["offset_seconds"]) <= clock["uncertainty_seconds"] + 0.05
        assert clock["measured_at"] > 0.0


def test_a_node_says_what_it_found_when_it_examined_itself(site: Site, master: str) -> None:
    # Half a minute after its start, in a process that gets little of a busy machine.
    wait_until(
        "node-1 has examined itself",
        lambda: site.get("node-1", "/api/v1/doctor")["checks"] != [],
        site.logs,
        seconds=EXAMINED_SECONDS,
    )
    page = site.get("node-1", "/api/v1/doctor")
    severities = {each["check"]: each["severity"] for each in page["checks"]}
    assert (severities["ports.default"], severities["zookeeper.session"]) == ("ok", "ok")
    assert page["counts"] == {name: list(severities.values()).count(name) for name in set(severities.values())}
    assert 0.0 <= page["examination_age_seconds"] < 3600.0
    assert site.get("node-2", "/api/v1/doctor")["period_seconds"] is None
