"""Commission is part of what a position cost and of what it realised, as at IB: GC at 1477.3 costs 147732.37."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import ib_insync as ibi
import pytest

from brokerkit.plugins.sim.exchange import faults
from brokerkit.plugins.sim.gateway import ManualClock, SimulatedGateway

ACCOUNT = "DU1000001"
FEE = 2.10
POINT = 50
START = 1_000_000
CASH = ("TotalCashValue", "CashBalance", "TotalCashBalance")
UNSET = ibi.util.UNSET_DOUBLE

Trade = Callable[..., ibi.Fill]


@pytest.fixture
def trade(ib: ibi.IB, es: ibi.Contract, filled: Any) -> Trade:
    """Return a function that trades lots at the market, and returns the last fill with its commission."""

    def trade_lots(lots: int, contract: ibi.Contract = es) -> ibi.Fill:
        order = ibi.MarketOrder("BUY" if lots > 0 else "SELL", abs(lots))
        fill: ibi.Fill = filled(ib, ib.placeOrder(contract, order)).fills[-1]
        return fill

    return trade_lots


@pytest.fixture
def settled(gateway: SimulatedGateway, ib: ibi.IB) -> Callable[[], None]:
    """Return a function that has accounts told of, and waits until a client has heard all of it."""

    def settle() -> None:
        gateway.call(lambda inner: inner.account_room.update_all())
        ib.reqCurrentTime()

    return settle


def values(ib: ibi.IB, *currencies: str) -> dict[str, float]:
    """Return an account's figures, in its base currency unless another is named."""
    wanted = currencies or ("BASE", "USD")
    told = [one for one in ib.accountValues(ACCOUNT) if one.currency in wanted and one.tag != "Currency"]
    return {one.tag: float(one.value) for one in told}


def cost(ib: ibi.IB) -> tuple[float, float]:
    """Return lots and average cost of the only position."""
    (held,) = ib.positions()
    return held.position, held.avgCost


@pytest.mark.parametrize("side", [1, -1])
def test_average_cost_has_the_commission_of_opening_in_it(
    ib: ibi.IB, trade: Trade, settled: Callable[[], None], until: Any, side: int
) -> None:
    price = trade(3 * side).execution.price
    expected = (3 * side, pytest.approx(price * POINT + side * FEE))
    settled()
    assert cost(ib) == expected
    (row,) = ib.portfolio()
    assert (row.position, row.averageCost) == expected
    assert row.unrealizedPNL == pytest.approx(row.marketValue - row.position * row.averageCost)
    heard: list[tuple[float, float]] = []
    ib.wrapper.positionMulti = lambda req, account, model, contract, lots, average: heard.append((lots, average))
    ib.client.reqPositionsMulti(900, ACCOUNT, "")
    until(ib, lambda: heard)
    assert heard == [expected]


def test_average_cost_grows_with_lots_and_stays_as_they_go(
    ib: ibi.IB, trade: Trade, settled: Callable[[], None]
) -> None:
    first, second = trade(1).execution.price, trade(3).execution.price
    average = (first + 3 * second) / 4 * POINT + FEE
    settled()
    assert cost(ib) == (4, pytest.approx(average))
    sold = trade(-3)
    settled()
    assert cost(ib) == (1, pytest.approx(average))
    assert sold.commissionReport.realizedPNL == pytest.approx(3 * (sold.execution.price * POINT - FEE - average))


def test_a_trade_that_turns_a_position_round_pays_for_both(
    ib: ibi.IB, trade: Trade, settled: Callable[[], None]
) -> None:
    bought, sold = trade(2), trade(-3)
    settled()
    gross = 2 * (sold.execution.price - bought.execution.price) * POINT
    assert bought.commissionReport.realizedPNL == 0  # as ib_insync reads what is unset
    assert sold.commissionReport.realizedPNL == pytest.approx(gross - 4 * FEE)
    assert cost(ib) == (-1, pytest.approx(sold.execution.price * POINT - FEE))


def test_a_commission_that_is_reported_late_is_in_the_cost_at_once(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, until: Any
) -> None:
    gateway.call(lambda inner: inner.exchange.add_fault(faults.MissingCommission(at=1)))
    order = ib.placeOrder(es, ibi.MarketOrder("BUY", 1))
    until(ib, lambda: order.isDone() and ib.positions())
    assert order.fills[0].commissionReport.execId == ""
    assert cost(ib) == (1, pytest.approx(order.fills[0].execution.price * POINT + FEE))


