"""Each surprise of pysystemtrade's broker layer, and brokerkit doing what its user expects instead."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import attrs
import pytest

from brokerkit import Broker, CommissionReport, Fill, Frequency, FuturesContract, FxPair, Money, Order, OrderState
from brokerkit.errors import (
    AmbiguousContract,
    InvalidOrder,
    InvalidQuantity,
    MissingAccount,
    MissingContract,
    MissingFxCode,
    OrderCannotBeModified,
)
from brokerkit.plugins.ib.contract_rules import RULES, Candidate, rule_for_pysystemtrade
from brokerkit.plugins.ib.executions import price_from
from brokerkit.plugins.ib.order_states import state_of
from brokerkit.plugins.ib.order_terms import terms_of
from brokerkit.plugins.ib.pysystemtrade import connectionIB, ibFuturesContractPriceData, ibFxPricesData
from brokerkit.plugins.ib.settings import IBSettings
from brokerkit.plugins.sim.gateway import ManualClock, SimulatedGateway
from brokerkit.store import open_store

OpenIB = Callable[..., Broker]
RunGateway = Callable[..., SimulatedGateway]
Listen = Callable[[Broker], Any]


def requests(gateway: SimulatedGateway) -> int:
    """Return how many requests the Gateway has handled."""
    return gateway.call(lambda inner: inner.requests)


# Connection and client ids


def test_connecting_sleeps_no_five_seconds(gateway: SimulatedGateway, open_ib: OpenIB) -> None:
    open_ib(gateway).close()
    began = time.monotonic()
    open_ib(gateway)
    assert time.monotonic() - began < 5


def test_a_data_source_needs_no_siblings_and_adds_no_error_handlers(gateway: SimulatedGateway) -> None:
    conn = connectionIB(1, ib_port=gateway.port)
    try:
        handlers = conn.connection.call(lambda ib: len(ib.errorEvent))
        prices = ibFuturesContractPriceData(conn)
        assert not prices.get_prices_for_contract_object(FuturesContract("GOLD", "202402")).empty
        assert ibFxPricesData(conn).ib_client is prices.ib_client  # one pacing clock for both
        assert conn.connection.call(lambda ib: len(ib.errorEvent)) == handlers
    finally:
        conn.close_connection()


def test_ib_readonly_as_an_argument_is_obeyed(gateway: SimulatedGateway) -> None:
    conn = connectionIB(1, ib_port=gateway.port, ib_readonly=True)
    try:
        assert conn.broker.read_only
    finally:
        conn.close_connection()


def test_a_live_account_is_read_only_until_somebody_says_otherwise(run_gateway: RunGateway) -> None:
    live, paper = run_gateway(accounts=("U7654321",)), run_gateway()
    for gateway, said, read_only in ((live, None, True), (live, False, False), (paper, None, False)):
        conn = connectionIB(1, ib_port=gateway.port, ib_readonly=said)
        try:
            assert conn.broker.read_only is read_only
        finally:
            conn.close_connection()


def test_no_client_id_below_the_offset_is_ever_given(gateway: SimulatedGateway, open_ib: OpenIB) -> None:
    open_ib(gateway, client_id=5)
    assert open_ib(gateway).native.connection.client_id() == 100


def test_an_id_that_failed_to_connect_is_not_taken_from_its_holder(gateway: SimulatedGateway, open_ib: OpenIB) -> None:
    holder = open_ib(gateway)
    second = open_ib(gateway)
    with open_store(broker="ib") as store:
        held = [lease.client_id for lease in store.client_ids.leases()]
    assert held == [holder.native.connection.client_id(), second.native.connection.client_id()]


# FX


def test_an_unknown_fx_code_raises_instead_of_giving_an_empty_series(broker: Broker) -> None:
    with pytest.raises(MissingFxCode):
        broker.fx.get_fx_prices("GBPXXX")
    with pytest.raises(MissingFxCode):
        broker.fx.get_fx_prices("GBP")


def test_direct_inverse_cross_and_identity_rates_are_of_one_type_and_time(broker: Broker) -> None:
    series = [broker.fx.get_fx_prices(code) for code in ("GBPUSD", "USDGBP", "GBPEUR", "GBPGBP", "EUREUR")]
    assert {type(each).__name__ for each in series} == {"Series"}
    assert {(str(each.index.dtype), each.index.name, str(each.dtype)) for each in series} == {
        ("datetime64[ns, UTC]", "time", "float64")
    }
    assert all(set(each.index.hour) == {0} for each in series)


def test_an_fx_contract_is_resolved_once(gateway: SimulatedGateway, broker: Broker) -> None:
    broker.fx.get_fx_prices("GBPUSD")
    before = requests(gateway)
    broker.fx.get_fx_prices("GBPUSD")
    assert requests(gateway) - before == 4  # the time, the oldest rate and its end, the rates; no contract


def test_fx_balances_are_exact_money_without_a_base_row(broker: Broker) -> None:
    assert broker.fx.get_fx_balances() == [Money("USD", 1_000_000)]


def test_a_fraction_of_a_unit_is_refused_and_not_cut_off() -> None:
    with pytest.raises(InvalidQuantity):
        Order.market(FxPair("GBPUSD"), -1500.7)


# Prices


def test_columns_are_always_in_one_order_and_index_is_utc(broker: Broker, gold: FuturesContract) -> None:
    bars = broker.prices.get_prices_for_contract_object(gold, Frequency.HOUR)
    assert list(bars.columns) == ["open", "high", "low", "close", "volume"]
    assert str(bars.index.tz) == "UTC"


def test_the_bar_of_midnight_stays_at_midnight_and_collides_with_nothing(broker: Broker, gold: FuturesContract) -> None:
    hourly = broker.prices.get_prices_for_contract_object(gold, Frequency.HOUR)
    midnight = datetime(2023, 11, 28, tzinfo=timezone.utc)
    assert midnight in hourly.index
    assert hourly.index.is_unique
    daily = broker.prices.get_prices_for_contract_object(gold)
    assert set(daily.index.hour) == {0}


def test_prices_stay_in_quoted_units_and_the_magnifier_is_told(broker: Broker) -> None:
    corn = FuturesContract("CORN", "202312")
    close = broker.prices.get_prices_for_contract_object(corn)["close"].iloc[-1]
    assert close == pytest.approx(475, rel=0.1)  # cents a bushel
    assert broker.contracts.get_price_magnifier_for_contract(corn) == 100
    done = broker.orders.put_order_on_stack(Order.market(corn, 1)).wait(30)
    assert done.fills[0].price == pytest.approx(Decimal(475), rel=Decimal("0.1"))
    [position] = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    assert position.average_price == done.fills[0].price


def test_no_pause_and_no_busy_loop_between_requests_for_bars(broker: Broker, gold: FuturesContract) -> None:
    broker.prices.get_prices_for_contract_object(gold)
    wall, cpu = time.monotonic(), time.process_time()
    for _ in range(5):
        broker.prices.get_prices_for_contract_object(gold)
    assert time.monotonic() - wall < 2.5  # pysystemtrade: 0.5 s each, burning a processor
    assert time.process_time() - cpu < 2.5


def test_dates_are_sorted_months_and_not_expiries(broker: Broker) -> None:
    dates = broker.prices.contract_dates_with_price_data_for_instrument_code("GOLD")
    assert dates == ["202312", "202402", "202404"]


def test_ticks_carry_their_times(broker: Broker, gold: FuturesContract) -> None:
    ticks = broker.prices.get_recent_bid_ask_tick_data_for_contract_object(gold)
    assert str(ticks.index.tz) == "UTC"


def test_quotes_are_cancelled_by_an_equal_contract(broker: Broker, gold: FuturesContract) -> None:
    broker.prices.get_ticker_object_for_contract(gold).wait_for_quote()
    twin = FuturesContract(gold.instrument_code, gold.date)
    assert broker.prices.cancel_market_data_for_contract(twin) == gold
    assert broker.native.connection.call(lambda ib: sum(map(len, ib.wrapper.ticker2ReqId.values()))) == 0


# Contracts and hours


def test_asking_about_a_contract_does_not_change_it(broker: Broker, gold: FuturesContract) -> None:
    before = (gold.dates, hash(gold))
    found = broker.contracts.get_contract_object_with_broker_data(gold)
    assert (gold.dates, hash(gold), found.contract) == (*before, gold)


def test_an_expiry_s_day_is_told_also_for_an_expired_contract(gateway: SimulatedGateway, broker: Broker) -> None:
    old = FuturesContract("GOLD", "202312")
    gateway.advance(timedelta(days=20))
    assert broker.contracts.get_actual_expiry_date_for_single_contract(old).isoformat() == "2023-12-15"
    with pytest.raises(MissingContract, match="expired"):
        broker.contracts.get_contract_object_with_broker_data(old)
    assert broker.contracts.get_contract_object_with_broker_data(old, True).is_expired
    assert "202312" not in broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")
    assert "202312" in broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD", True)


def test_a_missing_contract_raises_where_pysystemtrade_says_not_open(broker: Broker) -> None:
    with pytest.raises(MissingContract):
        broker.contracts.is_contract_okay_to_trade(FuturesContract("GOLD", "199001"))


@pytest.mark.parametrize(
    ("code", "symbol", "expiry", "own"),
    [
        ("VIX", "VXF6", "2026-01-21", True),
        ("VIX", "VX02F6", "2026-01-14", False),
        ("VIX_mini", "VXMF6", "2026-01-21", True),
        ("VIX_mini", "VXM02F6", "2026-01-14", False),
        ("MSCIASIA", "FMEA 20260116 D", "2026-01-16", False),
        ("MSCIASIA", "FMEA 20260320", "2026-03-20", True),
        ("COPPER_LME", "CAF6", "2026-01-21", True),
        ("COPPER_LME", "CAF6", "2026-01-14", False),
    ],
)
def test_weeklies_and_dailies_are_told_from_the_month_s_own(code: str, symbol: str, expiry: str, own: bool) -> None:
    rule = RULES[rule_for_pysystemtrade(code, ignore_weekly=True)]
    assert rule(Candidate(symbol, datetime.fromisoformat(expiry).date())) is own


def test_several_matches_are_ambiguous_and_never_the_first(broker: Broker, gateway: SimulatedGateway) -> None:
    directory = broker.native.contracts._directory
    [gold] = [each for each in directory.chain("GOLD", include_expired=False) if each.contract.date == "202402"]
    twin = attrs.evolve(gold.facts, con_id=1, local_symbol="GCG4 W")
    with pytest.raises(AmbiguousContract, match="GCG4 W"):
        _resolve_among(directory, [gold.facts, twin])


def _resolve_among(directory: Any, found: list[Any]) -> Any:
    """Resolve a contract where IB answers with several."""
    directory.client.details = lambda query: found
    directory._by_name.clear()
    return directory.resolve(FuturesContract("GOLD", "202402"))


def test_contract_data_is_read_again_when_it_is_old(gateway: SimulatedGateway, open_ib: OpenIB) -> None:
    broker = open_ib(gateway, contract_age=0.0)
    gold = FuturesContract("GOLD", "202402")
    broker.contracts.get_min_tick_size_for_contract(gold)
    before = requests(gateway)
    broker.contracts.get_min_tick_size_for_contract(gold)
    assert requests(gateway) > before


def test_a_false_200_in_maintenance_is_not_remembered(gateway: SimulatedGateway, broker: Broker) -> None:
    gold = FuturesContract("GOLD", "202402")
    with gateway.fault("maintenance"), pytest.raises(MissingContract):
        broker.contracts.get_contract_object_with_broker_data(gold)
    assert broker.contracts.get_contract_object_with_broker_data(gold).broker_id


# Capital


def test_account_values_are_never_ten_minutes_old(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract
) -> None:
    before = broker.capital.get_account_value_across_currency()
    broker.orders.put_order_on_stack(Order.market(gold, 5)).wait(30)
    gateway.advance_bars(3)
    assert broker.capital.get_account_value_across_currency() != before


def test_an_unknown_account_is_a_typed_error(broker: Broker) -> None:
    with pytest.raises(MissingAccount, match="has no account 'U7': it has DU1000001"):
        broker.capital.get_excess_liquidity_value_across_currency("U7")


def test_one_of_several_accounts_has_its_own_values_and_has_to_be_named(
    run_gateway: RunGateway, open_ib: OpenIB
) -> None:
    broker = open_ib(run_gateway(accounts=("DU1", "DU2")))
    with pytest.raises(MissingAccount, match="No account is given; this login has DU1, DU2"):
        broker.capital.get_account_value_across_currency()
    assert broker.fx.get_fx_balances("DU1") == broker.capital.get_account_value_across_currency("DU1")
    assert broker.capital.get_account_value_across_currency("DU1") == [Money("USD", 1_000_000)]
    assert broker.capital.get_excess_liquidity_value_across_currency("DU1") == [Money("USD", 1_000_000)]
    assert broker.capital.get_account_value_across_currency_across_accounts() == [Money("USD", 2_000_000)]
    with pytest.raises(InvalidOrder, match="names no account; this login has DU1, DU2"):
        broker.orders.put_order_on_stack(Order.market(FuturesContract("GOLD", "202402"), 1))


# Orders


def test_the_time_in_force_is_told_so_that_no_preset_decides_it(broker: Broker, gold: FuturesContract) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    [trade] = [t for t in broker.native.ib.openTrades() if t.order.orderRef == control.order_ref]
    assert trade.order.tif == "DAY"


def test_a_default_order_is_a_market_order_that_can_be_sent(broker: Broker, gold: FuturesContract) -> None:
    assert broker.orders.put_order_on_stack(Order(gold, 1)).wait(30).state is OrderState.FILLED


def test_identity_is_our_own_reference_and_no_temporary_id(broker: Broker, gold: FuturesContract) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    view = control.current()
    assert view.order_ref == control.order_ref
    assert view.ids.order_id
    assert view.ids.perm_id


def test_a_spread_is_in_the_list_also_after_a_restart_and_its_fills_are_not_lost(
    gateway: SimulatedGateway, open_ib: OpenIB
) -> None:
    spread = FuturesContract("GOLD", ["202402", "202404"])
    first = open_ib(gateway)
    resting = first.orders.put_order_on_stack(Order.limit(spread, [1, -1], -500))
    filled = first.orders.put_order_on_stack(Order.market(spread, [-1, 1])).wait(30)
    first.close()
    second = open_ib(gateway)
    listed = {each.order_ref: each for each in second.orders.get_list_of_broker_orders()}
    assert listed[resting.order_ref].order.contract == spread
    assert listed[filled.order_ref].filled == (-1, 1)


@pytest.mark.parametrize("is_open_again", [False, True], ids=["while-away", "when-back"])
def test_a_spread_of_an_earlier_session_fills_leg_by_leg(
    run_gateway: Callable[..., SimulatedGateway], open_ib: OpenIB, listen: Listen, is_open_again: bool
) -> None:
    """The journal knows its legs by our names, and an execution names them by IB's ids."""
    gateway = run_gateway(clock=ManualClock())
    first = open_ib(gateway)
    legs = [FuturesContract("GOLD", "202402"), FuturesContract("GOLD", "202404")]
    order = Order.market(FuturesContract("GOLD", ["202402", "202404"]), [-1, 1])
    first.orders.put_order_on_stack(order)
    first.close()
    if not is_open_again:
        gateway.advance_bars(3)
    second = open_ib(gateway)
    heard = listen(second)
    if is_open_again:
        gateway.advance_bars(3)
    done = second.orders.match_db_broker_order_to_control_order_from_brokers(order).wait(30)
    assert (done.state, done.filled) == (OrderState.FILLED, (-1, 1))
    heard.wait_for(lambda: len(heard.of(Fill)) == 2)
    assert [(fill.contract, fill.quantity) for fill in heard.of(Fill)] == [(legs[0], -1), (legs[1], 1)]
    second.close()
    third = open_ib(gateway).orders.match_db_broker_order_to_order_from_brokers(order)
    assert [(fill.contract, fill.quantity) for fill in third.fills] == [(legs[0], -1), (legs[1], 1)]


