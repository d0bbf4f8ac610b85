"""A successor's first calculation is the one that the master before would have made."""

from __future__ import annotations

import copy
import struct
import zlib

import numpy as np
import pytest

from pacing_node.algorithms import Controller, Ledger, UnusableStateError, restore_learned, save_learned
from pacing_node.algorithms.first_look import restore_first_look, save_first_look
from simulator.benchmark.benchmark_days import scenarios
from simulator.benchmark.benchmark_run import REFRESH_SECONDS, STEP_SECONDS, Day
from simulator.benchmark.laws import LAWS
from tests.algorithms.support import make_feedback, make_policy, make_snapshot, names

EPOCH = 1_000_000.0
"""Unix time at which a simulated day begins."""
KINDS = ("stationary", "accepts-45-refusals-6", "reactive-50")
AGENTS = np.repeat([3, 10, 30, 100], 10)


class HandedOver(Day):
    """A simulated feed on which two successors calculate once a minute beside the master, from what it saved."""

    def __init__(self):
        super().__init__(LAWS["LOOKAHEAD"], [scenarios()[kind] for kind in KINDS], np.tile(AGENTS, len(KINDS)), 5)
        self.decided = {"master": [], "learned alone": [], "with the first look": []}
        self.master_calculates, self._controller.calculate = self._controller.calculate, self.decide
        self.beside = {}

    def push(self):
        minute = self.centre.now % 60.0 == 0.0 and self.centre.now > 0.0
        self.beside = {name: self.successor(name) for name in self.decided if name != "master"} if minute else {}
        super().push()

    def successor(self, name):
        controller, ledger, now = Controller(self.names), Ledger(self.names), EPOCH + self.centre.now
        restore_learned(save_learned(self._controller, self._ledger, now - REFRESH_SECONDS), controller, ledger, now)
        if name == "with the first look":
            restore_first_look(save_first_look(self._controller, self._ledger), self.names, controller, ledger, now)
        return controller, ledger

    def decide(self, snapshot, feedback, policy):
        for name, (controller, ledger) in self.beside.items():
            seen = ledger.feedback(snapshot.taken_at)
            self.decided[name].append(controller.calculate(copy.deepcopy(snapshot), seen, policy).invitations)
        result = self.master_calculates(snapshot, feedback, policy)
        if self.beside:
            self.decided["master"].append(result.invitations)
        return result

    def run(self, minutes):
        for step in range(int(60.0 * minutes / STEP_SECONDS)):
            if step % int(REFRESH_SECONDS / STEP_SECONDS) == 0:
                self.push()
            self.centre.advance()
        return {name: np.stack(decided) for name, decided in self.decided.items()}


def test_a_successor_allows_what_the_master_before_would_have():
    decided = HandedOver().run(minutes=20)
    differs = {name: float((numbers != decided["master"]).mean()) for name, numbers in decided.items()}
    assert decided["master"].any()
    assert differs["with the first look"] <= 0.001, "but for numbers kept in 32 bits"
    assert differs["learned alone"] > 0.1, "the feed is one on which it matters"


def known(size=3):
    controller, ledger = Controller(names(size)), Ledger(names(size))
    ledger.allotted(995.0, np.arange(size) + 1)
    ledger.acknowledged(995.5, np.zeros(size), np.full(size, 0.5), np.full(size, 6.0), np.full(size, 45.0))
    controller.calculate(make_snapshot(size, ready=np.arange(size) + 1.0), make_feedback(size), make_policy(size))
    return controller, ledger


def test_rows_are_matched_by_name_and_a_target_that_is_new_has_no_past():
    controller, ledger = known()
    here = [names(3)[2], "New - chat", names(3)[0]]
    successor, its_ledger = Controller(here), Ledger(here)
    restore_first_look(save_first_look(controller, ledger), names(3), successor, its_ledger, 1001.0)
    taken_at, columns = successor.previous()
    assert (taken_at, columns[0].tolist()) == (1000.0, pytest.approx([3.0, np.nan, 1.0], nan_ok=True))
    feedback = its_ledger.feedback(1001.0)
    assert feedback.accept_seconds.tolist() == pytest.approx([6.0, np.nan, 6.0], nan_ok=True)


SAVED = save_first_look(*known())
HEADER = struct.Struct("<4sII")


def sealed(body: bytes) -> bytes:
    return HEADER.pack(b"PACF", 1, zlib.crc32(body)) + body


BODY = SAVED[HEADER.size :]
LAG_AT, COUNTS_AT = 16, 28 + 4 * 3 * 7


@pytest.mark.parametrize(
    "saved",
    [
        b"",
        SAVED[:-1],
        SAVED + b"x",
        SAVED[:20] + bytes([SAVED[20] ^ 1]) + SAVED[21:],
        HEADER.pack(b"PACF", 2, zlib.crc32(BODY)) + BODY,
        sealed(BODY[:LAG_AT] + struct.pack("<d", 1e9) + BODY[LAG_AT + 8 :]),
        sealed(BODY[:LAG_AT] + struct.pack("<d", float("nan")) + BODY[LAG_AT + 8 :]),
        sealed(BODY[:COUNTS_AT] + struct.pack("<f", -1.0) + BODY[COUNTS_AT + 4 :]),
        sealed(BODY[:-4] + struct.pack("<f", float("inf"))),
    ],
)
def test_what_is_damaged_or_cannot_be_is_refused_and_changes_nothing(saved):
    controller, ledger = known()
    before = save_first_look(controller, ledger)
    with pytest.raises(UnusableStateError, match="first look"):
        restore_first_look(saved, names(3), controller, ledger, 1001.0)
    assert save_first_look(controller, ledger) == before


def test_its_size_is_the_documented_one():
    assert len(save_first_look(Controller(names(1000)), Ledger(names(1000)))) == 40 + 1000 * 44
