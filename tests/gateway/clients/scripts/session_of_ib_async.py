"""A day of an ib_async user; exits with an error if the client logs that it cannot read something."""

import asyncio
import logging
import sys
from datetime import timedelta

import ib_async as ibi

unreadable = []


class Ears(logging.Handler):
    def emit(self, record):
        if "Decoder" in record.name or "Error handling" in record.getMessage():
            unreadable.append(record.getMessage())


logging.getLogger().addHandler(Ears(level=logging.ERROR))


async def main(host, port):
    ib = ibi.IB()
    await ib.connectAsync(host, port, clientId=11, timeout=10)
    (es,) = await ib.qualifyContractsAsync(ibi.Future("ES", "202312", "CME"))
    (eurusd,) = await ib.qualifyContractsAsync(ibi.Forex("EURUSD"))
    assert len(await ib.reqContractDetailsAsync(ibi.Future("ES", exchange="CME"))) == 3
    assert await ib.reqMatchingSymbolsAsync("gold")
    bars = await ib.reqHistoricalDataAsync(eurusd, "", "2 D", "1 hour", "MIDPOINT", True, formatDate=2)
    assert len(bars) == 48, len(bars)
    assert bars[1].date - bars[0].date == timedelta(hours=1)
    assert await ib.reqHistoricalTicksAsync(es, "", "20231128 12:00:00 UTC", 5, "BID_ASK", True)
    assert await ib.reqHeadTimeStampAsync(es, "TRADES", True, 2)
    schedule = await ib.reqHistoricalScheduleAsync(es, 2)
    assert schedule.sessions
    ticker = ib.reqMktData(es)
    depth = ib.reqMktDepth(es, 3)
    ib.reqTickByTickData(es, "BidAsk")
    ib.reqRealTimeBars(es, 5, "TRADES", True)
    ib.reqPnL("DU1000001")
    ib.reqPnLSingle("DU1000001", "", es.conId)

    market = ib.placeOrder(es, ibi.MarketOrder("BUY", 2))
    await until(lambda: market.isDone() and market.fills and market.fills[0].commissionReport.execId)
    assert market.orderStatus.status == "Filled"
    assert market.fills[0].commissionReport.commission == 4.2

    limit = ibi.LimitOrder("SELL", 1, 6000)
    trade = ib.placeOrder(es, limit)
    await until(lambda: trade.orderStatus.status == "Submitted")
    limit.lmtPrice = 6001
    ib.placeOrder(es, limit)
    await until(lambda: trade.log[-1].message == "Modified")
    assert [one.order.lmtPrice for one in await ib.reqAllOpenOrdersAsync()] == [6001]
    ib.cancelOrder(limit)
    await until(trade.isDone)
    assert trade.orderStatus.status == "Cancelled"

    state = await ib.whatIfOrderAsync(es, ibi.MarketOrder("BUY", 1))
    assert float(state.initMarginChange) == 12000, state
    await until(lambda: [position.position for position in ib.positions()] == [2])
    assert await ib.reqExecutionsAsync()
    assert await ib.accountSummaryAsync()
    assert await ib.reqCompletedOrdersAsync(False)
    assert ticker.hasBidAsk()
    assert len(depth.domBids) == 3
    ib.disconnect()


async def until(condition):
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the condition never held")


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
if unreadable:
    sys.exit("\n".join(unreadable))
print("done")