def test_a_spread_of_another_program_is_read_by_its_legs_without_asking_about_the_bag(
    gateway: SimulatedGateway, open_ib: OpenIB, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    spread = FuturesContract("GOLD", ["202402", "202404"])
    other = open_ib(gateway)
    placed = other.orders.put_order_on_stack(Order.limit(spread, [1, -1], -500))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another"))
    broker = open_ib(gateway, client_id=50)
    [listed] = broker.orders.get_list_of_broker_orders()
    assert (listed.order.contract, listed.order.quantity) == (spread, (1, -1))
    assert (listed.order_ref, listed.origin.value) == (placed.order_ref, "other client")


def test_a_completed_order_is_found_again_without_ids(
    gateway: SimulatedGateway, open_ib: OpenIB, gold: FuturesContract
) -> None:
    first = open_ib(gateway)
    done = first.orders.put_order_on_stack(Order.market(gold, 3)).wait(30)
    first.close()
    second = open_ib(gateway)
    [found] = second.orders.get_list_of_broker_orders()
    assert (found.order_ref, found.state, found.order.quantity) == (done.order_ref, OrderState.FILLED, (3,))


def test_a_market_order_has_no_limit_price(broker: Broker, gold: FuturesContract) -> None:
    broker.orders.put_order_on_stack(Order.market(gold, 1)).wait(30)
    assert broker.orders.get_list_of_broker_orders()[0].order.limit_price is None
    assert price_from(1.7976931348623157e308) is None


def test_api_cancelled_is_cancelled_and_presubmitted_can_be_changed(
    run_gateway: Callable[..., SimulatedGateway], open_ib: OpenIB, gold: FuturesContract
) -> None:
    assert state_of("ApiCancelled") is OrderState.CANCELLED
    broker = open_ib(run_gateway(clock=ManualClock()))
    control = broker.orders.put_order_on_stack(Order.stop(gold, 1, 2200))
    broker_status = [t.orderStatus.status for t in broker.native.ib.openTrades()]
    assert broker_status == ["PreSubmitted"]
    assert broker.orders.check_order_can_be_modified_given_control_object(control)


def test_an_order_that_cannot_be_changed_says_so_once(broker: Broker, gold: FuturesContract) -> None:
    control = broker.orders.put_order_on_stack(Order.market(gold, 1))
    control.wait(30)
    assert not broker.orders.check_order_can_be_modified_given_control_object(control)
    with pytest.raises(OrderCannotBeModified, match="it is filled"):
        broker.orders.modify_limit_price_given_control_object(control, 1)


def test_fills_arrive_without_polling(broker: Broker, gold: FuturesContract, listen: Listen) -> None:
    heard = listen(broker)
    broker.orders.put_order_on_stack(Order.market(gold, 1))
    assert heard.wait_for(lambda: heard.of(Fill))


def test_the_price_is_the_exact_mean_of_the_executions(broker: Broker, gold: FuturesContract) -> None:
    done = broker.orders.put_order_on_stack(Order.market(gold, 3)).wait(30)
    exact = sum(fill.price * fill.quantity for fill in done.fills) / 3
    assert done.average_price() == exact


def test_a_spread_s_price_has_the_first_ratio_positive_whichever_side_is_traded() -> None:
    spread = FuturesContract("GOLD", ["202402", "202404"])
    for quantity in ([1, -1], [-2, 2]):
        terms = terms_of(Order.limit(spread, quantity, -60), "DU1")
        assert [leg.action for leg in terms.legs] == ["BUY", "SELL"]
        assert terms.fields["lmtPrice"] == -60


def test_a_commission_is_unknown_until_it_is_told(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract, listen: Listen
) -> None:
    heard = listen(broker)
    with gateway.fault("missing-commission"):
        done = broker.orders.put_order_on_stack(Order.market(gold, 1)).wait(30)
        assert done.commissions is None
        assert done.fills[0].commission is None
        assert heard.of(CommissionReport) == []


def test_what_a_contract_costs_is_told_without_waiting_six_seconds(broker: Broker, gold: FuturesContract) -> None:
    began = time.monotonic()
    assert broker.contracts.get_commission_for_contract(gold) == Money("USD", "2.1")
    assert time.monotonic() - began < 6


# Positions


def test_a_position_is_named_by_the_month_and_not_by_its_expiry(broker: Broker, gold: FuturesContract) -> None:
    broker.orders.put_order_on_stack(Order.market(gold, 1)).wait(30)
    [position] = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    assert position.contract == gold
    assert type(position.quantity) is int


def test_a_future_outside_the_table_does_not_spoil_the_list(
    gateway: SimulatedGateway, open_ib: OpenIB, tmp_path: Any, gold: FuturesContract, broker: Broker
) -> None:
    corn = FuturesContract("CORN", "202312")
    for contract in (gold, corn):
        broker.orders.put_order_on_stack(Order.market(contract, 1)).wait(30)
    table = tmp_path / "only_gold.csv"
    table.write_text("code,symbol,exchange,currency,multiplier\nGOLD,GC,COMEX,USD,100\n", encoding="utf-8")
    narrow = open_ib(gateway, instruments_replaced_by=str(table))
    [position] = narrow.positions.get_all_current_positions_as_list_with_contract_objects()
    assert position.contract == gold
    [(_, error)] = narrow.native.positions.left_out.items()
    assert type(error).__name__ == "MissingInstrument"


def test_no_contract_request_for_each_order_and_position(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract
) -> None:
    for price in range(1900, 1910):
        broker.orders.put_order_on_stack(Order.limit(gold, 1, price))
    broker.orders.put_order_on_stack(Order.market(gold, 1)).wait(30)
    broker.orders.get_list_of_broker_orders()
    before = requests(gateway)
    broker.orders.get_list_of_broker_orders()
    assert requests(gateway) - before == 3  # open orders, completed orders, executions
    broker.positions.get_all_current_positions_as_list_with_contract_objects()
    assert requests(gateway) - before == 4


def test_every_setting_is_a_number_or_a_word_with_help() -> None:
    for field in attrs.fields(IBSettings):
        assert field.metadata["help"]
    assert not any(inspect.iscoroutinefunction(getattr(IBSettings, name)) for name in dir(IBSettings) if name[0] != "_")
