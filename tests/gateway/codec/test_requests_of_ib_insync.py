"""Every request that ib_insync can send is read to the last field, and would be spelt the same by us."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable

import ib_insync as ibi
import pytest

from brokerkit.plugins.sim.gateway.codec import REQUESTS, declined, decode_request, fields_of, request_id, requests
from brokerkit.plugins.sim.gateway.codec.parts import PriceCondition, TimeCondition

VERSIONS = (157, 176)
ES = ibi.Future("ES", "202312", "CME", conId=495512563, currency="USD", multiplier="50")
SPREAD = ibi.Bag(
    symbol="ES",
    exchange="CME",
    currency="USD",
    comboLegs=[ibi.ComboLeg(1, 1, "BUY", "CME"), ibi.ComboLeg(2, 1, "SELL", "CME", 0, 0, "", -1)],
)

Send = Callable[[ibi.Client], None]


class Recorder(ibi.Client):
    """The real client, its outgoing messages kept instead of sent."""

    def __init__(self, version: int) -> None:
        super().__init__(ibi.wrapper.Wrapper(ibi.IB()))
        self._serverVersion = version
        self.connState = ibi.Client.CONNECTED
        self.clientId = 7
        self.sent: list[list[str]] = []

    def sendMsg(self, msg: str) -> None:  # noqa: N802 because ib_insync calls it so
        self.sent.append(msg[:-1].split("\0"))


def sent(version: int, send: Send) -> list[str]:
    client = Recorder(version)
    send(client)
    (fields,) = client.sent
    return fields


def order(**terms: object) -> ibi.Order:
    return ibi.Order(action="BUY", totalQuantity=3, **{"orderType": "LMT", "lmtPrice": 4500.25, "tif": "DAY", **terms})


def conditional() -> ibi.Order:
    return order(
        conditions=[
            ibi.PriceCondition(1, "a", True, 1900.5, 12087792, "SMART", 2),
            ibi.TimeCondition(3, "o", False, "20231201 15:00:00"),
            ibi.MarginCondition(4, "a", True, 30),
            ibi.ExecutionCondition(5, "a", "STK", "SMART", "IBM"),
            ibi.VolumeCondition(6, "a", True, 1000, 12087792, "SMART"),
            ibi.PercentChangeCondition(7, "a", True, 2.5, 12087792, "SMART"),
        ],
        conditionsCancelOrder=True,
    )


SENDS: dict[str, Send] = {
    "startApi": lambda c: c.startApi(),
    "reqIds": lambda c: c.reqIds(1),
    "reqManagedAccts": lambda c: c.reqManagedAccts(),
    "reqCurrentTime": lambda c: c.reqCurrentTime(),
    "setServerLogLevel": lambda c: c.setServerLogLevel(5),
    "reqUserInfo": lambda c: c.reqUserInfo(1),
    "reqFamilyCodes": lambda c: c.reqFamilyCodes(),
    "reqSoftDollarTiers": lambda c: c.reqSoftDollarTiers(1),
    "reqNewsProviders": lambda c: c.reqNewsProviders(),
    "reqNewsBulletins": lambda c: c.reqNewsBulletins(True),
    "cancelNewsBulletins": lambda c: c.cancelNewsBulletins(),
    "reqContractDetails": lambda c: c.reqContractDetails(1, ES),
    "reqMatchingSymbols": lambda c: c.reqMatchingSymbols(1, "E"),
    "reqSecDefOptParams": lambda c: c.reqSecDefOptParams(1, "ES", "CME", "FUT", 495512563),
    "reqMarketRule": lambda c: c.reqMarketRule(67),
    "reqHistoricalData": lambda c: c.reqHistoricalData(1, ES, "", "1 D", "1 min", "TRADES", True, 1, False, []),
    "reqHistoricalData, combo": lambda c: c.reqHistoricalData(
        1, SPREAD, "", "1 D", "1 min", "TRADES", True, 1, True, [ibi.TagValue("a", "b")]
    ),
    "cancelHistoricalData": lambda c: c.cancelHistoricalData(1),
    "reqHeadTimeStamp": lambda c: c.reqHeadTimeStamp(1, ES, "TRADES", True, 1),
    "cancelHeadTimeStamp": lambda c: c.cancelHeadTimeStamp(1),
    "reqHistoricalTicks": lambda c: c.reqHistoricalTicks(1, ES, "", "20231201 15:00:00", 10, "TRADES", True, False, []),
    "reqMktData": lambda c: c.reqMktData(1, ES, "233", False, False, []),
    "reqMktData, combo": lambda c: c.reqMktData(1, SPREAD, "", True, False, []),
    "cancelMktData": lambda c: c.cancelMktData(1),
    "reqMarketDataType": lambda c: c.reqMarketDataType(3),
    "reqTickByTickData": lambda c: c.reqTickByTickData(1, ES, "BidAsk", 0, True),
    "cancelTickByTickData": lambda c: c.cancelTickByTickData(1),
    "reqMktDepth": lambda c: c.reqMktDepth(1, ES, 5, False, []),
    "cancelMktDepth": lambda c: c.cancelMktDepth(1, False),
    "reqRealTimeBars": lambda c: c.reqRealTimeBars(1, ES, 5, "TRADES", False, []),
    "cancelRealTimeBars": lambda c: c.cancelRealTimeBars(1),
    "reqMktDepthExchanges": lambda c: c.reqMktDepthExchanges(),
    "reqSmartComponents": lambda c: c.reqSmartComponents(1, "9c0001"),
    "placeOrder": lambda c: c.placeOrder(1, ES, order()),
    "placeOrder, combo": lambda c: c.placeOrder(
        1,
        SPREAD,
        order(orderComboLegs=[ibi.OrderComboLeg(1.5), ibi.OrderComboLeg()], smartComboRoutingParams=[]),
    ),
    "placeOrder, conditions": lambda c: c.placeOrder(1, ES, conditional()),
    "placeOrder, scale": lambda c: c.placeOrder(
        1, ES, order(scalePriceIncrement=0.25, scaleAutoReset=True, scaleProfitOffset=1.0)
    ),
    "placeOrder, hedge": lambda c: c.placeOrder(1, ES, order(hedgeType="B", hedgeParam="1.5")),
    "placeOrder, algo": lambda c: c.placeOrder(
        1, ES, order(algoStrategy="Adaptive", algoParams=[ibi.TagValue("adaptivePriority", "Normal")])
    ),
    "placeOrder, delta neutral": lambda c: c.placeOrder(
        1, ES, order(orderType="VOL", deltaNeutralOrderType="MKT", deltaNeutralConId=9)
    ),
    "placeOrder, benchmark": lambda c: c.placeOrder(1, ES, order(orderType="PEG BENCH", referenceContractId=9)),
    "placeOrder, best": lambda c: c.placeOrder(1, ES, order(orderType="PEG BEST", competeAgainstBestOffset=0.02)),
    "placeOrder, best up to mid": lambda c: c.placeOrder(
        1, ES, order(orderType="PEG BEST", competeAgainstBestOffset=math.inf, midOffsetAtWhole=0.01)
    ),
    "placeOrder, mid": lambda c: c.placeOrder(1, ES, order(orderType="PEG MID", midOffsetAtHalf=0.01)),
    "placeOrder, ibkrats": lambda c: c.placeOrder(
        1, ibi.Stock("IBM", "IBKRATS", "USD"), order(minTradeQty=5, whatIf=True)
    ),
    "cancelOrder": lambda c: c.cancelOrder(1),
    "reqScannerParameters": lambda c: c.reqScannerParameters(),
    "reqGlobalCancel": lambda c: c.reqGlobalCancel(),
    "reqOpenOrders": lambda c: c.reqOpenOrders(),
    "reqAllOpenOrders": lambda c: c.reqAllOpenOrders(),
    "reqAutoOpenOrders": lambda c: c.reqAutoOpenOrders(True),
    "reqCompletedOrders": lambda c: c.reqCompletedOrders(False),
    "reqExecutions": lambda c: c.reqExecutions(1, ibi.ExecutionFilter()),
    "reqPositions": lambda c: c.reqPositions(),
    "cancelPositions": lambda c: c.cancelPositions(),
    "reqPositionsMulti": lambda c: c.reqPositionsMulti(1, "DU1", ""),
    "cancelPositionsMulti": lambda c: c.cancelPositionsMulti(1),
    "reqAccountUpdates": lambda c: c.reqAccountUpdates(True, "DU1"),
    "reqAccountUpdatesMulti": lambda c: c.reqAccountUpdatesMulti(1, "DU1", "", False),
    "cancelAccountUpdatesMulti": lambda c: c.cancelAccountUpdatesMulti(1),
    "reqAccountSummary": lambda c: c.reqAccountSummary(1, "All", "NetLiquidation,BuyingPower"),
    "cancelAccountSummary": lambda c: c.cancelAccountSummary(1),
    "reqPnL": lambda c: c.reqPnL(1, "DU1", ""),
    "cancelPnL": lambda c: c.cancelPnL(1),
    "reqPnLSingle": lambda c: c.reqPnLSingle(1, "DU1", "", 495512563),
    "cancelPnLSingle": lambda c: c.cancelPnLSingle(1),
}


def meaning(field: str) -> str:
    """Blank, unset and 0 mean the same, and so do whole numbers with and without a fraction."""
    whole = field[:-2] if field.endswith(".0") else field
    return "" if whole in ("0", "2147483647", "1.7976931348623157E308") else whole


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", SENDS)
def test_request_is_read_whole_and_spelt_the_same(name: str, version: int) -> None:
    fields = sent(version, SENDS[name])
    request = decode_request(fields, version)
    again = fields_of(request, version)
    assert len(again) == len(fields)
    for at, (ours, theirs) in enumerate(zip(again, fields, strict=True)):
        assert meaning(ours) == meaning(theirs), f"field {at}: {ours!r} for {theirs!r}"


def test_every_registered_request_is_tried() -> None:
    tried = {int(sent(176, send)[0]) for send in SENDS.values()}
    assert tried == set(REQUESTS)


REFUSED = {
    "requestFA": lambda c: c.requestFA(1),
    "replaceFA": lambda c: c.replaceFA(7, 1, "<xml/>"),
    "exerciseOptions": lambda c: c.exerciseOptions(7, ES, 1, 1, "DU1", 0),
    "reqScannerSubscription": lambda c: c.reqScannerSubscription(7, ibi.ScannerSubscription(), [], []),
    "cancelScannerSubscription": lambda c: c.cancelScannerSubscription(7),
    "reqFundamentalData": lambda c: c.reqFundamentalData(7, ES, "ReportSnapshot", []),
    "cancelFundamentalData": lambda c: c.cancelFundamentalData(7),
    "calculateImpliedVolatility": lambda c: c.calculateImpliedVolatility(7, ES, 1.0, 2.0, []),
    "calculateOptionPrice": lambda c: c.calculateOptionPrice(7, ES, 1.0, 2.0, []),
    "cancelCalculateImpliedVolatility": lambda c: c.cancelCalculateImpliedVolatility(7),
    "cancelCalculateOptionPrice": lambda c: c.cancelCalculateOptionPrice(7),
    "verifyRequest": lambda c: c.verifyRequest("name", "1"),
    "verifyMessage": lambda c: c.verifyMessage("data"),
    "queryDisplayGroups": lambda c: c.queryDisplayGroups(7),
    "subscribeToGroupEvents": lambda c: c.subscribeToGroupEvents(7, 1),
    "updateDisplayGroup": lambda c: c.updateDisplayGroup(7, "none"),
    "unsubscribeFromGroupEvents": lambda c: c.unsubscribeFromGroupEvents(7),
    "verifyAndAuthRequest": lambda c: c.verifyAndAuthRequest("name", "1", "key"),
    "verifyAndAuthMessage": lambda c: c.verifyAndAuthMessage("data", "response"),
    "reqNewsArticle": lambda c: c.reqNewsArticle(7, "BRFG", "BRFG$1", []),
    "reqHistoricalNews": lambda c: c.reqHistoricalNews(7, 1, "BRFG", "", "", 10, []),
    "reqHistogramData": lambda c: c.reqHistogramData(7, ES, True, "1 week"),
    "cancelHistogramData": lambda c: c.cancelHistogramData(7),
    "reqWshMetaData": lambda c: c.reqWshMetaData(7),
    "cancelWshMetaData": lambda c: c.cancelWshMetaData(7),
    "reqWshEventData": lambda c: c.reqWshEventData(7, ibi.WshEventData(1)),
    "cancelWshEventData": lambda c: c.cancelWshEventData(7),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_is_not_served_is_known_by_name_and_id(name: str, version: int) -> None:
    fields = sent(version, REFUSED[name])
    known = declined(fields)
    assert known is not None
    assert (known.name, request_id(fields)) == (name, -1 if known.id_at is None else 7)
    assert known.id_at or name.startswith(("verify", "requestFA"))


def test_every_request_of_the_client_is_served_or_refused() -> None:
    assert {shape.name for shape in REQUESTS.values()} & set(REFUSED) == set()
    names = {name for name, member in vars(ibi.client.Client).items() if inspect.isfunction(member)}
    requests_of_client = {name for name in names if re.match("req|cancel|place|calc|exerc|replace|verify|query", name)}
    assert {name for name in requests_of_client if name not in REFUSED and name not in SENDS} == set()


@pytest.mark.parametrize(("version", "count"), [(157, 110), (176, 115)])
def test_plain_order_has_as_many_fields_as_recorded(version: int, count: int) -> None:
    assert len(sent(version, SENDS["placeOrder"])) == count
    assert len(fields_of(requests.orders.PlaceOrder(1), version)) == count


@pytest.mark.parametrize("version", VERSIONS)
def test_order_terms_land_in_their_attributes(version: int) -> None:
    placed = decode_request(sent(version, SENDS["placeOrder, conditions"]), version)
    assert placed.contract.con_id == 495512563
    assert placed.order.limit_price == 4500.25
    assert placed.order.tif == "DAY"
    assert placed.order.conditions[0] == PriceCondition("a", True, 1900.5, 12087792, "SMART", 2)
    assert placed.order.conditions[1] == TimeCondition("o", False, "20231201 15:00:00")
    assert placed.order.conditions_cancel_order
    assert placed.order.min_quantity is None


def test_combo_legs_are_read() -> None:
    placed = decode_request(sent(176, SENDS["placeOrder, combo"]), 176)
    assert [(leg.con_id, leg.action) for leg in placed.order.combo_legs] == [(1, "BUY"), (2, "SELL")]
    assert placed.order.leg_prices == (1.5, None)
