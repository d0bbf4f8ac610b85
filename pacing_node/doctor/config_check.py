"""Checks a configuration file of any kind and reports everything that is wrong with it at once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pacing_node.discovery.discover import discover
from pacing_node.objects.object_files import KINDS, load_objects
from pacing_node.objects.platform_credentials import engagement_credentials
from pacing_node.options.cluster_options import ClusterOptions, advice, load_cluster_options
from pacing_node.options.errors import ConfigurationError, Problem
from pacing_node.options.node_options import NodeOptions
from pacing_node.options.schema import build, canonical, spellings
from pacing_node.options.yaml_documents import load_document

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pacing_node.targets import Finding, PacingTarget


LOSSES = frozenset({"unknown_key"})
"""Warnings that mean part of the file is left out."""


class FileKind(StrEnum):
    """What a configuration file holds."""

    NODE = "node"
    CLUSTER = "cluster"
    OBJECTS = "objects"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Outcome of a check."""

    kind: FileKind | None
    """None when that is not known: nobody said so, and the file cannot be read or has no key of any kind."""
    problems: tuple[Problem, ...] = ()
    """Why the file is refused; empty when it would be used."""
    findings: tuple[Finding, ...] = ()
    """What would be left out or is doubtful."""
    targets: tuple[PacingTarget, ...] = ()
    """Pacing targets the objects make."""

    @property
    def well(self) -> bool:
        """Whether the file would be used and nothing of it left out."""
        lost = any(finding.severity == "error" or finding.code in LOSSES for finding in self.findings)
        return not self.problems and not lost


def check_file(path: Path, kind: FileKind | None = None) -> CheckReport:
    """Check a file, or a directory of configuration objects; without a kind its keys decide what it is."""
    try:
        found = kind or guess_kind(path)
    except ConfigurationError as error:
        return CheckReport(None, error.problems)
    try:
        return _CHECKS[found](path)
    except ConfigurationError as error:
        return CheckReport(found, error.problems)


def guess_kind(path: Path) -> FileKind:
    """What a file holds, by the keys at its top.

    Raises:
        ConfigurationError: it cannot be read, or its keys fit no kind.
    """
    if path.is_dir():
        return FileKind.OBJECTS
    document = load_document(path)
    # Keys that several kinds have say nothing.
    keys = {kind: set(names) for kind, names in _top_keys().items()}
    fits = {kind: len(keys[kind] & set(document.data)) for kind in keys}
    best = max(fits, key=lambda kind: fits[kind])
    if not fits[best]:
        allowed = "keys of a node, a cluster or configuration objects; or say which with --kind"
        raise ConfigurationError((document.problem((), "no known key", allowed),))
    return best


def _top_keys() -> dict[FileKind, Iterable[str]]:
    return {
        FileKind.NODE: spellings(NodeOptions),
        FileKind.CLUSTER: spellings(ClusterOptions),
        FileKind.OBJECTS: KINDS,
    }


def _check_node(path: Path) -> CheckReport:
    build(NodeOptions, canonical(NodeOptions, load_document(path)))
    return CheckReport(FileKind.NODE)


def _check_cluster(path: Path) -> CheckReport:
    return CheckReport(FileKind.CLUSTER, findings=advice(load_cluster_options(path)))


def _check_objects(path: Path) -> CheckReport:
    objects = load_objects(path)
    targets = discover(objects)
    problems: tuple[Problem, ...] = ()
    if objects.transactions:
        try:
            engagement_credentials(objects)
        except ConfigurationError as error:
            problems = error.problems
    return CheckReport(FileKind.OBJECTS, problems, targets.findings, targets.targets)


_CHECKS = {FileKind.NODE: _check_node, FileKind.CLUSTER: _check_cluster, FileKind.OBJECTS: _check_objects}
