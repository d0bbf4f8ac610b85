"""The port to a source of configuration objects that can be written; adapters are beside this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pacing_node.provisioning.definitions import DefinitionChange, Kind


class ProvisioningError(Exception):
    """The source cannot be read or written; the text says what was found and what is needed."""


class UnreachableError(ProvisioningError):
    """Nobody answers there; the other server of a pair may."""


class PartlyWrittenError(ProvisioningError):
    """Some of the changes were written before it failed."""

    def __init__(self, message: str, written: Sequence[DefinitionChange]) -> None:
        super().__init__(message)
        self.written = tuple(written)


class ProvisioningTarget(Protocol):
    """Where definitions are written."""

    @property
    def place(self) -> str:
        """File or address, for people."""
        ...

    def existing(self) -> frozenset[tuple[Kind, str]]:
        """Definitions that are there, by kind and name. Raises ProvisioningError."""
        ...

    def write(self, changes: Sequence[DefinitionChange], written: Callable[[Iterable[DefinitionChange]], None]) -> None:
        """Add and recreate what the changes say; ``written`` is called with those that are certainly there.

        What is reported together is done whole or not at all. Raises ProvisioningError.
        """
        ...


def apply(target: ProvisioningTarget, changes: Sequence[DefinitionChange]) -> None:
    """Write those changes that change something.

    Raises:
        ProvisioningError: nothing was written, as far as is known.
        PartlyWrittenError: some of it was.
    """
    needed = [change for change in changes if change.action.changes]
    done: list[DefinitionChange] = []
    if not needed:
        return
    try:
        target.write(needed, done.extend)
    except ProvisioningError as error:
        if done:
            raise PartlyWrittenError(str(error), done) from error
        raise


def first_answering(targets: Sequence[ProvisioningTarget]) -> tuple[ProvisioningTarget, frozenset[tuple[Kind, str]]]:
    """The first server of a pair that answers, and the definitions it has. Raises ProvisioningError."""
    silent: list[str] = []
    for target in targets:
        try:
            return target, target.existing()
        except UnreachableError as error:
            silent.append(str(error))
    raise UnreachableError("; ".join(silent))
