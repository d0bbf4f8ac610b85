"""The keeper of the nodes: who returns when, and which terms ended with a death."""

from __future__ import annotations

import pytest

from simulator.harness import keeper as module
from simulator.harness.harness_error import HarnessError
from simulator.harness.keeper import RETURN_AFTER_SECONDS, RETURN_AT_LATEST_SECONDS, NodeKeeper


class Node:
    """A node whose process is a flag."""

    def __init__(self):
        self.running = True
        self.pid = 100

    def start(self):
        self.running = True
        self.pid += 1

    def kill_worker(self):
        self.running = False
        return self.pid

    def tail(self):
        return ": its last words"

    def ending(self):
        return "by SIGKILL"


class World:
    def __init__(self, count=3):
        self.now = 0.0
        self.said = []
        self.nodes = {f"node-{number}": Node() for number in range(1, count + 1)}
        self.keeper = NodeKeeper(self.nodes, self.said.append, clock=lambda: self.now)

    def pass_time(self, seconds, master="node-1", term=1):
        end = self.now + seconds
        while self.now < end:
            self.now += 0.5
            self.keeper.look_after(master, term)


def test_a_killed_master_returns_a_while_after_its_successor_has_pushed():
    world = World()
    world.keeper.kill("node-1", 1)
    world.pass_time(5.0)
    assert not world.nodes["node-1"].running
    world.keeper.succeeded(1)
    world.pass_time(RETURN_AFTER_SECONDS - 0.5, master="node-2", term=2)
    assert not world.nodes["node-1"].running
    world.pass_time(1.0, master="node-2", term=2)
    assert world.nodes["node-1"].running
    assert world.said == ["node-1 is started again, process 101"]


def test_a_killed_master_without_a_successor_returns_in_the_end():
    world = World()
    world.keeper.kill("node-1", 1)
    world.pass_time(RETURN_AT_LATEST_SECONDS)
    assert not world.nodes["node-1"].running
    world.pass_time(1.0)
    assert world.nodes["node-1"].running


def test_a_successor_is_awaited_until_it_has_pushed():
    world = World()
    assert not world.keeper.awaiting_successor
    world.keeper.kill("node-1", 1)
    assert world.keeper.awaiting_successor
    world.keeper.succeeded(1)
    assert not world.keeper.awaiting_successor


def test_a_lone_node_does_not_wait_for_a_successor():
    world = World(count=1)
    world.keeper.kill("node-1", 1)
    world.pass_time(RETURN_AFTER_SECONDS + 1.0)
    assert world.nodes["node-1"].running


def test_a_standby_that_ended_is_told_and_returns_soon():
    world = World()
    world.nodes["node-3"].running = False
    world.pass_time(RETURN_AFTER_SECONDS + 1.0)
    assert world.said[0] == "node-3 ended by itself, by SIGKILL"
    assert world.nodes["node-3"].running
    assert not world.keeper.died(1)


@pytest.mark.parametrize("by_us", [True, False])
def test_the_term_of_a_master_whose_process_ended_counts_as_ended_by_death(by_us):
    world = World()
    if by_us:
        world.keeper.kill("node-1", 1)
    else:
        world.nodes["node-1"].running = False
    world.pass_time(1.0)
    assert world.keeper.died(1)
    assert not world.keeper.died(2)


def test_a_later_term_of_the_same_node_has_nothing_to_do_with_its_death():
    world = World()
    world.keeper.kill("node-1", 1)
    world.keeper.succeeded(1)
    world.pass_time(5.0, master="node-2", term=2)
    world.pass_time(5.0, master="node-1", term=3)
    assert not world.keeper.died(3)


def test_nodes_that_end_again_and_again_end_the_demonstration():
    world = World()

    def die_again():
        world.nodes["node-2"].running = False
        world.pass_time(RETURN_AFTER_SECONDS + 1.0)

    for _ in range(module.MOST_UNWANTED_DEATHS - 1):
        die_again()
    with pytest.raises(HarnessError, match=r"node-2: its last words"):
        die_again()
