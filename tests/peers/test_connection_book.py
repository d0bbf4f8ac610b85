"""Which connections a port takes: bounded for each address and in all, and strangers give way."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cluster.peers.connection_book import Admission, ConnectionBook, ConnectionLimits

HERE, THERE = "10.0.0.1", "10.0.0.2"


def test_there_is_room_up_to_the_limits() -> None:
    book = ConnectionBook(ConnectionLimits(3, 2))
    assert [book.admit(number, HERE) for number in (1, 2)] == [Admission(admitted=True)] * 2
    assert book.admit(3, THERE) == Admission(admitted=True)
    assert len(book) == 3


def test_the_oldest_stranger_of_an_address_gives_way_to_the_next_of_it() -> None:
    book = ConnectionBook(ConnectionLimits(10, 2))
    for number in (1, 2):
        book.admit(number, HERE)
    book.proved(1)
    assert book.admit(3, HERE) == Admission(admitted=True, gives_way=2)
    assert book.admit(4, HERE) == Admission(admitted=True, gives_way=3)


def test_who_has_proved_who_they_are_is_never_closed_for_others() -> None:
    book = ConnectionBook(ConnectionLimits(10, 2))
    for number in (1, 2):
        book.admit(number, HERE)
        book.proved(number)
    assert book.admit(3, HERE) == Admission(admitted=False)
    assert book.admit(4, THERE) == Admission(admitted=True)


def test_of_a_full_port_the_address_that_holds_the_most_gives_way() -> None:
    book = ConnectionBook(ConnectionLimits(4, 3))
    book.admit(1, THERE)
    for number in (2, 3, 4):
        book.admit(number, HERE)
    assert book.admit(5, THERE) == Admission(admitted=True, gives_way=2)


def test_many_addresses_of_one_network_do_not_push_out_a_newcomer_of_another() -> None:
    book = ConnectionBook(ConnectionLimits(4, 3))
    book.admit(1, "2001:db8:1::1")
    gave_way = [book.admit(number, f"2001:db8:2::{number:x}").gives_way for number in range(2, 40)]
    assert gave_way[:3] == [None] * 3
    assert 1 not in gave_way


def test_while_descriptors_are_short_a_stranger_gives_way_to_each_newcomer() -> None:
    book = ConnectionBook(ConnectionLimits(10, 10))
    for number in (1, 2):
        book.admit(number, HERE)
    book.proved(1)
    assert book.admit(3, THERE, short=True) == Admission(admitted=True, gives_way=2)
    book.proved(3)
    assert book.admit(4, THERE, short=True) == Admission(admitted=False)
    assert len(book) == 2


def test_a_connection_that_ended_makes_room() -> None:
    book = ConnectionBook(ConnectionLimits(1, 1))
    book.admit(1, HERE)
    book.proved(1)
    book.closed(1)
    assert book.admit(2, THERE) == Admission(admitted=True)
    book.closed(7)  # never there


@given(st.lists(st.tuples(st.sampled_from("apc"), st.integers(0, 30), st.sampled_from("xyz")), max_size=120))
def test_the_limits_hold_and_nobody_proved_is_closed_whatever_comes(steps: list[tuple[str, int, str]]) -> None:
    limits = ConnectionLimits(5, 3)
    book, held, proved = ConnectionBook(limits), dict[int, str](), set[int]()
    for number, (kind, of, address) in enumerate(steps, 100):
        if kind == "a":
            admission = book.admit(number, address)
            if admission.gives_way is not None:
                assert admission.gives_way in held
                assert admission.gives_way not in proved
                del held[admission.gives_way]
            if admission.admitted:
                held[number] = address
            elif len(held) < limits.most:
                assert Counter(held.values())[address] == limits.most_per_address
        elif held:
            chosen = sorted(held)[of % len(held)]
            if kind == "p":
                book.proved(chosen)
                proved.add(chosen)
            else:
                book.closed(chosen)
                del held[chosen]
        assert len(book) == len(held) <= limits.most
        assert max(Counter(held.values()).values(), default=0) <= limits.most_per_address
