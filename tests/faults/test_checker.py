"""The judge of histories: what must fail does, for the reason it should."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.drill.nemesis.__main__ import main
from simulator.drill.nemesis.checker import check
from simulator.drill.nemesis.nemesis_history import read_history, write_history
from simulator.drill.nemesis.timeline_page import draw
from tests.faults.pushes import ZERO, fault, good_history, partial, push, record, regular


def test_partial_pushes_are_counted_beside_the_full_ones_and_their_refusal_is_no_violation():
    history = good_history()
    history.partials = True
    out = partial(20.7, 2, 14, 11, accepted=False, reason="out_of_step")
    history.pushes = record(*history.pushes, partial(20.6, 2, 13, 12), out)
    findings = check(history)
    assert findings.violations == ()
    assert "19 pushes accepted (1 partial), 1 refused, order kept: yes" in findings.summary()


def test_a_good_history_has_no_violations_and_its_gap_an_explanation():
    findings = check(good_history())
    assert findings.violations == ()
    assert [(gap.node, gap.seconds, gap.explanation.kind) for gap in findings.gaps] == [("node-1", 4.5, "freeze-long")]
    assert findings.summary() == (
        "nemesis: 2 faults, 18 pushes accepted, 0 refused, order kept: yes, longest gap 4.50 s"
    )


def stale_accepted(history):
    history.pushes = record(*history.pushes, push(20.9, 1, 7))


def repeated_sequence(history):
    history.pushes = record(*history.pushes, push(20.9, 2, 12))


def two_nodes_in_one_epoch(history):
    history.senders[2] = ["node-2", "node-3"]


def two_terms_of_one_epoch(history):
    history.faults.append(fault("restored", "zookeeper", 5.2, 9.0, on_member=True))
    history.pushes[-1] = replace(history.pushes[-1], key="cluster:2:another-term:11")


def two_masters_at_once(history):
    history.faults[0] = fault("zookeeper-drop", "node-1", 5.2, 11.0)
    history.pushes = record(*history.pushes, push(12.5, 1, 9, accepted=False, reason="stale_token"))


def a_push_from_nowhere(history):
    del history.senders[2]


def no_recovery(history):
    history.pushes = record(*regular(0.0, 5.0, 1))
    history.storms[0].calm_until = ZERO + 30.0


def late_recovery(history):
    history.pushes = record(*regular(0.0, 5.0, 1), *regular(20.0, 30.0, 2))
    history.storms[0].calm_until = ZERO + 30.5


def a_calm_too_short_to_see_anything(history):
    history.pushes = record(*regular(0.0, 5.0, 1), *regular(9.5, 10.5, 2))
    history.storms[0].calm_until = ZERO + 11.5


def a_pause_in_the_calm(history):
    history.pushes = record(*regular(0.0, 5.0, 1), *regular(9.5, 20.5, 2), *regular(24.5, 30.5, 2, sequence=20))
    history.storms[0].calm_until = ZERO + 31.0


def a_gap_that_only_a_standby_had_trouble_in(history):
    history.faults = [replace(history.faults[0], target="node-2"), history.faults[1]]


def a_gap_before_any_fault(history):
    history.faults = [fault("freeze-long", "node-1", 10.0, 11.0)]


def a_gap_that_outlasts_its_fault(history):
    history.faults = [fault("freeze-short", "node-1", 0.2, 0.4)]


def a_push_that_was_given_up_on_a_pulled_cable(history):
    history.faults[0] = fault("member-kill", "zookeeper-1", 5.2, 11.0, on_member=True)
    history.faults.append(fault("cable-pulled", "node-1", 2.2, 4.0))
    history.pushes = record(*history.pushes, push(4.5, 1, 2, accepted=False, reason="stale_token"))


def a_partial_push_on_another_state(history):
    history.pushes = record(*history.pushes, partial(20.9, 2, 14, 11))


def a_partial_push_into_an_open_one(history):
    history.pushes[-1] = replace(history.pushes[-1], part="1/2")
    history.pushes = record(*history.pushes, partial(20.9, 2, 13, 12))


def partial_pushes_instead_of_full_ones(history):
    some = [partial(12.5 + number, 2, 4 + number, 3 + number) for number in range(9)]
    history.pushes = record(*regular(0.0, 5.0, 1), *regular(9.5, 11.5, 2), *some, push(20.9, 2, 13))


def no_partial_push_although_asked_for(history):
    history.partials = True


def silence(history):
    history.pushes = []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (stale_accepted, "accepted out of order"),
        (repeated_sequence, "accepted out of order"),
        (two_nodes_in_one_epoch, "epoch 2 was used by 2 nodes: node-2, node-3"),
        (a_push_from_nowhere, "nobody was seen to send the accepted pushes of epoch 2"),
        (no_recovery, "after storm 1 no push was accepted for at least 19.0 s"),
        (late_recovery, "after storm 1 no push was accepted for 9.0 s"),
        (a_calm_too_short_to_see_anything, "after storm 1 no push was seen at all"),
        (a_pause_in_the_calm, "in the calm after storm 1 pushes paused for 4.0 s"),
        (a_gap_that_only_a_standby_had_trouble_in, "a gap of 4.5 s after a push of node-1 has no fault to explain it"),
        (a_gap_before_any_fault, "a gap of 4.5 s after a push of node-1 has no fault to explain it"),
        (a_gap_that_outlasts_its_fault, "a gap of 4.5 s after a push of node-1 has no fault to explain it"),
        (a_push_that_was_given_up_on_a_pulled_cable, "of node-1 arrived although it had been given up"),
        (two_terms_of_one_epoch, "pushes of 2 terms of epoch 2 were accepted"),
        (two_masters_at_once, "was sent although a newer term had pushed 3.0 s before"),
        (a_partial_push_on_another_state, "(2, 14) was applied to another state than it names"),
        (a_partial_push_into_an_open_one, "(2, 13) was applied while a push had open parts"),
        (partial_pushes_instead_of_full_ones, "a gap of 9.4 s after a push of node-2 has no fault to explain it"),
        (no_partial_push_although_asked_for, "no partial push was accepted"),
        (silence, "no push was accepted"),
    ],
)
def test_a_broken_promise_is_found(spoil, said, tmp_path, capsys):
    history = good_history()
    spoil(history)
    assert any(said in violation for violation in check(history).violations), check(history).violations
    file = tmp_path / "history.jsonl"
    write_history(file, history)
    assert main(["--history", str(file)]) == 1
    assert said in capsys.readouterr().out


def test_order_is_told_in_the_last_line(tmp_path, capsys):
    history = good_history()
    stale_accepted(history)
    file = tmp_path / "history.jsonl"
    write_history(file, history)
    main(["--history", str(file)])
    assert "order kept: no" in capsys.readouterr().out.splitlines()[-1]


def test_trouble_of_zookeeper_explains_anybodys_gap():
    history = good_history()
    history.faults = [fault("member-kill", "zookeeper-1", 5.2, 11.0, on_member=True)]
    assert check(history).violations == ()


def test_a_wall_clock_that_jumps_explains_no_gap():
    history = good_history()
    history.faults = [fault("clock-step", "node-1", 5.2, 11.0)]
    (violation,) = check(history).violations
    assert "has no fault to explain it" in violation


def test_late_pushes_that_were_refused_are_counted_and_harm_nobody():
    history = good_history()
    history.pushes = record(*history.pushes, push(20.9, 1, 7, accepted=False, reason="stale_token"))
    findings = check(history)
    assert (findings.refused, findings.violations) == (1, ())


def test_a_good_file_is_judged_well(tmp_path, capsys):
    file = tmp_path / "history.jsonl"
    write_history(file, good_history())
    assert main(["--history", str(file)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("nemesis: 2 faults, 18 pushes accepted")


def test_a_history_survives_its_file(tmp_path):
    file = tmp_path / "history.jsonl"
    write_history(file, good_history())
    assert read_history(file) == good_history()


def test_the_timeline_shows_faults_gaps_and_violations():
    history = good_history()
    two_nodes_in_one_epoch(history)
    page = draw(history, check(history))
    for text in ("node-1 freeze-long", "node-3 terminate", "pushes of node-2", "epoch 2 was used by 2 nodes", "4.5 s"):
        assert text in page
    assert page.count('class="accepted"') == 18
