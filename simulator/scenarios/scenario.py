"""A scenario: a contact centre to simulate, with a description, as code or as a YAML file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import yaml
from pydantic import Field, ValidationError

from simulator.model.distributions import Spec
from simulator.model.spec import Centre  # noqa: TC001 - pydantic reads the annotation at run time

if TYPE_CHECKING:
    from pathlib import Path


class ScenarioError(Exception):
    """A scenario cannot be had; the message says which, where and why."""


class Pacing(Spec):
    """The law a scenario is meant for; a cluster of the demonstration takes it unless another one is asked for."""

    algorithm: str
    """As the option ``algorithm`` spells it."""
    proactive_percent: Annotated[float, Field(ge=0.0, le=100.0)] | None = None
    """Share of the capacity for invitations under a dual law; None where the law has no use for it."""

    def options(self) -> dict[str, Any]:
        """As they stand in the section ``pacing`` of a cluster's options."""
        dual = {} if self.proactive_percent is None else {"proactiveRatio": self.proactive_percent}
        return {"algorithm": self.algorithm, **dual}


class Scenario(Spec):
    """What the simulator runs."""

    name: str
    description: str
    pacing: Pacing | None = None
    """None: whatever law the cluster has."""
    centre: Centre


def read_scenario(path: Path) -> Scenario:
    """Read a scenario file.

    Raises ScenarioError when it cannot be read, is not YAML, or says something impossible; the message lists every
    fault with its key.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: not YAML: {error}") from error
    try:
        return Scenario.model_validate(document)
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']}" for fault in error.errors())
        raise ScenarioError("\n".join(f"{path}: {fault}" for fault in faults)) from error
