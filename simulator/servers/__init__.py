"""The interfaces of a contact centre and of an engagement platform, served over real sockets from one model."""

from simulator.servers.simulator import BULK_PATH, WEBHOOK_PATH, Simulator, SimulatorOptions

__all__ = ["BULK_PATH", "WEBHOOK_PATH", "Simulator", "SimulatorOptions"]
