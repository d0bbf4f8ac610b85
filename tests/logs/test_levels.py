"""Which event belongs to which level of the suite, and which output takes it."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacing_node.logs.levels import LevelFilter, SuiteLevel, level_filters, level_of
from pacing_node.options.log_options import LogOptions, Verbosity

OUTPUTS = st.lists(st.sampled_from(["stdout", "stderr", "network", "/var/log/a"]), max_size=3).map(tuple)


@pytest.mark.parametrize(
    ("logger", "level", "event", "expected"),
    [
        ("pacing_node.alarms.sinks", logging.ERROR, "alarm.raised", SuiteLevel.ALARM),
        ("pacing_node.alarms.sinks", logging.INFO, "alarm.cleared", SuiteLevel.ALARM),
        ("pacing_node.alarms.service", logging.ERROR, "alarms.failed", SuiteLevel.STANDARD),
        ("cluster.election.driver", logging.INFO, "leadership.acquired", SuiteLevel.STANDARD),
        ("httpx", logging.WARNING, "retry", SuiteLevel.STANDARD),
        ("pacing_node.engagement.part", logging.DEBUG, "push.part", SuiteLevel.INTERACTION),
        ("pacing_node.cycle.pacer", logging.DEBUG, "cycle.done", SuiteLevel.INTERACTION),
        ("pacing_node.node", logging.DEBUG, "x", SuiteLevel.TRACE),
        ("pacing_node.objects.file_source", logging.DEBUG, "x", SuiteLevel.INTERACTION),
        ("pacing_node.options.options_store", logging.DEBUG, "x", SuiteLevel.INTERACTION),
        ("cluster.peers.follower", logging.DEBUG, "follower.stream_ended", SuiteLevel.TRACE),
        ("clusterfoo", logging.DEBUG, "x", SuiteLevel.DEBUG),
        ("asyncio", logging.DEBUG, "Using selector", SuiteLevel.DEBUG),
    ],
)
def test_events_have_their_level(logger: str, level: int, event: str, expected: SuiteLevel) -> None:
    assert level_of(logger, level, event) is expected


def test_by_default_the_standard_level_goes_to_stdout() -> None:
    assert level_filters(LogOptions()) == {"stdout": LevelFilter(SuiteLevel.STANDARD, alarms=True)}


def test_an_output_takes_the_most_talkative_of_the_levels_that_name_it_within_verbose() -> None:
    options = LogOptions(
        verbose=Verbosity.TRACE, standard=("stdout",), interaction=("stdout", "a"), debug=("a", "b"), alarm=("c",)
    )

    assert level_filters(options) == {
        "stdout": LevelFilter(SuiteLevel.INTERACTION, alarms=True),
        "a": LevelFilter(SuiteLevel.TRACE, alarms=True),
        "b": LevelFilter(SuiteLevel.TRACE, alarms=True),
        "c": LevelFilter(None, alarms=True),
    }


def test_an_output_of_alarms_takes_nothing_else() -> None:
    admission = level_filters(LogOptions(standard=(), alarm=("stderr",)))["stderr"]

    assert [level for level in SuiteLevel if admission.takes(level)] == [SuiteLevel.ALARM]


@given(
    st.builds(
        LogOptions,
        verbose=st.sampled_from(Verbosity),
        all=OUTPUTS,
        alarm=OUTPUTS,
        standard=OUTPUTS,
        interaction=OUTPUTS,
        trace=OUTPUTS,
        debug=OUTPUTS,
    )
)
def test_verbose_bounds_every_output_and_none_is_none(options: LogOptions) -> None:
    taken = level_filters(options)
    limits = {Verbosity.ALL: 4, Verbosity.DEBUG: 4, Verbosity.TRACE: 3, Verbosity.INTERACTION: 2, Verbosity.STANDARD: 1}

    assert options.verbose is not Verbosity.NONE or taken == {}
    for output, admission in taken.items():
        assert admission.most is None or admission.most <= limits[options.verbose]
        assert output not in options.all or admission.most == limits[options.verbose]
        assert output not in options.standard or admission.takes(SuiteLevel.STANDARD)
        assert admission.takes(SuiteLevel.ALARM)
