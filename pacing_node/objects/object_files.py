"""Configuration objects from YAML: one file, or every ``*.yaml`` and ``*.yml`` of a directory taken together.

Hidden files and backups of a directory are not read: an editor writes them, and an old object in them could win.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from pacing_node.objects.object_reader import ObjectReader
from pacing_node.objects.packed_items import PackedDocument, PackedItems, PackedList
from pacing_node.options.errors import ConfigurationError, Problem
from pacing_node.options.schema import suggestion
from pacing_node.options.yaml_documents import LARGE_BYTES, YamlDocument, parse_document, read_content, release
from pacing_node.options.yaml_items import OtherFormError, read_by_items
from pacing_node.runtime.gc_freeze import freeze, uncollected
from pacing_node.targets import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pacing_node.objects.object_model import ConfigurationObjects
    from pacing_node.options.yaml_documents import Value

KINDS = ("switches", "virtual_queues", "agents", "agent_groups", "capacity_rules", "transactions")
"""Keys of a document that hold a list of objects."""
PROVISIONED = ("statistics", "filters", "alarm_conditions")
"""Keys of lists that are kept for the contact centre and not used by a node; `pacing provision` writes them."""
SUFFIXES = (".yaml", ".yml")
"""Endings of the files that are read from a directory, in lower or upper case."""
_BACKUP_ENDINGS = ("~", ".bak", ".old", ".orig", ".save", ".swp", ".tmp")
"""Endings, before the suffix, of copies that editors and people leave beside a file."""


def object_files(path: Path) -> tuple[Path, ...]:
    """The files that make up the objects, in order.

    Raises:
        ConfigurationError: a directory without such files, one that cannot be read, or what is neither file nor
            directory: a pipe can let nobody go who opens it, and a device has no end.
    """
    try:
        if not path.is_dir():
            if path.exists() and not path.is_file():
                raise ConfigurationError((Problem(str(path), "", "a pipe or a device", "a file or a directory"),))
            return (path,)
        files = tuple(file for file in yaml_files(path) if not is_leftover(file))
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ConfigurationError((Problem(str(path), "", reason, "a readable directory"),)) from error
    if not files:
        raise ConfigurationError((Problem(str(path), "", "no files", "a directory with *.yaml or *.yml files"),))
    return files


def yaml_files(directory: Path) -> list[Path]:
    """Files of a directory with a suffix of YAML, sorted, hidden ones and backups too. Raises OSError.

    A link that leads nowhere is among them, for what it should lead to is missing.
    """
    found = (item for item in directory.iterdir() if item.suffix.lower() in SUFFIXES)
    return sorted(item for item in found if item.is_file() or (item.is_symlink() and not item.exists()))


def is_leftover(file: Path) -> bool:
    """Whether a file is hidden or a backup by its name, such as ``.objects.yaml``, ``#a.yaml`` or ``a.bak.yaml``."""
    return file.name.startswith((".", "#", "~")) or file.stem.lower().endswith(_BACKUP_ENDINGS)


@uncollected()
def load_objects(path: Path) -> ConfigurationObjects:
    """Read objects from a file or a directory.

    Raises:
        ConfigurationError: a document cannot be read or is not made of the known kinds. A single broken object is
            only left out, with a finding.
    """
    documents: list[PackedDocument] = []
    problems: list[Problem] = []
    for file in object_files(path):
        try:
            documents.append(_document(file))
        except ConfigurationError as error:
            problems += error.problems
    if problems:
        raise ConfigurationError(tuple(problems))
    objects = objects_of(documents)
    freeze(len(objects.virtual_queues))
    return replace(objects, findings=(*_leftovers(path), *objects.findings))


def _leftovers(path: Path) -> Iterator[Finding]:
    """A finding for each file of a directory that looks like one of its files and is not read."""
    for file in yaml_files(path) if path.is_dir() else ():
        if is_leftover(file):
            text = "found a hidden file or a backup, which is not read; allowed: another name where it belongs to it"
            yield Finding("warning", "file_not_read", str(file), text)


def objects_of(documents: list[PackedDocument]) -> ConfigurationObjects:
    """Build the objects of several documents together. The list is emptied: memory is taken by one or by the other.

    Raises:
        ConfigurationError: a document has an unknown kind, a kind that is not a list, or another tenant.
    """
    tenant, items = _packed(documents)
    while documents:
        release(documents.pop().document)
    reader = ObjectReader()
    for kind in KINDS:
        getattr(reader, kind)(items.items(kind))
    return reader.objects(items.digest, tenant)


def _document(file: Path) -> PackedDocument:
    """A large file by its items, as far as its form allows; any other as a whole. Raises ConfigurationError."""
    content = read_content(file, str(file))
    if len(content) >= LARGE_BYTES:
        lists = {kind: PackedList(str(file)) for kind in KINDS}

        def take(kind: str, line: int, value: Value) -> None:
            lists[kind].add(line, value)

        with contextlib.suppress(OtherFormError):
            return PackedDocument(read_by_items(content, str(file), KINDS, take), lists)
    return PackedDocument(parse_document(content, str(file)))


def _packed(packed: list[PackedDocument]) -> tuple[str, PackedItems]:
    """The tenant, and the items of all documents. Raises ConfigurationError."""
    documents = [each.document for each in packed]
    problems = [problem for document in documents for problem in _shape_problems(document)]
    tenants = {str(document.data["tenant"]): document for document in documents if document.data.get("tenant")}
    if len(tenants) > 1:
        second, document = list(tenants.items())[1]
        problems.append(document.problem(("tenant",), repr(second), f"one tenant, here {next(iter(tenants))!r}"))
    if problems:
        raise ConfigurationError(tuple(problems))
    return next(iter(tenants), ""), PackedItems(packed, KINDS)


def _shape_problems(document: YamlDocument) -> Iterator[Problem]:
    for key, value in document.data.items():
        if key == "tenant":
            if value is not None and not isinstance(value, str):
                yield document.problem((key,), "a list" if isinstance(value, list) else "a mapping", "text")
        elif key not in (*KINDS, *PROVISIONED):
            yield document.problem((key,), "an unknown key", suggestion(key, ("tenant", *KINDS, *PROVISIONED)))
        elif value is not None and not isinstance(value, list):
            yield document.problem((key,), "a mapping" if isinstance(value, dict) else "a single value", "a list")
