"""Group D: instruments, contracts, and the facts of them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from brokerkit import Broker, ConnectionState, FuturesContract, FxPair
from brokerkit.conformance.agreement import check_utc
from brokerkit.conformance.levels import read, trade
from brokerkit.conformance.market import Market
from brokerkit.conformance.trader import Trader
from brokerkit.errors import (
    AmbiguousContract,
    AmbiguousInstrument,
    InvalidArgument,
    MarketClosed,
    MissingContract,
    MissingInstrument,
    NotFound,
)

_SOME = 12
_LATE_IN_THE_DAY = timedelta(hours=6)
_SOME_HOURS = 0.5
_MOST_COMMISSION = Decimal("0.02")


@read("get_list_of_instruments", "get_futures_instrument_object_with_broker_data")
def test_034_instruments_are_listed_with_their_rules(broker: Broker) -> None:
    """Case 34: at least one instrument is listed, in alphabetical order, each with its rules."""
    codes = broker.instruments.get_list_of_instruments()
    assert codes, "no instrument is listed"
    assert codes == sorted(set(codes)), "not in alphabetical order, or listed twice"
    for code in codes[:_SOME]:
        assert broker.instruments.get_futures_instrument_object_with_broker_data(code).multiplier > 0


@read("get_futures_instrument_object_with_broker_data")
def test_035_one_instrument_by_its_code(broker: Broker, market: Market) -> None:
    """Case 35: one instrument is found by its code, and comes back under that code."""
    found = broker.instruments.get_futures_instrument_object_with_broker_data(market.instrument)
    assert found.code == market.instrument
    assert found.broker_code
    assert found.exchange


@read("get_instruments_with_price_data", "get_list_of_instruments")
def test_037_what_has_prices_is_an_instrument(broker: Broker) -> None:
    """Case 37: every instrument that has prices is known as an instrument before its data is asked for."""
    unknown = set(broker.prices.get_instruments_with_price_data()) - set(broker.instruments.get_list_of_instruments())
    assert not unknown, f"prices for unknown instruments: {sorted(unknown)}"


@read("get_list_of_instruments", "get_brokers_instrument_code", "get_instrument_code_from_broker_code")
def test_038_code_there_and_back(broker: Broker) -> None:
    """Case 38: our code, the broker's code, and our code again: the same, or told to be ambiguous."""
    instruments = broker.instruments
    for code in instruments.get_list_of_instruments()[:_SOME]:
        theirs = instruments.get_brokers_instrument_code(code)
        try:
            assert instruments.get_instrument_code_from_broker_code(theirs) == code
        except AmbiguousInstrument as several:
            assert code in map(str, several.candidates), f"{theirs} is ambiguous, and {code} is no candidate"


@read("get_brokers_instrument_code")
@pytest.mark.parametrize("code", ["", " ", "NO_SUCH_INSTRUMENT", "🐂"])
def test_039_malformed_codes_are_refused(broker: Broker, code: str) -> None:
    """Case 39: an empty, malformed or unknown code raises MissingInstrument; it is never mapped to something."""
    with pytest.raises((MissingInstrument, InvalidArgument)):
        broker.instruments.get_brokers_instrument_code(code)


@read("get_list_of_contract_dates_for_instrument_code", "get_contract_object_with_broker_data")
def test_040_one_broker_id_for_one_contract(broker: Broker, market: Market) -> None:
    """Case 40: each contract has a broker id of its own, the same whenever it is asked for."""
    found = [broker.contracts.get_contract_object_with_broker_data(market.dated(day)) for day in market.dates[:_SOME]]
    ids = [each.broker_id for each in found]
    assert all(ids), f"without an id: {[str(each.contract) for each in found if not each.broker_id]}"
    assert len(set(ids)) == len(ids), f"one id for several contracts: {ids}"
    again = broker.contracts.get_contract_object_with_broker_data(found[0].contract)
    assert again.broker_id == ids[0]


@read("get_futures_instrument_object_with_broker_data")
def test_041_currency_is_one_everywhere(broker: Broker, market: Market) -> None:
    """Case 41: an instrument's currency is three capital letters, and is the currency of its commission."""
    currency = broker.instruments.get_futures_instrument_object_with_broker_data(market.instrument).currency
    assert len(currency) == 3, currency
    assert currency.isupper(), currency
    if broker.supports("get_commission_for_contract"):
        assert len(broker.contracts.get_commission_for_contract(market.contract).currency) == 3


@read("get_futures_instrument_object_with_broker_data")
def test_043_contract_size_is_positive(broker: Broker, market: Market) -> None:
    """Case 43: multiplier, price magnifier and point size are positive and exact."""
    found = broker.instruments.get_futures_instrument_object_with_broker_data(market.instrument)
    for number in (found.multiplier, found.price_magnifier):
        assert type(number) is Decimal, f"{number} is a {type(number).__name__}, not a Decimal"
    assert found.multiplier > 0
    assert found.price_magnifier > 0
    assert found.point_size == found.multiplier / found.price_magnifier


