"""Money is exact, of one currency, and says so when two are mixed."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerkit import FuturesInstrument, Money
from brokerkit.errors import InvalidArgument

AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12)


@given(AMOUNTS, AMOUNTS)
def test_sums_and_differences_are_exact(one: Decimal, other: Decimal) -> None:
    assert Money("USD", one) + Money("USD", other) - Money("USD", other) == Money("USD", one)
    assert (-Money("USD", one)).amount == -one


def test_a_float_is_what_it_shows() -> None:
    assert Money("USD", 0.1) + Money("USD", 0.2) == Money("USD", "0.3")


def test_sums_are_exact_whatever_precision_a_program_computes_with() -> None:
    with localcontext() as program:
        program.prec = 6
        assert Money("USD", "1234567.89") + Money("USD", "0.01") == Money("USD", "1234567.90")
        assert Money("USD", "1234567.89") - Money("USD", "0.01") == Money("USD", "1234567.88")
        assert -Money("USD", "1234567.89") == Money("USD", "-1234567.89")
        treasury = FuturesInstrument("US10", "ZN", "CBOT", "USD", Decimal("1000.125"))
        assert treasury.point_size == Decimal("1000.125")


def test_two_currencies_do_not_add() -> None:
    with pytest.raises(InvalidArgument, match="Convert"):
        Money("USD", 1) + Money("EUR", 1)


def test_money_and_a_number_do_not_add() -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        Money("USD", 1) + 1
    with pytest.raises(TypeError, match="unsupported operand"):
        Money("USD", 1) - Decimal(1)


@pytest.mark.parametrize("currency", ["usd", "US", "DOLLAR", "U5D", "", None, 840])
def test_a_currency_is_three_capital_letters(currency: object) -> None:
    with pytest.raises(InvalidArgument, match="three capital letters"):
        Money(currency, 1)


def test_it_prints_as_a_person_reads_it() -> None:
    assert str(Money("USD", "1234567.5")) == "1,234,567.5 USD"
    assert str(Money("USD", Decimal(1_000_000).normalize())) == "1,000,000 USD"
    assert repr(Money("USD", "1.50")) == "Money('USD', '1.50')"
