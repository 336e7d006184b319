"""Which order a message of IB's is about, by the ids that it has: never another one that had an id before."""

from __future__ import annotations

from typing import Any

import pytest

from brokerkit import FuturesContract, Order
from brokerkit.plugins.ib.order_book import OrderBook
from brokerkit.plugins.ib.order_finder import OrderFinder
from brokerkit.plugins.ib.tracked_order import TrackedOrder
from brokerkit.spec.broker_order import BrokerIds, OrderOrigin

GOLD = FuturesContract("GOLD", "202402")
KNOWN = BrokerIds(account="DU1", client_id=5, order_id="3", perm_id="100")


@pytest.fixture
def book() -> OrderBook:
    return OrderBook(hear_out=lambda _: None)


@pytest.fixture
def finder(book: OrderBook) -> OrderFinder:
    return OrderFinder(book, lambda _: None, None, lambda: None)


def known(book: OrderBook, ids: BrokerIds = KNOWN, ref: str = "mine") -> TrackedOrder:
    """Track an order of which some ids are known."""
    tracked = book.add(TrackedOrder(Order.limit(GOLD, 1, 1900, order_ref=ref)))
    book.set_ids(tracked, ids)
    return tracked


def test_a_status_finds_its_order_by_any_of_its_ids_and_never_one_that_had_its_order_id(
    book: OrderBook, finder: OrderFinder
) -> None:
    mine, new = known(book), known(book, BrokerIds(client_id=5, order_id="4"), "new")
    assert finder.find("100", 0, "0") is mine
    assert finder.find("", 5, "3") is mine
    assert finder.find("200", 5, "3") is None  # order ids were reset in TWS
    assert finder.find("201", 5, "4") is new  # of which this is the first perm id
    assert finder.find("", 6, "3") is None


def test_another_gateway_s_perm_id_finds_only_the_order_with_its_reference(
    book: OrderBook, finder: OrderFinder
) -> None:
    mine, by_hand = known(book), known(book, BrokerIds(perm_id="300"), "ib-300")
    assert finder.find("100", 0, "0", "mine") is mine
    assert finder.find("100", 0, "0", "another") is None
    assert finder.find("300", 0, "0", "a reference that two orders had") is by_hand


def test_an_order_has_the_ids_that_ib_gives_and_keeps_those_that_a_completed_one_lacks(
    book: OrderBook, finder: OrderFinder, library: Any
) -> None:
    mine = known(book, BrokerIds())
    described = library.Order(orderRef="mine", permId=100, clientId=5, account="DU1")
    assert finder.order_of(3, library.Contract(), described) is mine
    assert mine.ids == KNOWN
    completed = library.Order(orderRef="mine", permId=100, clientId=0, account="DU1")
    assert finder.order_of(0, library.Contract(), completed) is mine
    assert mine.ids == KNOWN


def test_an_execution_tells_the_account_and_the_perm_id_and_who_placed_an_order_that_seemed_placed_by_hand(
    book: OrderBook, finder: OrderFinder, library: Any
) -> None:
    mine, other = known(book, BrokerIds()), known(book, BrokerIds(perm_id="300"), "ib-300")
    other.origin = OrderOrigin.MANUAL
    execution = library.Execution(orderRef="mine", permId=100, clientId=5, orderId=3, acctNumber="DU1")
    assert finder.order_of_execution(library.Contract(), execution) is mine
    assert (mine.ids.account, mine.ids.perm_id, mine.origin) == ("DU1", "100", OrderOrigin.OURS)
    execution = library.Execution(permId=300, clientId=7, orderId=9, acctNumber="DU1")
    assert finder.order_of_execution(library.Contract(), execution) is other
    assert other.origin is OrderOrigin.OTHER_CLIENT


def test_what_has_no_perm_id_yet_is_not_said_to_have_one(book: OrderBook, finder: OrderFinder, library: Any) -> None:
    """IB gives 0, which would be the same one for every order."""
    for number, ref in enumerate(("first", "second"), 1):
        tracked = known(book, BrokerIds(), ref)
        assert finder.order_of(number, library.Contract(), library.Order(orderRef=ref, clientId=5)) is tracked
        execution = library.Execution(orderRef=ref, clientId=5, orderId=number)
        assert finder.order_of_execution(library.Contract(), execution) is tracked
        assert tracked.ids == BrokerIds(client_id=5, order_id=str(number))


def test_an_order_for_a_share_is_left_out_and_warned_of_once(
    finder: OrderFinder, library: Any, caplog: pytest.LogCaptureFixture
) -> None:
    share = library.Stock("AAPL", "SMART", "USD", conId=265598)
    for _ in range(2):
        placed = library.MarketOrder("BUY", 100, permId=7, orderRef="share")
        assert finder.order_of(1, share, placed) is None
        filled = library.Execution(permId=7, orderRef="share", side="BOT", cumQty=100.0)
        assert finder.order_of_execution(share, filled) is None
    assert ["perm id 7 is left out" in each.message for each in caplog.records] == [True]
