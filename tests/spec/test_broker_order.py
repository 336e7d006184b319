"""An order's totals are the sum of its fills, and nothing else."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerkit import BrokerOrder, Fill, FuturesContract, Money, Order, OrderState
from brokerkit.errors import InvalidArgument

SPREAD = FuturesContract("GOLD", ["202312", "202402"])
NOON = datetime(2023, 3, 8, 12, tzinfo=timezone.utc)


def fill(number: int, leg: int, quantity: int, price: Decimal, commission: Money | None = None) -> Fill:
    return Fill(str(number), "ref", SPREAD.legs[leg], quantity, price, NOON, leg=leg, commission=commission)


PRICES = st.decimals(min_value=-100, max_value=3000, places=2, allow_nan=False, allow_infinity=False)
FILLS = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 50), PRICES), min_size=1, max_size=12)


@given(FILLS)
def test_filled_remaining_and_average_follow_from_the_fills(parts: list[tuple[int, int, Decimal]]) -> None:
    signs = (1, -1)
    fills = tuple(fill(n, leg, signs[leg] * lots, price) for n, (leg, lots, price) in enumerate(parts))
    view = BrokerOrder(Order(SPREAD, [1000, -1000]), OrderState.WORKING, fills=fills)
    for leg in (0, 1):
        mine = [(lots, price) for which, lots, price in parts if which == leg]
        total = sum(lots for lots, _ in mine)
        assert view.filled[leg] == signs[leg] * total
        assert view.filled[leg] + view.remaining[leg] == view.order.quantity[leg]
        average = view.average_price(leg)
        if not mine:
            assert average is None
        else:
            exact = sum((lots * Fraction(price) for lots, price in mine), Fraction(0)) / total
            assert average is not None
            assert abs(Fraction(average) - exact) < Fraction(1, 10**18)


def test_commissions_are_unknown_until_every_fill_has_one() -> None:
    known = fill(1, 0, 1, Decimal(1), Money("USD", "2.1"))
    unknown = fill(2, 0, 1, Decimal(1))
    euros = fill(3, 1, -1, Decimal(1), Money("EUR", 1))
    order = Order(SPREAD, [5, -5])
    assert BrokerOrder(order, OrderState.WORKING).commissions is None
    assert BrokerOrder(order, OrderState.WORKING, fills=(known, unknown)).commissions is None
    assert BrokerOrder(order, OrderState.WORKING, fills=(known, known, euros)).commissions == (
        Money("USD", "4.2"),
        Money("EUR", 1),
    )


def test_only_four_states_are_final_and_unknown_is_none_of_them() -> None:
    assert {state for state in OrderState if state.is_final} == {
        OrderState.FILLED,
        OrderState.CANCELLED,
        OrderState.REJECTED,
        OrderState.EXPIRED,
    }


@pytest.mark.parametrize("leg", [-1, 2])
def test_a_leg_that_is_not_there_has_no_average_and_is_not_one_without_fills(leg: int) -> None:
    with pytest.raises(InvalidArgument, match=f"GOLD/202312_202402 has no leg {leg}"):
        BrokerOrder(Order(SPREAD, [1, -1]), OrderState.WORKING).average_price(leg)


def test_an_average_price_is_exact_whatever_precision_a_program_computes_with() -> None:
    fills = (fill(1, 0, 1, Decimal("13000.125")), fill(2, 0, 1, Decimal("13000.375")))
    view = BrokerOrder(Order(SPREAD, [2, -2]), OrderState.WORKING, fills=fills)
    with localcontext() as program:
        program.prec = 6
        assert view.average_price() == Decimal("13000.25")
