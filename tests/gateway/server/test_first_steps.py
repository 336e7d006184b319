"""The shortest session of an ib_insync user: connect, look, trade, leave."""

from __future__ import annotations

from datetime import timedelta

import ib_insync as ibi

from brokerkit.plugins.sim.gateway import SimulatedGateway

ES = {"symbol": "ES", "lastTradeDateOrContractMonth": "202312", "exchange": "CME"}


def test_the_shortest_script_of_the_documentation_runs(ib: ibi.IB) -> None:
    contract = ibi.Forex("EURUSD")
    bars = ib.reqHistoricalData(
        contract, endDateTime="", durationStr="30 D", barSizeSetting="1 hour", whatToShow="MIDPOINT", useRTH=True
    )
    frame = ibi.util.df(bars)
    assert len(frame) == 72
    assert frame.close.between(0.9, 1.3).all()
    assert [bar.volume for bar in bars[:2]] == [-1.0, -1.0]


def test_a_contract_is_found_with_everything_known_of_it(ib: ibi.IB) -> None:
    (details,) = ib.reqContractDetails(ibi.Future(**ES))
    assert details.contract.localSymbol == "ESZ3"
    assert details.contract.lastTradeDateOrContractMonth == "20231215"
    assert (details.minTick, details.priceMagnifier, details.contract.multiplier) == (0.25, 1, "50")
    assert (details.timeZoneId, details.longName) == ("US/Central", "E-mini S&P 500")
    assert details.tradingHours.startswith("20231127:1800-20231128:1800;")


def test_a_market_order_fills_and_is_accounted_for(ib: ibi.IB, es: ibi.Contract, filled, until) -> None:
    trade = filled(ib, ib.placeOrder(es, ibi.MarketOrder("BUY", 2)))
    assert trade.orderStatus.status == "Filled"
    assert (trade.orderStatus.filled, trade.orderStatus.remaining) == (2, 0)
    (fill,) = trade.fills
    assert (fill.execution.side, fill.execution.shares) == ("BOT", 2)
    assert (fill.commissionReport.commission, fill.commissionReport.currency) == (4.2, "USD")
    until(ib, ib.positions)
    (position,) = ib.positions()
    assert (position.position, position.avgCost) == (2, fill.execution.price * 50 + 2.10)
    cash = ("SettledCash", "USD", "999995.80")
    until(ib, lambda: cash in {(v.tag, v.currency, v.value) for v in ib.accountValues()})


def test_a_currency_order_of_ordinary_size_fills_at_once(ib: ibi.IB, filled) -> None:
    (contract,) = ib.qualifyContracts(ibi.Forex("EURUSD"))
    before = ib.reqCurrentTime()
    trade = filled(ib, ib.placeOrder(contract, ibi.MarketOrder("BUY", 250_000)))
    assert [fill.execution.shares for fill in trade.fills] == [250_000]
    assert ib.reqCurrentTime() - before <= timedelta(minutes=2)
    (ticker,) = ib.reqTickers(contract)
    assert min(ticker.bidSize, ticker.askSize) >= 250_000


def test_a_limit_order_rests_is_changed_and_cancelled(ib: ibi.IB, es: ibi.Contract, until) -> None:
    order = ibi.LimitOrder("SELL", 1, 6000)
    trade = ib.placeOrder(es, order)
    until(ib, lambda: trade.orderStatus.status == "Submitted")
    order.lmtPrice = 6001.25
    ib.placeOrder(es, order)
    until(ib, lambda: trade.log[-1].message == "Modified")
    (open_trade,) = ib.reqAllOpenOrders()
    assert open_trade.order.lmtPrice == 6001.25
    ib.cancelOrder(order)
    until(ib, trade.isDone)
    assert trade.orderStatus.status == "Cancelled"
    assert [entry.status for entry in trade.log][-2:] == ["PendingCancel", "Cancelled"]


def test_a_second_session_finds_what_the_first_one_did(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, connect, filled
) -> None:
    filled(ib, ib.placeOrder(es, ibi.MarketOrder("SELL", 1)))
    ib.disconnect()
    again = connect(gateway, 1)
    assert [fill.execution.side for fill in again.fills()] == ["SLD"]
    assert again.fills()[0].commissionReport.commission == 2.1
    assert [trade.orderStatus.status for trade in again.trades()] == ["Filled"]
    assert again.positions()[0].position == -1


def test_an_order_that_names_another_last_day_than_its_contract_is_refused(ib: ibi.IB, es: ibi.Contract, until) -> None:
    """As reported in erdewit/ib_insync#641."""
    heard: list[tuple[int, str]] = []
    ib.errorEvent += lambda request, code, text, contract: heard.append((code, text))
    ib.placeOrder(
        ibi.Contract(conId=es.conId, exchange="CME", secType="FUT", lastTradeDateOrContractMonth="20231216"),
        ibi.MarketOrder("BUY", 1),
    )
    until(ib, lambda: any(code == 478 for code, _ in heard))
    assert [text.rpartition(": ")[2] for code, text in heard if code == 478] == [
        "requested expiry 20231216, in contract 20231215;"
    ]
