"""A position's lots and entry price, after fills and reports of IB's in either order."""

from __future__ import annotations

from decimal import Decimal

import pytest

from brokerkit.plugins.ib.position_book import PositionBook


def held(book: PositionBook) -> tuple[int, Decimal | None]:
    """Return the lots and the entry price of the only position."""
    [holding] = book.holdings() or [None]
    return (0, None) if holding is None else (holding.quantity, holding.price(Decimal(100), Decimal(1)))


@pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])
def test_lots_that_are_added_are_averaged_and_lots_that_are_closed_keep_the_price(side: int) -> None:
    book = PositionBook()
    for lots, price, left in [(2, 100, (2, 100)), (6, 110, (8, Decimal("107.5"))), (-3, 120, (5, Decimal("107.5")))]:
        book.fill("DU1", 1, lots * side, Decimal(price))
        assert held(book) == (left[0] * side, left[1])
    book.fill("DU1", 1, -7 * side, Decimal(90))  # through zero
    assert held(book) == (-2 * side, 90)
    book.fill("DU1", 1, 2 * side, Decimal(95))
    assert held(book) == (0, None)


def test_a_report_that_comes_before_its_fill_counts_once() -> None:
    book = PositionBook()
    assert book.report("DU1", 1, 2, Decimal(10_000)) is not None
    book.fill("DU1", 1, 2, Decimal(100))
    assert held(book)[0] == 2


@pytest.mark.parametrize("reports", [[1, 2], [2], [3, 2]], ids=["each", "together", "more and less"])
def test_reports_that_come_before_two_fills_count_once(reports: list[int]) -> None:
    book = PositionBook()
    for lots in reports:
        assert book.report("DU1", 1, lots, Decimal(10_000)) is not None
    for _ in range(2):
        assert book.fill("DU1", 1, 1, Decimal(100)) is None
    assert held(book)[0] == 2


def test_another_client_s_fills_explain_a_report_that_seemed_to_contradict_ours() -> None:
    book = PositionBook()
    book.fill("DU1", 1, 1, Decimal(100))
    assert book.report("DU1", 1, 4, Decimal(10_100)) is None
    changed = [book.fill_of_others("DU1", 1, lots) for lots in (-2, 5)]
    assert [each.quantity for each in changed if each is not None] == [4]
    assert (held(book), book.has_doubts()) == ((4, 101), False)


def test_fills_of_which_ib_has_not_reported_the_position_yet_are_not_doubted() -> None:
    """The position before them is no report that contradicts them, to be believed if IB's next one is slow."""
    book = PositionBook()
    book.fill("DU1", 1, 2, Decimal(100))
    assert book.fill_of_others("DU1", 1, 3) is None
    assert book.settle() == []
    assert (held(book), book.has_doubts()) == ((2, 100), False)


def test_another_client_s_fill_is_counted_by_its_report_alone_whichever_comes_first() -> None:
    book = PositionBook()
    assert book.fill_of_others("DU1", 1, 2) is None
    book.report("DU1", 1, 2, Decimal(10_000))
    assert held(book) == (2, 100)
    book.report("DU1", 1, 5, Decimal(10_000))
    assert book.fill_of_others("DU1", 1, 3) is None
    assert held(book) == (5, 100)


def test_a_report_that_contradicts_a_fill_of_a_moment_ago_is_not_believed_at_once() -> None:
    book = PositionBook()
    book.fill("DU1", 1, 2, Decimal(100))
    assert book.report("DU1", 1, 0, None) is None
    book.report("DU1", 2, 1, Decimal(50))  # of another contract, and not in doubt
    assert (book.quantity("DU1", 1), book.has_doubts(), book.settle()) == (2, True, [])
    book.report("DU1", 1, 2, Decimal(10_000))
    assert (book.quantity("DU1", 1), book.has_doubts()) == (2, False)


def test_a_doubt_is_over_once_a_fill_explains_the_report() -> None:
    book = PositionBook()
    book.fill("DU1", 1, 2, Decimal(100))
    book.report("DU1", 1, 3, Decimal(10_000))
    assert book.has_doubts()
    book.fill("DU1", 1, 1, Decimal(103))
    assert (held(book), book.has_doubts()) == ((3, 101), False)


def test_a_whole_reading_overrules_a_fill_of_a_moment_ago_and_leaves_no_doubt() -> None:
    book = PositionBook()
    book.fill("DU1", 1, 2, Decimal(100))
    book.report("DU1", 1, 5, Decimal(10_200))
    [changed] = book.accept_reports()
    assert (changed.quantity, held(book), book.has_doubts()) == (5, (5, 102), False)


def test_a_whole_reading_that_agrees_keeps_the_price_that_was_paid() -> None:
    book = PositionBook()
    book.fill("DU1", 1, 2, Decimal(100))
    book.report("DU1", 1, 2, Decimal(10_003))  # IB's average cost includes the commission
    assert (book.accept_reports(), held(book)) == ([], (2, 100))


def test_a_fill_right_after_a_whole_reading_is_added_to_it() -> None:
    """The same number of lots as was held is not taken for the fill that the report was about."""
    book = PositionBook()
    book.report("DU1", 1, 2, Decimal(10_000))
    book.accept_reports()
    book.fill("DU1", 1, 2, Decimal(100))
    assert held(book)[0] == 4


def test_a_position_that_a_whole_list_does_not_have_is_flat() -> None:
    book = PositionBook()
    book.report("DU1", 1, 2, Decimal(10_000))
    book.begin_list()
    [gone] = book.end_list()
    assert (gone.quantity, held(book), book.is_known) == (0, (0, None), True)
