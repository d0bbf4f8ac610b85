"""A contact centre as a pure event-driven model: specification in, history and measures out."""

from simulator.model.agent_reading import AgentReading, MediaReading, Status
from simulator.model.agents_and_targets import Agent, Target
from simulator.model.centre import ContactCentre, Roster
from simulator.model.invitations import InvitationReport
from simulator.model.measures import Measures, TargetMeasures
from simulator.model.pacing import Pacer, TargetAllowance, one_per_ready_slot, run_paced
from simulator.model.router import RouterListener
from simulator.model.spec import Centre, Group, Queue, Staff

__all__ = [
    "Agent",
    "AgentReading",
    "Centre",
    "ContactCentre",
    "Group",
    "InvitationReport",
    "Measures",
    "MediaReading",
    "Pacer",
    "Queue",
    "Roster",
    "RouterListener",
    "Staff",
    "Status",
    "Target",
    "TargetAllowance",
    "TargetMeasures",
    "one_per_ready_slot",
    "run_paced",
]
