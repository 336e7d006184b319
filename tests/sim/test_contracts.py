"""Contracts and instruments on the simulated broker."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise

import pytest

from brokerkit import FuturesContract
from brokerkit.broker import Broker
from brokerkit.errors import (
    InvalidArgument,
    MarketClosed,
    MissingContract,
    MissingData,
    MissingInstrument,
)

CORN = FuturesContract("CORN", "202305")
OpenSim = Callable[..., Broker]
SATURDAY = datetime(2023, 3, 11, 12, tzinfo=timezone.utc)


def test_a_chain_begins_with_the_front_and_moves_with_the_clock(broker: Broker) -> None:
    ask = broker.contracts.get_list_of_contract_dates_for_instrument_code
    assert ask("CORN")[:3] == ["202303", "202305", "202307"]
    broker.native.advance_to(datetime(2023, 3, 14, 18, 20, tzinfo=timezone.utc))
    assert ask("CORN")[0] == "202305"
    assert "202303" in ask("CORN", True)
    assert ask("CORN", allow_expired=True)[0] == "201003"


@pytest.mark.parametrize("code", ["BUND", "CORN", "CRUDE_W", "EDOLLAR", "GOLD", "SP500"])
def test_every_date_of_a_chain_is_accepted_by_the_other_hooks(broker: Broker, code: str) -> None:
    for month in broker.contracts.get_list_of_contract_dates_for_instrument_code(code):
        contract = FuturesContract(code, month)
        found = broker.contracts.get_contract_object_with_broker_data(contract)
        assert found.contract == contract
        assert found.expiry == broker.contracts.get_actual_expiry_date_for_single_contract(contract)
        assert not found.is_expired
        assert broker.contracts.get_trading_hours_for_contract(contract)


def test_a_contract_with_the_brokers_data(broker: Broker) -> None:
    found = broker.contracts.get_contract_object_with_broker_data(FuturesContract("CRUDE_W", "202312"))
    assert (found.instrument.broker_code, found.instrument.exchange, found.instrument.currency) == (
        "CL",
        "NYMEX",
        "USD",
    )
    assert found.tick_size == Decimal("0.01")
    assert found.expiry == date(2023, 11, 20), "oil of December stops trading in November"
    assert found.last_trade == datetime(2023, 11, 20, 22, tzinfo=timezone.utc)


def test_expired_contracts_are_found_when_asked_for(broker: Broker) -> None:
    old = FuturesContract("CORN", "202212")
    with pytest.raises(MissingContract, match="allow_expired"):
        broker.contracts.get_contract_object_with_broker_data(old)
    assert broker.contracts.get_contract_object_with_broker_data(old, allow_expired=True).is_expired
    assert broker.contracts.get_actual_expiry_date_for_single_contract(old) == date(2022, 12, 14)
    assert not broker.contracts.is_contract_okay_to_trade(old)
    with pytest.raises(MissingData, match="2022-12-14"):
        broker.contracts.get_trading_hours_for_contract(old)


def test_trading_hours_are_those_of_the_exchange(broker: Broker) -> None:
    hours = broker.contracts.get_trading_hours_for_contract(CORN)
    now = broker.native.now
    assert now in hours[0]
    assert hours[0].closing_time == datetime(2023, 3, 8, 19, 20, tzinfo=timezone.utc)
    assert hours[1].opening_time == datetime(2023, 3, 9, 1, tzinfo=timezone.utc)
    assert all(one.closing_time <= other.opening_time for one, other in pairwise(hours))
    assert now + timedelta(days=5) < hours[-1].closing_time < now + timedelta(days=9)


def test_hours_end_with_the_contract(broker: Broker) -> None:
    front = FuturesContract("CORN", "202303")
    last = broker.contracts.get_trading_hours_for_contract(front)[-1]
    assert last.closing_time == broker.contracts.get_contract_object_with_broker_data(front).last_trade


def test_how_much_is_left_of_a_session(broker: Broker) -> None:
    left = broker.contracts.less_than_n_hours_of_trading_left_for_contract
    assert not left(CORN, 4.0)
    assert left(CORN, 4.5)
    assert left(CORN, 1e300)
    assert left(CORN, float("inf"))
    broker.native.advance(hours=4)
    assert left(CORN)
    broker.native.advance(hours=1)
    with pytest.raises(MarketClosed):
        left(CORN)


def test_the_weekend_is_closed(open_sim: OpenSim) -> None:
    broker = open_sim(start=SATURDAY)
    assert not broker.contracts.is_contract_okay_to_trade(CORN)
    assert broker.contracts.get_trading_hours_for_contract(CORN)[0].opening_time > SATURDAY
    assert broker.native.advance_to_next_open("CORN") == datetime(2023, 3, 13, 0, tzinfo=timezone.utc)
    assert broker.contracts.is_contract_okay_to_trade(CORN)


def test_a_spread_is_answered_for_by_its_first_leg_except_for_its_expiry(broker: Broker) -> None:
    spread = FuturesContract("CORN", ["202305", "202307"])
    assert broker.contracts.get_min_tick_size_for_contract(spread) == Decimal("0.25")
    assert broker.contracts.get_price_magnifier_for_contract(spread) == 100
    assert broker.contracts.is_contract_okay_to_trade(spread)
    assert broker.contracts.get_commission_for_contract(spread).amount == Decimal("2.92")
    with pytest.raises(InvalidArgument, match="spread"):
        broker.contracts.get_actual_expiry_date_for_single_contract(spread)
    with pytest.raises(MissingContract):
        broker.contracts.is_contract_okay_to_trade(FuturesContract("CORN", ["202305", "202306"]))


@pytest.mark.parametrize(
    ("contract", "error", "words"),
    [
        (FuturesContract("CORN", "202304"), MissingContract, "Did you mean 'CORN/2023"),
        (FuturesContract("CORN", "20230501"), MissingContract, "CORN/20230501"),
        (FuturesContract("CORM", "202305"), MissingInstrument, "Did you mean 'CORN'"),
    ],
)
def test_what_does_not_exist_is_named(
    broker: Broker, contract: FuturesContract, error: type[Exception], words: str
) -> None:
    for ask in (
        broker.contracts.get_contract_object_with_broker_data,
        broker.contracts.get_actual_expiry_date_for_single_contract,
        broker.contracts.get_min_tick_size_for_contract,
        broker.contracts.get_trading_hours_for_contract,
        broker.contracts.is_contract_okay_to_trade,
        broker.contracts.get_commission_for_contract,
        broker.prices.get_prices_for_contract_object,
        broker.prices.get_recent_bid_ask_tick_data_for_contract_object,
        broker.prices.get_ticker_object_for_contract,
        broker.prices.cancel_market_data_for_contract,
    ):
        with pytest.raises(error, match=words):
            ask(contract)


def test_instruments_and_their_symbols_go_both_ways(broker: Broker) -> None:
    codes = broker.instruments.get_list_of_instruments()
    assert codes == sorted(codes)
    for code in codes:
        found = broker.instruments.get_futures_instrument_object_with_broker_data(code)
        assert found.code == code
        assert broker.instruments.get_brokers_instrument_code(code) == found.broker_code
        assert broker.instruments.get_instrument_code_from_broker_code(found.broker_code) == code
    assert {broker.instruments.get_futures_instrument_object_with_broker_data(code).currency for code in codes} == {
        "EUR",
        "GBP",
        "JPY",
        "USD",
    }
    with pytest.raises(MissingInstrument, match="Did you mean"):
        broker.instruments.get_instrument_code_from_broker_code("ZCC")
