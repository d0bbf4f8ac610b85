"""Reading a configuration is not interrupted by collections, and what was read stays out of later ones."""

from __future__ import annotations

import gc

import pytest

from pacing_node.runtime import gc_freeze as collector
from pacing_node.runtime.gc_freeze import LARGE_TARGETS, freeze, uncollected


def test_collections_wait_and_go_on_afterwards_also_after_an_error() -> None:
    seen: list[bool] = []

    @uncollected()
    def read() -> None:
        seen.append(gc.isenabled())
        raise ValueError("broken")

    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            read()
        assert gc.isenabled()
    assert seen == [False, False]


def test_who_collects_nothing_anyway_is_left_alone() -> None:
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_only_large_configurations_are_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen: list[bool] = []
    monkeypatch.setattr(collector.gc, "freeze", lambda: frozen.append(True))
    freeze(LARGE_TARGETS - 1)
    assert not frozen
    freeze(LARGE_TARGETS)
    assert frozen
