"""Agents: capacity rules, exclusive media, wrap-up, pauses, shifts, and what statistics say of them."""

from __future__ import annotations

import pytest

from simulator.model import ContactCentre, Group, Staff, Status
from simulator.model.distributions import Fixed
from simulator.model.spec import Breaks, Call, Reactive, Shift
from tests.simulator.centres import centre_of, eager, queue

HOUR = 3600.0


def calls(*times: float, service: float = 100.0) -> Reactive:
    return Reactive(calls=tuple(Call(at=t, service=service) for t in times))


def centre_with(rule: str, *queues: object, **staff: object) -> ContactCentre:
    batch = Staff.model_validate({"prefix": "a", "count": 1, "capacity_rule": rule} | staff)
    return ContactCentre(centre_of(*queues, staff=(batch,)))  # type: ignore[arg-type]


def test_an_agent_without_a_rule_takes_one_voice_call_and_nothing_else() -> None:
    centre = centre_with("", queue("c"), queue("v", media="voice", reactive=calls(1.0, 2.0)))
    agent = centre.agents[0]
    assert [entry.media for entry in agent.reading.media] == ["voice"]
    assert agent.reading.slots("chat") == (0, 0)
    centre.run_until(3.0)
    assert agent.reading.slots("voice") == (0, 1)
    assert len(centre.target("Queue v - voice").line) == 1


def test_a_chat_agent_is_given_chats_up_to_his_maximum() -> None:
    centre = centre_with("chat-2", queue("c", reactive=calls(1.0, 2.0, 3.0)))
    agent = centre.agents[0]
    centre.run_until(1.5)
    assert agent.reading.status is Status.BUSY
    assert agent.reading.slots("chat") == (1, 1)
    centre.run_until(3.5)
    assert agent.reading.slots("chat") == (0, 2)
    assert not agent.reading.routable("chat")


def test_exclusive_media_shut_each_other_out_and_count_as_busy_slots() -> None:
    centre = centre_with(
        "blended", queue("c", reactive=calls(1.0, 200.0)), queue("v", media="voice", reactive=calls(2.0))
    )
    agent = centre.agents[0]
    centre.run_until(3.0)
    assert agent.reading.slots("chat") == (1, 1)
    assert agent.reading.slots("voice") == (0, 1), "no voice call while he chats"
    centre.run_until(150.0)
    assert agent.reading.slots("voice") == (0, 1), "the waiting call came after the chat"
    assert agent.reading.slots("chat") == (0, 2)


def test_of_two_queues_the_visitor_who_waited_longest_is_next() -> None:
    centre = centre_with("chat-1", queue("c", reactive=calls(1.0, 30.0)), queue("d", reactive=calls(20.0)))
    centre.run_until(101.5)
    assert (len(centre.targets[0].line), len(centre.targets[1].line)) == (1, 0)


def test_wrap_up_keeps_the_slot_in_use_and_shows_as_after_call_work() -> None:
    centre = centre_with("chat-1", queue("c", reactive=calls(1.0), wrap_up=Fixed(seconds=10.0)))
    agent = centre.agents[0]
    centre.run_until(105.0)
    assert agent.reading.status is Status.AFTER_CALL_WORK
    assert agent.reading.slots("chat") == (0, 1)
    assert centre.targets[0].reactive.completed == 0
    centre.run_until(112.0)
    assert agent.reading.status is Status.READY
    assert centre.targets[0].mean_handle_seconds == pytest.approx(110.0)


def test_recorded_calls_from_before_the_start_are_left_out() -> None:
    batch = Staff(prefix="a", count=1, capacity_rule="chat-1")
    centre = ContactCentre(centre_of(queue("c", reactive=calls(10.0, 50.0, 70.0)), staff=(batch,), start=40.0))
    centre.run_until(HOUR)
    assert centre.targets[0].reactive.entered == 2


