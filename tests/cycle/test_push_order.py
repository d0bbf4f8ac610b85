"""Which push may go next: the rules one by one, and explored against a receiver that checks nothing or everything."""

from __future__ import annotations

from dataclasses import dataclass

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from pacing_node.cycle.push_order import PushOrder
from simulator.servers.engagement.fence import PushToken, StreamFence, Verdict

BASIS = ("targets 1", "settings 1")
PARTS = 2


def accepted(sequence: int = 4, *, epoch: int = 3, takes_partials: bool = True) -> PushOrder:
    """An order whose newest push was accepted."""
    order = PushOrder()
    order.begun(epoch, sequence, BASIS)
    order.ended(accepted=True, takes_partials=takes_partials)
    return order


def test_a_term_begins_with_a_full_push() -> None:
    assert PushOrder().prev(3, BASIS) is None
    assert accepted(epoch=3).prev(4, BASIS) is None


def test_a_partial_push_changes_what_the_newest_push_has_left_whatever_its_kind() -> None:
    order = accepted(4)
    assert order.prev(3, BASIS) == 4
    order.begun(3, 5, BASIS)
    order.ended(accepted=True, takes_partials=True)
    assert order.prev(3, BASIS) == 5


def test_after_any_outcome_but_accepted_the_next_push_is_full() -> None:
    order = accepted(4)
    order.begun(3, 5, BASIS)
    order.ended(accepted=False, takes_partials=True)
    assert order.prev(3, BASIS) is None


def test_other_targets_or_settings_need_a_full_push() -> None:
    order = accepted()
    assert order.prev(3, ("targets 2", "settings 1")) is None
    assert order.prev(3, BASIS) == 4, "back as they were"


def test_a_platform_that_does_not_say_so_is_sent_full_pushes_alone() -> None:
    assert accepted(takes_partials=False).prev(3, BASIS) is None


def test_one_push_is_in_flight() -> None:
    order = accepted()
    order.begun(3, 5, BASIS)
    assert order.prev(3, BASIS) is None
    with pytest.raises(RuntimeError, match="in flight"):
        order.begun(3, 6, BASIS)


def test_a_full_push_that_was_due_and_withheld_goes_before_anything_else() -> None:
    order = accepted()
    order.withheld()
    assert order.prev(3, BASIS) is None


@dataclass(frozen=True)
class Message:
    """A part on its way."""

    token: PushToken
    basis: int


class Pushes(RuleBasedStateMachine):
    """Terms one after the other, each with its own order; messages are applied, lost, or given up and delivered later.

    The receiver compares tokens as the simulator's fence does. Without ``checked`` it applies whatever arrives, and
    then what was given up never arrives, as connections that are reset see to.
    """

    checked = True

    def __init__(self) -> None:
        super().__init__()
        self.epoch, self.sequence, self.basis = 1, 0, 0
        self.order = PushOrder()
        self.on_the_way: list[Message] = []
        self.strays: list[Message] = []
        self.answered = 0
        self.fence: StreamFence[str] = StreamFence()
        self.state: tuple[int, int] | None = None
        self.parts: set[int] = set()
        self.state_basis = -1
        self.partials = 0

    @property
    def in_flight(self) -> bool:
        return self.order._in_flight is not None

    @precondition(lambda self: not self.in_flight)
    @rule(partial=st.booleans())
    def a_push_goes_out(self, partial: bool) -> None:
        prev = self.order.prev(self.epoch, self.basis) if partial else None
        self.sequence += 1
        self.order.begun(self.epoch, self.sequence, self.basis)
        parts = PARTS if prev is None else 1
        tokens = [PushToken("A", self.epoch, self.sequence, part, parts, prev=prev) for part in range(1, parts + 1)]
        self.on_the_way, self.answered = [Message(token, self.basis) for token in tokens], 0

    @precondition(lambda self: self.on_the_way)
    @rule(data=st.data(), answered=st.booleans())
    def a_part_arrives(self, data: st.DataObject, answered: bool) -> None:
        message = data.draw(st.sampled_from(self.on_the_way))
        self.on_the_way.remove(message)
        good = self.arrive(message)
        if not answered or not good:
            self.give_up()
            return
        self.answered += 1
        if self.answered == message.token.parts:
            self.order.ended(accepted=True, takes_partials=True)

    @precondition(lambda self: self.strays)
    @rule(data=st.data())
    def a_part_that_was_given_up_arrives(self, data: st.DataObject) -> None:
        message = data.draw(st.sampled_from(self.strays))
        self.strays.remove(message)
        self.arrive(message)

    @precondition(lambda self: self.in_flight)
    @rule()
    def give_up(self) -> None:
        self.strays += self.on_the_way if self.checked else []
        self.on_the_way = []
        self.order.ended(accepted=False, takes_partials=True)

    @rule()
    def a_term_begins(self) -> None:
        if self.in_flight:
            self.give_up()
        self.epoch, self.sequence = self.epoch + 1, 0

    @rule()
    def targets_change(self) -> None:
        if self.in_flight:
            self.give_up()
        self.basis += 1

    def arrive(self, message: Message) -> bool:
        """Take a part as the receiver does; whether it is answered as taken."""
        token = message.token
        verdict = self.fence.judge(token) if self.checked else Verdict.APPLY
        if verdict is not Verdict.APPLY:
            return verdict is Verdict.REPLAY
        if token.prev is not None:
            self.partials += 1
            assert self.state == (token.epoch, token.prev), "a partial push changes the state it names"
            assert len(self.parts) == (PARTS if self.full else 1), "and one that is whole"
            assert self.state_basis == message.basis, "of the same targets and settings"
        if self.state != token.order:
            self.parts = set()
        self.full = token.prev is None
        self.state, self.state_basis = token.order, message.basis
        self.parts.add(token.part)
        self.fence.store(token, "")
        return True

    def teardown(self) -> None:
        """When nothing is lost any more, a full push and then a partial one get through."""
        if self.in_flight:
            self.give_up()
        before = self.partials
        for partial in (False, True):
            self.a_push_goes_out(partial)
            for message in list(self.on_the_way):
                self.on_the_way.remove(message)
                assert self.arrive(message)
            self.order.ended(accepted=True, takes_partials=True)
        assert self.partials == before + 1


class Unchecked(Pushes):
    """The sender's rules alone must do."""

    checked = False


Pushes.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None, print_blob=True)
Unchecked.TestCase.settings = Pushes.TestCase.settings


class TestWithAReceiverThatChecksTokensNothingThatIsLateDoesHarm(Pushes.TestCase):
    """Run by hypothesis."""


class TestTheSendersRulesAloneKeepPartialPushesInStep(Unchecked.TestCase):
    """Run by hypothesis."""
