"""Holds: what an operator has stopped stays stopped, by whichever master."""

from __future__ import annotations

from mutants.mutant import Mutant

_HOLDS = "tests/cycle/test_holds.py::TestBook::"

MUTANTS = (
    Mutant(
        "holds-before-push",
        "a new master reads the holds once more before its first push",
        "pacing_node/cycle/pacer.py",
        (("        await self._await_holds()\n", ""),),
        "tests/cycle/test_pacer.py::test_a_new_master_reads_what_was_ordered_before_its_first_push",
    ),
    Mutant(
        "holds-behind-acquisition",
        "holds that could not be read behind the acquisition are read in the term",
        "pacing_node/cycle/hold_book.py",
        (("if ahead is None or not await ahead:", "if ahead is None:"),),
        _HOLDS + "test_a_term_reads_once_more_what_could_not_be_read_behind_its_acquisition",
    ),
    Mutant(
        "holds-budget",
        "holds that cannot be read keep a new master from pushing no longer than a push may take",
        "pacing_node/cycle/pacer.py",
        (
            (
                "asyncio.timeout(self._plan.settings.budget_seconds):\n                await self._read_holds()",
                "asyncio.timeout(None):\n                await self._read_holds()",
            ),
        ),
        "tests/cycle/test_pacer.py::test_holds_that_cannot_be_read_cost_a_new_master_no_more_than_the_budget_of_a_push",
    ),
    Mutant(
        "holds-at-once",
        "a stop does not wait for the next period",
        "pacing_node/cycle/plan.py",
        (("            self.urgent.set()\n", ""),),
        "tests/cycle/test_pacer.py::test_an_emergency_stop_does_not_wait_for_the_next_period",
    ),
    Mutant(
        "holds-known",
        "a node knows the holds only once it has read them",
        "pacing_node/cycle/hold_book.py",
        (("await asyncio.sleep(RETRY_SECONDS)", "self._known.set(), await asyncio.sleep(RETRY_SECONDS)"),),
        _HOLDS + "test_a_node_does_not_know_the_holds_before_it_has_read_them",
    ),
    Mutant(
        "holds-damaged",
        "a damaged document releases nothing",
        "pacing_node/cycle/hold_book.py",
        (('self._holds if self._known.is_set() else Holds(Hold("nobody", str(error), time.time()))', "Holds()"),),
        _HOLDS + "test_a_damaged_document_releases_nothing",
    ),
    Mutant(
        "holds-read-anew",
        "a change of the holds starts from what the document says now",
        "pacing_node/cycle/hold_book.py",
        (("after = edit(before.current(time.time()))", "after = edit(self._holds.current(time.time()))"),),
        _HOLDS + "test_two_nodes_that_change_at_once_lose_no_hold",
    ),
    Mutant(
        "holds-begin-anew",
        "holds of a store that counts its versions anew are in force",
        "pacing_node/cycle/hold_book.py",
        ((" or known == self._version:", ":"),),
        "tests/cycle/test_holds.py::TestStoreThatForgets::test_an_order_after_that_holds_on_every_node",
    ),
    Mutant(
        "holds-late-news",
        "what was written before an order and comes after it undoes nothing",
        "pacing_node/cycle/hold_book.py",
        (("if self._version is None or version >= self._version or known == self._version:", "if True:"),),
        "tests/cycle/test_holds.py::TestStoreThatForgets::test_news_that_come_late_undo_nothing",
    ),
    Mutant(
        "holds-lost",
        "an order after a loss of data releases no other hold",
        "pacing_node/cycle/hold_book.py",
        (("before = self._holds if document is None else", "before = Holds() if document is None else"),),
        "tests/cycle/test_holds.py::TestStoreThatForgets::test_an_order_releases_nothing_of_what_was_lost",
    ),
)
