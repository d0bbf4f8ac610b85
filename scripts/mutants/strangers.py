"""Strangers at the clustering port: what they ask delays no election and ends no term."""

from __future__ import annotations

from mutants.mutant import LEADERSHIP, Mutant

_PEERS = "tests/peers"

MUTANTS = (
    Mutant(
        "promise-newest-epoch",
        "a promise is given for the epoch last seen alone",
        "cluster/election/state_machine.py",
        (("if epoch != self.epoch_seen:", "if epoch < self.epoch_seen:"),),
        f"{LEADERSHIP}/test_failsafe.py::TestAPromise",
    ),
    Mutant(
        "promise-to-the-master",
        "a promise is given to the master seen last alone",
        "cluster/election/driver.py",
        (("if asked_by != self._machine.master:", "if False:"),),
        f"{_PEERS}/test_promises.py",
    ),
    Mutant(
        "promise-with-failsafe",
        "no promise is given where failsafe is off",
        "cluster/election/driver.py",
        (
            (
                'if self.settings.failsafe_seconds is None:\n            return "failsafe',
                'if False:\n            return "failsafe',
            ),
        ),
        f"{_PEERS}/test_promises.py",
    ),
    Mutant(
        "promise-one-session",
        "a promise binds for one session time-out at most",
        "cluster/election/driver.py",
        (("if not 0.0 < seconds <= longest:", "if not 0.0 < seconds:"),),
        f"{_PEERS}/test_promises.py",
    ),
    Mutant(
        "members-alone",
        "calls for members are answered to members alone",
        "cluster/peers/member_identity.py",
        (("each.name == claimed.name and each.incarnation == claimed.incarnation", "each.name == claimed.name"),),
        f"{_PEERS}/test_followers.py",
    ),
    Mutant(
        "hand-over-interval",
        "the mastership is handed over by order once in a cooldown",
        "cluster/peers/resignation.py",
        (("        if left > 0.0:\n", "        if left > 1e9:\n"),),
        f"{_PEERS}/test_order_limits.py",
    ),
    Mutant(
        "pause-ends",
        "a pause without an end lasts no longer than the longest",
        "cluster/zookeeper/pause.py",
        (("longest if until is None else min(until, longest)", "9e9 if until is None else until"),),
        f"{LEADERSHIP}/test_odd_znodes.py::test_a_pause_whose_end_cannot_be_read_lasts_for_a_day",
    ),
    Mutant(
        "strangers-give-way",
        "a connection on which somebody has shown who they are is not closed for others",
        "cluster/peers/connection_book.py",
        (("        self._unproved.pop(number, None)\n\n    def closed", "        pass\n\n    def closed"),),
        f"{_PEERS}/test_connection_book.py",
    ),
)
