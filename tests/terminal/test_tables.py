"""Tables show names as they are and fit the terminal."""

from __future__ import annotations

import time

import pytest
from rich.cells import cell_len

from terminal.tables import Column, lines_of

COLUMNS = (Column("target"), Column("ready", right=True, optional=1), Column("goal", right=True, optional=2))
ROWS = (("Sales [b2b] - chat", "3", "3.0"), ("Hotline [/nord] - chat", "12", "70.0"))


def drawn(width: int, rows: tuple[tuple[str, ...], ...] = ROWS) -> list[str]:
    return list(lines_of("2 [targets]", COLUMNS, rows, width))


def test_a_table_is_aligned_and_takes_nothing_for_markup() -> None:
    assert drawn(80) == [
        "2 [targets]",
        "target                  ready  goal",
        "----------------------  -----  ----",
        "Sales [b2b] - chat          3   3.0",
        "Hotline [/nord] - chat     12  70.0",
    ]


def test_columns_that_do_not_fit_are_left_out_in_their_order_and_named() -> None:
    assert drawn(30)[1] == "target                  ready"
    assert drawn(30)[-1] == "not shown on 30 columns: goal"
    assert drawn(24)[1] == "target"
    assert drawn(24)[-1] == "not shown on 24 columns: ready, goal"


def test_what_still_does_not_fit_is_broken_between_words() -> None:
    lines = drawn(20)
    assert lines[3:6] == ["Sales [b2b] - chat", "Hotline [/nord] -", "chat"]
    lines = drawn(20, (("x" * 45, "1", "2"),))
    assert lines[3:6] == ["x" * 20, "x" * 20, "x" * 5]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    rows = (("客服" * 30, "1", "2"), ("a\x1b[31m" * 9, "1000000", "2"), ("", "", ""), ("é" * 100, "3", "4"))
    table = [line for line in drawn(width, rows) if not line.startswith("not shown")]

    assert max(map(cell_len, table)) <= width
    assert "\x1b" not in "".join(table)


def test_ten_thousand_rows_take_little_processor_time() -> None:
    rows = tuple((f"Queue {number} - chat", str(number), "3.0") for number in range(10_000))
    began = time.process_time()
    assert len(drawn(80, rows)) == 10_003
    seconds = time.process_time() - began
    print(f"10,000 rows: {seconds:.2f} s of processor time")
    assert seconds < 8.0
