"""What can be simulated: scenarios by name or from a file, and the configuration objects they stand for."""

from simulator.scenarios.catalogue import DATA_VARIABLE, NAMES, ScenarioOptions, load_scenario
from simulator.scenarios.objects import Credentials, configuration_objects
from simulator.scenarios.scenario import Scenario, ScenarioError, read_scenario

__all__ = [
    "DATA_VARIABLE",
    "NAMES",
    "Credentials",
    "Scenario",
    "ScenarioError",
    "ScenarioOptions",
    "configuration_objects",
    "load_scenario",
    "read_scenario",
]
