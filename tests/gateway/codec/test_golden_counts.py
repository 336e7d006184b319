"""Golden figures: how many fields follow the id of every answer, counted off the written reference by hand."""

from __future__ import annotations

from typing import Any

import pytest

from brokerkit.plugins.sim.gateway.codec import RESPONSES, fields_of, responses
from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms

R = responses
TERMS = OrderTerms(delta_neutral_order_type="None", adjusted_order_type="None")

GOLDEN: list[tuple[Any, int, int]] = [
    (R.market_data.TickPrice(1, 1, 1.0), 6, 6),
    (R.market_data.TickSize(1, 1, 1.0), 4, 4),
    (R.orders.OrderStatus(1, "Filled"), 11, 11),
    (R.session.Error(1, 200, "x"), 4, 5),
    (R.orders.OpenOrder(1, order=TERMS), 127, 135),
    (R.account.AccountValue("t", "v", "USD", "DU1"), 5, 5),
    (R.account.Portfolio(), 19, 19),
    (R.account.AccountTime("1"), 2, 2),
    (R.session.NextValidId(1), 2, 2),
    (R.contracts.ContractDetails(1), 38, 39),
    (R.account.Execution(1, 1), 30, 30),
    (R.market_data.Depth(1, 0, 0, 0, 1.0, 1.0), 7, 7),
    (R.market_data.DepthL2(1, 0, "m", 0, 0, 1.0, 1.0), 9, 9),
    (R.session.ManagedAccounts("DU1"), 2, 2),
    (R.history.HistoricalData(1, "s", "e"), 4, 4),
    (R.history.HistoricalData(1, "s", "e", (R.history.Bar("d", 1, 1, 1, 1, 1, 1, 1),) * 2), 20, 20),
    (R.market_data.TickGeneric(1, 1, 1.0), 4, 4),
    (R.market_data.TickString(1, 1, "x"), 4, 4),
    (R.session.CurrentTime(1), 2, 2),
    (R.market_data.RealTimeBar(1, 1, 1, 1, 1, 1, 1, 1, 1), 10, 10),
    (R.contracts.ContractDetailsEnd(1), 2, 2),
    (R.orders.OpenOrderEnd(), 1, 1),
    (R.account.AccountDownloadEnd("DU1"), 2, 2),
    (R.account.ExecutionsEnd(1), 2, 2),
    (R.market_data.TickSnapshotEnd(1), 2, 2),
    (R.market_data.MarketDataType(1, 1), 3, 3),
    (R.account.CommissionReport("e", 1.0, "USD"), 7, 7),
    (R.account.Position("DU1"), 15, 15),
    (R.account.PositionEnd(), 1, 1),
    (R.account.AccountSummary(1, "a", "t", "v", "c"), 6, 6),
    (R.account.AccountSummaryEnd(1), 2, 2),
    (R.account.PositionMulti(1, "a"), 17, 17),
    (R.account.PositionMultiEnd(1), 2, 2),
    (R.account.AccountUpdateMulti(1, "a", "m", "t", "v", "c"), 7, 7),
    (R.account.AccountUpdateMultiEnd(1), 2, 2),
    (R.contracts.OptionParameters(1, "x", 1, "c", "m", ("e",), (1.0, 2.0)), 10, 10),
    (R.contracts.OptionParametersEnd(1), 1, 1),
    (R.session.SoftDollarTiers(1), 2, 2),
    (R.session.FamilyCodes(), 1, 1),
    (R.contracts.SymbolSamples(1, (R.contracts.SymbolSample(1, "s", "IND", "x", "USD", ("FUT",)),)), 9, 11),
    (R.market_data.DepthExchanges(), 1, 1),
    (R.market_data.TickRequestParameters(1, 0.25), 4, 4),
    (R.market_data.SmartComponents(1), 2, 2),
    (R.session.NewsProviders(), 1, 1),
    (R.history.HeadTimestamp(1, "t"), 2, 2),
    (R.history.HistoricalDataUpdate(1, 1, "d", 1, 1, 1, 1, 1, 1), 9, 9),
    (R.contracts.MarketRule(1, (R.contracts.PriceIncrement(0, 1),)), 4, 4),
    (R.account.Pnl(1), 4, 4),
    (R.account.PnlSingle(1), 6, 6),
    (R.history.HistoricalTicks(1, (R.history.MidpointTick(1, 0, 1, 1),)), 7, 7),
    (R.history.HistoricalTicksBidAsk(1, (R.history.BidAskTick(1, 0, 1, 1, 1, 1),)), 9, 9),
    (R.history.HistoricalTicksLast(1, (R.history.LastTick(1, 0, 1, 1),)), 9, 9),
    (R.market_data.TickByTick(1, 1, 1), 8, 8),
    (R.market_data.TickByTick(1, 3, 1), 8, 8),
    (R.market_data.TickByTick(1, 4, 1), 4, 4),
    (R.orders.OrderBound(1, 2, 3), 3, 3),
    (R.orders.CompletedOrder(order=TERMS), 95, 100),
    (R.orders.CompletedOrdersEnd(), 0, 0),
    (R.history.HistoricalSchedule(1, "s", "e", "z", (R.history.Session("a", "b", "c"),)), 8, 8),
    (R.session.UserInfo(1), 2, 2),
    (R.market_data.ScannerParameters(), 2, 2),
]


@pytest.mark.parametrize(("message", "at_157", "at_176"), GOLDEN, ids=lambda value: type(value).__name__)
def test_as_many_fields_follow_the_id_as_written(message: Any, at_157: int, at_176: int) -> None:
    assert len(fields_of(message, 157)) - 1 == at_157
    assert len(fields_of(message, 176)) - 1 == at_176


def test_every_answer_is_counted() -> None:
    counted = {type(message) for message, _, _ in GOLDEN}
    assert {shape.name for shape in RESPONSES.values() if shape.cls not in counted} == set()
