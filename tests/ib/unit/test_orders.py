"""Orders in IB's words and back: on the real classes of the library."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import attrs
import pytest

from brokerkit.errors import (
    AmbiguousContract,
    BrokerkitError,
    CompetingSession,
    ConnectionProblem,
    ContractExpired,
    DataPermissionDenied,
    InsufficientMargin,
    InvalidArgument,
    MissingContract,
    MissingData,
    MissingOrder,
    NotSupported,
    OffTickPrice,
    OrderCannotBeCancelled,
    OrderRejected,
    PacingViolation,
    ReadOnlyBroker,
)
from brokerkit.plugins.ib.error_codes import Meaning, error_for, meaning_for_order
from brokerkit.plugins.ib.executions import price_from, revision_of, signed_quantity
from brokerkit.plugins.ib.order_reading import order_from, with_reported_terms
from brokerkit.plugins.ib.order_states import state_of
from brokerkit.plugins.ib.order_terms import terms_of
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order, OrderType, SpreadFill, TimeInForce

GOLD = FuturesContract("GOLD", "202612")
SPREAD = FuturesContract("GOLD", ["202612", "202702"])


def ib_order(library: Any, order: Order, account: str = "DU1") -> Any:
    """Return the library's own order for an order of ours."""
    return library.Order(**terms_of(order, account).fields)


@pytest.mark.parametrize("tif", [each for each in TimeInForce if each is not TimeInForce.GTD])
def test_the_time_in_force_is_always_explicit(tif: TimeInForce) -> None:
    fields = terms_of(Order.limit(GOLD, 1, 1900, time_in_force=tif), "DU1").fields
    assert fields["tif"] == ("DAY" if tif is TimeInForce.AT_CLOSE else tif.value)


def test_the_reference_is_our_own() -> None:
    order = Order.market(GOLD, 1)
    assert terms_of(order, "DU1").fields["orderRef"] == order.order_ref


def test_a_spread_is_normalised_so_that_its_first_leg_is_bought() -> None:
    terms = terms_of(Order.limit(SPREAD, [-4, 2], "12.5", spread_fill=SpreadFill.BY_LEG), "DU1")
    assert (terms.fields["action"], terms.fields["totalQuantity"], terms.fields["lmtPrice"]) == ("SELL", 2.0, 12.5)
    assert [(leg.ratio, leg.action) for leg in terms.legs] == [(2, "BUY"), (1, "SELL")]
    assert terms.routing == (("NonGuaranteed", "1"),)
    assert terms_of(Order.market(GOLD, 1, spread_fill=SpreadFill.BY_LEG), "DU1").routing == ()  # it has no legs


def test_an_algo_and_fields_of_ib_s_own_go_through_untouched() -> None:
    order = Order.market(
        GOLD,
        1,
        algo="Adaptive",
        algo_parameters={"adaptivePriority": "Patient"},
        broker_parameters={"orderType": "SNAP MKT"},
    )
    terms = terms_of(order, "DU1")
    assert terms.fields["algoStrategy"] == "Adaptive"
    assert terms.algo_parameters == (("adaptivePriority", "Patient"),)
    assert terms.fields["orderType"] == "SNAP MKT"


def test_a_good_till_date_is_sent_in_utc() -> None:
    when = datetime(2026, 4, 13, 19, 27, tzinfo=timezone.utc)
    fields = terms_of(Order.limit(GOLD, 1, 1900, time_in_force=TimeInForce.GTD, good_till=when), "DU1").fields
    assert fields["goodTillDate"] == "20260413-19:27:00"


@pytest.mark.parametrize("flag", ["post_only", "reduce_only"])
def test_what_ib_cannot_say_is_refused_before_anything_is_sent(flag: str) -> None:
    with pytest.raises(NotSupported, match="IB's futures orders have no"):
        terms_of(Order.limit(GOLD, 1, 1900, **{flag: True}), "DU1")


