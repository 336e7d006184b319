"""The ticks of a contract, which for some are larger at higher prices, and of which a price must be a multiple."""

from __future__ import annotations

from decimal import Decimal

import pytest

from brokerkit.errors import OffTickPrice
from brokerkit.plugins.ib.contract_facts import PriceSteps

STEPS = PriceSteps(((Decimal(0), Decimal("0.05")), (Decimal(3), Decimal("0.10"))))


def test_the_tick_grows_at_its_edge_on_either_side_of_zero() -> None:
    assert STEPS.smallest == Decimal("0.05")
    prices = ("0", "2.95", "3", "3.10", "-2.95", "-3")
    assert [str(STEPS.at(Decimal(price))) for price in prices] == ["0.05", "0.05", "0.10", "0.10", "0.05", "0.10"]


@pytest.mark.parametrize(
    ("price", "below", "above"), [("2.97", "2.95", "3.00"), ("3.05", "3.00", "3.10"), ("-0.02", "-0.05", "0.00")]
)
def test_a_price_between_two_ticks_is_refused_and_both_are_named(price: str, below: str, above: str) -> None:
    with pytest.raises(OffTickPrice) as refused:
        STEPS.check(Decimal(price), "The limit price", "GOLD")
    assert [Decimal(each) for each in refused.value.candidates] == [Decimal(below), Decimal(above)]


@pytest.mark.parametrize("price", [None, "0", "2.95", "3.10", "-0.05", "-3.10"])
def test_a_price_on_a_tick_passes(price: str | None) -> None:
    STEPS.check(None if price is None else Decimal(price), "The limit price", "GOLD")
