"""Group F: exchange rates, and currency orders."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import combinations

import pandas as pd
import pytest

from brokerkit import Broker, BrokerOrder, FxPair, Order
from brokerkit.conformance.levels import read, trade
from brokerkit.conformance.market import Market
from brokerkit.conformance.outcomes import blocked
from brokerkit.conformance.suite.capital import amounts, commissions
from brokerkit.conformance.trader import Trader
from brokerkit.errors import InvalidArgument, InvalidOrder, MissingData, MissingFxCode, NotSupported, StaleData

_EXACT = 1e-9
_QUOTES_APART = 0.02
_LARGE = frozenset({"AUD", "CAD", "CHF", "EUR", "GBP", "NZD", "USD"})
_SMALL = frozenset({"CNH", "CZK", "DKK", "HKD", "HUF", "INR", "JPY", "KRW", "MXN", "NOK", "SEK", "THB", "TWD"})
"""One unit of any of these is worth less than one of any of the large ones, and was so for decades."""
_UNITS = 25_000
_NEAR = 0.1
_CENT = Decimal("0.01")
_A_DAY = timedelta(days=1)


@read("get_list_of_fxcodes", "get_fx_prices")
def test_075_every_listed_pair_has_rates(broker: Broker, market: Market) -> None:
    """Case 75: pairs are listed in alphabetical order, and each has rates of the declared shape."""
    codes = broker.fx.get_list_of_fxcodes()
    assert codes == sorted(set(codes)), "not in alphabetical order, or listed twice"
    now = market.now if broker.supports("get_ticker_object_for_contract") else datetime.now(timezone.utc)
    for code in codes:
        rates = broker.fx.get_fx_prices(code)
        _check_rates(rates, code)
        assert rates.index[-1] <= now + _A_DAY, f"{code} has a rate of {rates.index[-1]}, and it is {now}"
        kept = rates.copy()
        rates.iloc[:] = 0.0
        unchanged = broker.fx.get_fx_prices(code).loc[: kept.index[-1]].equals(kept)
        assert unchanged, f"what one caller did to the rates of {code} changed them for the next: return a copy"


@read("get_list_of_fxcodes", "get_fx_prices")
def test_076_inverse_pairs_agree(broker: Broker) -> None:
    """Case 76: each pair and its inverse agree: one times the other is 1 on every day, under the name asked for."""
    codes = broker.fx.get_list_of_fxcodes()
    for code in codes:
        inverse_code = FxPair(code).quote + FxPair(code).base
        rates, inverse = broker.fx.get_fx_prices(code), broker.fx.get_fx_prices(inverse_code)
        _check_rates(inverse, inverse_code)
        apart = (rates * inverse - 1).abs()
        if inverse_code in codes:  # each is quoted by itself
            assert (apart.dropna() < _QUOTES_APART).all(), f"{code} times {inverse_code} is not about 1"
        else:
            assert (apart < _EXACT).all(), f"{code} times {inverse_code} is not 1"


@read("get_list_of_fxcodes", "get_fx_prices")
def test_076_rates_are_units_of_the_second_currency(broker: Broker) -> None:
    """Case 76: a rate is units of the second currency for one of the first: a dollar is worth more than a yen."""
    pairs = [pair for pair in map(FxPair, broker.fx.get_list_of_fxcodes()) if _is_large_against_small(pair)]
    if not pairs:
        blocked("no listed pair is between a currency of large units, such as USD, and one of small units, such as JPY")
    for pair in pairs:
        rate = float(broker.fx.get_fx_prices(pair.code).iloc[-1])
        assert (rate > 1) is (pair.base in _LARGE), f"the last rate of {pair.code} is {rate}: that of its inverse?"


@read("get_list_of_fxcodes", "get_fx_prices")
def test_076_crosses_are_the_product_of_their_legs(broker: Broker) -> None:
    """Case 76: a cross equals the product of its legs, on the days on which both have a rate."""
    first, second, base, quote = _legs_of_a_cross(broker.fx.get_list_of_fxcodes())
    cross = broker.fx.get_fx_prices(base + quote)
    product = broker.fx.get_fx_prices(first) * broker.fx.get_fx_prices(second)
    joined = pd.concat([cross, product], axis=1, join="inner").dropna()
    assert len(joined), f"{base}{quote} has no day in common with {first} and {second}"
    apart = (joined.iloc[:, 0] / joined.iloc[:, 1] - 1).abs().max()
    quoted = base + quote in broker.fx.get_list_of_fxcodes()
    assert apart < (_QUOTES_APART if quoted else _EXACT), f"{base}{quote} is off by {apart:.2e}"


@read("get_fx_prices")
def test_076_a_currency_against_itself_is_one(broker: Broker, market: Market) -> None:
    """Case 76: a currency against itself is exactly 1 on every day."""
    base = FxPair(market.fx_code).base
    assert (broker.fx.get_fx_prices(base + base) == 1.0).all()


@read("get_fx_prices")
@pytest.mark.parametrize("code", ["XQZUSD", "", "gbpusd", "GBP", "GBPUSDX"])
def test_077_a_missing_rate_is_a_named_error(broker: Broker, code: str) -> None:
    """Case 77: a pair that nothing quotes raises a typed error; no old, empty or invented rate is given."""
    with pytest.raises((MissingFxCode, MissingData, StaleData, InvalidArgument)):
        broker.fx.get_fx_prices(code)


@trade("put_fx_order_on_stack", "get_fx_balances")
def test_078_currency_is_changed_as_ordered(broker: Broker, trader: Trader) -> None:
    """Case 78: a currency order changes the balance of its first currency by exactly its quantity."""
    pair = FxPair(trader.market.fx_code)
    before = _balance(broker, pair.base)
    bought = trader.fills(Order.market(pair, _UNITS))
    try:
        assert _balance(broker, pair.base) - before == _UNITS
        _check_price(broker, pair, bought)
    finally:
        trader.fills(Order.market(pair, -_UNITS))
    assert _balance(broker, pair.base) == before


@trade("put_fx_order_on_stack", "get_fx_balances", "get_list_of_fills")
def test_081_cash_in_each_currency_changes_by_the_right_amount(broker: Broker, trader: Trader) -> None:
    """Case 81: a currency order changes the cash of each currency by what was traded less commission, to the cent."""
    pair = FxPair(trader.market.fx_code)
    before = amounts(broker.fx.get_fx_balances(trader.market.facts.account))
    trips = [trader.fills(Order.market(pair, sign * _UNITS)) for sign in (1, -1)]
    due = dict.fromkeys((pair.base, pair.quote), Decimal(0))
    for view in trips:
        for fill in view.fills:
            due[pair.base] += fill.quantity
            due[pair.quote] -= fill.quantity * fill.price
        for cost in commissions(trader, view.order_ref):
            due[cost.currency] = due.get(cost.currency, Decimal(0)) - cost.amount
    after = amounts(broker.fx.get_fx_balances(trader.market.facts.account))
    for currency, change in due.items():
        seen = after.get(currency, Decimal(0)) - before.get(currency, Decimal(0))
        assert abs(seen - change) <= _CENT, f"{currency} changed by {seen}; by fills and commissions it is {change}"


@trade("put_fx_order_on_stack")
def test_078_a_currency_order_is_for_a_pair(broker: Broker, trader: Trader) -> None:
    """Case 78: an order for a pair that the broker does not know, or for no pair, is refused, and nothing is placed."""
    _refuses_an_unknown_pair(broker, trader)
    if broker.supports("put_order_on_stack"):
        for_a_contract = trader.market_order(trader.quantity)
        with pytest.raises(InvalidOrder):
            broker.fx.put_fx_order_on_stack(for_a_contract)
        assert not trader.is_known(for_a_contract.order_ref)


def _check_rates(rates: pd.Series, code: str) -> None:
    assert isinstance(rates, pd.Series), f"the rates of {code} are a {type(rates).__name__}, not a Series"
    assert rates.name == code, f"asked for {code}, named {rates.name}"
    assert str(rates.dtype) == "float64", f"{code} is {rates.dtype}"
    assert len(rates), f"{code} is empty"
    assert rates.index.name == "time", f"{code} is indexed by {rates.index.name!r}"
    assert str(getattr(rates.index, "tz", None)) == "UTC", f"{code} is not in UTC"
    assert rates.index.is_monotonic_increasing, f"{code} is not in order"
    assert rates.index.is_unique, f"{code} has a day twice"
    assert (rates > 0).all(), f"{code} has a rate that is not positive"
    assert isinstance(rates.index, pd.DatetimeIndex), f"{code} is indexed by a {type(rates.index).__name__}"
    assert (rates.index == rates.index.normalize()).all(), f"{code} has a rate that is not at 00:00 of its session date"


def _is_large_against_small(pair: FxPair) -> bool:
    """Return whether one currency of a pair is of large units and the other of small ones, whichever comes first."""
    both = {pair.base, pair.quote}
    return not both.isdisjoint(_LARGE) and not both.isdisjoint(_SMALL)


def _refuses_an_unknown_pair(broker: Broker, trader: Trader) -> None:
    """Check that an unknown pair is refused as such, by the first type of order that the broker knows at all."""
    refusals: list[NotSupported] = []
    for order in (Order.market(FxPair("XQZUSD"), _UNITS), Order.limit(FxPair("XQZUSD"), _UNITS, 1)):
        try:
            with pytest.raises(MissingFxCode):
                broker.fx.put_fx_order_on_stack(order)
        except NotSupported as refusal:
            refusals.append(refusal)
        else:
            assert not trader.is_known(order.order_ref), "refused, and yet placed"
            return
    said = f"put_fx_order_on_stack is supported, and yet market and limit orders are refused: {refusals[-1]}"
    raise AssertionError(f"{said} Decline the hook with unsupported(...) instead.")


def _check_price(broker: Broker, pair: FxPair, bought: BrokerOrder) -> None:
    """Check that a pair trades near its own rate, which is in units of the second currency for one of the first."""
    price = bought.average_price()
    if price is not None and broker.supports("get_fx_prices"):
        rate = broker.fx.get_fx_prices(pair.code).iloc[-1]
        assert abs(float(price) / rate - 1) < _NEAR, (
            f"{pair.code} filled at {price}, its last rate is {rate}: inverted?"
        )


def _legs_of_a_cross(codes: list[str]) -> tuple[str, str, str, str]:
    """Return two listed pairs, turned so that they share a currency in the middle, and what they lead to."""
    found = next(filter(None, (_joined(one, two) for one, two in combinations(map(FxPair, codes), 2))), None)
    return found or blocked("no two listed pairs share a currency")


def _joined(one: FxPair, two: FxPair) -> tuple[str, str, str, str] | None:
    for first in ((one.base, one.quote), (one.quote, one.base)):
        for second in ((two.base, two.quote), (two.quote, two.base)):
            if first[1] == second[0] and first[0] != second[1]:
                return "".join(first), "".join(second), first[0], second[1]
    return None


def _balance(broker: Broker, currency: str) -> int:
    amounts = {cash.currency: cash.amount for cash in broker.fx.get_fx_balances()}
    return round(amounts.get(currency, 0))
