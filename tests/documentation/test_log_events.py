"""The page of log events: every name with level and fields, and none that stands for two things."""

from __future__ import annotations

import pytest

from pacing_node.reference.event_tables import ROOT, AmbiguousEventError, by_name, events_of, logged_events, tables


def found(*sources: str) -> dict[str, list[tuple[str, set[str]]]]:
    events = [each for number, source in enumerate(sources) for each in events_of(source, f"m{number}.py")]
    return {name: [(each.level, set(each.fields)) for each in places] for name, places in by_name(events).items()}


def test_events_are_found_however_they_are_written() -> None:
    source = """
EVENT = "audit.order"
log.warning("push.late", epoch=1, **more)
log.exception("cycle.failed", exc_info=error)
(say := log.info)(EVENT)
level("push.changed", status=2)
say(EVENT, who=3)
self._log("leadership.damaged", failure)
say("no such change")
span("cycle.push", epoch=1)
self._report("warning", "a.b", "c")
"""
    assert found(source) == {
        "push.late": [("WARNING", {"epoch"})],
        "cycle.failed": [("ERROR", set())],
        "push.changed": [("", {"status"})],
        "audit.order": [("", {"who"})],
        "leadership.damaged": [("WARNING", {"error"})],
    }


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        (('log.info("Started")',), "m0.py:1: found the event 'Started'"),
        (('log.info("node.up", a=1)', 'log.error("node.up", a=1)'), "node.up has several levels: m0.py:1, m1.py:1"),
        (('log.info("node.up", a=1)', 'log.info("node.up", b=1)'), "node.up stands for several things"),
    ],
    ids=["no name", "levels", "fields"],
)
def test_a_name_that_stands_for_two_things_is_refused(sources: tuple[str, ...], words: str) -> None:
    with pytest.raises(AmbiguousEventError, match=words):
        found(*sources)


def test_the_same_thing_may_be_written_in_several_places() -> None:
    one, other = 'log.info("node.up", a=1, b=2)', 'log.info("node.up", a=1)'
    assert found(one, other)["node.up"] == [("INFO", {"a", "b"}), ("INFO", {"a"})]


def test_every_event_that_pages_name_exists() -> None:
    names = set(by_name(logged_events(ROOT)))
    assert {"leadership.acquired", "leadership.ended", "push.status_changed", "audit.order", "log.left_out"} <= names
    assert "| `leadership.ended` | INFO | `cause`, `epoch`, `node` |" in tables()["events"]
