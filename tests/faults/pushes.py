"""Pushes and histories for tests, written short."""

from __future__ import annotations

from dataclasses import replace

from simulator.drill.nemesis.nemesis_history import Fault, History, Storm
from simulator.harness.push_record import Push

ZERO = 1_700_000_000.0


def push(at, epoch=1, sequence=1, **fields):
    """A push that was accepted ``at`` seconds after the beginning, unless ``fields`` say otherwise."""
    plain = Push(0, ZERO + at, "cluster", epoch, sequence, "1/1", accepted=True, replayed=False)
    return replace(plain, **fields)


def partial(at, epoch, sequence, prev, **fields):
    """A partial push that was accepted and names the push ``prev``."""
    return push(at, epoch, sequence, kind="partial", prev=prev, **fields)


def record(*pushes):
    """The pushes as the platform numbers them."""
    return [replace(each, index=index) for index, each in enumerate(pushes, start=1)]


def regular(first, last, epoch, period=1.0, sequence=1):
    """One accepted push each period from ``first`` to ``last`` seconds."""
    count = int((last - first) / period) + 1
    return [push(first + number * period, epoch, sequence + number) for number in range(count)]


def fault(kind, target, begin, end, *, on_member=False):
    return Fault(kind, target, on_member, ZERO + begin, ZERO + end)


def good_history():
    """One storm that cost node-1 its mastership for 4.5 s, and a calm after it; nothing wrong."""
    history = History(period_seconds=1.0, recovery_seconds=8.5, seed=1)
    history.pushes = record(*regular(0.0, 5.0, 1), *regular(9.5, 20.5, 2))
    history.senders = {1: ["node-1"], 2: ["node-2"]}
    history.faults = [fault("freeze-long", "node-1", 5.2, 11.0), fault("terminate", "node-3", 6.0, 8.0)]
    history.storms = [Storm(ZERO + 4.0, ZERO + 11.0, ZERO + 21.0)]
    return history
