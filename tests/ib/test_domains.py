"""Every domain of the plugin, through a real client library, on the simulated Gateway."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import attrs
import pytest

from brokerkit import AccountKind, Broker, Fill, Frequency, FuturesContract, FxPair, Money, Order, OrderState
from brokerkit.errors import (
    ContractExpired,
    InvalidArgument,
    InvalidOrder,
    MissingAccount,
    MissingContract,
    MissingData,
    MissingFxCode,
    MissingInstrument,
    OffTickPrice,
    OrderCannotBeCancelled,
)
from brokerkit.plugins.sim.gateway import SimulatedGateway
from brokerkit.plugins.sim.gateway.codec.requests.orders import PlaceOrder


def test_every_hook_is_answered(broker: Broker) -> None:
    assert [name for name, found in broker.capabilities().items() if not found] == []


def test_it_is_paper_and_says_with_which_library(broker: Broker) -> None:
    assert broker.account_kind is AccountKind.PAPER
    assert "ib_" in broker.data


def test_what_it_hands_out_is_shown_in_one_line(
    broker: Broker, gateway: SimulatedGateway, gold: FuturesContract
) -> None:
    order = Order.market(gold, 1)
    control = broker.orders.put_order_on_stack(order)
    control.wait()
    assert repr(control) == f"<IBOrderControl filled {order}>"
    assert repr(broker.prices.get_ticker_object_for_contract(gold)) == f"<IBTicker of {gold}>"
    assert repr(broker.native).startswith("<IBDesk on IB broker connection{'ipaddress': '127.0.0.1'")
    assert repr(gateway) == "<SimulatedGateway of DU1000001>"


def test_chain_and_contract_facts(broker: Broker, gold: FuturesContract) -> None:
    dates = broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")
    assert dates == ["202312", "202403", "202405"]
    corn = FuturesContract("CORN", dates[0])
    found = broker.contracts.get_contract_object_with_broker_data(corn)
    assert (found.contract, found.tick_size, found.instrument.point_size) == (corn, Decimal("0.25"), 50)
    assert broker.contracts.get_price_magnifier_for_contract(corn) == 100
    assert broker.contracts.get_actual_expiry_date_for_single_contract(gold) == date(2023, 12, 15)
    assert broker.contracts.get_commission_for_contract(gold) == Money("USD", "2.10")


@pytest.mark.parametrize("master", ["F1000000", "DF1000000", "DI1000000"])
def test_what_a_contract_costs_to_trade_needs_no_account_to_be_named(
    run_gateway: Callable[..., SimulatedGateway],
    open_ib: Callable[..., Broker],
    master: str,
) -> None:
    """Nor is it the master's, which IB refuses; QuantConnect/Lean#3398 has the prefixes."""
    gateway = run_gateway(accounts=(master, "DU1000001", "DU1000002"))
    asked_for: list[str] = []

    def note(inner: Any) -> None:
        usual = inner._handlers[PlaceOrder]
        inner._handlers[PlaceOrder] = lambda session, asked: (
            asked_for.append(asked.order.account) or usual(session, asked)
        )

    gateway.call(note)
    broker = open_ib(gateway)
    front = FuturesContract("GOLD", broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0])
    assert broker.contracts.get_commission_for_contract(front) == Money("USD", "2.10")
    assert asked_for == ["DU1000001"]


def test_hours_and_open_market(broker: Broker, gold: FuturesContract) -> None:
    session = broker.contracts.get_trading_hours_for_contract(gold)[0]
    assert session.opening_time.tzinfo is timezone.utc
    assert broker.contracts.is_contract_okay_to_trade(gold)
    assert not broker.contracts.less_than_n_hours_of_trading_left_for_contract(gold, 1)


def test_instruments_map_both_ways(broker: Broker) -> None:
    assert broker.instruments.get_brokers_instrument_code("EDOLLAR") == "GE"
    assert broker.instruments.get_instrument_code_from_broker_code("GE") == "EDOLLAR"
    assert "CORN" in broker.instruments.get_list_of_instruments()