ORDERS = [
    Order.market(GOLD, 3, account="DU1"),
    Order.limit(GOLD, -2, "1950.1", account="DU1", time_in_force=TimeInForce.GTC),
    Order.stop(GOLD, 1, 1960, account="DU1"),
    Order.stop_limit(GOLD, 1, stop_price=1960, limit_price="1960.5", account="DU1"),
    Order.trailing_stop(GOLD, -1, amount="2.5", account="DU1"),
    Order.trailing_stop(GOLD, -1, percent=2, account="DU1"),
    Order(GOLD, 1, OrderType.MARKET_IF_TOUCHED, stop_price=1940, account="DU1", oco_group="a"),
    Order(GOLD, 1, OrderType.LIMIT_IF_TOUCHED, stop_price=1940, limit_price=1941, account="DU1", outside_hours=True),
    Order.market(GOLD, 1, account="DU1", time_in_force=TimeInForce.AT_CLOSE),
    Order.limit(GOLD, 1, 1900, account="DU1", time_in_force=TimeInForce.FOK),
]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.order_type.value)
def test_an_order_reads_back_equal(library: Any, order: Order) -> None:
    read = order_from(ib_order(library, order), GOLD, order.quantity, order.order_ref)
    assert read == order


def test_a_market_order_has_no_limit_price_of_1e308(library: Any) -> None:
    told = ib_order(library, Order.market(GOLD, 1))
    told.lmtPrice = 1.7976931348623157e308
    assert order_from(told, GOLD, (1,), "x").limit_price is None


@pytest.mark.parametrize(
    ("words", "kind", "stop"), [("MKT PRT", OrderType.MARKET, None), ("STP PRT", OrderType.STOP, Decimal(1850))]
)
def test_orders_by_hand_with_protection_are_read(
    library: Any, words: str, kind: OrderType, stop: Decimal | None
) -> None:
    """Those are for futures: https://interactivebrokers.github.io/tws-api/basic_orders.html."""
    told = library.Order(orderType=words, action="SELL", totalQuantity=1, auxPrice=1850.0, tif="GTC", account="DU1")
    read = order_from(told, GOLD, (-1,), "x")
    assert (read.order_type, read.stop_price, read.time_in_force) == (kind, stop, TimeInForce.GTC)


def test_changed_prices_and_quantity_are_read_from_ib(library: Any) -> None:
    order = Order.limit(GOLD, -2, 1950, account="DU1")
    told = ib_order(library, order)
    told.lmtPrice, told.totalQuantity = 1951.5, 3.0
    changed = with_reported_terms(order, told)
    assert (changed.limit_price, changed.quantity, changed.order_ref) == (Decimal("1951.5"), (-3,), order.order_ref)
    assert with_reported_terms(order, ib_order(library, order)) is order


def test_a_trailing_trigger_that_was_asked_for_is_read_and_one_that_moved_by_itself_is_not(library: Any) -> None:
    order = Order.trailing_stop(GOLD, -1, amount=5, stop_price=1900, account="DU1")
    asked = attrs.evolve(order, stop_price=1910)
    assert with_reported_terms(order, ib_order(library, asked), asked).stop_price == 1910
    assert with_reported_terms(order, ib_order(library, asked)) is order
    assert with_reported_terms(order, ib_order(library, order), asked) is order


def test_corrections_share_all_but_the_last_segment_of_the_execution_id() -> None:
    assert revision_of("00025b46.63f8f39c.01.01")[0] == revision_of("00025b46.63f8f39c.01.02")[0]
    assert revision_of("00025b46.63f8f39c.01.02")[1] == 2


def test_sides_and_unset_numbers() -> None:
    assert (signed_quantity("BOT", 3.0), signed_quantity("SLD", 3.0)) == (3, -3)
    assert price_from(1.7976931348623157e308) is None
    assert price_from("1.7976931348623157E308") is None
    assert price_from(float("nan")) is None
    assert price_from(0.0) == 0
    assert str(price_from(100.0)) == "100"


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (10349, Meaning.NOTICE),
        (399, Meaning.NOTICE),
        (2109, Meaning.NOTICE),
        (202, Meaning.CANCELLED),
        (200, Meaning.REJECTED),
        (201, Meaning.REJECTED),
        (203, Meaning.REJECTED),
        (110, Meaning.CHANGE_REFUSED),
        (321, Meaning.CHANGE_REFUSED),
        (105, Meaning.CHANGE_REFUSED),
        (2102, Meaning.CHANGE_REFUSED),
        (135, Meaning.CANCEL_REFUSED),
        (161, Meaning.CANCEL_REFUSED),
        (10147, Meaning.CANCEL_REFUSED),
        (10148, Meaning.CANCEL_REFUSED),
        (103, Meaning.DOUBTFUL),
        (99999, Meaning.DOUBTFUL),
    ],
)
def test_what_a_code_means_to_its_order(code: int, meaning: Meaning) -> None:
    assert meaning_for_order(code) is meaning


