"""A day of a user of ib_insync or ib_async, who makes every request; exits with an error on anything logged as one.

python session_of_ib.py ib_async HOST PORT
"""

import asyncio
import importlib
import logging
import sys
from datetime import timedelta

ibi = importlib.import_module(sys.argv[1])
ACCOUNT = "DU1000001"
EXPECTED = ("API historical data query cancelled", "Order Canceled - reason:")
problems = []


class Ears(logging.Handler):
    def emit(self, record):
        if not any(text in record.getMessage() for text in EXPECTED):
            problems.append(f"{record.name}: {record.getMessage()}")


logging.getLogger().addHandler(Ears(level=logging.ERROR))


async def main(host, port):
    ib = ibi.IB()
    await ib.connectAsync(host, port, clientId=0, timeout=30)
    await session(ib)
    (es,) = await ib.qualifyContractsAsync(ibi.Future("ES", "202312", "CME"))
    await contracts(ib, es)
    await history(ib, es)
    ticker, depth = await market_data(ib, es)
    await orders(ib, es)
    await accounts(ib, es)
    await until(ticker.hasBidAsk)
    await until(lambda: len(depth.domBids) == 3)
    stop_market_data(ib, es)
    ib.reqGlobalCancel()
    await ib.reqCurrentTimeAsync()
    ib.disconnect()


async def session(ib):
    client = ib.client
    client.setServerLogLevel(2)
    client.reqIds(1)
    client.reqManagedAccts()
    client.reqFamilyCodes()
    client.reqSoftDollarTiers(client.getReqId())
    await ib.reqNewsProvidersAsync()
    ib.reqNewsBulletins(True)
    ib.cancelNewsBulletins()
    await ib.reqUserInfoAsync()
    assert await ib.reqCurrentTimeAsync()


async def contracts(ib, es):
    (eurusd,) = await ib.qualifyContractsAsync(ibi.Forex("EURUSD"))
    assert eurusd.conId
    assert len(await ib.reqContractDetailsAsync(ibi.Future("ES", exchange="CME"))) == 3
    (details,) = await ib.reqContractDetailsAsync(es)
    assert (await ib.reqMarketRuleAsync(int(details.marketRuleIds)))[0].increment == 0.25
    assert await ib.reqMatchingSymbolsAsync("gold")
    assert await ib.reqSecDefOptParamsAsync("ES", "CME", "FUT", es.conId) == []
    assert await ib.reqMktDepthExchangesAsync()
    assert await ib.reqSmartComponentsAsync("9c0001")
    assert "ScanParameterResponse" in await ib.reqScannerParametersAsync()


async def history(ib, es):
    eurusd = ibi.Forex("EURUSD")
    bars = await ib.reqHistoricalDataAsync(eurusd, "", "2 D", "1 hour", "MIDPOINT", True, formatDate=2)
    assert len(bars) == 48, len(bars)
    assert bars[1].date - bars[0].date == timedelta(hours=1)
    kept = await ib.reqHistoricalDataAsync(es, "", "3600 S", "1 min", "TRADES", False, 2, True)
    count = len(kept)
    order = ibi.MarketOrder("BUY", 1)
    trade = ib.placeOrder(es, order)  # which moves the gateway's clock
    await until(lambda: trade.isDone() and len(kept) > count)
    ib.cancelHistoricalData(kept)
    for kind in ("TRADES", "MIDPOINT", "BID_ASK"):
        assert len(await ib.reqHistoricalTicksAsync(es, "", "20231128 12:00:00 UTC", 5, kind, True)) == 5
    assert await ib.reqHeadTimeStampAsync(es, "TRADES", True, 2)
    ib.client.cancelHeadTimeStamp(ib.client.getReqId())
    assert (await ib.reqHistoricalScheduleAsync(es, 2)).sessions


async def market_data(ib, es):
    ib.reqMarketDataType(1)
    ticker = ib.reqMktData(es)
    depth = ib.reqMktDepth(es, 3)
    for kind in ("Last", "AllLast", "BidAsk", "MidPoint"):
        ib.reqTickByTickData(es, kind)
    bars = ib.reqRealTimeBars(es, 5, "TRADES", True)
    trade = ib.placeOrder(es, ibi.MarketOrder("BUY", 1))
    await until(lambda: trade.isDone() and bars)
    ib.cancelRealTimeBars(bars)
    (eurusd,) = await ib.qualifyContractsAsync(ibi.Forex("EURUSD"))
    await ib.reqTickersAsync(eurusd)
    smart = ib.reqMktDepth(eurusd, 2, isSmartDepth=True)
    await until(lambda: smart.domBids)
    ib.cancelMktDepth(eurusd, isSmartDepth=True)
    return ticker, depth


def stop_market_data(ib, es):
    ib.cancelMktData(es)
    ib.cancelMktDepth(es)
    for kind in ("Last", "AllLast", "BidAsk", "MidPoint"):
        ib.cancelTickByTickData(es, kind)


async def orders(ib, es):
    ib.reqAutoOpenOrders(True)
    (by_hand,) = await ib.reqOpenOrdersAsync()
    assert by_hand.order.lmtPrice == 4000
    market = ib.placeOrder(es, ibi.MarketOrder("SELL", 2))
    await until(lambda: market.isDone() and market.fills and market.fills[0].commissionReport.execId)
    assert market.orderStatus.status == "Filled"
    assert market.fills[0].commissionReport.commission == 4.2

    limit = ibi.LimitOrder("SELL", 1, 6000)
    trade = ib.placeOrder(es, limit)
    await until(lambda: trade.orderStatus.status == "Submitted")
    limit.lmtPrice = 6001
    ib.placeOrder(es, limit)
    await until(lambda: trade.log[-1].message == "Modified")
    assert {one.order.lmtPrice for one in await ib.reqAllOpenOrdersAsync()} == {4000, 6001}
    ib.cancelOrder(limit)
    await until(trade.isDone)
    assert trade.orderStatus.status == "Cancelled"

    state = await ib.whatIfOrderAsync(es, ibi.MarketOrder("BUY", 1))
    assert float(state.initMarginChange) == 12000, state
    assert len(await ib.reqExecutionsAsync()) == 3
    assert await ib.reqCompletedOrdersAsync(False)


async def accounts(ib, es):
    client = ib.client
    held = ib.placeOrder(es, ibi.MarketOrder("BUY", 2))
    await until(held.isDone)
    await until(lambda: [position.position for position in ib.positions()] == [2])
    assert [position.position for position in await ib.reqPositionsAsync()] == [2]
    client.cancelPositions()
    client.reqPositionsMulti(900, ACCOUNT, "")
    client.cancelPositionsMulti(900)
    assert await ib.accountSummaryAsync()
    client.cancelAccountSummary(901)
    await ib.reqAccountUpdatesAsync(ACCOUNT)
    await ib.reqAccountUpdatesMultiAsync(ACCOUNT)
    client.cancelAccountUpdatesMulti(902)
    pnl, single = ib.reqPnL(ACCOUNT), ib.reqPnLSingle(ACCOUNT, "", es.conId)
    await until(lambda: single.position == 2 and pnl.dailyPnL == pnl.dailyPnL)
    ib.cancelPnL(ACCOUNT)
    ib.cancelPnLSingle(ACCOUNT, "", es.conId)


async def until(condition):
    for _ in range(3000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the condition never held")


asyncio.run(main(sys.argv[2], int(sys.argv[3])))
if problems:
    sys.exit("\n".join(problems))
print("done")
