"""A day of a user of the official client, who makes every request; exits with an error on anything reported as one.

python session_of_ibapi.py SERVER_VERSION HOST PORT

Versions 9 and 10 of the client differ in the arguments of some requests and callbacks.
"""

# ruff: noqa: N802 because the official client calls its callbacks so

import inspect
import logging
import sys
import threading

from ibapi.client import EClient
from ibapi.common import BarData
from ibapi.contract import Contract
from ibapi.execution import ExecutionFilter
from ibapi.order import Order
from ibapi.wrapper import EWrapper

try:
    from ibapi.order_cancel import OrderCancel
except ImportError:  # version 9
    OrderCancel = None

problems = []
NOTICES = {2104, 2106, 2158, 202}
CALLED_OFF = (162, "API historical data query cancelled")
UNREAD = ("no handleInfo", "no param info")  # what it writes, as debugging, of a message that it does not know


class Ears(logging.Handler):
    def emit(self, record):
        if record.levelno >= logging.ERROR or any(word in str(record.msg) for word in UNREAD):
            problems.append(record.getMessage())


logging.getLogger().addHandler(Ears())
logging.getLogger("ibapi.decoder").setLevel(logging.DEBUG)


class App(EWrapper, EClient):
    def __init__(self):
        EClient.__init__(self, self)
        self.heard = {}
        self.news = threading.Condition()

    def note(self, name, value=True):
        with self.news:
            self.heard.setdefault(name, []).append(value)
            self.news.notify_all()

    def wait(self, name, count=1):
        with self.news:
            met = self.news.wait_for(lambda: len(self.heard.get(name, ())) >= count, timeout=30)
        assert met, f"{name} never came; heard {sorted(self.heard)}"
        return self.heard[name]

    def error(self, req_id, *rest):
        code, text = (rest[1], rest[2]) if isinstance(rest[1], int) else (rest[0], rest[1])  # a time before the code
        self.note("error", (req_id, code, text))
        if code not in NOTICES and not (code == CALLED_OFF[0] and CALLED_OFF[1] in text):
            problems.append(f"error {code}: {text}")

    def nextValidId(self, order_id):
        self.note("nextValidId", order_id)

    def managedAccounts(self, accounts):
        self.note("managedAccounts", accounts)

    def currentTime(self, time):
        self.note("currentTime", time)

    def contractDetails(self, req_id, details):
        self.note("contractDetails", details)

    def contractDetailsEnd(self, req_id):
        self.note("contractDetailsEnd")

    def symbolSamples(self, req_id, samples):
        self.note("symbolSamples", samples)

    def marketRule(self, rule, increments):
        self.note("marketRule", increments)

    def historicalData(self, req_id, bar: BarData):
        self.note("bar", bar)

    def historicalDataEnd(self, req_id, start, end):
        self.note("historicalDataEnd")

    def headTimestamp(self, req_id, head):
        self.note("headTimestamp", head)

    def historicalTicksLast(self, req_id, ticks, done):
        self.note("historicalTicksLast", ticks)

    def historicalTicksBidAsk(self, req_id, ticks, done):
        self.note("historicalTicksBidAsk", ticks)

    def tickPrice(self, req_id, kind, price, attributes):
        self.note("tickPrice", (kind, price))

    def tickByTickBidAsk(self, *args):
        self.note("tickByTickBidAsk", args)

    def updateMktDepth(self, *args):
        self.note("updateMktDepth", args)

    def openOrder(self, order_id, contract, order, state):
        self.note("openOrder", (order_id, contract, order, state))

    def orderStatus(self, order_id, status, filled, remaining, *rest):
        self.note(f"{order_id} {status}")

    def execDetails(self, req_id, contract, execution):
        self.note("execDetails", execution)

    def execDetailsEnd(self, req_id):
        self.note("execDetailsEnd")

    def commissionReport(self, report):
        self.note("commissionReport", report.commission)

    def commissionAndFeesReport(self, report):
        self.note("commissionReport", report.commissionAndFees)

    def userInfo(self, req_id, white_branding_id):
        self.note("userInfo")

    def historicalSchedule(self, req_id, start, end, zone, sessions):
        self.note("historicalSchedule", sessions)

    def completedOrder(self, contract, order, state):
        self.note("completedOrder", order)

    def completedOrdersEnd(self):
        self.note("completedOrdersEnd")

    def openOrderEnd(self):
        self.note("openOrderEnd")

    def historicalDataUpdate(self, req_id, bar):
        self.note("historicalDataUpdate", bar)

    def historicalTicks(self, req_id, ticks, done):
        self.note("historicalTicks", ticks)

    def tickSnapshotEnd(self, req_id):
        self.note("tickSnapshotEnd")

    def tickByTickAllLast(self, req_id, kind, *args):
        self.note(f"tickByTickAllLast {kind}", args)

    def tickByTickMidPoint(self, *args):
        self.note("tickByTickMidPoint", args)

    def updateMktDepthL2(self, *args):
        self.note("updateMktDepthL2", args)

    def realtimeBar(self, *args):
        self.note("realtimeBar", args)

    def smartComponents(self, req_id, components):
        self.note("smartComponents", components)

    def scannerParameters(self, xml):
        self.note("scannerParameters", xml)

    def securityDefinitionOptionParameterEnd(self, req_id):
        self.note("securityDefinitionOptionParameterEnd")

    def orderBound(self, *args):
        self.note("orderBound", args)

    def familyCodes(self, codes):
        self.note("familyCodes", codes)

    def softDollarTiers(self, req_id, tiers):
        self.note("softDollarTiers", tiers)

    def newsProviders(self, providers):
        self.note("newsProviders", providers)

    def position(self, account, contract, position, cost):
        self.note("position", (position, cost))

    def positionEnd(self):
        self.note("positionEnd")

    def accountSummary(self, *args):
        self.note("accountSummary", args)

    def accountSummaryEnd(self, req_id):
        self.note("accountSummaryEnd")

    def updateAccountValue(self, *args):
        self.note("updateAccountValue", args)

    def updatePortfolio(self, *args):
        self.note("updatePortfolio", args)

    def accountDownloadEnd(self, account):
        self.note("accountDownloadEnd")

    def positionMultiEnd(self, req_id):
        self.note("positionMultiEnd")

    def accountUpdateMultiEnd(self, req_id):
        self.note("accountUpdateMultiEnd")

    def pnl(self, *args):
        self.note("pnl", args)

    def pnlSingle(self, *args):
        self.note("pnlSingle", args)

    def mktDepthExchanges(self, found):
        self.note("mktDepthExchanges", found)


