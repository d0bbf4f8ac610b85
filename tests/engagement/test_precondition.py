"""Conditional writes alone keep the accepted pushes in order: explored with late requests and lost answers."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cluster.token import Token
from pacing_node.engagement.precondition import Holder, Place, Precondition, StateFound, read_holder, strong_etag

PARTS = 2


@dataclass
class Resource:
    """A receiver that compares ETags and nothing else."""

    version: int = 0
    holder: Holder | None = None
    accepted: list[Place] = field(default_factory=list)

    @property
    def etag(self) -> str | None:
        return f'"{self.version}"' if self.version else None

    def write(self, condition: dict[str, str], place: Place, changes: Place | None) -> bool:
        if condition.get("If-Match") != self.etag:
            return False
        if changes is not None:
            assert self.holder == Holder("c", changes), "a partial push is applied to the state it changes"
        self.version += 1
        self.holder = Holder("c", place)
        self.accepted.append(place)
        return True


@dataclass
class Request:
    """On its way to the resource: a look, or a write with its condition."""

    sender: Sender
    place: Place
    condition: dict[str, str] | None
    changes: Place | None = None
    """Of a partial push: the last write of the push whose state it changes."""


@dataclass
class Sender:
    """A master: pushes one part after the other, gives up on requests, and ends when it is fenced."""

    epoch: int
    state: Precondition = field(default_factory=Precondition)
    sequence: int = 1
    part: int = 1
    waiting: Request | None = None
    fenced: bool = False
    confirmed: list[Place] = field(default_factory=list)
    parts: int = PARTS
    whole: Place | None = None
    """The last write of the newest push, if every part of it was taken."""
    missing: bool = False
    """Whether a part of the push under way was given up."""

    @property
    def place(self) -> Place:
        return Place(self.epoch, self.sequence, self.part)

    def step(self, *, partial: bool = False) -> Request:
        self.state.begin(Token("c", self.epoch, self.sequence))
        changes = self.whole if partial and self.part == 1 and self.state.own else None
        if self.part == 1:
            self.parts = PARTS if changes is None else 1
        condition = None
        if self.state.known:
            condition = self.state.headers()
            self.state.sent(self.place)
        self.waiting = Request(self, self.place, condition, changes)
        return self.waiting

    def taken(self) -> None:
        self.confirmed.append(self.place)
        self.next_part(taken=True)

    def next_part(self, *, taken: bool = False) -> None:
        """Also without the answer to this one: its time is up."""
        self.waiting = None
        self.missing = self.missing or not taken
        if self.part < self.parts:
            self.whole, self.part = None, self.part + 1
            return
        self.whole = None if self.missing else self.place
        self.missing = False
        self.sequence, self.part = self.sequence + 1, 1

    def looked(self, finding: StateFound) -> None:
        self.waiting = None
        if finding is StateFound.OURS:
            self.taken()
        self.fenced = finding is StateFound.FENCED


class Masters(RuleBasedStateMachine):
    """Several masters at once, as if there were no lease at all."""

    def __init__(self) -> None:
        super().__init__()
        self.resource = Resource()
        self.epochs = itertools.count(1)
        self.senders: list[Sender] = []
        self.network: list[Request] = []

    @rule()
    def a_term_begins(self) -> None:
        self.senders.append(Sender(next(self.epochs)))

    def _able(self) -> list[Sender]:
        return [each for each in self.senders if each.waiting is None and not each.fenced]

    @precondition(lambda self: self._able())
    @rule(data=st.data(), partial=st.booleans())
    def a_request_is_sent(self, data: st.DataObject, partial: bool) -> None:
        self.network.append(data.draw(st.sampled_from(self._able())).step(partial=partial))

    @precondition(lambda self: self.network)
    @rule(data=st.data(), answered=st.booleans())
    def a_request_arrives(self, data: st.DataObject, answered: bool) -> None:
        self.arrive(data.draw(st.sampled_from(self.network)), answered)

    @precondition(lambda self: any(each.waiting for each in self.senders))
    @rule(data=st.data(), next_part=st.booleans())
    def a_sender_gives_up_on_its_request(self, data: st.DataObject, next_part: bool) -> None:
        sender = data.draw(st.sampled_from([each for each in self.senders if each.waiting]))
        given_up, sender.waiting = sender.waiting, None
        if next_part or given_up.changes is not None:  # a partial push is not sent again
            sender.next_part()

    @invariant()
    def what_is_accepted_is_in_order(self) -> None:
        assert self.resource.accepted == sorted(set(self.resource.accepted))

    @invariant()
    def what_a_sender_takes_for_accepted_was(self) -> None:
        for sender in self.senders:
            assert set(sender.confirmed) <= set(self.resource.accepted)

    def arrive(self, request: Request, answered: bool) -> None:
        self.network.remove(request)
        sender, resource = request.sender, self.resource
        seen = (resource.etag, resource.holder)
        took = request.condition is not None and resource.write(request.condition, request.place, request.changes)
        if not answered or sender.waiting is not request:
            return
        if request.condition is None:
            sender.looked(sender.state.inspect(request.place, *seen))
        elif took:
            sender.state.written(request.place, resource.etag)
            sender.taken()
        elif request.changes is not None:
            sender.next_part()
        else:
            sender.waiting = None

    def teardown(self) -> None:
        """When nothing is lost any more, the newest master gets through, whatever is still on its way."""
        newest = Sender(next(self.epochs))
        self.senders.append(newest)
        for _ in range(8 + 4 * len(self.network)):
            if newest.waiting is None:
                self.network.append(newest.step())
            self.arrive(newest.waiting or self.network[0], answered=True)
            if self.network:
                self.arrive(self.network[0], answered=True)
            self.what_is_accepted_is_in_order()
        assert not newest.fenced
        assert newest.confirmed
        self._older_ones_end(len(self.resource.accepted))

    def _older_ones_end(self, accepted: int) -> None:
        for sender in self.senders[:-1]:
            sender.waiting = None
            for _ in range(3):
                if not sender.fenced:
                    self.network.append(sender.step())
                    self.arrive(self.network[-1], answered=True)
            assert sender.fenced
        assert len(self.resource.accepted) == accepted, "and change nothing any more"


Masters.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None, print_blob=True)


class TestAcceptedPushesAreInOrderWhateverIsLostOrLate(Masters.TestCase):
    """Run by hypothesis."""


def begun(epoch: int = 3, sequence: int = 1) -> Precondition:
    state = Precondition()
    state.begin(Token("c", epoch, sequence))
    return state


def held(*place: int, cluster: str = "c") -> Holder:
    return Holder(cluster, Place(*place))


@pytest.mark.parametrize(
    ("holder", "finding"),
    [
        (None, StateFound.FREE),
        (held(2, 900, 1), StateFound.FREE),
        (held(3, 1, 1), StateFound.FENCED),
        (held(3, 2, 1), StateFound.FENCED),
        (held(4, 1, 1), StateFound.FENCED),
        (held(1, 1, 1, cluster="other"), StateFound.FENCED),
    ],
)
def test_a_term_begins_on_what_is_older_and_on_nothing_else(holder: Holder | None, finding: StateFound) -> None:
    state = begun()
    assert state.inspect(Place(3, 1, 1), '"x"', holder) is finding
    assert state.known is (finding is StateFound.FREE)


def test_the_first_write_of_all_asks_for_nothing_to_be_there() -> None:
    state = begun()
    assert state.inspect(Place(3, 1, 1), None, None) is StateFound.FREE
    assert state.headers() == {"If-None-Match": "*"}


def test_an_etag_is_own_when_the_answer_to_an_own_write_gave_it_and_nothing_else_did() -> None:
    state = begun()
    state.inspect(Place(3, 1, 1), '"a"', held(2, 5, 1))
    assert (state.known, state.own) == (True, False)
    state.sent(Place(3, 1, 1))
    assert not state.own
    state.written(Place(3, 1, 1), '"b"')
    assert state.own
    state.sent(Place(3, 2, 1))
    state.inspect(Place(3, 2, 1), '"c"', held(3, 2, 1))
    assert (state.known, state.own) == (True, False), "found by reading, not by an answer"
    state.begin(Token("c", 4, 1))
    assert not state.own


def test_an_own_write_whose_answer_was_lost_is_taken_for_nobody_elses() -> None:
    state = begun()
    state.inspect(Place(3, 1, 1), '"a"', held(2, 5, 1))
    assert state.headers() == {"If-Match": '"a"'}
    state.sent(Place(3, 1, 1))
    assert not state.known
    assert state.inspect(Place(3, 1, 1), '"b"', held(3, 1, 1)) is StateFound.OURS
    assert state.headers() == {"If-Match": '"b"'}


@pytest.mark.parametrize("holder", [None, held(2, 5, 1), held(3, 1, 1)])
def test_a_state_put_back_behind_an_own_accepted_write_ends_the_term(holder: Holder | None) -> None:
    state = begun()
    state.inspect(Place(3, 1, 1), None, None)
    state.sent(Place(3, 2, 1))
    state.written(Place(3, 2, 1), '"b"')
    state.sent(Place(3, 3, 1))
    assert state.inspect(Place(3, 3, 1), '"c"', holder) is StateFound.FENCED


def test_another_term_remembers_nothing_of_the_one_before() -> None:
    state = begun()
    state.inspect(Place(3, 1, 1), None, None)
    state.sent(Place(3, 1, 1))
    state.written(Place(3, 1, 1), '"b"')
    assert state.known
    state.begin(Token("c", 4, 1))
    assert not state.known


@pytest.mark.parametrize(
    ("text", "etag"),
    [
        ('"a"', '"a"'),
        (' "a" ', '"a"'),
        ('""', '""'),
        ('W/"a"', None),
        ("a", None),
        ('"', None),
        ("", None),
        (None, None),
    ],
)
def test_only_a_strong_etag_can_be_compared(text: str | None, etag: str | None) -> None:
    assert strong_etag(text) == etag


@given(st.binary(max_size=200) | st.sampled_from([b"{}", b"[]", b'{"cluster_id": "c", "epoch": 1, "sequence": -1}']))
def test_a_state_that_names_no_push_has_no_holder(body: bytes) -> None:
    assert read_holder(body) is None


def test_a_state_names_its_push() -> None:
    body = b'{"cluster_id": "c", "epoch": 3, "sequence": 4, "part": 1, "parts": 2, "targets": []}'
    assert read_holder(body) == held(3, 4, 1)
    assert held(3, 4, 1).mark.epoch == 3
