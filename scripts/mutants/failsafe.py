"""Failsafe mode: whose promises carry a term without ZooKeeper, and how far."""

from __future__ import annotations

from mutants.mutant import LEADERSHIP, Mutant

MUTANTS = (
    Mutant(
        "failsafe-unanimity",
        "a master without ZooKeeper goes on only while every other failsafe member promises",
        "cluster/election/failsafe.py",
        (("return seconds if not found and", "return seconds if len(found) < 2 and"),),
        f"{LEADERSHIP}/test_failsafe.py::TestUnanimity",
    ),
    Mutant(
        "failsafe-promise",
        "a promise keeps its giver from contending",
        "cluster/election/state_machine.py",
        (("self._candidacy.promise(at + seconds)", "pass"),),
        f"{LEADERSHIP}/test_failsafe.py::TestAnOutageForSome::test_a_promise_binds_whoever_finds_zookeeper_again",
    ),
    Mutant(
        "failsafe-connected-peer",
        "a member that has ZooKeeper promises nothing",
        "cluster/election/state_machine.py",
        (
            (
                '        if self._connected:\n            return "its own',
                '        if False:\n            return "its own',
            ),
        ),
        f"{LEADERSHIP}/test_failsafe.py::TestAPromise::test_is_refused_by_a_node_that_is_connected",
    ),
    Mutant(
        "failsafe-restart",
        "a process that restarts honours what its predecessor may have promised",
        "cluster/election/failsafe_members.py",
        (("started_at + failsafe_list.promise_seconds", "started_at"),),
        f"{LEADERSHIP}/test_failsafe.py::TestAnOutageForSome::test_a_restart_takes_no_promise_back",
    ),
    Mutant(
        "failsafe-newcomer",
        "a node that was not asked waits until no term can bridge the outage any more",
        "cluster/election/failsafe_members.py",
        (("self._since + failsafe_list.longest_seconds", "self._since"),),
        f"{LEADERSHIP}/test_failsafe.py::TestAdmission::"
        "test_anybody_else_waits_for_the_longest_time_from_when_it_saw_this_vacancy",
    ),
    Mutant(
        "failsafe-late-attempt",
        "an attempt made after somebody else has become master is given up before anything is written",
        "cluster/election/contender.py",
        (("free = (renews is not None or event.record.vacant) and ", "free = "),),
        f"{LEADERSHIP}/test_failsafe.py::TestAnOutageForSome::"
        "test_an_attempt_on_a_vacancy_that_is_over_changes_nobodys_failsafe_list_later",
    ),
    Mutant(
        "failsafe-longest",
        "promises carry a term no further than the longest time after its last proof",
        "cluster/election/failsafe_lease.py",
        (("min(sent_at + seconds * (1.0 - DRIFT_RATIO), self._limit)", "sent_at + seconds * (1.0 - DRIFT_RATIO)"),),
        f"{LEADERSHIP}/test_failsafe.py::TestHowFarPromisesCarry",
    ),
    Mutant(
        "promise-addressee",
        "a promise is given by the process that was asked, and by no other one",
        "cluster/election/failsafe_members.py",
        (("    if name != own.name:", "    if not own.name:"),),
        f"{LEADERSHIP}/test_failsafe.py::TestAddressee::test_nobody_is_free_whose_address_leads_to_another_member",
    ),
)
