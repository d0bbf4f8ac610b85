"""Guards of the pacing laws: margins, the acceptance in use, rounding, and one invitation per free slot."""

from __future__ import annotations

from mutants.mutant import Mutant

MUTANTS = (
    Mutant(
        "inbound-margin",
        "inbound traffic is part of the margin",
        "pacing_node/algorithms/outer.py",
        (("    base += inbound_margin(inbound, observation, estimates) / observation.root_slots\n", ""),),
        "tests/algorithms/test_margin.py"
        "::test_inbound_traffic_adds_four_standard_deviations_a_capacity_over_the_root_of_the_slots",
    ),
    Mutant(
        "inbound-margin-size",
        "inbound traffic adds 4.1 standard deviations a capacity, over the root of the slots",
        "pacing_node/algorithms/outer.py",
        (("INBOUND_MARGIN = 4.1\n", "INBOUND_MARGIN = 2.0\n"),),
        "tests/algorithms/test_margin.py"
        "::test_inbound_traffic_adds_four_standard_deviations_a_capacity_over_the_root_of_the_slots",
    ),
    Mutant(
        "inbound-margin-share",
        "inbound traffic beyond the capacity adds no more than the capacity",
        "pacing_node/algorithms/outer.py",
        (("    np.minimum(share, 1.0, out=share)\n", ""),),
        "tests/algorithms/test_margin.py"
        "::test_inbound_traffic_adds_four_standard_deviations_a_capacity_over_the_root_of_the_slots",
    ),
    Mutant(
        "inbound-margin-seam",
        "groups beyond the exact test know inbound traffic in the level of its end too",
        "pacing_node/algorithms/outer.py",
        (("    base += inbound / np.sqrt(slots)\n", ""),),
        "tests/algorithms/test_margin.py"
        "::test_a_group_just_beyond_the_exact_test_has_the_inbound_margin_of_the_largest_within",
    ),
    Mutant(
        "acceptance-floor",
        "refusals alone do not lower the acceptance in use below a share of what accepts proved",
        "pacing_node/algorithms/estimators.py",
        (
            (
                "np.maximum(cautious_acceptance(self._acceptance, state.disposed), floor)",
                "cautious_acceptance(self._acceptance, state.disposed)",
            ),
        ),
        "tests/algorithms/test_reasons.py::test_a_result_says_what_acceptance_the_answers_alone_show_and_its_floor",
    ),
    Mutant(
        "rounding-after-losses",
        "after losses less is rounded up",
        "pacing_node/algorithms/outer.py",
        (("    part[rows] -= 0.5 * less\n", ""),),
        "tests/algorithms/test_reasons.py::test_after_losses_less_is_rounded_up_the_sooner_the_quicker_answers_are",
    ),
    Mutant(
        "one-per-free-slot",
        "where the goal is in danger or cannot be kept, no more than one invitation per free slot goes out",
        "pacing_node/algorithms/controller.py",
        (("        if len(careful):\n", "        if False:\n"),),
        "tests/algorithms/test_reasons.py::test_a_result_says_that_it_was_cut_to_one_per_free_slot",
    ),
    Mutant(
        "first-look",
        "a successor goes by the platform's times and the replies that the master before had not looked at",
        "pacing_node/cycle/pacer.py",
        (("            if report.first_look:\n", "            if False:\n"),),
        "tests/cycle/test_pacer.py::test_a_new_master_decides_as_the_one_before_would_have",
    ),
    Mutant(
        "first-look-damaged",
        "what a master left for its successor's first calculation is refused when it is damaged",
        "pacing_node/algorithms/first_look.py",
        ((" or zlib.crc32(body) != checksum:", ":"),),
        "tests/algorithms/test_successor.py::test_what_is_damaged_or_cannot_be_is_refused_and_changes_nothing",
    ),
    Mutant(
        "since-record",
        "what a standby counted before the record it resumes from is not counted again",
        "pacing_node/cycle/since_record.py",
        ((" if basis == self._basis else None\n", "\n"),),
        "tests/cycle/test_pacer.py::test_a_standby_reads_when_the_master_calculates_and_goes_on_counting_from_there",
    ),
    Mutant(
        "added-columns",
        "a column of a record that older masters do not send is refused when it lacks rows",
        "pacing_node/cycle/report.py",
        ((', *_ADDED_COLUMNS, "rounding"):', "):"),),
        "tests/cycle/test_report.py::test_a_record_with_a_column_too_short_is_refused_by_name",
    ),
    Mutant(
        "clock-set",
        "what is remembered keeps its age when the calendar clock is set",
        "pacing_node/cycle/pacing_state.py",
        (("        self._ledger.clock_set(seconds, now)\n", "        pass\n"),),
        "tests/cycle/test_clock_steps.py::TestCycle::test_a_step_changes_no_number",
    ),
    Mutant(
        "clock-followed",
        "the cycle notices that the calendar clock was set",
        "pacing_node/cycle/pacer.py",
        (("            self._state.clock_set(seconds, time.time())\n", "            pass\n"),),
        "tests/cycle/test_pacer.py::test_what_is_remembered_follows_a_clock_that_is_set",
    ),
    Mutant(
        "clock-set-meanwhile",
        "a reply entered after a step of the clock does not lie in the future",
        "pacing_node/algorithms/ledger.py",
        (("at=min(change.at + seconds, now)) for change", "at=change.at + seconds) for change"),),
        "tests/cycle/test_clock_steps.py::TestCycle::test_a_step_in_the_middle_of_a_push_costs_no_more_than_its_report",
    ),
)
