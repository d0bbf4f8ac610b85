"""Whatever happens, nobody is lost, nobody is counted twice and no agent has more in hand than his rule allows."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.model import ContactCentre, Group, Staff
from simulator.model.distributions import Exponential, Fixed
from simulator.model.spec import Breaks, Invitations, Reactive
from simulator.servers.statistics.statistics_values import totals
from tests.simulator.centres import centre_of, queue

TIMES = st.floats(min_value=0.5, max_value=30.0)


@st.composite
def centres(draw: st.DrawFn) -> ContactCentre:
    """Three queues of two media; agents of several rules, shared among them, with pauses and traffic of their own."""
    queues = [
        queue(
            number,
            media=media,
            handle=Exponential(mean=draw(TIMES)),
            wrap_up=draw(st.sampled_from([None, Fixed(seconds=2.0)])),
            patience=Exponential(mean=draw(TIMES)),
            invitations=Invitations.model_validate(
                {
                    "acceptance": {"ratio": draw(st.floats(0.0, 1.0))},
                    "ignored": draw(st.floats(0.0, 1.0)),
                    "timeout": 10.0,
                    "visitors_per_hour": draw(st.sampled_from([None, 2000.0])),
                }
            ),
            reactive=Reactive(per_hour=(draw(st.sampled_from([0.0, 300.0, 3000.0])),)),
        )
        for number, media in (("c1", "chat"), ("c2", "chat"), ("v", "voice"))
    ]
    pauses = Breaks(every=20.0, length=Exponential(mean=5.0))
    staff = tuple(
        Staff(prefix=f"{rule or 'plain'}-x", count=draw(st.integers(1, 4)), capacity_rule=rule, breaks=pauses)
        for rule in draw(
            st.lists(st.sampled_from(["", "chat-1", "chat-2", "blended", "mixed"]), min_size=1, unique=True)
        )
    )
    names = tuple(batch.prefix for batch in staff)
    groups = (Group(name="A", staff=names, queues=("c1", "v")), Group(name="B", staff=names[:1], queues=("c2", "v")))
    return ContactCentre(centre_of(*queues, staff=staff, groups=groups), draw(st.integers(0, 2**32)))


STEPS = st.lists(
    st.tuples(
        st.floats(min_value=0.01, max_value=15.0),
        st.integers(0, 2),
        st.integers(0, 40),
        st.sampled_from([None, 0.0, 0.4]),
        st.sampled_from(["push", "push", "push", "home", "back", "acceptance"]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=120, deadline=None)
@given(centre=centres(), steps=STEPS)
def test_every_visitor_is_accounted_for_and_no_agent_is_overloaded(centre: ContactCentre, steps: list[Any]) -> None:
    seen = [totals(target) for target in centre.targets]
    for seconds, row, count, portion, deed in steps:
        if deed == "push":
            centre.allow(centre.targets[row], count, 5.0, portion)
        elif deed == "acceptance":
            centre.set_acceptance_factor(count / 20.0)
        else:
            centre.send_home(centre.agents[:2], home=deed == "home")
        centre.run_until(centre.now + seconds)
        _check_targets(centre)
        _check_agents(centre)
        now = [totals(target) for target in centre.targets]
        assert all(a <= b for before, after in zip(seen, now, strict=True) for a, b in zip(before, after, strict=True))
        seen = now


def _check_targets(centre: ContactCentre) -> None:
    for target in centre.targets:
        counts = target.invitations
        assert counts.pending >= 0
        assert counts.invited == counts.accepted + counts.refused + counts.pending
        assert target.proactive.entered == counts.accepted
        for flow in (target.proactive, target.reactive):
            assert flow.entered == flow.answered + flow.abandoned + flow.waiting
            assert 0 <= flow.completed <= flow.answered
        assert len(target.line) == target.proactive.waiting + target.reactive.waiting
        assert not (target.line and target.pool), "a visitor waits although an agent is free for him"
        slots = [agent.reading.slots(target.media) for agent in target.agents]
        assert (target.ready, target.busy) == (sum(r for r, _ in slots), sum(b for _, b in slots))
        assert target.logged_in == sum(agent.reading.logged_in for agent in target.agents)
        assert set(target.pool) == {agent for agent in target.agents if agent.reading.routable(target.media)}


def _check_agents(centre: ContactCentre) -> None:
    for agent in centre.agents:
        assert agent.reading == agent.read()
        for media, maximum in agent.maximum.items():
            assert 0 <= agent.in_use(media) <= maximum
        if agent.exclusive:
            assert sum(agent.in_use(media) > 0 for media in agent.maximum) <= 1
    in_hand = sum(agent.in_use(media) for agent in centre.agents for media in agent.maximum)
    flows = [flow for target in centre.targets for flow in (target.proactive, target.reactive)]
    assert in_hand == sum(flow.answered - flow.completed for flow in flows)