def test_daily_and_hourly_bars(broker: Broker, gold: FuturesContract) -> None:
    daily = broker.prices.get_prices_for_contract_object(gold)
    hourly = broker.prices.get_prices_for_contract_object(gold, Frequency.HOUR)
    for bars in (daily, hourly):
        assert list(bars.columns) == ["open", "high", "low", "close", "volume"]
        assert {str(kind) for kind in bars.dtypes} == {"float64"}
        assert (bars.index.name, str(bars.index.tz)) == ("time", "UTC")
        assert bars.index.is_monotonic_increasing
        assert bars.index.is_unique
    assert len(hourly) == 72
    assert set(daily.index.hour) == {0}
    days = hourly.groupby(hourly.index.tz_convert("America/New_York").date)  # a session's date is the exchange's
    expected = days.agg({"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"})
    finished = expected[expected.index < datetime(2023, 11, 29).date()]  # noqa: DTZ001 because it is a date
    assert [each.date() for each in daily.index] == list(finished.index)
    assert (daily.to_numpy() == finished.to_numpy()).all()


@pytest.mark.parametrize("code", ["GOLD", "CORN"])
def test_a_daily_bar_is_left_out_until_its_own_session_is_over_where_the_next_one_follows_at_once(
    broker: Broker, gateway: SimulatedGateway, code: str
) -> None:
    """These markets never close: a session ends when the next one begins, at midnight UTC."""
    contract = FuturesContract(code, "202312")
    gateway.advance(timedelta(hours=12))  # noon in London
    before = broker.prices.get_prices_for_contract_object(contract)
    gateway.advance(timedelta(hours=18))
    after = broker.prices.get_prices_for_contract_object(contract)
    assert (before.index[-1].day, after.index[-1].day) == (28, 29)
    assert after["volume"].iloc[:-1].tolist() == before["volume"].tolist()


def test_a_range_of_bars_is_cut_exactly(broker: Broker, gold: FuturesContract) -> None:
    start = datetime(2023, 11, 27, 6, tzinfo=timezone.utc)
    end = datetime(2023, 11, 28, 18, tzinfo=timezone.utc)
    bars = broker.prices.get_prices_for_contract_object(gold, Frequency.MINUTE, start, end)
    assert (bars.index[0], bars.index[-1], len(bars)) == (start, end - timedelta(minutes=1), 36 * 60)


@pytest.mark.parametrize("frequency", [Frequency.MINUTE, Frequency.MINUTES_5, Frequency.HOUR])
def test_no_bar_is_missing_where_requests_meet_in_the_middle_of_a_trading_day(
    run_gateway: Callable[..., SimulatedGateway], open_ib: Callable[..., Broker], frequency: Frequency
) -> None:
    """IB's days are trading days: asked for at noon, one is four hours of a market that opened at eight."""
    broker = open_ib(run_gateway(hours=(8, 16)))
    end = datetime(2023, 11, 28, 12, tzinfo=timezone.utc)
    bars = broker.prices.get_prices_for_contract_object(
        FuturesContract("GOLD", "202402"), frequency, end - timedelta(hours=57), end
    )
    assert len(bars) == timedelta(hours=57) / frequency.length


def test_many_contracts_at_once_keep_their_errors_apart(broker: Broker, gold: FuturesContract) -> None:
    unknown = FuturesContract("GOLD", "199001")
    prices = broker.prices.get_prices_for_contract_objects([unknown, gold, FuturesContract("NOPE", "202312")])
    assert list(prices.frames) == [gold]
    assert {type(error) for error in prices.errors.values()} == {MissingContract, MissingInstrument}


def test_ticks(broker: Broker, gold: FuturesContract) -> None:
    ticks = broker.prices.get_recent_bid_ask_tick_data_for_contract_object(gold)
    assert list(ticks.columns) == ["bid", "ask", "bid_size", "ask_size"]
    assert bool((ticks["bid"] < ticks["ask"]).all())
    assert ticks.index.is_monotonic_increasing


