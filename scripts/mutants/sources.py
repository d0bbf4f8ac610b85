"""What a node reads: a statistics server is not given up, and an objects file not passed over, for a wrong reason."""

from __future__ import annotations

from mutants.mutant import Mutant

MUTANTS = (
    Mutant(
        "late-silence",
        "a node that was held up does not take that for a statistics server's silence",
        "pacing_node/statistics/silence_watch.py",
        (("        if self._loop.time() - planned <= LATE_SECONDS:\n", "        if True:\n"),),
        "tests/statistics/test_silence_watch.py::test_a_loop_that_is_late_all_the_time_finds_no_silence",
    ),
    Mutant(
        "young-file",
        "an objects file that returns after bad content is read again",
        "pacing_node/objects/file_source.py",
        (
            (
                "        content_before, self._content = self._content, None\n",
                "        content_before = self._content\n",
            ),
        ),
        "tests/configuration/test_sources.py::test_a_young_file_is_read_again_only_when_its_content_has_changed",
    ),
    Mutant(
        "options-again",
        "options that could not be applied are applied when they can be",
        "pacing_node/options/options_store.py",
        (("self._apply_again.next_seconds() if self._unapplied else None", "None"),),
        "tests/configuration/test_store.py::TestNotApplied::test_are_applied_as_soon_as_they_can_be",
    ),
    Mutant(
        "list-in-a-text",
        "what looks like a list in a text of several lines gives no objects",
        "pacing_node/options/yaml_items.py",
        (("    if not here or rest.data", "    if rest.data"),),
        "tests/configuration/test_yaml_items.py::test_any_other_form_is_left_to_the_reading_as_a_whole",
    ),
    Mutant(
        "same-anchor-twice",
        "items read one at a time have no anchors, which a document can have once only",
        "pacing_node/options/yaml_items.py",
        (("        if _ANCHOR.search(text):\n", "        if False:\n"),),
        "tests/configuration/test_yaml_items.py::test_any_other_form_is_left_to_the_reading_as_a_whole",
    ),
    Mutant(
        "plain-key-twice",
        "a key given twice is no plain item",
        "pacing_node/options/plain_items.py",
        (("    if len(data) != len(pairs):\n", "    if False:\n"),),
        "tests/configuration/test_yaml_items.py::test_any_other_form_is_left_to_the_reading_as_a_whole",
    ),
    Mutant(
        "values-of-an-agent-twice",
        "what ended between two states of an agent in one message counts",
        "pacing_node/statistics/table.py",
        ((" or len(set(of_agents.tolist())) < len(of_agents):", ":"),),
        "tests/statistics/test_values_together.py::test_together_and_one_after_the_other_are_the_same",
    ),
    Mutant(
        "values-without-a-number",
        "a value without a number is not taken for 0",
        "pacing_node/statistics/table.py",
        (
            (
                'return numbers if all(values[row].WhichOneof("value") == _NUMBER for row in nothing) else None',
                "return numbers",
            ),
        ),
        "tests/statistics/test_values_together.py::test_together_and_one_after_the_other_are_the_same",
    ),
    Mutant(
        "calculation-given-up",
        "nobody uses the state of the laws while a thread still calculates from it",
        "pacing_node/cycle/calculating.py",
        (("        while not working.done():\n", "        while False:\n"),),
        "tests/cycle/test_calculating.py::test_who_is_cancelled_waits_for_the_end_of_the_calculation",
    ),
)