def test_an_account_is_worth_what_it_began_with_and_what_it_made(
    ib: ibi.IB, es: ibi.Contract, trade: Trade, settled: Callable[[], None], until: Any
) -> None:
    gold, bund = ib.qualifyContracts(ibi.Future("GC", "202312", "COMEX"), ibi.Future("GBL", "202312", "EUREX"))
    pnl, random = ib.reqPnL(ACCOUNT), Random(7)
    for _ in range(12):
        trade(random.choice([-3, -2, -1, 1, 2, 3]), random.choice([es, es, gold]))
        settled()
        told = values(ib)
        assert told["NetLiquidation"] - START == pytest.approx(told["RealizedPnL"] + told["UnrealizedPnL"], abs=0.02)
        assert told["NetLiquidation"] == pytest.approx(told["SettledCash"] + told["FuturesPNL"], abs=0.02)
        assert {told[tag] for tag in CASH} == {told["NetLiquidation"]}  # futures have nothing else to be worth
        until(ib, lambda: abs(pnl.realizedPnL - told["RealizedPnL"]) < 0.02)  # noqa: B023 because it ends here
        assert pnl.dailyPnL == pytest.approx(pnl.realizedPnL + pnl.unrealizedPnL, abs=0.02)
    trade(1, bund)
    settled()
    euros = values(ib, "EUR")
    assert euros["UnrealizedPnL"] == pytest.approx(euros["FuturesPNL"] - FEE, abs=0.02)


def test_what_is_realised_is_the_days_in_account_values_too(
    gateway: SimulatedGateway, ib: ibi.IB, trade: Trade, settled: Callable[[], None]
) -> None:
    trade(2)
    profit = trade(-1).commissionReport.realizedPNL
    settled()
    assert profit != 0
    assert values(ib)["RealizedPnL"] == pytest.approx(profit, abs=0.01)
    gateway.advance(timedelta(days=1))
    settled()
    assert values(ib)["RealizedPnL"] == 0
    assert [row.realizedPNL for row in ib.portfolio()] == [0]


def test_what_a_contract_has_realised_is_unset_until_something_closes(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, trade: Trade, until: Any
) -> None:
    single = ib.reqPnLSingle(ACCOUNT, "", es.conId)
    until(ib, lambda: single.realizedPnL == UNSET)
    trade(2)
    until(ib, lambda: single.position == 2)
    assert single.realizedPnL == UNSET
    profit = trade(-1).commissionReport.realizedPNL
    until(ib, lambda: single.position == 1)
    assert single.realizedPnL == pytest.approx(profit)
    gateway.advance(timedelta(days=1))
    until(ib, lambda: single.realizedPnL == UNSET)


def test_the_end_of_a_contract_realises_what_is_held_of_it(run_gateway: Any, connect: Any, until: Any) -> None:
    gateway = run_gateway(clock=ManualClock())
    ib = connect(gateway)
    (es,) = ib.qualifyContracts(ibi.Future("ES", "202312", "CME"))
    order = ib.placeOrder(es, ibi.MarketOrder("BUY", 2))
    until(ib, lambda: order.orderStatus.status == "PreSubmitted")
    gateway.advance(timedelta(days=16))
    until(ib, lambda: [one.position for one in ib.positions()] == [2])
    last = float(gateway.call(lambda inner: inner.quote(inner.contracts.by_number(es.conId)).last))
    single = ib.reqPnLSingle(ACCOUNT, "", es.conId)
    gateway.advance(timedelta(hours=15))
    until(ib, lambda: not ib.positions() and single.realizedPnL != UNSET)
    profit = 2 * ((last - order.fills[0].execution.price) * POINT - FEE)
    assert single.realizedPnL == pytest.approx(profit)
    until(ib, lambda: values(ib)["RealizedPnL"] == pytest.approx(profit, abs=0.01))
    assert values(ib)["UnrealizedPnL"] == 0
    assert values(ib)["NetLiquidation"] == pytest.approx(START + profit, abs=0.01)
