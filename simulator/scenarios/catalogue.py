"""The scenarios by name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from simulator.scenarios.bank_day import bank_day
from simulator.scenarios.large import large
from simulator.scenarios.scenario import Scenario, ScenarioError, read_scenario

SHIPPED = Path(__file__).parent
"""Where the scenario files of the package are."""

DATA_VARIABLE = "PACING_DATA"
"""Environment variable with the directory of the recorded day that ``bank-day`` replays."""


@dataclass(frozen=True, slots=True)
class ScenarioOptions:
    """Parameters of a scenario."""

    data: Path | None = None
    """Directory or file of the recorded day; None takes the environment variable, then ``../shared/data``."""
    targets: int = 10_000
    agents_per_target: int = 3


NAMES: dict[str, str] = {
    "demo": "eleven targets, chat and voice; short handle times; the default",
    "goal": "four large and quick desks that keep their goals after the first minute; a dual law, inbound traffic",
    "inbound": "one target under a dual law, with more inbound visitors than its share of the agents can take",
    "bank": "a small bank by published figures: non-exponential patience, half-hourly arrivals, service by type",
    "bank-day": f"one recorded day of that bank; needs its file, see {DATA_VARIABLE}",
    "large": "many equal targets (--targets, --agents-per-target)",
}
"""Names and one line about each."""


def load_scenario(name: str, options: ScenarioOptions | None = None) -> Scenario:
    """The scenario of that name, or from a file when the name ends in ``.yaml`` or ``.yml``.

    Raises ScenarioError when there is none, or it lacks what it needs.
    """
    options = options or ScenarioOptions()
    if name.endswith((".yaml", ".yml")):
        return read_scenario(Path(name))
    if name == "large":
        return large(options.targets, options.agents_per_target)
    if name == "bank-day":
        return bank_day(read_scenario(SHIPPED / "bank.yaml"), _recorded_day(options.data))
    if name in NAMES:
        return read_scenario(SHIPPED / f"{name}.yaml")
    raise ScenarioError(f"no scenario {name!r}; there are {', '.join(NAMES)}, or the path of a .yaml file")


def _recorded_day(given: Path | None) -> Path:
    place = given or Path(os.environ.get(DATA_VARIABLE) or Path("..") / "shared" / "data")
    return place / "day_1999-10-25.csv" if place.is_dir() else place
