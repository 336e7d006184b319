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


def test_a_report_that_contradicts_a_fill_of_a_moment_ago_is_not_believed_at_once() -> None:
    book = PositionBook()
    book.fill("DU1", 1, 2, Decimal(100))
    assert book.report("DU1", 1, 0, None) is None
    assert (held(book), book.has_doubts()) == ((2, 100), True)
    book.report("DU1", 1, 2, Decimal(10_000))
    assert (held(book), book.has_doubts()) == ((2, 100), False)


def test_a_position_that_a_whole_list_does_not_have_is_flat() -> None:
    book = PositionBook()
    book.report("DU1", 1, 2, Decimal(10_000))
    book.begin_list()
    [gone] = book.end_list()
    assert (gone.quantity, held(book), book.is_known) == (0, (0, None), True)
