"""When agents are there: shifts, pauses, and orders from outside that send them home."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.random import Generator

    from simulator.model.agents_and_targets import Agent
    from simulator.model.router import Router
    from simulator.model.spec import Breaks, Shift
    from simulator.model.timeline import Timeline

DAY = 86_400.0


class Staffing:
    """Logs agents in and out and sends them into pauses. A busy agent finishes the interactions in progress first."""

    def __init__(self, timeline: Timeline, router: Router, rng: Generator, time_of_day: float) -> None:
        self._timeline = timeline
        self._router = router
        self._rng = rng
        self._time_of_day = time_of_day

    def start(self, agent: Agent) -> None:
        """Begin the agent's day."""
        if not agent.staff.present:
            return
        if not agent.staff.shifts:
            self._login(agent)
        for shift in agent.staff.shifts:
            self._begin(agent, shift)
        if agent.staff.breaks is not None:
            self._expect_break(agent, agent.staff.breaks)

    def send_home(self, agent: Agent, *, home: bool) -> None:
        """Keep the agent logged out whatever the shift says, or let the shift decide again."""
        agent.excused = home
        self._router.refresh(agent)

    def _begin(self, agent: Agent, shift: Shift) -> None:
        spread = agent.staff.login_spread * self._rng.random()
        length = (shift.logout - shift.login) % DAY or DAY
        into = (self._time_of_day - shift.login - spread) % DAY
        if into < length:
            self._login(agent)
            self._timeline.after(length - into, self._logout, agent)
        self._timeline.after(DAY - into, self._day, agent, length)

    def _day(self, agent: Agent, length: float) -> None:
        self._login(agent)
        self._timeline.after(length, self._logout, agent)
        self._timeline.after(DAY, self._day, agent, length)

    def _login(self, agent: Agent) -> None:
        agent.present = True
        agent.on_break = False
        self._router.refresh(agent)

    def _logout(self, agent: Agent) -> None:
        agent.present = False
        self._router.refresh(agent)

    def _expect_break(self, agent: Agent, breaks: Breaks) -> None:
        self._timeline.after(breaks.every * self._rng.standard_exponential(), self._break, agent, breaks)

    def _break(self, agent: Agent, breaks: Breaks) -> None:
        agent.on_break = agent.present
        self._router.refresh(agent)
        self._timeline.after(breaks.length.draw(self._rng), self._back, agent, breaks)

    def _back(self, agent: Agent, breaks: Breaks) -> None:
        agent.on_break = False
        self._router.refresh(agent)
        self._expect_break(agent, breaks)