@pytest.mark.parametrize(
    ("code", "text", "error"),
    [
        (200, "No security definition has been found for the request", MissingContract),
        (162, "Historical Market Data Service error message:HMDS query returned no data", MissingData),
        (162, "Historical Market Data Service error message:No head time stamp", MissingData),
        (162, "Historical Market Data Service error message:No data of type EODChart is available", MissingData),
        (162, "Historical Market Data Service error message:Pacing violation", PacingViolation),
        (
            162,
            "Historical Market Data Service error message:Trading TWS session is connected from a different IP address",
            CompetingSession,
        ),
        (
            162,
            "Historical Market Data Service error message:No market data permissions for NYMEX FUT",
            DataPermissionDenied,
        ),
        (10187, "Failed to request historical ticks:No market data permissions for NYMEX FUT", DataPermissionDenied),
        (10187, "Failed to request historical ticks:HMDS query returned no data", MissingData),
        (100, "Max rate of messages per second has been exceeded", PacingViolation),
        (110, "The price does not conform to the minimum price variation for this contract.", OffTickPrice),
        (200, "The contract description specified for GC is ambiguous", AmbiguousContract),
        (201, "Order rejected - reason:INSUFFICIENT MARGIN", InsufficientMargin),
        (201, "Order rejected - reason:The exchange is closed.", OrderRejected),
        (201, "Order rejected - reason:This contract has expired.", ContractExpired),
        (321, "Error validating request: The API interface is currently in Read-Only mode.", ReadOnlyBroker),
        (321, "Error validating request: Missing local side.", InvalidArgument),
        (354, "Requested market data is not subscribed.", DataPermissionDenied),
        (366, "No historical data query found for ticker id:7", ConnectionProblem),
        (10147, "OrderId 7 that needs to be cancelled is not found.", MissingOrder),
        (10148, "OrderId 7 that needs to be cancelled cannot be cancelled, state: Filled.", OrderCannotBeCancelled),
        (10197, "No market data during competing live session", CompetingSession),
        (10186, "Requested market data is not subscribed. Delayed market data is not enabled.", DataPermissionDenied),
        (10091, "Part of requested market data requires additional subscription for API.", DataPermissionDenied),
        (10182, "Failed to request live updates (disconnected).", ConnectionProblem),
        (10339, "Setting end date/time for continuous future security type is not allowed.", InvalidArgument),
        (10999, "Something new", OrderRejected),
    ],
)
def test_codes_become_typed_errors_with_ib_s_own_words(code: int, text: str, error: type[Exception]) -> None:
    found = error_for(code, text)
    assert type(found) is error
    assert (found.broker_code, found.broker_message) == (code, text)


def test_a_code_that_nobody_knows_rejects_no_order_where_there_is_none() -> None:
    assert type(error_for(10999, "Something new", about_order=False)) is BrokerkitError


def test_history_refused_in_another_language_is_not_taken_for_none() -> None:
    found = error_for(162, "历史市场数据服务错误信息")
    assert type(found) is ConnectionProblem
    assert "'Show API error messages in English'" in found.remedy


def test_inactive_alone_is_unknown_and_never_rejected() -> None:
    assert state_of("Inactive").value == "unknown"
    assert state_of("Inactive", reject_reason="no margin").value == "rejected"
    assert state_of("Inactive", time_in_force="FOK").value == "cancelled"
    assert state_of("ApiCancelled").value == "cancelled"
    assert state_of("PreSubmitted").value == "working"
