"""Series of single targets, built from columns: the same text as a general library writes, sample by sample."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from pacing_node.api.target_series import SERIES, TargetSeries
from pacing_node.cycle.report import CycleReport
from tests.support.cycle_parts import report

NUMBERS = st.one_of(st.floats(), st.integers(0, 1000).map(float))
NAMES = st.text(st.characters(codec="utf-8"), max_size=8)


class ByTheLibrary(Collector):
    def __init__(self, made: CycleReport) -> None:
        self.made = made

    def collect(self):
        for series in SERIES:
            family = GaugeMetricFamily(series.name, series.documentation, labels=["target"])
            for name, value in zip(self.made.targets, series.column(self.made).tolist(), strict=True):
                family.add_metric([name], value)
            yield family


def by_the_library(made: CycleReport) -> bytes:
    registry = CollectorRegistry()
    registry.register(ByTheLibrary(made))
    return generate_latest(registry)


def made_of(samples: list[tuple[str, float]], epoch: int = 1) -> CycleReport:
    numbers = np.array([value for _, value in samples], np.float64)
    return report(*(name for name, _ in samples), epoch=epoch, ready=numbers, pending=numbers[::-1].copy())


@given(st.lists(st.tuples(NAMES, NUMBERS), max_size=5))
def test_the_text_is_that_of_the_library(samples: list[tuple[str, float]]) -> None:
    made = made_of(samples)
    assert TargetSeries().text(made) == by_the_library(made)


def test_other_targets_and_other_numbers_are_followed() -> None:
    series = TargetSeries()
    for names in ("ab", "ab", "ba", "b", "", "abc"):
        for number in (1.0, 2.5):
            made = made_of([(name, number) for name in names])
            assert series.text(made) == by_the_library(made)