def test_quotes(broker: Broker, gold: FuturesContract) -> None:
    ticker = broker.prices.get_ticker_object_for_contract(gold)
    quote = ticker.wait_for_quote()
    assert quote.bid is not None
    assert quote.ask is not None
    assert quote.bid < quote.ask
    assert broker.prices.get_ticker_object_for_contract(gold) is ticker
    assert broker.prices.cancel_market_data_for_contract(gold) == gold
    assert broker.prices.cancel_market_data_for_contract(gold) == gold


def test_fx_rates_inverse_cross_and_identity(broker: Broker) -> None:
    rates = broker.fx.get_fx_prices("GBPUSD")
    inverse = broker.fx.get_fx_prices("USDGBP")
    cross = broker.fx.get_fx_prices("GBPEUR")
    euro = broker.fx.get_fx_prices("EURUSD")
    assert ((rates * inverse - 1).abs() < 1e-12).all()
    assert ((cross * euro - rates).abs() < 1e-12).all()
    assert set(broker.fx.get_fx_prices("USDUSD")) == {1.0}
    assert broker.fx.get_fx_prices("JPYUSD").iloc[-1] == pytest.approx(1 / 147.5, rel=0.1)
    assert (rates.name, rates.index.name, str(rates.index.tz)) == ("GBPUSD", "time", "UTC")


def test_an_fx_order_fills_and_moves_the_balances(broker: Broker, gateway: SimulatedGateway) -> None:
    control = broker.fx.put_fx_order_on_stack(Order.market(FxPair("GBPUSD"), 10_000))
    gateway.advance_bars(60)
    done = control.wait(30)
    assert done.state is OrderState.FILLED
    assert Money("GBP", 10_000) in broker.fx.get_fx_balances()
    assert broker.positions.get_all_current_positions_as_list_with_contract_objects() == []  # a balance is no position
    assert broker.native.positions.left_out == {}


def test_what_open_futures_have_gained_is_no_cash(
    broker: Broker, gateway: SimulatedGateway, gold: FuturesContract
) -> None:
    """IB counts it to the cash."""
    before = broker.fx.get_fx_balances()
    done = broker.orders.put_order_on_stack(Order.market(gold, 5)).wait(30)
    gateway.advance_bars(30)
    assert done.commissions is not None
    [paid] = done.commissions
    [value], [cash] = broker.capital.get_account_value_across_currency(), broker.fx.get_fx_balances()
    assert cash == before[0] - paid
    assert value != cash


def test_a_market_order_fills_and_is_told_in_order(
    broker: Broker, gold: FuturesContract, listen: Callable[[Broker], Any]
) -> None:
    heard = listen(broker)
    order = Order.market(gold, 2)
    done = broker.orders.put_order_on_stack(order).wait(30)
    assert (done.state, done.filled, done.order) == (OrderState.FILLED, (2,), order)
    heard.wait_for(lambda: [e for e in heard.events if type(e).__name__ == "CommissionReport"])
    kinds = [type(event).__name__ for event in heard.events]
    assert kinds.index("Position") < kinds.index("Fill")
    states = [event.state.value for event in heard.events if type(event).__name__ == "BrokerOrder"]
    assert states == ["working", "filled"]
    assert broker.orders.match_db_broker_order_to_order_from_brokers(order).commissions == (Money("USD", "4.20"),)
    [position] = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    assert (position.contract, position.quantity, position.average_price) == (gold, 2, done.average_price())


def test_listeners_have_heard_of_an_order_s_end_when_waiting_for_it_ends(broker: Broker, gold: FuturesContract) -> None:
    fills: list[Fill] = []
    states: list[OrderState] = []
    with broker.subscribe(on_fill=fills.append, on_order_status=lambda order: states.append(order.state)):
        for count in range(1, 21):
            broker.orders.put_order_on_stack(Order.market(gold, 1)).wait(30)
            assert len(fills) == states.count(OrderState.FILLED) == count


def test_a_slow_listener_is_waited_for_within_the_timeout(broker: Broker, gold: FuturesContract) -> None:
    over = threading.Event()
    with broker.subscribe(on_order_status=lambda _: over.wait(30)):
        began = time.monotonic()
        broker.orders.put_order_on_stack(Order.market(gold, 1)).wait(1.0)
        assert time.monotonic() - began < 4
        over.set()