def future():
    contract = Contract()
    contract.symbol, contract.secType, contract.exchange = "ES", "FUT", "CME"
    contract.lastTradeDateOrContractMonth, contract.currency = "202312", "USD"
    return contract


def order(kind, action, quantity, price=0.0):
    found = Order()
    found.orderType, found.action, found.totalQuantity, found.lmtPrice = kind, action, quantity, price
    return found


def cancelling(request):
    """Return the arguments that end a request to cancel: version 10 has one more than version 9."""
    return () if OrderCancel is None or "orderCancel" not in inspect.signature(request).parameters else (OrderCancel(),)


app = App()
app.connect(sys.argv[2], int(sys.argv[3]), clientId=0)
assert app.serverVersion() == int(sys.argv[1]), app.serverVersion()
thread = threading.Thread(target=app.run, daemon=True)
thread.start()
first = app.wait("nextValidId")[0]
assert app.wait("managedAccounts") == ["DU1000001"]
es = future()

if hasattr(app, "reqUserInfo"):
    app.reqUserInfo(31)
    app.wait("userInfo")
    app.reqHistoricalData(32, es, "", "2 D", "1 day", "SCHEDULE", 1, 1, False, [])
    assert app.wait("historicalSchedule")[0]
app.setServerLogLevel(2)
app.reqCurrentTime()
app.wait("currentTime")
app.reqIds(1)
app.wait("nextValidId", 2)
app.reqManagedAccts()
app.wait("managedAccounts", 2)
app.reqFamilyCodes()
app.wait("familyCodes")
app.reqSoftDollarTiers(20)
app.wait("softDollarTiers")
app.reqNewsProviders()
app.wait("newsProviders")
app.reqNewsBulletins(True)
app.cancelNewsBulletins()
app.reqContractDetails(1, es)
app.wait("contractDetailsEnd")
details = app.heard["contractDetails"][0]
assert (details.contract.localSymbol, details.minTick) == ("ESZ3", 0.25), details
assert details.realExpirationDate == "20231215", details.realExpirationDate
app.reqMatchingSymbols(2, "gold")
assert app.wait("symbolSamples")[0][0].contract.symbol == "GC"
app.reqMarketRule(int(details.marketRuleIds))
assert app.wait("marketRule")[0][0].increment == 0.25
app.reqSecDefOptParams(21, "ES", "CME", "FUT", details.contract.conId)
app.wait("securityDefinitionOptionParameterEnd")
app.reqSmartComponents(22, "9c0001")
assert app.wait("smartComponents")[0]
app.reqScannerParameters()
app.wait("scannerParameters")
app.reqHistoricalData(3, es, "20231128 12:00:00 UTC", "3600 S", "5 mins", "TRADES", 1, 1, False, [])
app.wait("historicalDataEnd")
assert len(app.heard["bar"]) == 12
assert app.heard["bar"][0].volume > 0
app.reqHeadTimeStamp(4, es, "TRADES", 1, 1)
app.wait("headTimestamp")
app.cancelHeadTimeStamp(4)
app.reqHistoricalTicks(23, es, "", "20231128 12:00:00 UTC", 5, "MIDPOINT", 1, False, [])
assert len(app.wait("historicalTicks")[0]) == 5
app.reqHistoricalData(24, es, "", "3600 S", "1 min", "TRADES", 1, 1, True, [])
app.wait("historicalDataEnd", 2)
app.reqHistoricalTicks(5, es, "", "20231128 12:00:00 UTC", 5, "TRADES", 1, False, [])
assert len(app.wait("historicalTicksLast")[0]) == 5
app.reqHistoricalTicks(6, es, "", "20231128 12:00:00 UTC", 5, "BID_ASK", 1, False, [])
assert len(app.wait("historicalTicksBidAsk")[0]) == 5
app.reqMarketDataType(1)
app.reqMktData(7, es, "", False, False, [])
app.wait("tickPrice", 3)
app.reqMktData(25, es, "", True, False, [])
app.wait("tickSnapshotEnd")
app.reqRealTimeBars(26, es, 5, "TRADES", True, [])
app.reqTickByTickData(8, es, "BidAsk", 0, True)
app.wait("tickByTickBidAsk")
for number, kind in enumerate(("Last", "AllLast", "MidPoint"), start=27):
    app.reqTickByTickData(number, es, kind, 0, True)