@read("get_list_of_contract_dates_for_instrument_code", "get_actual_expiry_date_for_single_contract")
def test_044_expiries_rise_with_the_contract_dates(broker: Broker, market: Market) -> None:
    """Case 44: each listed contract has an expiry date, and the expiries rise with the contracts' dates."""
    expiries = [market.expiry(market.dated(day)) for day in market.dates[:_SOME]]
    assert all(type(expiry) is date for expiry in expiries), expiries
    assert expiries == sorted(set(expiries)), f"{market.dates[:_SOME]} expire {expiries}"
    if not broker.supports("get_contract_object_with_broker_data"):
        return
    last = broker.contracts.get_contract_object_with_broker_data(market.contract).last_trade
    check_utc(last, f"the last trade of {market.contract}")
    if last is not None:  # at home it may still be the day before
        days = {last.date(), (last - _LATE_IN_THE_DAY).date()}
        assert market.expiry(market.contract) in days, f"expiry {market.expiry(market.contract)}, last trade {last}"


@read("get_min_tick_size_for_contract", "get_prices_for_contract_object")
def test_045_prices_lie_on_the_tick_grid(market: Market) -> None:
    """Case 45: the tick is a true tick: the closing prices lie on its grid."""
    assert market.tick > 0
    assert market.daily_bars()["close"].notna().all(), "a bar without a close: leave it out"
    closes = [Decimal(str(close)) for close in market.daily_bars()["close"].tail(20)]
    off = [close for close in closes if abs(close / market.tick - round(close / market.tick)) > Decimal("1e-6")]
    assert not off, f"off the grid of {market.tick}: {off}"


@read("get_commission_for_contract", "get_prices_for_contract_object")
def test_047_commission_is_sane(broker: Broker, market: Market) -> None:
    """Case 47: the commission for a lot is not negative, and small beside what the lot is worth."""
    commission = broker.contracts.get_commission_for_contract(market.contract)
    point = broker.instruments.get_futures_instrument_object_with_broker_data(market.instrument).point_size
    worth = abs(Decimal(str(market.daily_bars()["close"].iloc[-1]))) * point
    assert 0 <= commission.amount <= max(worth * _MOST_COMMISSION, Decimal(25)), f"{commission} for a lot of {worth}"


@read("get_contract_object_with_broker_data")
def test_048_a_contract_is_found_or_refused_never_guessed(broker: Broker, market: Market) -> None:
    """Case 48: a contract that is not there raises, several that match raise with all of them, none is guessed."""
    with pytest.raises((MissingContract, AmbiguousContract)) as raised:
        broker.contracts.get_contract_object_with_broker_data(market.missing_contract)
    if isinstance(raised.value, AmbiguousContract):
        assert len(raised.value.candidates) > 1
    found = broker.contracts.get_contract_object_with_broker_data(market.contract)
    assert found.contract == market.contract, f"asked for {market.contract}, got {found.contract}"


@read("get_contract_object_with_broker_data", "get_list_of_contract_dates_for_instrument_code")
def test_049_expired_contracts_are_named(broker: Broker, market: Market) -> None:
    """Case 49: an expired contract raises MissingContract, and is found when expired ones are allowed."""
    expired = market.expired_contract
    with pytest.raises(MissingContract):
        broker.contracts.get_contract_object_with_broker_data(expired)
    found = broker.contracts.get_contract_object_with_broker_data(expired, allow_expired=True)
    assert found.is_expired
    everything = broker.contracts.get_list_of_contract_dates_for_instrument_code(market.instrument, allow_expired=True)
    assert everything == sorted(set(everything)), "with expired ones, the dates are not in order, or named twice"


@read("get_price_magnifier_for_contract", "get_futures_instrument_object_with_broker_data")
def test_050_magnifier_is_one_number(broker: Broker, market: Market) -> None:
    """Case 50: the price magnifier is the same of the contract and of its instrument, so it is applied once."""
    instrument = broker.instruments.get_futures_instrument_object_with_broker_data(market.instrument)
    assert broker.contracts.get_price_magnifier_for_contract(market.contract) == instrument.price_magnifier


@read("get_trading_hours_for_contract", "is_contract_okay_to_trade")
def test_051_trading_hours_say_open_or_closed(broker: Broker, market: Market) -> None:
    """Case 51: sessions come in order, do not overlap, are in UTC, and agree with whether the market is open."""
    sessions = broker.contracts.get_trading_hours_for_contract(market.contract)
    assert sessions, "no session at all, instead of MissingData"
    for session in sessions:
        for moment in (session.opening_time, session.closing_time):
            assert moment.tzinfo is not None, f"{moment} has no zone"
            assert moment.utcoffset() == timedelta(0), f"{moment} is not in UTC"
        assert session.opening_time < session.closing_time
    for earlier, later in pairwise(sessions):
        assert earlier.closing_time <= later.opening_time, f"{earlier} overlaps {later}"
    open_now = broker.contracts.is_contract_okay_to_trade(market.contract)
    assert open_now is any(market.now in session for session in sessions), f"open: {open_now}, now {market.now}"


