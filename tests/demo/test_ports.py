"""Ports of the nodes: the well-known ones when free, others otherwise."""

from __future__ import annotations

import contextlib
import os
import socket

import pytest

from simulator.harness import ports


@pytest.fixture
def free_row():
    """First of three consecutive ports that are free now; runs side by side look in different places."""
    for first in range(20000 + 7 * (os.getpid() % 1000), 60000, 7):
        if all(ports.is_free(port) for port in range(first, first + 3)):
            return first
    pytest.fail("no three free ports in a row")


@contextlib.contextmanager
def taken(port, host="127.0.0.1"):
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1)
        yield


def test_free_ports_are_taken_in_a_row(free_row):
    assert ports.choose(free_row, 3) == [free_row, free_row + 1, free_row + 2]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_taken_port_is_replaced_by_a_free_one(free_row, host):
    with taken(free_row + 1, host):
        chosen = ports.choose(free_row, 3)
        assert (chosen[0], chosen[2]) == (free_row, free_row + 2)
        assert chosen[1] not in range(free_row, free_row + 3)
        assert ports.is_free(chosen[1])


def test_several_replacements_differ(free_row):
    with taken(free_row), taken(free_row + 1), taken(free_row + 2):
        assert len(set(ports.choose(free_row, 3))) == 3
