"""Definitions in the YAML files of the configuration objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pacing_node.objects.object_files import is_leftover, yaml_files
from pacing_node.provisioning.definitions import Kind
from pacing_node.provisioning.provisioning_target import ProvisioningError
from pacing_node.provisioning.yaml_edit import YamlEditError, names_in, put
from pacing_node.runtime.replaced_file import replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from pacing_node.provisioning.definitions import Definition, DefinitionChange

NEW_FILE = "pacing-service.yaml"
"""File of a directory that gets what is added."""


class FileTarget:
    """One file, or a directory whose files are taken together."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: dict[Path, str] = {}

    @property
    def place(self) -> str:
        """The file or directory."""
        return str(self._path)

    def existing(self) -> frozenset[tuple[Kind, str]]:
        """Definitions in any of the files. Raises ProvisioningError."""
        self._read = {file: _read(file) for file in self._files()}
        return frozenset((kind, name) for file in self._read for kind in Kind for name in self._names(file, kind))

    def write(self, changes: Sequence[DefinitionChange], written: Callable[[Iterable[DefinitionChange]], None]) -> None:
        """Write the changes, each where its definition is, one file after the other. Raises ProvisioningError."""
        if not self._read:
            self.existing()
        wanted: dict[Path, list[DefinitionChange]] = {}
        for change in changes:
            wanted.setdefault(self._file_of(change.definition), []).append(change)
        texts: dict[Path, str] = {}
        for file, here in wanted.items():
            try:
                texts[file] = put(self._read.get(file, ""), [change.definition for change in here])
            except YamlEditError as error:
                raise ProvisioningError(f"{file}: {error}") from None
        for file, text in texts.items():
            before = self._read.get(file)
            if before is not None and _read(file) != before:
                raise ProvisioningError(f"{file}: somebody else changed it meanwhile; run the command again")
            try:
                replace_file(file, text, 0o644)
            except OSError as error:
                raise ProvisioningError(f"{file}: {(error.strerror or type(error).__name__).lower()}") from None
            self._read[file] = text
            written(wanted[file])

    def _files(self) -> list[Path]:
        path = self._path
        if not path.is_dir():
            return [path]
        return [file for file in yaml_files(path) if not is_leftover(file)]

    def _names(self, file: Path, kind: Kind) -> frozenset[str]:
        try:
            return names_in(self._read[file], kind)
        except YamlEditError as error:
            raise ProvisioningError(f"{file}: {error}") from None

    def _file_of(self, definition: Definition) -> Path:
        """The file that holds a definition, else the one that gets what is new."""
        for file in self._read:
            if definition.name in self._names(file, definition.kind):
                return file
        return self._path / NEW_FILE if self._path.is_dir() else self._path


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except OSError as error:
        raise ProvisioningError(f"{file}: {(error.strerror or type(error).__name__).lower()}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ProvisioningError(f"{file}:{line}: a byte that is not UTF-8") from None
