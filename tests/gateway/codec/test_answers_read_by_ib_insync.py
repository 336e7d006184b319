"""ib_insync's own decoder reads every answer, each value in the attribute where it belongs."""

from __future__ import annotations

import logging
from typing import Any

import attrs
import ib_insync as ibi
import pytest
from ib_insync.decoder import Decoder

from brokerkit.plugins.sim.gateway.codec import RESPONSES, fields_of, responses
from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.parts import (
    ComboLeg,
    Contract,
    DeltaNeutralContract,
    ExecutionCondition,
    MarginCondition,
    PercentChangeCondition,
    PriceCondition,
    TagValue,
    TimeCondition,
    VolumeCondition,
)

VERSIONS = (157, 160, 163, 164, 170, 173, 176)

ES = Contract(495512563, "ES", "FUT", "20231215", 1.5, "C", "50", "CME", "PRIM", "USD", "ESZ3", "ES")


class Ears:
    """Hears what the decoder calls on a wrapper."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, tuple[Any, ...]]] = []
        self.ib = ibi.IB()

    def __getattr__(self, name: str) -> Any:
        return lambda *args: self.heard.append((name, args))


def heard(message: Any, version: int) -> list[tuple[str, tuple[Any, ...]]]:
    ears = Ears()
    Decoder(ears, version).interpret(fields_of(message, version))
    return ears.heard


def terms() -> OrderTerms:
    """Return terms with a different value in every attribute, so that a swap of any two is seen."""
    values: dict[str, Any] = {}
    for number, field in enumerate(attrs.fields(OrderTerms), start=1):
        kind = str(field.type)
        if field.name in ("combo_legs", "leg_prices", "smart_routing", "algo_params", "conditions"):
            continue
        if kind == "Flag":
            values[field.name] = True
        elif kind == "Text":
            values[field.name] = f"t{number}"
        elif "Int" in kind or "Long" in kind:
            values[field.name] = number
        else:
            values[field.name] = number + 0.5
    return OrderTerms(
        **{
            **values,
            "order_type": "PEG BENCH",
            "combo_legs": (ComboLeg(1, 2, "BUY", "CME", 3, 1, "loc", -1), ComboLeg(4, 5, "SELL", "EUREX")),
            "leg_prices": (1.25, None),
            "smart_routing": (TagValue("NonGuaranteed", "1"),),
            "algo_params": (TagValue("p", "q"),),
            "conditions": (
                PriceCondition("a", True, 1.5, 2, "X", 3),
                TimeCondition("o", False, "20231201 15:00:00"),
                MarginCondition("a", True, 30),
                ExecutionCondition("a", "STK", "SMART", "IBM"),
                VolumeCondition("a", True, 1000, 7, "Y"),
                PercentChangeCondition("a", True, 2.5, 8, "Z"),
            ),
        }
    )


SAME_NAMES = {
    "limit_price": "lmtPrice",
    "oca_group": "ocaGroup",
    "order_ref": "orderRef",
    "discretionary_amount": "discretionaryAmt",
    "rule_80a": "rule80A",
    "min_quantity": "minQty",
    "nbbo_price_cap": "nbboPriceCap",
    "smart_routing": "smartComboRoutingParams",
    "leg_prices": "orderComboLegs",
    "scale_init_fill_quantity": "scaleInitFillQty",
    "pegged_change_decrease": "isPeggedChangeAmountDecrease",
    "reference_exchange": "referenceExchangeId",
    "limit_price_offset": "lmtPriceOffset",
    "cash_quantity": "cashQty",
    "no_auto_price_for_hedge": "dontUseAutoPriceForHedge",
    "oms_container": "isOmsContainer",
    "discretionary_up_to_limit": "discretionaryUpToLimitPrice",
    "min_trade_quantity": "minTradeQty",
    "stock_ref_price": "stockRefPrice",
}


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return SAME_NAMES.get(name, head + "".join(word.title() for word in rest))


def swapped(ours: OrderTerms, theirs: ibi.Order, absent: set[str]) -> list[str]:
    """Return the attributes whose values differ, those left out that a message or version does not carry."""
    found = []
    for field in attrs.fields(OrderTerms):
        name = camel(field.name)
        if field.name in absent or not hasattr(theirs, name):
            continue
        value, seen = getattr(ours, field.name), getattr(theirs, name)
        if isinstance(value, (bool, int, float, str)) and seen != value and str(seen) != str(value):
            found.append(f"{field.name}: {seen!r} for {value!r}")
    return found


NOT_ANSWERED = {
    "transmit",
    "override_percentage_constraints",
    "scale_table",
    "active_start_time",
    "active_stop_time",
    "algo_id",
    "misc_options",
    "ext_operator",
    "mifid_decision_maker",
    "mifid_decision_algo",
    "mifid_execution_trader",
    "mifid_execution_algo",
    "advanced_error_override",
    "manual_order_time",
}
GATES = {
    "duration": 159,
    "post_to_ats": 160,
    "auto_cancel_parent": 162,
    "min_trade_quantity": 170,
    "min_compete_size": 170,
    "compete_against_best_offset": 170,
    "mid_offset_at_whole": 170,
    "mid_offset_at_half": 170,
}


def gated(version: int) -> set[str]:
    return {name for name, since in GATES.items() if version < since}


@pytest.mark.parametrize("version", VERSIONS)
def test_open_order(version: int) -> None:
    ours = terms()
    state = responses.orders.OrderState("Submitted", *(i + 0.5 for i in range(12)), "USD", "careful")
    message = responses.orders.OpenOrder(12, ES, ours, state, DeltaNeutralContract(1, 0.5, 2.5))
    ((name, (order_id, contract, order, told)),) = heard(message, version)
    assert (name, order_id) == ("openOrder", 12)
    only_completed = {
        *("auto_cancel_date", "filled_quantity", "ref_futures_con_id", "shareholder", "imbalance_only"),
        *("route_marketable_to_bbo", "parent_perm_id"),
    }
    assert swapped(ours, order, NOT_ANSWERED | gated(version) | only_completed) == []
    assert (contract.conId, contract.localSymbol, contract.exchange) == (495512563, "ESZ3", "CME")
    assert [leg.conId for leg in contract.comboLegs] == [1, 4]
    assert contract.deltaNeutralContract.price == 2.5
    assert order.conditions[5].changePercent == 2.5
    assert order.softDollarTier.name == ours.soft_dollar_name
    assert (told.status, told.initMarginBefore, told.equityWithLoanAfter) == ("Submitted", "0.5", "8.5")
    assert (told.commission, told.maxCommission, told.commissionCurrency) == (9.5, 11.5, "USD")
    assert told.warningText == "careful"


@pytest.mark.parametrize("version", VERSIONS)
def test_completed_order(version: int) -> None:
    ours = terms()
    message = responses.orders.CompletedOrder(ES, ours, None, "Filled", "20231201 15:00:00 UTC", "Filled Size: 3")
    ((name, (contract, order, state)),) = heard(message, version)
    assert name == "completedOrder"
    absent = NOT_ANSWERED | gated(version) - {"auto_cancel_parent"}
    absent |= {
        *("client_id", "parent_id", "block_order", "auction_strategy", "e_trade_only", "firm_quote_only", "what_if"),
        *("opt_out_smart_routing", "basis_points", "basis_points_type", "adjusted_order_type", "trigger_price"),
        *("adjusted_stop_price", "adjusted_stop_limit_price", "adjusted_trailing_amount", "duration", "post_to_ats"),
        *("adjustable_trailing_unit", "discretionary_up_to_limit", "use_price_mgmt_algo", "nbbo_price_cap"),
        *("delta_neutral_settling_firm", "delta_neutral_clearing_account", "delta_neutral_clearing_intent"),
        "delta_neutral_open_close",
    }
    assert swapped(ours, order, absent) == []
    assert contract.localSymbol == "ESZ3"
    assert (state.status, state.completedTime) == ("Filled", "20231201 15:00:00 UTC")
    assert state.completedStatus == "Filled Size: 3"


@pytest.mark.parametrize("version", VERSIONS)
def test_contract_details(version: int) -> None:
    message = responses.contracts.ContractDetails(
        *(4, ES, "20231215 08:30 US/Central", "ESM", 0.25, 1, "LMT,MKT", "CME,QBALGO", 100, 11004968),
        *("E-mini S&P 500 \xe9", "202312", "Indices", "Broad", "Sub", "US/Central", "h1", "h2", "rule", 3),
        *((TagValue("ISIN", "X"),), 2147483647, "ES", "IND", "67", "20231215", "COMMON", 1.0, 2.0, 3.0),
    )
    ((name, (req_id, details)),) = heard(message, version)
    assert (name, req_id) == ("contractDetails", 4)
    contract = details.contract
    assert (contract.conId, contract.symbol, contract.lastTradeDateOrContractMonth) == (495512563, "ES", "20231215")
    assert (contract.multiplier, contract.primaryExchange, contract.tradingClass) == ("50", "PRIM", "ES")
    assert (details.lastTradeTime, details.timeZoneId, details.minTick) == ("08:30", "US/Central", 0.25)
    assert (details.priceMagnifier, details.underConId, details.longName) == (100, 11004968, "E-mini S&P 500 \xe9")
    assert (details.marketRuleIds, details.realExpirationDate) == ("67", "20231215")
    assert [(tag.tag, tag.value) for tag in details.secIdList] == [("ISIN", "X")]
    assert details.sizeIncrement == (2.0 if version >= 164 else 0.0)


@pytest.mark.parametrize("version", VERSIONS)
def test_execution_and_commission(version: int) -> None:
    message = responses.account.Execution(
        *(-1, 5, ES, "0000e0d5.6571b6a4.01.01", "20231201 15:00:00 US/Central", "DU1", "CME", "BOT", 2.0, 4500.25),
        *(77, 3, 0, 2.0, 4500.25, "ref", "", 0.0, "", 1),
    )
    ((_, (req_id, contract, execution)),) = heard(message, version)
    assert (req_id, contract.localSymbol, execution.orderId) == (-1, "ESZ3", 5)
    assert (execution.execId, execution.side, execution.shares) == ("0000e0d5.6571b6a4.01.01", "BOT", 2.0)
    assert (execution.permId, execution.clientId, execution.cumQty) == (77, 3, 2.0)
    assert (execution.orderRef, execution.lastLiquidity) == ("ref", 1)
    assert execution.time.isoformat() == "2023-12-01T21:00:00+00:00"
    ((_, (report,)),) = heard(responses.account.CommissionReport("e", 2.37, "USD", None, None), version)
    assert (report.execId, report.commission, report.currency) == ("e", 2.37, "USD")


R = responses
MESSAGES = [
    (R.session.Error(3, 200, "No security definition"), ("error", (3, 200, "No security definition", ""))),
    (R.session.NextValidId(9), ("nextValidId", (9,))),
    (R.session.ManagedAccounts("DU1,DU2"), ("managedAccounts", ("DU1,DU2",))),
    (R.session.CurrentTime(5), ("currentTime", (5,))),
    (R.session.UserInfo(1, "x"), ("userInfo", (1, "x"))),
    (R.orders.OpenOrderEnd(), ("openOrderEnd", ())),
    (R.orders.CompletedOrdersEnd(), ("completedOrdersEnd", ())),
    (R.orders.OrderBound(1, 2, 3), ("orderBound", (1, 2, 3))),
    (
        R.orders.OrderStatus(1, "Filled", 2, 3, 4.5, 5, 6, 7.5, 8, "child", 9.5),
        ("orderStatus", (1, "Filled", 2.0, 3.0, 4.5, 5, 6, 7.5, 8, "child", 9.5)),
    ),
    (
        R.account.AccountValue("NetLiquidation", "1.00", "USD", "DU1"),
        ("updateAccountValue", ("NetLiquidation", "1.00", "USD", "DU1")),
    ),
    (R.account.AccountTime("15:00"), ("updateAccountTime", ("15:00",))),
    (R.account.AccountDownloadEnd("DU1"), ("accountDownloadEnd", ("DU1",))),
    (R.account.ExecutionsEnd(4), ("execDetailsEnd", (4,))),
    (R.account.PositionEnd(), ("positionEnd", ())),
    (R.account.PositionMultiEnd(4), ("positionMultiEnd", (4,))),
    (
        R.account.AccountUpdateMulti(4, "DU1", "m", "t", "v", "USD"),
        ("accountUpdateMulti", (4, "DU1", "m", "t", "v", "USD")),
    ),
    (R.account.AccountUpdateMultiEnd(4), ("accountUpdateMultiEnd", (4,))),
    (R.account.AccountSummary(4, "DU1", "t", "v", "USD"), ("accountSummary", (4, "DU1", "t", "v", "USD"))),
    (R.account.AccountSummaryEnd(4), ("accountSummaryEnd", (4,))),
    (R.account.Pnl(4, 1.5, 2.5, 3.5), ("pnl", (4, 1.5, 2.5, 3.5))),
    (R.account.PnlSingle(4, 2, 1.5, 2.5, 3.5, 4.5), ("pnlSingle", (4, 2.0, 1.5, 2.5, 3.5, 4.5))),
    (R.contracts.ContractDetailsEnd(4), ("contractDetailsEnd", (4,))),
    (
        R.contracts.OptionParameters(4, "CME", 9, "ES", "50", ("20231215",), (1.5, 2.5)),
        ("securityDefinitionOptionParameter", (4, "CME", "9", "ES", "50", ["20231215"], [1.5, 2.5])),
    ),
    (R.contracts.OptionParametersEnd(4), ("securityDefinitionOptionParameterEnd", (4,))),
    (R.history.HeadTimestamp(4, "20200101-00:00:00"), ("headTimestamp", (4, "20200101-00:00:00"))),
    (R.market_data.TickPrice(4, 1, 2.5, 3, 1), ("priceSizeTick", (4, 1, 2.5, 3.0))),
    (R.market_data.TickSize(4, 5, 3), ("tickSize", (4, 5, 3.0))),
    (R.market_data.TickGeneric(4, 49, 0), ("tickGeneric", (4, 49, 0.0))),
    (R.market_data.TickString(4, 45, "1701442800"), ("tickString", (4, 45, "1701442800"))),
    (R.market_data.TickSnapshotEnd(4), ("tickSnapshotEnd", (4,))),
    (R.market_data.MarketDataType(4, 3), ("marketDataType", (4, 3))),
    (R.market_data.TickRequestParameters(4, 0.25, "9c", 3), ("tickReqParams", (4, 0.25, "9c", 3))),
    (R.market_data.Depth(4, 1, 0, 1, 2.5, 3), ("updateMktDepth", (4, 1, 0, 1, 2.5, 3.0))),
    (R.market_data.DepthL2(4, 1, "CME", 0, 1, 2.5, 3, True), ("updateMktDepthL2", (4, 1, "CME", 0, 1, 2.5, 3.0, True))),
    (R.market_data.RealTimeBar(4, 5, 1, 2, 3, 4, 5, 6, 7), ("realtimeBar", (4, 5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7))),
    (R.market_data.TickByTick(4, 4, 5, midpoint=2.5), ("tickByTickMidPoint", (4, 5, 2.5))),
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("message", "expected"), MESSAGES, ids=lambda value: type(value).__name__)
def test_short_message(message: Any, expected: tuple[str, tuple[Any, ...]], version: int) -> None:
    assert heard(message, version) == [expected]


@pytest.mark.parametrize("version", VERSIONS)
def test_lists(version: int) -> None:
    bars = tuple(R.history.Bar("20231201", 1.5, 3.0, 0.5, 2.0, 10.0, 1.75, 4) for _ in range(3))
    *told, (end, args) = heard(R.history.HistoricalData(4, "s", "e", bars), version)
    assert [bar.volume for _, (_, bar) in told] == [10.0] * 3
    assert (end, args) == ("historicalDataEnd", (4, "s", "e"))
    ((_, (_, update)),) = heard(R.history.HistoricalDataUpdate(4, 7, "d", 1.5, 2.0, 3.0, 0.5, 1.75, 10.0), version)
    assert (update.open, update.high, update.low, update.close, update.barCount) == (1.5, 3.0, 0.5, 2.0, 7)
    ((_, (_, ticks, done)),) = heard(
        R.history.HistoricalTicksLast(4, (R.history.LastTick(5, 1, 2.5, 3, "CME", "x"),)), version
    )
    assert done
    assert (ticks[0].price, ticks[0].exchange, ticks[0].tickAttribLast.pastLimit) == (2.5, "CME", True)
    ((_, (_, quotes, _)),) = heard(
        R.history.HistoricalTicksBidAsk(4, (R.history.BidAskTick(5, 0, 1, 2, 3, 4),)), version
    )
    assert (quotes[0].priceBid, quotes[0].sizeAsk) == (1.0, 4.0)
    ((_, (_, mids, _)),) = heard(R.history.HistoricalTicks(4, (R.history.MidpointTick(5, 0, 1.5, 0),), False), version)
    assert mids[0].price == 1.5
    ((_, (rule, steps)),) = heard(R.contracts.MarketRule(67, (R.contracts.PriceIncrement(0, 0.25),)), version)
    assert (rule, steps[0].increment) == (67, 0.25)
    sample = R.contracts.SymbolSample(1, "ES", "IND", "CME", "USD", ("FUT", "FOP"), "E-mini", "i")
    ((_, (_, samples)),) = heard(R.contracts.SymbolSamples(4, (sample, sample)), version)
    assert [s.derivativeSecTypes for s in samples] == [["FUT", "FOP"]] * 2
    ((_, (_, kind, _, price, size, *_)),) = heard(
        R.market_data.TickByTick(4, 1, 5, price=2.5, size=3, exchange="CME"), version
    )
    assert (kind, price, size) == (1, 2.5, 3.0)
    ((_, (_, _, bid, ask, *_)),) = heard(R.market_data.TickByTick(4, 3, 5, bid=1.5, ask=2.5), version)
    assert (bid, ask) == (1.5, 2.5)


@pytest.mark.parametrize("version", VERSIONS)
def test_positions(version: int) -> None:
    ((_, (account, contract, held, cost)),) = heard(R.account.Position("DU1", ES, -2, 225012.5), version)
    assert (account, contract.localSymbol, held, cost) == ("DU1", "ESZ3", -2.0, 225012.5)
    ((_, (req_id, account, model, _, held, _)),) = heard(R.account.PositionMulti(4, "DU1", ES, 2, 1.5, "m"), version)
    assert (req_id, account, model, held) == (4, "DU1", "m", 2.0)
    ((_, (contract, held, price, *_, account)),) = heard(
        R.account.Portfolio(ES, 2, 4500.25, 450025.0, 225000.0, 25.0, 0.0, "DU1"), version
    )
    assert (contract.primaryExchange, held, price, account) == ("PRIM", 2.0, 4500.25, "DU1")


def test_schedule() -> None:
    session = R.history.Session("20231201-08:30:00", "20231201-15:00:00", "20231201")
    ((_, args),) = heard(R.history.HistoricalSchedule(4, "s", "e", "US/Central", (session,)), 176)
    assert args[3] == "US/Central"
    assert args[4][0].refDate == "20231201"


@pytest.mark.parametrize("version", VERSIONS)
def test_no_message_is_unknown_to_the_decoder_or_makes_it_log(version: int, caplog: pytest.LogCaptureFixture) -> None:
    assert set(RESPONSES) <= set(Decoder(Ears(), version).handlers)
    with caplog.at_level(logging.ERROR):
        for message, _ in MESSAGES:
            heard(message, version)
    assert caplog.records == []


@pytest.mark.parametrize(("version", "count"), [(157, 128), (173, 136), (176, 136)])
def test_open_order_has_as_many_fields_as_a_recorded_one(version: int, count: int) -> None:
    order = OrderTerms(delta_neutral_order_type="None", adjusted_order_type="None")
    assert len(fields_of(R.orders.OpenOrder(13, order=order), version)) == count
