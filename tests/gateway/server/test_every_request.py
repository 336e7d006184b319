"""Every request a client can make, made by ib_insync, answered in full; the decoder logs nothing (see `connect`)."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import ib_insync as ibi
import pytest

from brokerkit.plugins.sim.gateway import SimulatedGateway

START = datetime(2023, 11, 29, tzinfo=timezone.utc)


@pytest.fixture
def eurusd(ib: ibi.IB) -> ibi.Contract:
    (contract,) = ib.qualifyContracts(ibi.Forex("EURUSD"))
    return contract


def errors_of(ib: ibi.IB) -> list[tuple[int, int]]:
    """Collect (request id, code) of every error from now on."""
    found: list[tuple[int, int]] = []
    ib.errorEvent += lambda req_id, code, text, contract: found.append((req_id, code))
    return found


# Session


def test_session_requests(ib: ibi.IB) -> None:
    assert ib.managedAccounts() == ["DU1000001"]
    assert abs(ib.reqCurrentTime() - START) < timedelta(days=1)
    assert not ib.run(ib.reqUserInfoAsync())
    assert ib.reqNewsProviders() == []
    ib.client.setServerLogLevel(5)
    ib.client.reqIds(1)
    assert ib.reqCurrentTime()


# Contracts


def test_a_chain_comes_in_order_of_expiry(ib: ibi.IB) -> None:
    months = [details.contractMonth for details in ib.reqContractDetails(ibi.Future("ES", exchange="CME"))]
    assert months == ["202312", "202403", "202406"]


def test_a_chain_comes_with_continuous_futures_asked_for_too(ib: ibi.IB) -> None:
    asked = ibi.Contract(secType="FUT+CONTFUT", symbol="ES", exchange="CME")
    assert {details.contract.secType for details in ib.reqContractDetails(asked)} == {"FUT"}


def test_a_contract_is_found_by_number_local_symbol_class_and_multiplier(ib: ibi.IB, es: ibi.Contract) -> None:
    for asked in (
        ibi.Contract(conId=es.conId),
        ibi.Contract(secType="FUT", localSymbol="ESZ3"),
        ibi.Future("ES", "20231215", multiplier="50"),
        ibi.Contract(secType="FUT", tradingClass="FGBL", lastTradeDateOrContractMonth="202312"),
    ):
        assert len(ib.reqContractDetails(asked)) == 1


@pytest.mark.parametrize(
    "asked",
    [
        ibi.Future("ES", "209912"),
        ibi.Future("NONESUCH"),
        ibi.Future("ES", "202312", multiplier="5"),
        ibi.Future("ES", "202312", exchange="NYMEX"),
        ibi.Future("ES", "202312", exchange="SMART"),
        ibi.Stock("ES"),
        ibi.ContFuture("ES", "CME"),
        ibi.Crypto("BTC", "PAXOS", "USD"),
        ibi.Contract(secType="WAR", symbol="ES"),
        ibi.Contract(conId=1),
        ibi.Future("ES", "202312", multiplier="x"),
    ],
)
def test_an_unknown_contract_is_error_200(ib: ibi.IB, asked: ibi.Contract) -> None:
    found = errors_of(ib)
    assert ib.reqContractDetails(asked) == []
    assert [code for _, code in found] == [200]


def test_expired_contracts_are_found_only_if_asked_for(gateway: SimulatedGateway, ib: ibi.IB) -> None:
    gateway.advance(timedelta(days=20))
    assert ib.reqContractDetails(ibi.Future("ES", "202312")) == []
    assert len(ib.reqContractDetails(ibi.Future("ES", "202312", includeExpired=True))) == 1


def test_combinations_have_no_details(ib: ibi.IB) -> None:
    found = errors_of(ib)
    assert ib.reqContractDetails(ibi.Bag(symbol="ES", exchange="CME", currency="USD")) == []
    assert [code for _, code in found] == [321]


def test_symbols_that_begin_like_a_pattern(ib: ibi.IB) -> None:
    samples = ib.reqMatchingSymbols("gold")
    assert [(s.contract.symbol, s.contract.secType, s.derivativeSecTypes) for s in samples] == [("GC", "IND", ["FUT"])]
    assert samples[0].contract.description == "Gold"
    assert ib.reqMatchingSymbols("") == []


def test_the_price_step_of_a_market_rule(ib: ibi.IB) -> None:
    (details,) = ib.reqContractDetails(ibi.Future("ZC", "202312"))
    (step,) = ib.reqMarketRule(int(details.marketRuleIds))
    assert (step.lowEdge, step.increment) == (0.0, 0.25)


def test_there_are_no_options(ib: ibi.IB, es: ibi.Contract) -> None:
    assert ib.reqSecDefOptParams("ES", "CME", "FUT", es.conId) == []


# History


@pytest.mark.parametrize(
    ("size", "seconds", "count"),
    [("1 min", 60, 1440), ("5 mins", 300, 288), ("15 mins", 900, 96), ("1 hour", 3600, 24), ("4 hours", 14400, 6)],
)
def test_bars_of_every_length_cover_the_duration(
    ib: ibi.IB, es: ibi.Contract, size: str, seconds: int, count: int
) -> None:
    bars = ib.reqHistoricalData(es, "20231129 00:00:00 UTC", "1 D", size, "TRADES", True, 2)
    assert count <= len(bars) <= count + 1
    assert {b.date - a.date for a, b in pairwise(bars)} == {timedelta(seconds=seconds)}
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)
    assert all(bar.volume > 0 and bar.barCount > 0 for bar in bars)


def test_longer_bars_are_made_of_shorter_ones(ib: ibi.IB, es: ibi.Contract) -> None:
    hours = ib.reqHistoricalData(es, "20231128 12:00:00 UTC", "3600 S", "1 hour", "TRADES", True, 2)
    minutes = ib.reqHistoricalData(es, "20231128 12:00:00 UTC", "3600 S", "1 min", "TRADES", True, 2)
    (hour,) = hours
    assert (hour.open, hour.close) == (minutes[0].open, minutes[-1].close)
    assert hour.high == max(bar.high for bar in minutes)
    assert hour.volume == sum(bar.volume for bar in minutes)


def test_days_are_dates(ib: ibi.IB, es: ibi.Contract) -> None:
    bars = ib.reqHistoricalData(es, "", "1 W", "1 day", "TRADES", True, 1)
    assert str(bars[-1].date) == "2023-11-28"
    assert len({bar.date for bar in bars}) == len(bars)


def test_local_times_and_seconds_mean_the_same(ib: ibi.IB, es: ibi.Contract) -> None:
    local = ib.reqHistoricalData(es, "20231128 12:00:00 UTC", "3600 S", "5 mins", "TRADES", True, 1)
    epoch = ib.reqHistoricalData(es, "20231128 12:00:00 UTC", "3600 S", "5 mins", "TRADES", True, 2)
    assert [bar.date for bar in local] == [bar.date for bar in epoch]
    assert str(local[0].date.tzinfo) == "US/Central"


def test_quotes_lie_around_trades(ib: ibi.IB, es: ibi.Contract) -> None:
    close = {
        kind: ib.reqHistoricalData(es, "20231128 12:00:00 UTC", "3600 S", "1 hour", kind, True, 2)[-1]
        for kind in ("TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK")
    }
    assert close["BID"].close == close["TRADES"].close - 0.25
    assert close["ASK"].close == close["MIDPOINT"].close + 0.25
    assert close["BID_ASK"].low < close["TRADES"].low


def test_nothing_is_told_from_the_future(ib: ibi.IB, es: ibi.Contract) -> None:
    (bars_now, bars_later) = (
        ib.reqHistoricalData(es, end, "2 D", "1 min", "TRADES", True, 2) for end in ("", "20300101 00:00:00 UTC")
    )
    now = ib.reqCurrentTime()
    assert bars_now[-1].date < now
    assert bars_later[-1].date == bars_now[-1].date


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"endDateTime": "yesterday"}, 10314),
        ({"endDateTime": "20231128 12:00:00 Nowhere/Land"}, 10314),
        ({"endDateTime": "20231128 12:00:00 GMT"}, 10314),
        ({"durationStr": "1 X"}, 321),
        ({"durationStr": "0 D"}, 321),
        ({"barSizeSetting": "7 mins"}, 321),
        ({"whatToShow": "RUMOURS"}, 321),
        *(({"whatToShow": kind}, 162) for kind in ("ADJUSTED_LAST", "OPTION_IMPLIED_VOLATILITY", "FEE_RATE")),
        ({"barSizeSetting": "1 secs"}, 162),
        ({"endDateTime": "20010101 00:00:00 UTC"}, 162),
        ({"contract": ibi.Forex("EURUSD")}, 162),
        ({"contract": ibi.Future("ES", exchange="CME")}, 200),
        ({"contract": ibi.Future("ES", "202312")}, 321),
    ],
)
def test_history_that_cannot_be_given_is_an_error(ib: ibi.IB, es: ibi.Contract, changes: dict, code: int) -> None:
    found = errors_of(ib)
    asked = {
        "contract": es,
        "endDateTime": "",
        "durationStr": "1 D",
        "barSizeSetting": "1 hour",
        "whatToShow": "TRADES",
        "useRTH": True,
        **changes,
    }
    assert not ib.reqHistoricalData(**asked)
    assert [number for _, number in found] == [code]


def test_bars_are_kept_up_to_date_and_called_off(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, until
) -> None:
    bars = ib.reqHistoricalData(es, "", "3600 S", "5 mins", "TRADES", True, 2, keepUpToDate=True)
    before, last = len(bars), bars[-1].date
    gateway.advance(timedelta(minutes=12))
    until(ib, lambda: len(bars) > before)
    assert bars[-1].date > last
    found = errors_of(ib)
    ib.cancelHistoricalData(bars)
    until(ib, lambda: found)
    assert found[0][1] == 162


def test_no_bar_is_left_out_of_those_kept_up_to_date_however_far_the_clock_steps(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, until
) -> None:
    def asked(**more: object) -> ibi.BarDataList:
        return ib.reqHistoricalData(es, "", "3600 S", "1 min", "TRADES", True, 2, **more)

    bars = asked(keepUpToDate=True)
    first = bars[0].date
    heard: list[bool] = []
    bars.updateEvent += lambda _, is_new: heard.append(is_new)
    for minutes in (0, 1, 3, 7):
        gateway.advance(timedelta(minutes=minutes, seconds=12))
        ib.reqCurrentTime()
    later = asked()
    assert [bar for bar in bars if bar.date >= later[0].date] == list(later)
    assert heard == [True] * 11
    gateway.advance(timedelta(hours=10))
    ib.reqCurrentTime()
    assert {later.date - bar.date for bar, later in pairwise(bars)} == {timedelta(minutes=1)}
    assert bars[0].date == first
    assert bars[-1].date - first == timedelta(minutes=59 + 11 + 600)


@pytest.mark.parametrize(("size", "duration"), [("5 mins", "3600 S"), ("1 hour", "1 D"), ("1 day", "1 W")])
def test_bars_under_way_are_told_as_they_grow_and_once_they_are_whole(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, size: str, duration: str
) -> None:
    bars = ib.reqHistoricalData(es, "", duration, size, "TRADES", True, 2, keepUpToDate=True)
    for minutes in (7, 8, 95, 200, 900):
        gateway.advance(timedelta(minutes=minutes))
        ib.reqCurrentTime()
        later = ib.reqHistoricalData(es, "", duration, size, "TRADES", True, 2)
        for bar, again in zip(reversed(bars), reversed(later[1:]), strict=False):
            assert (bar.date, bar.open, bar.high, bar.low, bar.close) == (
                *(again.date, again.open, again.high, again.low, again.close),
            )
            assert bar.volume == again.volume


def test_a_schedule_lists_sessions(ib: ibi.IB, es: ibi.Contract) -> None:
    schedule = ib.reqHistoricalSchedule(es, 3)
    assert schedule.timeZone == "US/Central"
    assert len(schedule.sessions) >= 3
    assert schedule.sessions[0].refDate == schedule.sessions[0].endDateTime[:8]


def test_the_earliest_time(ib: ibi.IB, es: ibi.Contract) -> None:
    assert ib.reqHeadTimeStamp(es, "TRADES", True, 2) == START - timedelta(days=3)
    assert ib.reqHeadTimeStamp(es, "TRADES", True, 1) == datetime(2023, 11, 26)  # noqa: DTZ001 because the client drops the zone


def test_ticks_of_the_past(ib: ibi.IB, es: ibi.Contract) -> None:
    trades = ib.reqHistoricalTicks(es, "", "20231128 12:00:00 UTC", 10, "TRADES", True)
    quotes = ib.reqHistoricalTicks(es, "20231128 12:00:00 UTC", "", 10, "BID_ASK", True)
    mids = ib.reqHistoricalTicks(es, "", "20231128 12:00:00 UTC", 5, "MIDPOINT", True)
    assert (len(trades), len(quotes), len(mids)) == (10, 10, 5)
    assert trades[-1].time == datetime(2023, 11, 28, 12, tzinfo=timezone.utc)
    assert quotes[0].priceAsk - quotes[0].priceBid == 0.5
    assert mids[-1].price == trades[-1].price


# Live data


def test_a_contract_of_a_position_names_no_exchange_and_is_of_no_use_as_it_is(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, filled
) -> None:
    filled(ib, ib.placeOrder(es, ibi.MarketOrder("BUY", 1)))
    (position,) = ib.reqPositions()
    assert (position.contract.conId, position.contract.exchange) == (es.conId, "")
    told: list[tuple[int, str]] = []
    ib.errorEvent += lambda req_id, code, text, contract: told.append((code, text.partition(" : ")[2]))
    trade = ib.placeOrder(position.contract, ibi.MarketOrder("SELL", 1))
    assert ib.reqTickers(position.contract)[0].last != ib.reqTickers(es)[0].last
    assert not ib.reqHistoricalData(position.contract, "", "1 D", "1 hour", "TRADES", True)
    assert not ib.reqHeadTimeStamp(position.contract, "TRADES", True)
    assert (trade.isDone(), trade.fills) == (True, [])
    wants_exchange = (321, "cause - Please enter exchange")
    assert told == [(321, "cause - Missing order exchange."), *[wants_exchange] * 3]
    ib.qualifyContracts(position.contract)
    filled(ib, ib.placeOrder(position.contract, ibi.MarketOrder("SELL", 1)))


def test_quotes_are_told_and_told_again(gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, until) -> None:
    ticker = ib.reqMktData(es)
    until(ib, lambda: ticker.hasBidAsk() and ticker.volume > 0)
    assert ticker.ask - ticker.bid == 0.5
    assert (ticker.marketDataType, ticker.minTick, ticker.halted) == (1, 0.25, 0)
    volume = ticker.volume
    gateway.advance(timedelta(minutes=3))
    until(ib, lambda: ticker.volume != volume)
    ib.cancelMktData(es)


def test_a_snapshot_has_no_generic_ticks(ib: ibi.IB, es: ibi.Contract) -> None:
    told: list[tuple[int, str]] = []
    ib.errorEvent += lambda req_id, code, text, contract: told.append((code, text.partition(" : ")[2]))
    ticker = ib.reqMktData(es, "233", snapshot=True)
    ib.reqCurrentTime()
    assert told == [(321, "cause - Snapshot market data subscription is not applicable to generic ticks")]
    assert ibi.util.isNan(ticker.last)


@pytest.mark.parametrize(
    ("on_futures", "on_pairs", "ticks"),
    [
        (True, True, "233, 236,,mdoff"),
        (True, True, "292:BRFG+DJNL,220,104"),
        (True, False, "456"),
        (True, False, "233,59"),
        (True, False, "595"),
        (False, False, "999"),
        (False, False, "233,13"),
        (False, False, "162"),
        (False, False, "last"),
        (False, False, "292:"),
        (False, False, "mdoff"),
    ],
)
def test_generic_ticks_that_do_not_exist_are_refused(ib: ibi.IB, es: ibi.Contract, on_futures, on_pairs, ticks) -> None:
    told: list[tuple[int, str]] = []
    ib.errorEvent += lambda req_id, code, text, contract: told.append((code, text.partition(" : ")[2]))
    for contract, kind, accepted in ((es, "FUT", on_futures), (ibi.Forex("EURUSD"), "CASH", on_pairs)):
        told.clear()
        ib.reqMktData(contract, ticks)
        ib.reqCurrentTime()
        said = f"cause - Incorrect generic tick list of {ticks}.  Legal ones for ({kind}) are: 100(Option Volume),"
        assert [(code, text[: len(said)]) for code, text in told] == ([] if accepted else [(321, said)])


def test_a_refused_list_of_generic_ticks_says_which_there_are(ib: ibi.IB, es: ibi.Contract) -> None:
    told: list[str] = []
    ib.errorEvent += lambda req_id, code, text, contract: told.append(text)
    ib.reqMktData(es, "999")
    ib.reqCurrentTime()
    listed = told[0].partition(" are: ")[2]
    assert "165(Misc. Stats),221/220(Creditman Mark Price),225(Auction),232/221(Pl Price),233(RTVolume)" in listed
    assert "411(rthistvol),456/59(IBDividends),460(Bond Factor Multiplier)" in listed


def test_a_regulatory_snapshot_ends_and_is_not_a_stream(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, until
) -> None:
    ended: list[int] = []
    ib.wrapper.tickSnapshotEnd = ended.append
    ticker = ib.reqMktData(es, snapshot=False, regulatorySnapshot=True)
    until(ib, lambda: ended)
    last = ticker.last
    assert last > 1000
    gateway.advance(timedelta(minutes=3))
    ib.reqCurrentTime()
    assert ticker.last == last
    assert gateway.call(lambda g: g.market_data_lines.used) == 0


def test_a_snapshot_ends(ib: ibi.IB, es: ibi.Contract, eurusd: ibi.Contract) -> None:
    first, second = ib.reqTickers(es, eurusd)
    assert first.last > 1000
    assert second.bid < second.ask < 2


def test_tick_by_tick(gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, until) -> None:
    ticker = ib.reqMktData(es)
    heard: dict[type, list[Any]] = {}
    ticker.updateEvent += lambda told: [heard.setdefault(type(tick), []).append(tick) for tick in told.tickByTicks]
    for kind in ("Last", "AllLast", "BidAsk", "MidPoint"):
        assert ib.reqTickByTickData(es, kind, 3 if kind == "Last" else 0) is ticker
    gateway.advance(timedelta(minutes=2))
    wanted = {ibi.TickByTickAllLast, ibi.TickByTickBidAsk, ibi.TickByTickMidPoint}
    until(ib, lambda: set(heard) == wanted and len({tick.tickType for tick in heard[ibi.TickByTickAllLast]}) == 2)
    assert all(tick.price > 1000 and tick.size > 0 for tick in heard[ibi.TickByTickAllLast])
    assert all(1000 < tick.bidPrice < tick.askPrice for tick in heard[ibi.TickByTickBidAsk])
    assert all(tick.midPoint > 1000 for tick in heard[ibi.TickByTickMidPoint])
    for kind in ("Last", "AllLast", "BidAsk", "MidPoint"):
        ib.cancelTickByTickData(es, kind)


def test_currencies_have_quotes_and_no_trades(
    gateway: SimulatedGateway, ib: ibi.IB, eurusd: ibi.Contract, until
) -> None:
    ticker = ib.reqMktData(eurusd)
    until(ib, ticker.hasBidAsk)
    gateway.advance(timedelta(minutes=2))
    ib.reqCurrentTime()
    assert all(ibi.util.isNan(value) for value in (ticker.last, ticker.lastSize, ticker.volume, ticker.open))
    assert ticker.marketPrice() == ticker.midpoint()
    assert ticker.high >= ticker.bid
    found = errors_of(ib)
    for kind in ("Last", "AllLast"):
        ib.reqTickByTickData(eurusd, kind)
    assert not ib.reqHistoricalTicks(eurusd, "", "20231128 12:00:00 UTC", 10, "TRADES", True)
    assert [code for _, code in found] == [10189, 10189, 162]


def test_the_order_book(gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, until) -> None:
    ticker = ib.reqMktDepth(es, 3)
    until(ib, lambda: len(ticker.domBids) == 3 and len(ticker.domAsks) == 3)
    assert [level.price for level in ticker.domBids] == sorted((level.price for level in ticker.domBids), reverse=True)
    gateway.advance(timedelta(minutes=2))
    ib.cancelMktDepth(es)
    smart = ib.reqMktDepth(es, 2, isSmartDepth=True)
    until(ib, lambda: smart.domBids and smart.domBids[0].marketMaker == "CME")
    assert [d.exchange for d in ib.reqMktDepthExchanges()].count("CME") == 1


def test_five_second_bars(gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, until) -> None:
    bars = ib.reqRealTimeBars(es, 5, "TRADES", True)
    gateway.advance(timedelta(minutes=3))
    until(ib, lambda: len(bars) >= 3)
    assert {later.time - bar.time for bar, later in pairwise(bars)} == {timedelta(minutes=1)}  # one a bar
    assert all(bar.low <= bar.open_ <= bar.high and bar.low <= bar.close <= bar.high for bar in bars)
    ib.cancelRealTimeBars(bars)


def test_five_second_bars_of_quotes_lie_around_trades_and_have_no_volume(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, until
) -> None:
    bars = {kind: ib.reqRealTimeBars(es, 5, kind, True) for kind in ("TRADES", "MIDPOINT", "BID", "ASK")}
    gateway.advance(timedelta(minutes=1))
    until(ib, lambda: all(bars.values()))
    close = {kind: told[0].close for kind, told in bars.items()}
    assert (close["BID"], close["MIDPOINT"], close["ASK"]) == tuple(close["TRADES"] + step for step in (-0.25, 0, 0.25))
    assert bars["TRADES"][0].volume > 0
    assert {(told[0].volume, told[0].wap, told[0].count) for kind, told in bars.items() if kind != "TRADES"} == {
        (-1, -1, -1)
    }


def test_five_second_bars_that_there_are_not(ib: ibi.IB, es: ibi.Contract, eurusd: ibi.Contract) -> None:
    found = errors_of(ib)
    for contract, size, kind in ((es, 5, "BID_ASK"), (es, 5, ""), (es, 1, "TRADES"), (eurusd, 5, "TRADES")):
        ib.reqRealTimeBars(contract, size, kind, True)
    ib.reqCurrentTime()
    assert [code for _, code in found] == [321, 321, 420, 420]


def test_smart_components(ib: ibi.IB) -> None:
    letters = [component.exchange for component in ib.reqSmartComponents("9c0001")]
    assert "CME" in letters


# Accounts


def test_account_values_and_summary(ib: ibi.IB) -> None:
    values = {(v.tag, v.currency): v.value for v in ib.accountValues("DU1000001")}
    assert values["NetLiquidation", "USD"] == "1000000.00"
    assert values["TotalCashBalance", "BASE"] == "1000000.00"
    assert values["AccountType", ""] == "INDIVIDUAL"
    summary = {(v.tag, v.currency): v.value for v in ib.accountSummary()}
    assert summary["AvailableFunds", "USD"] == "1000000.00"


def test_profit_and_loss(gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, filled, until) -> None:
    pnl = ib.reqPnL("DU1000001")
    single = ib.reqPnLSingle("DU1000001", "", es.conId)
    filled(ib, ib.placeOrder(es, ibi.MarketOrder("BUY", 3)))
    gateway.advance(timedelta(minutes=30))
    until(ib, lambda: single.position == 3 and single.value > 0)
    assert pnl.dailyPnL == pytest.approx(pnl.unrealizedPnL)
    ib.cancelPnL("DU1000001")
    ib.cancelPnLSingle("DU1000001", "", es.conId)


def test_positions_and_portfolio_follow_trades(ib: ibi.IB, es: ibi.Contract, filled, until) -> None:
    filled(ib, ib.placeOrder(es, ibi.MarketOrder("SELL", 2)))
    until(ib, lambda: ib.positions() and ib.portfolio())
    assert [held.position for held in (*ib.positions(), *ib.portfolio())] == [-2, -2]
    filled(ib, ib.placeOrder(es, ibi.MarketOrder("BUY", 2)))
    until(ib, lambda: not ib.positions() and not ib.portfolio())


def test_two_more_positions_requests(ib: ibi.IB, es: ibi.Contract, filled, until, caplog) -> None:
    filled(ib, ib.placeOrder(es, ibi.MarketOrder("BUY", 1)))
    heard: list[tuple[str, float]] = []
    ib.wrapper.positionMulti = lambda req, acct, model, c, pos, cost: heard.append((acct, pos))
    ib.wrapper.positionMultiEnd = lambda req: heard.append(("end", req))
    ib.client.reqPositionsMulti(900, "DU1000001", "")
    until(ib, lambda: ("end", 900) in heard)
    assert heard[0] == ("DU1000001", 1.0)
    ib.client.cancelPositionsMulti(900)
    assert [r for r in caplog.records if r.levelno >= logging.ERROR] == []


# What is not served


def test_a_request_that_is_not_served_ends_with_an_error_of_its_own(ib: ibi.IB, es: ibi.Contract) -> None:
    found = errors_of(ib)
    assert "ScanParameterResponse" in ib.reqScannerParameters()
    assert not ib.reqScannerData(ibi.ScannerSubscription(instrument="STK", scanCode="TOP_PERC_GAIN"))
    assert not ib.reqFundamentalData(es, "ReportSnapshot")
    assert not ib.reqNewsArticle("BRFG", "BRFG$1")
    assert not ib.reqHistogramData(es, True, "1 week")
    assert not ib.getWshMetaData()
    option = ibi.FuturesOption("ES", "20231215", 4500, "C", "CME")
    assert not ib.calculateImpliedVolatility(option, 5, 50)
    assert not ib.calculateOptionPrice(option, 0.5, 50)
    assert [code for req_id, code in found if req_id > 0] == [162, 430, 10172, 320, 10276, 200, 200]
    ib.replaceFA(1, "<xml/>")
    ib.client.requestFA(1)
    ib.reqCurrentTime()
    assert [code for _, code in found[-2:]] == [321, 321]


# Executions


def test_executions_with_filters(ib: ibi.IB, es: ibi.Contract, filled) -> None:
    filled(ib, ib.placeOrder(es, ibi.MarketOrder("BUY", 1)))
    filled(ib, ib.placeOrder(es, ibi.MarketOrder("SELL", 1)))

    def sides(**wanted: object) -> list[str]:
        return [fill.execution.side for fill in ib.reqExecutions(ibi.ExecutionFilter(**wanted))]

    assert sides() == ["BOT", "SLD"]
    assert sides(side="SELL") == ["SLD"]
    assert sides(symbol="GC") == []
    assert sides(clientId=9) == []
    assert sides(acctCode="DU1000001", secType="FUT", exchange="CME") == ["BOT", "SLD"]
    assert sides(time="20301231 00:00:00") == []
