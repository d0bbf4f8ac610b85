"""What scripts/check_markdown.py finds in a page, and what it leaves alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "check_markdown.py"


def faults(folder: Path, page: str) -> list[str]:
    """Faults the script prints of a page, which must fit its exit status."""
    (folder / "other.md").write_text("# Other\n\n## Two words\n\n## Two words\n\n## `code`, and more\n")
    (folder / "page.md").write_text(page)
    run = subprocess.run([sys.executable, SCRIPT, "page.md"], cwd=folder, capture_output=True, text=True, check=False)
    found = run.stdout.splitlines()
    assert run.returncode == (1 if found else 0), run.stderr
    return found


def test_a_long_line_is_found_also_in_a_block_of_code(tmp_path: Path) -> None:
    long = "word " * 20 + "end"

    assert faults(tmp_path, f"# Page\n\n{long}\n\n```\n{long}\n```\n") == [
        "page.md:3: 103 characters; allowed: 100",
        "page.md:6: 103 characters; allowed: 100",
    ]


def test_an_address_that_cannot_be_wrapped_is_left_alone(tmp_path: Path) -> None:
    assert faults(tmp_path, "https://example.org/" + "x" * 100 + "\n") == []


def test_a_wide_cell_is_found_and_a_wide_row_is_not(tmp_path: Path) -> None:
    row = "| " + " | ".join(["x" * 150] * 3) + " |\n"

    assert faults(tmp_path, row) == []
    assert faults(tmp_path, row + "| a \\| b | " + "y" * 201 + " |\n") == [
        f"page.md:2: a table cell of 201 characters ({'y' * 30} …); allowed: 200"
    ]


def test_a_link_to_a_file_that_is_not_there_is_found(tmp_path: Path) -> None:
    assert faults(tmp_path, "See [one](other.md), [two](nowhere.md) and [three](https://example.org/x).\n") == [
        "page.md:1: link to nowhere.md: there is no such file"
    ]


def test_a_link_whose_text_is_wrapped_is_found(tmp_path: Path) -> None:
    assert faults(tmp_path, "See [two\nwords](nowhere.md).\n") == [
        "page.md:2: link to nowhere.md: there is no such file"
    ]


def test_a_link_with_a_blank_is_found(tmp_path: Path) -> None:
    assert faults(tmp_path, '[a](other page.md), [b](other.md "Title")\n') == [
        "page.md:1: link to other page.md: a blank is written %20"
    ]


def test_a_link_to_a_heading_that_is_not_there_is_found(tmp_path: Path) -> None:
    good = "[a](other.md#two-words) [b](other.md#two-words-1) [c](other.md#code-and-more) [d](#page)"

    assert faults(tmp_path, f"# Page\n\n{good}\n") == []
    assert faults(tmp_path, "# Page\n\n[a](other.md#three) [b](#two-words)\n") == [
        "page.md:3: link to other.md#three: other.md has no such heading",
        "page.md:3: link to #two-words: page.md has no such heading",
    ]


def test_links_in_code_are_left_alone(tmp_path: Path) -> None:
    assert faults(tmp_path, "`[a](nowhere.md)`\n\n```\n[a](nowhere.md)\n# no heading\n```\n") == []
