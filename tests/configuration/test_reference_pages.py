"""Reasons, causes, states, columns and metrics are explained in pages that are made from the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cluster.mastership import EndCause
from pacing_node.algorithms.model import Reason
from pacing_node.monitoring.silence import SilenceReason
from pacing_node.reference import pages
from pacing_node.reference.word_tables import WORDS
from pacing_node.runtime.documented_words import UndocumentedError, meanings

DOCS = Path(__file__).parents[2] / "docs"


def test_every_page_is_up_to_date_and_every_table_is_shown() -> None:
    assert pages.faults(DOCS) == []


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("reasons.md", [reason.code for reason in Reason]),
        ("reasons.md", [cause.value for cause in EndCause]),
        ("reasons.md", [reason.value for reason in SilenceReason]),
        ("reasons.md", ["invitations", "lease left", "gap before", "goal %", "what to change"]),
        ("metrics.md", ["pacing_push_total", "pacing_zookeeper_session_state", "pacing_target_invitations"]),
    ],
)
def test_each_word_is_explained(page: str, words: list[str]) -> None:
    explained = re.findall(r"^\| `?([^`|]+?)`? \|", (DOCS / page).read_text(), re.MULTILINE)

    assert set(words) <= set(explained)


def test_no_meaning_is_empty() -> None:
    for module, name, _ in WORDS.values():
        assert all(len(meaning) > 10 for meaning, _ in meanings(module, name).values())


def test_a_member_without_a_meaning_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "some_words.py").write_text('class Words:\n    A = "a"\n    """One. Look at: this."""\n    B = "b"\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UndocumentedError, match=r"some_words\.Words\.B: found no text under it"):
        meanings("some_words", "Words")


def test_an_old_page_is_named(tmp_path: Path) -> None:
    for page in pages.PAGES:
        (tmp_path / page).write_text((DOCS / page).read_text().replace("`fenced`", "`fended`"))

    assert pages.main(["--check", str(tmp_path)]) == 1
    assert pages.faults(tmp_path) == [
        f"{tmp_path}/reasons.md: not up to date; run: python -m pacing_node.reference.pages"
    ]
    assert pages.main([str(tmp_path)]) == 0
    assert pages.main(["--check", str(tmp_path)]) == 0
