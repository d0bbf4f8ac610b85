"""The interfaces of a contact centre and of an engagement platform, served over real sockets from one model."""

from simulator.servers.lean.lean_simulator import LeanSimulator
from simulator.servers.simulator import Simulator
from simulator.servers.simulator_options import SimulatorOptions
from simulator.servers.web import BULK_PATH, CONDITIONAL_PATH, STATISTICS_PATH, WEBHOOK_PATH

__all__ = [
    "BULK_PATH",
    "CONDITIONAL_PATH",
    "STATISTICS_PATH",
    "WEBHOOK_PATH",
    "LeanSimulator",
    "Simulator",
    "SimulatorOptions",
]