app.wait("tickByTickAllLast 1")
app.wait("tickByTickAllLast 2")
app.wait("tickByTickMidPoint")
app.reqMktDepth(30, es, 3, True, [])
app.wait("updateMktDepthL2")
app.cancelMktDepth(30, True)
app.reqMktDepth(9, es, 3, False, [])
app.wait("updateMktDepth", 6)
app.reqMktDepthExchanges()
app.wait("mktDepthExchanges")

app.reqAutoOpenOrders(True)
app.reqOpenOrders()
app.wait("orderBound")
app.wait("openOrderEnd")
first += 1
app.placeOrder(first, es, order("MKT", "BUY", 2))
app.wait(f"{first} Filled")
assert app.wait("commissionReport") == [4.2]
assert app.wait("execDetails")[0].shares == 2
app.wait("realtimeBar")
app.cancelRealTimeBars(26)
app.wait("historicalDataUpdate")
app.cancelHistoricalData(24)
app.placeOrder(first + 1, es, order("LMT", "SELL", 1, 6000.0))
app.wait(f"{first + 1} Submitted")
app.placeOrder(first + 1, es, order("LMT", "SELL", 1, 6001.0))
app.wait(f"{first + 1} Submitted", 2)
assert app.heard["openOrder"][-1][2].lmtPrice == 6001.0
app.cancelOrder(first + 1, *cancelling(app.cancelOrder))
app.wait(f"{first + 1} Cancelled")
what_if = order("MKT", "BUY", 1)
what_if.whatIf = True
count = len(app.heard["openOrder"])
app.placeOrder(first + 2, es, what_if)
state = app.wait("openOrder", count + 1)[-1][3]
assert float(state.initMarginChange) == 12000, state.initMarginChange

app.reqAllOpenOrders()
app.wait("openOrderEnd", 2)
app.reqExecutions(10, ExecutionFilter())
app.wait("execDetailsEnd")
app.reqCompletedOrders(False)
app.wait("completedOrdersEnd")
assert len(app.heard["completedOrder"]) == 2
app.reqPositions()
app.wait("positionEnd")
assert app.heard["position"][-1][0] == 2
app.reqAccountSummary(11, "All", "NetLiquidation,BuyingPower")
app.wait("accountSummaryEnd")
app.reqAccountUpdates(True, "DU1000001")
app.wait("accountDownloadEnd")
assert app.heard["updatePortfolio"]
app.reqPositionsMulti(12, "DU1000001", "")
app.wait("positionMultiEnd")
app.reqAccountUpdatesMulti(13, "DU1000001", "", False)
app.wait("accountUpdateMultiEnd")
app.reqPnL(14, "DU1000001", "")
app.wait("pnl")
app.reqPnLSingle(15, "DU1000001", "", details.contract.conId)
app.wait("pnlSingle")

app.cancelMktData(7)
app.cancelMktDepth(9, False)
app.cancelTickByTickData(8)
app.cancelPositions()
app.cancelAccountSummary(11)
app.cancelPositionsMulti(12)
app.cancelAccountUpdatesMulti(13)
app.cancelPnL(14)
app.cancelPnLSingle(15)
app.reqGlobalCancel(*cancelling(app.reqGlobalCancel))
app.reqCurrentTime()
app.wait("currentTime", 2)
app.disconnect()
thread.join(5)
if problems:
    sys.exit("\n".join(problems))
print("done")
