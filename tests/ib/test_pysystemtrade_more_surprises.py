"""More surprises of pysystemtrade's broker layer: connecting, closed markets, odd fills, denied contracts."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from brokerkit import Broker, Fill, FuturesContract, Order, OrderState
from brokerkit.errors import MarketClosed, MissingContract, MissingData, ReadOnlyBroker, RequestTimedOut
from brokerkit.plugins.sim.gateway import SimulatedGateway
from brokerkit.plugins.sim.gateway.codec.requests.contracts import ContractDetailsRequest
from brokerkit.spec.broker_order import BrokerOrder, OrderOrigin

GOLD = FuturesContract("GOLD", "202402")
OpenIB = Callable[..., Broker]
RunGateway = Callable[..., SimulatedGateway]
Listen = Callable[[Broker], Any]


# Connection


def test_read_only_asks_for_no_orders_and_sends_none(gateway: SimulatedGateway, open_ib: OpenIB) -> None:
    with gateway.fault("lose-request", message="reqAllOpenOrders"), gateway.fault("lose-request", message="placeOrder"):
        broker = open_ib(gateway, api_read_only=True)  # asked for its orders, the Gateway would hang up
        assert not broker.prices.get_prices_for_contract_object(GOLD).empty
        with pytest.raises(ReadOnlyBroker, match="clear `api_read_only`, and reopen the broker"):
            broker.orders.put_order_on_stack(Order.market(GOLD, 1))
    assert gateway.call(lambda inner: list(inner.orders.registry)) == []


def test_an_id_that_somebody_else_holds_is_left_to_him(
    gateway: SimulatedGateway, open_ib: OpenIB, library: Any
) -> None:
    with open_ib(gateway) as broker:
        ib = broker.native.connection.library.new_ib()  # a program that knows nothing of our leases
        broker.native.connection.run(ib.connectAsync("127.0.0.1", gateway.port, 101), "a line", 30.0)
        second = open_ib(gateway)
        assert second.native.connection.client_id() == 102
        assert ib.isConnected()
        broker.native.connection.call(lambda _: ib.disconnect())


def test_the_tables_are_read_once(gateway: SimulatedGateway, open_ib: OpenIB, tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("code,symbol,exchange,currency,multiplier\nGOLD,GC,COMEX,USD,100\n", encoding="utf-8")
    broker = open_ib(gateway, instruments_replaced_by=str(table))
    table.unlink()
    assert broker.instruments.get_brokers_instrument_code("GOLD") == "GC"
    assert broker.contracts.get_min_tick_size_for_contract(GOLD)


# Contracts and prices


def test_a_chain_that_ib_does_not_know_is_no_empty_list(broker: Broker) -> None:
    with pytest.raises(MissingContract, match="IB has no contract of BUXL"):
        broker.contracts.get_list_of_contract_dates_for_instrument_code("BUXL")


def test_a_closed_market_has_no_hours_left_and_a_missing_contract_is_missing(
    gateway: SimulatedGateway, open_ib: OpenIB, tmp_path: Path
) -> None:
    hours = tmp_path / "hours.yaml"
    hours.write_text("GOLD: ['10:00', '11:00']\n", encoding="utf-8")
    contracts = open_ib(gateway, trading_hours=str(hours)).contracts
    with pytest.raises(MissingContract):
        contracts.less_than_n_hours_of_trading_left_for_contract(FuturesContract("GOLD", "199001"))
    assert not contracts.is_contract_okay_to_trade(GOLD)  # it is midnight there
    with pytest.raises(MarketClosed):
        contracts.less_than_n_hours_of_trading_left_for_contract(GOLD)
    gateway.advance(timedelta(hours=10, minutes=30))
    assert contracts.less_than_n_hours_of_trading_left_for_contract(GOLD)
    assert not contracts.less_than_n_hours_of_trading_left_for_contract(GOLD, 0.25)


# Capital


def test_another_account_s_currencies_are_not_told_as_zero(run_gateway: RunGateway, open_ib: OpenIB) -> None:
    gateway = run_gateway(accounts=("DU1", "DU2"))
    broker = open_ib(gateway, account="DU1")
    [value] = broker.capital.get_account_value_across_currency("DU2")
    assert value.amount > 0
    [both] = broker.capital.get_account_value_across_currency_across_accounts()
    assert both.amount == 2 * value.amount


# Orders


def test_each_leg_of_a_spread_is_told_when_it_is_filled(
    gateway: SimulatedGateway, broker: Broker, listen: Listen
) -> None:
    heard = listen(broker)
    with gateway.fault("lose", message="execDetails", skip=1):
        control = broker.orders.put_order_on_stack(Order.market(FuturesContract("GOLD", ["202402", "202404"]), [-1, 1]))
        assert control.wait(30).filled == (-1, 1)  # the other leg's fill is looked for
    heard.wait_for(lambda: len(heard.of(Fill)) == 2)
    assert sorted(fill.quantity for fill in heard.of(Fill)) == [-1, 1]


def test_a_fill_beyond_what_was_ordered_is_counted_and_told(broker: Broker, listen: Listen) -> None:
    heard = listen(broker)
    control = broker.orders.put_order_on_stack(Order.market(GOLD, 2))
    control.wait(30)
    connection = broker.native.connection
    [first] = connection.call(lambda ib: [fill for fill in ib.fills() if fill.execution.orderRef == control.order_ref])
    more = copy.copy(first.execution)
    more.execId, more.shares = "0000e0d5.beyond.01", 1.0
    connection.call(lambda _: connection.hear("execDetails", (-1, first.contract, more)))
    heard.wait_for(lambda: len(heard.of(Fill)) == 2)
    assert (control.current().state, control.current().filled) == (OrderState.FILLED, (3,))


def test_why_an_order_was_completed_is_its_reason(broker: Broker, library: Any) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(GOLD, 1, 1900))
    connection = broker.native.connection
    state = library.OrderState(status="Cancelled", completedStatus="Cancelled by exchange")
    [trade] = connection.call(lambda ib: ib.openTrades())
    connection.call(lambda _: connection.hear("completedOrder", (trade.contract, trade.order, state)))
    done = control.wait(30)
    assert (done.state, done.reason) == (OrderState.CANCELLED, "Cancelled by exchange")


def test_orders_placed_by_hand_are_seen_and_said_to_be_so(
    gateway: SimulatedGateway, broker: Broker, listen: Listen
) -> None:
    heard = listen(broker)
    gateway.call(lambda inner: inner.exchange.submit(Order.limit(GOLD, 1, 1900, account="DU1000001")))
    [seen] = broker.orders.get_list_of_broker_orders()
    assert (seen.origin, seen.order.limit_price, seen.state) == (OrderOrigin.MANUAL, 1900, OrderState.WORKING)
    broker.orders.cancel_all_orders()
    heard.wait_for(lambda: [each for each in heard.of(BrokerOrder) if each.state is OrderState.CANCELLED])


# Positions


def test_a_position_in_a_contract_that_ib_denies_is_an_error_and_no_shorter_list(
    run_gateway: RunGateway, open_ib: OpenIB, tmp_path: Path
) -> None:
    gateway = run_gateway(accounts=("DU1", "DU2"))
    with open_ib(gateway) as before:
        before.orders.put_order_on_stack(Order.market(GOLD, 2, account="DU2")).wait(30)
    with gateway.fault("maintenance"):
        broker = open_ib(gateway, store_path=tmp_path / "another.db")
        held = broker.positions.get_all_current_positions_as_list_with_contract_objects
        with pytest.raises(MissingContract, match=r"of which DU2 holds 2 lots.*during maintenance"):
            held()
        assert held("DU1") == []  # which lacks nothing
    assert [each.quantity for each in held()] == [2]


def test_a_position_whose_contract_ib_does_not_name_in_time_is_an_error_and_no_shorter_list(
    gateway: SimulatedGateway, open_ib: OpenIB, tmp_path: Path, answer_as: Callable[..., None]
) -> None:
    with open_ib(gateway) as before:
        before.orders.put_order_on_stack(Order.market(GOLD, 2)).wait(30)
    answer_as(ContractDetailsRequest, lambda *_: None)
    broker = open_ib(gateway, store_path=tmp_path / "another.db", request_timeout=0.5)
    with pytest.raises(RequestTimedOut):
        broker.positions.get_all_current_positions_as_list_with_contract_objects()


def test_a_share_is_left_out_and_named_until_it_is_sold(broker: Broker, library: Any) -> None:
    held, connection = (
        broker.positions.get_all_current_positions_as_list_with_contract_objects,
        broker.native.connection,
    )
    share, pair = library.Stock("AAPL", "SMART", "USD", conId=265598), library.Forex("GBPUSD", conId=12087797)
    for contract in (share, pair):  # the pair is a balance
        connection.call(lambda _, contract=contract: connection.hear("position", ("DU1000001", contract, 100.0, 150.0)))
    assert held() == []
    [error] = broker.native.positions.left_out.values()
    assert "STK AAPL" in str(error)
    connection.call(lambda _: connection.hear("position", ("DU1000001", share, 0.0, 0.0)))
    assert held() == []
    assert broker.native.positions.left_out == {}


def test_no_prices_are_an_error_and_no_empty_frame(broker: Broker) -> None:
    with pytest.raises((MissingContract, MissingData)):
        broker.prices.get_prices_for_contract_object(FuturesContract("GOLD", "201203"))