def test_an_agent_on_a_pause_is_not_ready_and_worth_no_slots() -> None:
    breaks = Breaks(every=1.0, length=Fixed(seconds=1e6))
    centre = centre_with("chat-2", queue("c"), breaks=breaks.model_dump())
    centre.run_until(100.0)
    target = centre.targets[0]
    assert centre.agents[0].reading.status is Status.NOT_READY
    assert (target.logged_in, target.ready, target.busy) == (1, 0, 0)


def test_a_shift_logs_in_and_out_every_day_and_ends_after_the_last_interaction() -> None:
    shift = Shift(login=8 * HOUR, logout=16 * HOUR)
    reactive = calls(16 * HOUR - 10.0)
    spec = centre_of(
        queue("c", reactive=reactive),
        staff=(Staff(prefix="a", count=1, capacity_rule="chat-1", shifts=(shift,)),),
        start=7 * HOUR,
    )
    centre = ContactCentre(spec)
    agent = centre.agents[0]
    seen = []
    for clock in (7.5, 8.01, 15.99, 16.005, 16.1, 31.9, 32.1, 40.1):
        centre.run_until((clock - 7.0) * HOUR)
        seen.append(agent.reading.status.name)
    assert seen == ["LOGGED_OUT", "READY", "READY", "BUSY", "LOGGED_OUT", "LOGGED_OUT", "READY", "LOGGED_OUT"]


def test_a_model_that_starts_within_a_night_shift_has_its_agents_at_work() -> None:
    shift = Shift(login=22 * HOUR, logout=6 * HOUR)
    batch = Staff(prefix="a", count=1, capacity_rule="chat-1", shifts=(shift,))
    centre = ContactCentre(centre_of(queue("c"), staff=(batch,), start=1 * HOUR))
    assert centre.agents[0].reading.status is Status.READY
    centre.run_until(5.1 * HOUR)
    assert centre.agents[0].reading.status is Status.LOGGED_OUT


def test_agents_sent_home_end_what_they_have_in_hand_and_return_when_they_may() -> None:
    centre = centre_with("chat-2", queue("c", reactive=calls(1.0, 50.0)))
    centre.run_until(2.0)
    centre.send_home(centre.agents, home=True)
    assert centre.agents[0].reading.status is Status.BUSY
    centre.run_until(120.0)
    assert centre.agents[0].reading.status is Status.LOGGED_OUT
    assert centre.targets[0].reactive.answered == 1
    centre.send_home(centre.agents, home=False)
    assert centre.agents[0].reading.status in {Status.READY, Status.BUSY}


def test_absent_staff_never_logs_in() -> None:
    centre = centre_with("chat-2", queue("c"), present=False)
    centre.run_until(HOUR)
    assert centre.targets[0].logged_in == 0


def test_a_virtual_group_takes_everybody_with_enough_of_the_skill_once() -> None:
    staff = tuple(
        Staff(prefix=p, count=2, capacity_rule="chat-1", skills={"Spanish": level}) for p, level in (("x", 5), ("y", 6))
    )
    groups = (
        Group(name="Spanish", virtual={"skill": "Spanish", "above": 5}, queues=("c",)),
        Group(name="Y", staff=("y",), queues=("c",)),
    )
    centre = ContactCentre(centre_of(queue("c"), staff=staff, groups=groups))
    assert [agent.user_name for agent in centre.targets[0].agents] == ["y-01", "y-02"]
    assert centre.targets[0].ready == 2


def test_work_is_spread_over_equal_agents() -> None:
    spec = centre_of(
        queue("c", handle=Fixed(seconds=1.0), invitations=eager()),
        staff=(Staff(prefix="a", count=3, capacity_rule="chat-1"),),
    )
    centre = ContactCentre(spec)
    taken: list[str] = []

    class Watch:
        def agent_changed(self, agent: object) -> None:
            if agent.reading.status is Status.BUSY:  # type: ignore[attr-defined]
                taken.append(agent.user_name)  # type: ignore[attr-defined]

        def target_changed(self, target: object) -> None:
            pass

    centre.observe(Watch())
    centre.allow(centre.targets[0], 3, 30.0)
    centre.run_until(60.0)
    assert sorted(taken) == ["a-01", "a-02", "a-03"]
