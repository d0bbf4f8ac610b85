"""Callbacks for what happens in the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from structlog.testing import capture_logs

from cluster.listeners import Listeners

if TYPE_CHECKING:
    from collections.abc import Callable


class TestNotifying:
    def test_calls_all_in_the_order_they_were_added(self) -> None:
        listeners: Listeners[[int]] = Listeners("number")
        seen: list[tuple[str, int]] = []
        listeners.add(lambda number: seen.append(("first", number)))
        listeners.add(lambda number: seen.append(("second", number)))
        listeners.notify(7)
        assert seen == [("first", 7), ("second", 7)]

    def test_goes_on_after_one_that_raises_and_logs_it(self) -> None:
        listeners: Listeners[[]] = Listeners("leadership")
        seen: list[str] = []

        def broken() -> None:
            message = "broken"
            raise RuntimeError(message)

        listeners.add(broken)
        listeners.add(lambda: seen.append("second"))
        with capture_logs() as logged:
            listeners.notify()
        assert seen == ["second"]
        assert [(each["event"], each["listened_to"]) for each in logged] == [("listener.failed", "leadership")]


class TestRemoving:
    def test_ends_the_calls_and_can_be_repeated(self) -> None:
        listeners: Listeners[[]] = Listeners("event")
        seen: list[str] = []
        remove = listeners.add(lambda: seen.append("called"))
        remove()
        remove()
        listeners.notify()
        assert seen == []

    def test_takes_effect_within_the_notification_that_does_it(self) -> None:
        listeners: Listeners[[]] = Listeners("event")
        seen: list[str] = []
        removals: list[Callable[[], None]] = []

        def remove_the_next() -> None:
            removals[0]()

        listeners.add(remove_the_next)
        removals.append(listeners.add(lambda: seen.append("called")))
        listeners.notify()
        assert seen == []
