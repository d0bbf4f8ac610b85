"""Guards of the pacing laws: margins, the acceptance in use, rounding, and one invitation per free slot."""

from __future__ import annotations

from mutants.mutant import Mutant

MUTANTS = (
    Mutant(
        "inbound-margin",
        "inbound traffic is part of the margin",
        "pacing_node/algorithms/outer.py",
        (("    base += inbound_margin(inbound, ", "    base += 0.0 * inbound_margin(inbound, "),),
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
        "seam-nearly-none",
        "groups of up to 60 slots whom the closed form allows nearly nothing get what the exact test allows at its end",
        "pacing_node/algorithms/laws.py",
        (("(slots <= _SEAM) | nearly_none | (", "(slots <= _SEAM) | ("),),
        "tests/algorithms/test_continuity.py::test_one_more_ready_agent_never_gives_fewer_invitations",
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
        "rounding-after-losses-shared",
        "after losses less is rounded up where targets share agents too",
        "pacing_node/algorithms/controller.py",
        (("situation.shares.component, self._carry, part)", "situation.shares.component, self._carry)"),),
        "tests/algorithms/test_shared_agents.py::test_after_losses_targets_do_not_share_one_free_agent_out_twice",
    ),
    Mutant(
        "one-per-free-slot",
        "where the goal is in danger or cannot be kept, no more than one invitation per free slot goes out",
        "pacing_node/algorithms/controller.py",
        (("        if len(careful):\n", "        if False:\n"),),
        "tests/algorithms/test_reasons.py::test_a_result_says_that_it_was_cut_to_one_per_free_slot",
    ),
    Mutant(
        "goal-infeasible-days",
        "a goal counts as kept where nine days of ten keep it",
        "pacing_node/algorithms/feasibility.py",
        (("_NINE_OF_TEN = 1.28\n", "_NINE_OF_TEN = 0.0\n"),),
        "tests/algorithms/test_feasibility.py"
        "::test_nine_days_of_ten_are_to_keep_the_goal_unless_the_mean_is_aimed_at_it",
    ),
    Mutant(
        "goal-infeasible-free-slots",
        "with several slots free a visitor waits less often than with one",
        "pacing_node/algorithms/feasibility.py",
        (("        power *= falls\n", ""),),
        "tests/algorithms/test_feasibility.py::test_what_would_be_lost_is_what_one_invitation_per_ready_agent_loses",
    ),
    Mutant(
        "dual-guard",
        "after losses LOOKAHEAD_DUAL keeps inbound traffic off slots that are promised to invitations",
        "pacing_node/algorithms/controller.py",
        (("            portion[guarded & promised(seen, situation.counted + invitations)] = 0.0\n", ""),),
        "tests/algorithms/test_inbound_portion.py"
        "::test_after_losses_inbound_traffic_gets_no_slot_that_is_promised_to_an_invitation",
    ),
    Mutant(
        "dual-guard-calm",
        "as long as the goal is kept the share alone decides what inbound traffic gets",
        "pacing_node/algorithms/controller.py",
        ((" & (level.added - self._state.offset > CALM_FEEDBACK)\n", "\n"),),
        "tests/algorithms/test_inbound_portion.py::test_as_long_as_the_goal_is_kept_the_share_alone_decides",
    ),
    Mutant(
        "dual-guard-large",
        "groups that inbound traffic cannot harm guard nothing",
        "pacing_node/algorithms/controller.py",
        (("        return nothing, threat & (", "        return nothing, (threat | True) & ("),),
        "tests/algorithms/test_inbound_portion.py::test_groups_that_inbound_traffic_cannot_harm_guard_nothing",
    ),
    Mutant(
        "dual-guard-one-per-free",
        "while slots are guarded no more than one invitation per free slot is out",
        "pacing_node/algorithms/controller.py",
        (("np.flatnonzero(impossible | guarded | (", "np.flatnonzero(impossible | ("),),
        "tests/algorithms/test_inbound_portion.py"
        "::test_while_slots_are_guarded_no_more_than_one_invitation_per_free_slot_is_out",
    ),
    Mutant(
        "first-look",
        "a successor goes by the platform's times and the replies that the master before had not looked at",
        "pacing_node/cycle/pacing_state.py",
        (("    if report.first_look:\n", "    if False:\n"),),
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
