"""The port to a source of configuration objects that can be written; adapters stand beside this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.provisioning.definitions import Change, Kind


class ProvisioningError(Exception):
    """The source cannot be read or written; the text says what was found and what is needed. Nothing was changed."""


class ProvisioningTarget(Protocol):
    """Where definitions are written."""

    @property
    def place(self) -> str:
        """File or address, for people."""
        ...

    def existing(self) -> frozenset[tuple[Kind, str]]:
        """Definitions that are there, by kind and name. Raises ProvisioningError."""
        ...

    def write(self, changes: Sequence[Change]) -> None:
        """Add and recreate what the changes say, all or nothing. Raises ProvisioningError."""
        ...


def apply(target: ProvisioningTarget, changes: Sequence[Change]) -> None:
    """Write those changes that change something. Raises ProvisioningError."""
    needed = [change for change in changes if change.action.changes]
    if needed:
        target.write(needed)
