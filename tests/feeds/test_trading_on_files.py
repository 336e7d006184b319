"""A simulated broker on files: the chain, prices, and orders that fill at prices that are in the files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from brokerkit import FuturesContract, Order
from brokerkit.broker import Broker
from brokerkit.errors import ContractExpired, InvalidSetting, MissingContract, MissingData
from brokerkit.spec.broker_order import OrderState
from brokerkit.spec.prices import Frequency, QuoteStatus

OpenSim = Callable[..., Broker]

CORN = FuturesContract("CORN", "202212")
MORNING = datetime(2022, 7, 29, 15, 0, tzinfo=timezone.utc)


@pytest.fixture
def broker(open_sim: OpenSim, real_data: Path) -> Broker:
    """A broker on the real prices, on a Friday morning in Chicago."""
    return open_sim(real_data, start=MORNING)


def test_the_default_start_is_ready_to_trade(open_sim: OpenSim, real_data: Path) -> None:
    broker = open_sim(real_data)
    assert broker.contracts.is_contract_okay_to_trade(CORN)
    assert broker.prices.get_ticker_object_for_contract(CORN).quote().status is QuoteStatus.LIVE
    done = broker.orders.put_order_on_stack(Order.market(CORN, 1)).wait(timeout=600)
    assert done.state is OrderState.FILLED


def test_the_chain_is_what_traded_then(broker: Broker) -> None:
    assert broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN") == ["202209", "202212", "202312"]
    assert broker.contracts.get_actual_expiry_date_for_single_contract(CORN) == date(2022, 12, 14)
    assert broker.contracts.get_min_tick_size_for_contract(CORN) == Decimal("0.25")
    assert broker.contracts.get_price_magnifier_for_contract(CORN) == 100
    with pytest.raises(MissingContract):
        broker.contracts.get_actual_expiry_date_for_single_contract(FuturesContract("CORN", "202412"))


def test_hours_are_those_of_the_exchange(broker: Broker) -> None:
    today = broker.contracts.get_trading_hours_for_contract(CORN)[0]
    assert today.opening_time == datetime(2022, 7, 29, 13, 30, tzinfo=timezone.utc)
    assert today.closing_time == datetime(2022, 7, 29, 18, 20, tzinfo=timezone.utc)


def test_prices_end_at_the_clock(broker: Broker) -> None:
    hours = broker.prices.get_prices_for_contract_object(CORN, frequency=Frequency.HOUR)
    assert hours["close"].iloc[-2:].tolist() == [634.75, 628.5]  # the rows of 14:30 and 15:00, London
    days = broker.prices.get_prices_for_contract_object(CORN)
    assert f"{days.index[-1]:%Y-%m-%d}" == "2022-07-28"
    assert days["volume"].isna().all()


def test_a_market_order_pays_the_last_known_price(broker: Broker) -> None:
    done = broker.orders.put_order_on_stack(Order.market(CORN, 3)).wait(timeout=600)
    assert done.state is OrderState.FILLED
    assert done.average_price() == Decimal("628.5")
    held = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    assert [(one.contract, one.quantity) for one in held] == [(CORN, 3)]


def test_a_limit_waits_for_its_price(broker: Broker) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(CORN, 2, Decimal("622.50")))
    broker.native.advance(minutes=30)
    assert control.current().state is OrderState.WORKING
    done = control.wait(timeout=4 * 3600)
    assert done.average_price() == Decimal("622")  # the row of 17:00, London, known an hour later
    assert done.updated >= datetime(2022, 7, 29, 17, 0, tzinfo=timezone.utc)


def test_rates_are_derived_from_the_three_files(broker: Broker) -> None:
    pounds, euros = (broker.fx.get_fx_prices(code).iloc[-1] for code in ("GBPUSD", "EURUSD"))
    assert broker.fx.get_fx_prices("EURGBP").iloc[-1] == pytest.approx(euros / pounds)
    assert broker.fx.get_fx_prices("USDGBP").iloc[-1] == pytest.approx(1 / pounds)


def test_a_position_is_settled_when_its_contract_ends(broker: Broker) -> None:
    september = FuturesContract("CORN", "202209")
    broker.orders.put_order_on_stack(Order.market(september, 1)).wait(timeout=600)
    broker.native.advance(days=60)
    assert broker.positions.get_all_current_positions_as_list_with_contract_objects() == []
    with pytest.raises(ContractExpired):
        broker.orders.put_order_on_stack(Order.market(september, 1))


def test_a_contract_that_the_file_left_has_no_quote(broker: Broker) -> None:
    eurodollar = FuturesContract("EDOLLAR", "202209")
    with pytest.raises(MissingData, match="seven days"):
        broker.prices.get_recent_bid_ask_tick_data_for_contract_object(eurodollar)


def test_a_start_outside_the_data_is_refused(open_sim: OpenSim, real_data: Path) -> None:
    with pytest.raises(InvalidSetting, match="1972-10-18 23:00 to 2023-08-31 20:00 UTC"):
        open_sim(real_data, start=datetime(2024, 1, 2, tzinfo=timezone.utc))


def test_a_folder_that_is_none_is_refused(open_sim: OpenSim, tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="There is no folder"):
        open_sim(tmp_path / "nowhere")
    with pytest.raises(InvalidSetting, match="has no prices"):
        open_sim(tmp_path)
