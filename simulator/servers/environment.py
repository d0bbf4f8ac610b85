"""Faults of the world around: agents who leave, visitors who change their mind, objects that are edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.servers.faults.fault_board import AcceptanceChange, ConfigurationChange, StaffOut

if TYPE_CHECKING:
    from simulator.model import Agent
    from simulator.servers.configuration.configuration_document import ConfigurationDocument
    from simulator.servers.faults.fault_board import FaultBoard
    from simulator.servers.live_centre import LiveCentre


def hook_environment(board: FaultBoard, live: LiveCentre, document: ConfigurationDocument) -> None:
    """Let faults change the model and the configuration while they are active."""
    centre = live.centre
    before: dict[int, dict[str, Any]] = {}

    def meant(fault: StaffOut) -> list[Agent]:
        unknown = set(fault.staff) - {agent.staff.prefix for agent in centre.agents}
        if unknown:
            raise LookupError(f"staff {', '.join(sorted(unknown))}")
        return [agent for agent in centre.agents if not fault.staff or agent.staff.prefix in fault.staff]

    def send(fault: StaffOut, *, home: bool) -> None:
        live.advance()
        centre.send_home(meant(fault), home=home)

    def change(fault: ConfigurationChange) -> None:
        before[id(fault)] = document.change_queue(fault.queue, fault.options, fault.fields, remove=fault.remove)

    def accept(factor: float) -> None:
        live.advance()
        centre.set_acceptance_factor(factor)

    board.on(StaffOut, lambda fault: send(fault, home=True), lambda fault: send(fault, home=False))
    board.on(AcceptanceChange, lambda fault: accept(fault.factor), lambda _: accept(1.0))
    board.on(ConfigurationChange, change, lambda fault: document.replace(before.pop(id(fault))))
