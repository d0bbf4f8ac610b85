"""A scenario: a contact centre to simulate, with a description, as code or as a YAML file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml
from pydantic import ValidationError

from simulator.model.distributions import Spec
from simulator.model.spec import Centre  # noqa: TC001 - pydantic reads the annotation at run time

if TYPE_CHECKING:
    from pathlib import Path


class ScenarioError(Exception):
    """A scenario cannot be had; the message says which, where and why."""


class Scenario(Spec):
    """What the simulator runs."""

    name: str
    description: str
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
