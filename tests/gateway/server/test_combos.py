"""Calendar spreads: placed as IB's combinations, filled leg by leg, reported as legs and as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ib_insync as ibi
import pytest

Wait = Callable[..., Any]


@pytest.fixture
def spread(ib: ibi.IB) -> ibi.Bag:
    """Return the March against the December contract, March bought."""
    near, far = ib.qualifyContracts(ibi.Future("ES", "202312", "CME"), ibi.Future("ES", "202403", "CME"))
    legs = [ibi.ComboLeg(near.conId, 1, "SELL", "CME"), ibi.ComboLeg(far.conId, 1, "BUY", "CME")]
    return ibi.Bag(symbol="ES", exchange="CME", currency="USD", comboLegs=legs)


def test_a_spread_fills_in_its_legs_and_as_a_whole(ib: ibi.IB, spread: ibi.Bag, until: Wait) -> None:
    trade = ib.placeOrder(spread, ibi.MarketOrder("BUY", 2))
    until(ib, trade.isDone)
    assert (trade.orderStatus.status, trade.orderStatus.filled) == ("Filled", 2)
    kinds = sorted((fill.contract.secType, fill.execution.side, fill.execution.shares) for fill in trade.fills)
    assert kinds == [("BAG", "BOT", 2.0), ("FUT", "BOT", 2.0), ("FUT", "SLD", 2.0)]
    prices = {fill.execution.side: fill.execution.price for fill in trade.fills if fill.contract.secType == "FUT"}
    assert trade.orderStatus.avgFillPrice == pytest.approx(prices["BOT"] - prices["SLD"])
    until(ib, lambda: sorted(position.position for position in ib.positions()) == [-2, 2])


def test_a_spread_rests_at_a_limit_and_says_its_legs_back(ib: ibi.IB, spread: ibi.Bag, until: Wait) -> None:
    trade = ib.placeOrder(spread, ibi.LimitOrder("BUY", 1, -50))
    until(ib, lambda: trade.orderStatus.status == "Submitted")
    (again,) = ib.reqAllOpenOrders()
    assert [leg.action for leg in again.contract.comboLegs] == ["SELL", "BUY"]
    assert again.order.lmtPrice == -50
    ib.cancelOrder(trade.order)
    until(ib, trade.isDone)


def test_a_spread_over_two_instruments_is_refused(ib: ibi.IB, until: Wait) -> None:
    first, second = ib.qualifyContracts(ibi.Future("ES", "202312", "CME"), ibi.Future("GC", "202312", "COMEX"))
    legs = [ibi.ComboLeg(first.conId, 1, "SELL", "CME"), ibi.ComboLeg(second.conId, 1, "BUY", "COMEX")]
    codes: list[int] = []
    ib.errorEvent += lambda req_id, code, *rest: codes.append(code)
    bag = ibi.Bag(symbol="ES", exchange="CME", currency="USD", comboLegs=legs)
    ib.placeOrder(bag, ibi.MarketOrder("BUY", 1))
    until(ib, lambda: codes)
    assert codes == [201]


@pytest.mark.parametrize("legs", [[], ["BUY"], ["BUY", "BUY"], ["BUY", "SELL"]])
def test_a_spread_needs_two_legs_that_differ(ib: ibi.IB, es: ibi.Contract, until: Wait, legs: list[str]) -> None:
    codes: list[int] = []
    ib.errorEvent += lambda req_id, code, *rest: codes.append(code)
    sides = [ibi.ComboLeg(es.conId, 1, side, "CME") for side in legs]
    ib.placeOrder(ibi.Bag(symbol="ES", exchange="CME", currency="USD", comboLegs=sides), ibi.MarketOrder("BUY", 1))
    until(ib, lambda: codes)
    assert codes == [321]


def test_a_currency_pair_is_traded(ib: ibi.IB, filled: Wait, until: Wait) -> None:
    (pair,) = ib.qualifyContracts(ibi.Forex("EURUSD"))
    trade = filled(ib, ib.placeOrder(pair, ibi.MarketOrder("BUY", 500)))
    assert trade.orderStatus.filled == 500
    cash = ("CashBalance", "EUR", "500.00")
    until(ib, lambda: cash in {(v.tag, v.currency, v.value) for v in ib.accountValues()})