@read(
    "get_actual_expiry_date_for_single_contract",
    "get_min_tick_size_for_contract",
    "less_than_n_hours_of_trading_left_for_contract",
)
def test_052_dated_contract_answers(broker: Broker, market: Market) -> None:
    """Case 52: expiry, tick and time left are answered; more hours asked never turn 'less' into 'not less'."""
    assert market.expiry(market.contract) >= market.today
    try:
        left = [
            broker.contracts.less_than_n_hours_of_trading_left_for_contract(market.contract, hours)
            for hours in (0.0, 1.0, 24.0 * 8)
        ]
    except MarketClosed:
        return
    assert left == sorted(left), f"less than 0, 1 and 192 hours left: {left}"
    assert left[0] is False, "it says that less than 0 hours are left"
    assert left[-1] is True, "it says that this session goes on for more than 8 days"
    if broker.supports("get_trading_hours_for_contract"):
        hours = market.until_closing() / 3600
        for asked in (hours / 2, hours + _SOME_HOURS):
            less = broker.contracts.less_than_n_hours_of_trading_left_for_contract(market.contract, asked)
            assert less is (asked > hours), f"{hours:.2f} hours are left; less than {asked:.2f}: {less}"


@read()
def test_053_the_broker_says_how_it_is(broker: Broker) -> None:
    """Case 53: the state of the line can be asked at any time."""
    assert broker.state is ConnectionState.CONNECTED


@read("get_actual_expiry_date_for_single_contract")
def test_052_spread_has_no_expiry(broker: Broker, market: Market) -> None:
    """Case 52: a spread has no expiry of its own, and asking for one is an InvalidArgument."""
    with pytest.raises(InvalidArgument):
        broker.contracts.get_actual_expiry_date_for_single_contract(market.spread)


@read("get_list_of_contract_dates_for_instrument_code")
def test_039_unknown_instrument_has_no_contracts(broker: Broker) -> None:
    """Case 39: the contracts of an unknown instrument raise MissingInstrument, they are no empty list."""
    with pytest.raises(MissingInstrument):
        broker.contracts.get_list_of_contract_dates_for_instrument_code("NO_SUCH_INSTRUMENT")


@read("get_list_of_contract_dates_for_instrument_code", "get_contract_object_with_broker_data")
def test_048_every_listed_date_names_a_contract(broker: Broker, market: Market) -> None:
    """Case 48: the listed dates are in order, each once, and each names a contract that the broker finds."""
    assert market.dates == sorted(set(market.dates))
    for day in market.dates[:_SOME]:
        found = broker.contracts.get_contract_object_with_broker_data(market.dated(day))
        assert found.contract.date == day
        assert not found.is_expired, f"{found.contract} is listed, and expired"


@read("get_contract_object_with_broker_data")
def test_048_asking_changes_no_argument(broker: Broker, market: Market) -> None:
    """Case 48: the contract that was asked for comes back unchanged, with the broker's data beside it."""
    asked = FuturesContract(market.instrument, market.contract.date)
    found = broker.contracts.get_contract_object_with_broker_data(asked)
    assert asked == market.contract
    assert found.contract == asked
    assert type(found.tick_size) is Decimal, f"the tick size is a {type(found.tick_size).__name__}, not a Decimal"
    assert found.tick_size == market.tick, f"tick {found.tick_size} on the contract, {market.tick} asked for alone"
    assert found.expiry == market.expiry(asked), f"expiry {found.expiry}, asked for alone {market.expiry(asked)}"
    assert found.instrument.code == asked.instrument_code, f"{asked} has the data of {found.instrument.code}"


@read("get_list_of_instruments", "get_list_of_fxcodes")
def test_042_futures_and_pairs_are_apart(broker: Broker, market: Market) -> None:
    """Case 42: what is a currency pair is no futures contract: each kind is asked for in its own domain."""
    for code in broker.fx.get_list_of_fxcodes()[:_SOME]:
        assert FxPair(code).base != FxPair(code).quote, f"{code} is no pair"
    assert all(isinstance(market.dated(day), FuturesContract) for day in market.dates)


@trade("put_order_on_stack")
def test_046_quantities_have_a_floor(trader: Trader) -> None:
    """Case 46: the smallest order, one lot, is accepted: the contract knows no smaller one."""
    trader.rests(trader.resting_order(1))


@read("get_trading_hours_for_contract")
def test_051_hours_of_a_missing_contract(broker: Broker, market: Market) -> None:
    """Case 51: the hours of a contract that is not there raise; they are not empty."""
    with pytest.raises(NotFound):
        broker.contracts.get_trading_hours_for_contract(market.missing_contract)
