"""`pacing config apply --unless-edited`: a program puts its options in force, and undoes nothing a person did."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cluster.zookeeper.document_stores import LocalDocuments
from pacing_node.options.options_history import PastVersion, writer_beside
from pacing_node.options.options_store import StoredOptions
from tests.configuration.test_history import GOOD, kept, node, put, run

__all__ = ["node"]

SLOWER = GOOD.replace("refreshPeriod: 5", "refreshPeriod: 9")
QUICKER = GOOD.replace("refreshPeriod: 5", "refreshPeriod: 2")
PROGRAM = "helm:centre/pacing"


def bring(node: Path, text: str, *more: str) -> tuple[int, str, str]:
    file = node.parent / "values.yaml"
    file.write_text(text)
    return run("apply", file, "-c", node, "--yes", "--by", PROGRAM, "--unless-edited", *more)


def seed(node: Path, text: str) -> None:
    """What a node does that finds no options: no history names it."""
    documents = LocalDocuments(node.parent / "state" / "pacing.document")
    asyncio.run(documents.write(text.encode(), None))


def test_the_first_options_and_every_change_of_the_program_itself_are_put_in_force(node: Path) -> None:
    assert bring(node, GOOD)[0] == 0
    status, shown, _ = bring(node, QUICKER)

    assert (status, kept(node)) == (0, QUICKER)
    assert "after:  version 1" in shown
    assert PROGRAM in run("history", "-c", node)[1]


def test_a_seed_is_replaced(node: Path) -> None:
    seed(node, GOOD)
    assert kept(node) == GOOD

    assert bring(node, QUICKER)[0] == 0
    assert kept(node) == QUICKER


def test_what_a_person_changed_stays_and_is_shown(node: Path) -> None:
    bring(node, GOOD)
    put(node, SLOWER)

    status, shown, said = bring(node, QUICKER)

    assert (status, said, kept(node)) == (0, "", SLOWER)
    assert "+pacing: {refreshPeriod: 2}" in shown
    assert "version 1 is by ida@" in shown
    assert "it stays in force, and nothing was written" in shown


def test_a_person_who_wrote_the_very_same_options_is_no_difference(node: Path) -> None:
    bring(node, GOOD)
    put(node, QUICKER)

    assert "no difference" in bring(node, QUICKER)[1]


def test_without_the_switch_the_program_replaces_them_and_follows_up_afterwards(node: Path) -> None:
    put(node, SLOWER)
    file = node.parent / "values.yaml"
    file.write_text(GOOD)

    assert run("apply", file, "-c", node, "--yes", "--by", PROGRAM)[0] == 0
    assert bring(node, QUICKER)[0] == 0
    assert kept(node) == QUICKER


def test_bad_options_are_refused_whoever_wrote_last(node: Path) -> None:
    put(node, GOOD)

    assert bring(node, GOOD.replace("refreshPeriod: 5", "refreshPeriod: 0"))[0] == 2
    assert kept(node) == GOOD


def test_the_switch_needs_a_name(node: Path) -> None:
    file = node.parent / "values.yaml"
    file.write_text(GOOD)

    status, _, said = run("apply", file, "-c", node, "--yes", "--unless-edited")

    assert (status, said) == (2, "pacing: --unless-edited needs --by: whose options may be replaced\n")


@pytest.mark.parametrize(
    ("versions", "version", "writer"),
    [
        ((), 0, ""),
        ((PastVersion(0, ""),), 0, ""),
        ((PastVersion(0, "", 1.0, PROGRAM),), 0, ""),
        ((PastVersion(0, "", 1.0, "ida@host"),), 0, "ida@host"),
        ((PastVersion(0, "", 1.0, PROGRAM),), 1, "somebody who is not in the history"),
        ((PastVersion(1, "", 1.0, "ida@host"), PastVersion(2, "", 2.0, PROGRAM)), 2, ""),
    ],
)
def test_who_wrote_what_is_kept(versions: tuple[PastVersion, ...], version: int, writer: str) -> None:
    assert writer_beside(versions, StoredOptions("", version), PROGRAM) == writer
