"""Where a drill may happen: on a cluster of its own on this machine, or on one in containers."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.drill.targets import Target


class Place(StrEnum):
    """Where the cluster runs."""

    LOCAL = "local"
    COMPOSE = "compose"
    KUBERNETES = "kubernetes"


def container_target(place: Place) -> Target[Any]:
    """The target of a place other than this machine; its libraries are loaded here, for no other command needs them."""
    if place is Place.COMPOSE:
        from simulator.drill.compose_drills import COMPOSE  # noqa: PLC0415 - see above

        return COMPOSE
    if place is Place.KUBERNETES:
        from simulator.drill.kubernetes_drills import KUBERNETES  # noqa: PLC0415 - see above

        return KUBERNETES
    raise ValueError(place)