def test_what_happened_before_a_subscription_is_closed_is_heard(broker: Broker, gold: FuturesContract) -> None:
    for _ in range(20):
        heard: list[Fill] = []
        with broker.subscribe(on_fill=heard.append):
            control = broker.orders.put_order_on_stack(Order.market(gold, 1))
            while not control.current().fills:
                control.wait(30)
        assert [fill.execution_id for fill in heard] == [fill.execution_id for fill in control.current().fills]


def test_limit_rests_is_changed_and_cancelled(broker: Broker, gold: FuturesContract) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(gold, 3, 1900))
    assert control.current().state is OrderState.WORKING
    assert broker.orders.check_order_can_be_modified_given_control_object(control)
    broker.orders.modify_limit_price_given_control_object(control, "1901.5")
    assert control.current().order.limit_price == Decimal("1901.5")
    assert not broker.orders.check_order_is_cancelled_given_control_object(control)
    broker.orders.cancel_order_given_control_object(control)
    assert control.wait(30).state is OrderState.CANCELLED
    assert broker.orders.check_order_is_cancelled(control)
    with pytest.raises(OrderCannotBeCancelled):
        broker.orders.cancel_order_on_stack(control)


def test_a_marketable_change_fills_once(broker: Broker, gateway: SimulatedGateway, gold: FuturesContract) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(gold, 2, 1900))
    broker.orders.modify_limit_price_given_control_object(control, 2100)
    gateway.advance_bars(2)
    done = control.wait(30)
    assert (done.state, done.filled) == (OrderState.FILLED, (2,))


def test_a_bracket_is_placed_whole_and_its_stop_goes_when_its_profit_is_taken(
    broker: Broker, gateway: SimulatedGateway, gold: FuturesContract
) -> None:
    entry = Order.market(gold, 1).with_bracket(take_profit=1900, stop_loss=1800)
    control = broker.orders.put_order_on_stack(entry)
    assert control.wait(30).state is OrderState.FILLED
    gateway.advance_bars(2)
    profit, loss = control.children
    assert profit.wait(30).state is OrderState.FILLED
    assert loss.wait(30).state is OrderState.CANCELLED
    assert broker.positions.get_all_current_positions_as_list_with_contract_objects() == []


def test_a_spread_fills_by_leg_with_prices_of_each(broker: Broker) -> None:
    spread = FuturesContract("GOLD", ["202402", "202404"])
    done = broker.orders.put_order_on_stack(Order.market(spread, [-1, 1])).wait(30)
    assert (done.state, done.filled) == (OrderState.FILLED, (-1, 1))
    assert [fill.contract.date for fill in sorted(done.fills, key=lambda fill: fill.leg)] == ["202402", "202404"]
    held = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    assert [(each.contract.date, each.quantity) for each in held] == [("202402", -1), ("202404", 1)]


def test_oco_cancels_the_rest(broker: Broker, gold: FuturesContract) -> None:
    rest = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1800, oco_group="either"))
    broker.orders.put_order_on_stack(Order.limit(gold, 1, 2200, oco_group="either")).wait(30)
    assert rest.wait(30).state is OrderState.CANCELLED


def test_what_if_places_nothing(broker: Broker, gold: FuturesContract) -> None:
    preview = broker.orders.what_if_order(Order.market(gold, 2))
    assert preview.initial_margin_change.amount > 0
    assert broker.orders.get_list_of_broker_orders() == []


def test_a_preview_with_a_warning_has_its_figures_too(
    broker: Broker, gateway: SimulatedGateway, gold: FuturesContract
) -> None:
    figures = broker.orders.what_if_order(Order.market(gold, 2))
    with gateway.fault("preview-warning"):
        preview = broker.orders.what_if_order(Order.market(gold, 2))
    assert preview.warning
    assert attrs.evolve(preview, warning=figures.warning) == figures


