"""What becomes of an order when Tradepost fails: one that may be there is never sent again, one that is not can be."""

from __future__ import annotations

import pytest
from tradepost_server import API_KEY, Venue, running

from brokerkit import Broker, FuturesContract, Order, OrderState, open_broker
from brokerkit.errors import DuplicateOrder, OutcomeUnknown, PacingViolation


def _opened(address: str) -> Broker:
    return open_broker("tradepost", url=address, api_key=API_KEY, read_only=False)


def _order(broker: Broker) -> Order:
    code = broker.instruments.get_list_of_instruments()[0]
    dates = broker.contracts.get_list_of_contract_dates_for_instrument_code(code)
    return Order.market(FuturesContract(code, dates[-1]), 1)


def test_an_order_that_a_failing_server_took_is_unknown_and_found() -> None:
    venue = Venue()
    with running(venue) as address, _opened(address) as broker:
        order = _order(broker)
        venue.is_ill = True
        with pytest.raises(OutcomeUnknown):
            broker.orders.put_order_on_stack(order)
        venue.is_ill = False
        assert (
            broker.orders.match_db_broker_order_to_control_order_from_brokers(order).wait().state is OrderState.FILLED
        )
        with pytest.raises(DuplicateOrder):
            broker.orders.put_order_on_stack(order)
        assert len(broker.orders.get_list_of_broker_orders()) == 1


def test_an_order_that_was_not_taken_may_be_placed_again() -> None:
    venue = Venue()
    with running(venue) as address, _opened(address) as broker:
        order = _order(broker)
        venue.is_busy = True
        with pytest.raises(PacingViolation):
            broker.orders.put_order_on_stack(order)
        venue.is_busy = False
        assert broker.orders.put_order_on_stack(order).wait().state is OrderState.FILLED
