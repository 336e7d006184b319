"""Quotes of a market that is closed: neither bid nor ask, unless a client wants them frozen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import ib_insync as ibi
import pytest

from brokerkit.plugins.sim.gateway import GatewaySettings, Limits, SimulatedGateway

Connect = Callable[..., ibi.IB]
RunGateway = Callable[..., SimulatedGateway]
Until = Callable[[ibi.IB, Callable[[], object]], None]

LIVE, FROZEN, DELAYED, DELAYED_FROZEN = 1, 2, 3, 4
TO_NOON = timedelta(hours=12)
HOUR = timedelta(hours=1)


@pytest.fixture
def gateway(run_gateway: RunGateway) -> SimulatedGateway:
    """A gateway whose futures trade from 8 to 16 UTC, at midnight; there are live data of ES alone."""
    settings = GatewaySettings(port=0, live_data=frozenset({"ES"}), limits=Limits.none())
    return run_gateway(settings, hours=(8, 16))


def future(ib: ibi.IB, symbol: str) -> ibi.Contract:
    """Return a contract that there are live data of, or none."""
    month, exchange = {"ES": ("202312", "CME"), "GC": ("202402", "COMEX")}[symbol]
    (contract,) = ib.qualifyContracts(ibi.Future(symbol, month, exchange))
    return contract


def sides(ticker: ibi.Ticker) -> tuple[float, float, float, float]:
    """Return bid and ask with their sizes."""
    return ticker.bid, ticker.bidSize, ticker.ask, ticker.askSize


@pytest.mark.parametrize(("symbol", "asked", "told"), [("ES", LIVE, LIVE), ("ES", DELAYED, LIVE), ("GC", 3, DELAYED)])
def test_a_closed_market_has_neither_bid_nor_ask(ib: ibi.IB, until: Until, symbol: str, asked: int, told: int) -> None:
    ib.reqMarketDataType(asked)
    ticker = ib.reqMktData(future(ib, symbol))
    until(ib, lambda: ticker.volume > 0)
    assert ticker.marketDataType == told
    assert sides(ticker) == (-1, 0, -1, 0)
    assert ticker.last > 1000
    assert ticker.low <= ticker.last <= ticker.high


@pytest.mark.parametrize(("symbol", "asked", "told"), [("ES", 2, FROZEN), ("ES", 4, FROZEN), ("GC", 4, DELAYED_FROZEN)])
def test_frozen_data_keep_the_last_quote(ib: ibi.IB, until: Until, symbol: str, asked: int, told: int) -> None:
    ib.reqMarketDataType(asked)
    ticker = ib.reqMktData(future(ib, symbol))
    until(ib, lambda: ticker.volume > 0)
    assert ticker.marketDataType == told
    assert ticker.hasBidAsk()


def test_a_snapshot_of_a_closed_market_has_neither_bid_nor_ask(ib: ibi.IB) -> None:
    (ticker,) = ib.reqTickers(future(ib, "ES"))
    assert sides(ticker) == (-1, 0, -1, 0)
    assert ticker.marketPrice() == ticker.last


def test_an_open_line_loses_its_bid_and_ask_at_the_closing_and_has_them_again_at_the_opening(
    gateway: SimulatedGateway, ib: ibi.IB, until: Until
) -> None:
    gateway.advance(TO_NOON)
    ticker = ib.reqMktData(future(ib, "ES"))
    until(ib, ticker.hasBidAsk)
    gateway.advance(5 * HOUR)
    until(ib, lambda: ticker.bid == -1 and ticker.ask == -1)
    assert sides(ticker) == (-1, 0, -1, 0)
    assert ticker.last > 1000
    gateway.advance(16 * HOUR)
    until(ib, ticker.hasBidAsk)
    assert ticker.bid < ticker.ask


def test_a_line_of_frozen_data_freezes_at_the_closing_and_says_so(
    gateway: SimulatedGateway, ib: ibi.IB, until: Until
) -> None:
    gateway.advance(TO_NOON)
    ib.reqMarketDataType(FROZEN)
    ticker = ib.reqMktData(future(ib, "ES"))
    until(ib, ticker.hasBidAsk)
    assert ticker.marketDataType == LIVE
    gateway.advance(4 * HOUR)
    until(ib, lambda: ticker.marketDataType == FROZEN)
    frozen = sides(ticker)
    gateway.advance(6 * HOUR)
    ib.reqCurrentTime()
    assert sides(ticker) == frozen
    assert min(frozen) > 0
    gateway.advance(11 * HOUR)
    until(ib, lambda: ticker.marketDataType == LIVE and sides(ticker) != frozen)