def test_cancel_all(broker: Broker, gold: FuturesContract) -> None:
    controls = [broker.orders.put_order_on_stack(Order.limit(gold, 1, price)) for price in (1900, 1901)]
    assert len(broker.orders.cancel_all_orders()) == 2
    assert {control.wait(30).state for control in controls} == {OrderState.CANCELLED}
    assert broker.orders.cancel_all_orders() == []


def test_lists_of_orders_and_fills(broker: Broker, gold: FuturesContract) -> None:
    done = broker.orders.put_order_on_stack(Order.market(gold, 1)).wait(30)
    resting = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    listed = broker.orders.get_list_of_broker_orders()
    assert [each.order_ref for each in listed] == [done.order_ref, resting.order_ref]
    assert [each.order_ref for each in broker.orders.get_list_of_orders_from_storage()] == [
        done.order_ref,
        resting.order_ref,
    ]
    [fill] = broker.orders.get_list_of_fills()
    assert (fill.order_ref, fill.quantity) == (done.order_ref, 1)
    assert broker.orders.get_list_of_fills(since=fill.time + timedelta(seconds=1)) == []


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda b, c: b.orders.put_order_on_stack(Order.limit(c, 1, "1900.05")), OffTickPrice),
        (lambda b, c: b.orders.put_order_on_stack(Order.stop(c, 1, "2500.05")), OffTickPrice),
        (
            lambda b, c: b.orders.put_order_on_stack(Order.limit(c, 1, 1900).with_bracket(stop_loss="1800.05")),
            OffTickPrice,
        ),
        (lambda b, c: b.orders.put_order_on_stack(Order.market(c, 1, account="U7")), InvalidOrder),
        (lambda b, c: b.orders.put_order_on_stack(Order.market(FuturesContract("GOLD", "199001"), 1)), MissingContract),
        (
            lambda b, c: b.orders.put_order_on_stack(Order.market(FuturesContract("GOLDD", "202312"), 1)),
            MissingInstrument,
        ),
        (lambda b, c: b.orders.put_order_on_stack(Order.market(FxPair("GBPUSD"), 1)), InvalidOrder),
        (lambda b, c: b.fx.put_fx_order_on_stack(Order.market(FxPair("JPYUSD"), 1)), MissingFxCode),
        (lambda b, c: b.fx.get_fx_prices("XXXYYY"), MissingFxCode),
        (lambda b, c: b.fx.get_fx_balances("U7"), MissingAccount),
        (lambda b, c: b.capital.get_account_value_across_currency("U7"), MissingAccount),
        (lambda b, c: b.prices.get_prices_for_contract_object(c, start=datetime(2023, 1, 1)), InvalidArgument),  # noqa: DTZ001 because a time without a zone must be refused
        (
            lambda b, c: b.prices.get_prices_for_contract_object(c, end=datetime(2001, 1, 1, tzinfo=timezone.utc)),
            MissingData,
        ),
        (
            lambda b, c: b.prices.get_prices_for_contract_object(FuturesContract("GOLD", "202312_202402")),
            InvalidArgument,
        ),
        (
            lambda b, c: b.contracts.get_actual_expiry_date_for_single_contract(
                FuturesContract("GOLD", "202312_202402")
            ),
            InvalidArgument,
        ),
    ],
)
def test_bad_input_is_a_typed_error_and_nothing_is_sent(
    broker: Broker, gold: FuturesContract, call: Callable[[Broker, FuturesContract], Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        call(broker, gold)
    assert broker.orders.get_list_of_broker_orders() == []


def test_an_order_for_an_expired_contract_is_refused(
    broker: Broker, gateway: SimulatedGateway, gold: FuturesContract
) -> None:
    broker.contracts.get_contract_object_with_broker_data(gold)
    gateway.advance(timedelta(days=30))
    broker.native.connection.clock.forget()
    with pytest.raises(ContractExpired, match="expired on 2023-12-15"):
        broker.orders.put_order_on_stack(Order.market(gold, 1))
    spread = FuturesContract("GOLD", ["202402", gold.date])
    with pytest.raises(ContractExpired, match="expired on 2023-12-15"):
        broker.orders.put_order_on_stack(Order.market(spread, [1, -1]))
