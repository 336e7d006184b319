"""What became of an order of ours that none of IB's lists shows: never a rejection that may be a fill."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import attrs
import pytest

from brokerkit import Fill, FuturesContract, Order, OrderState, TimeInForce
from brokerkit.errors import OrderRejected
from brokerkit.plugins.ib.tracked_order import TrackedOrder
from brokerkit.plugins.ib.undecided import Evidence, may_hide, verdict_on
from brokerkit.spec.broker_order import BrokerIds

GOLD = FuturesContract("GOLD", "202402")
SENT = datetime(2023, 11, 29, 14, tzinfo=timezone.utc)
AN_HOUR_LATER = Evidence(SENT, SENT + timedelta(hours=1), None, is_ours_alone=True, is_position_explained=True)
A_DAY_LATER = attrs.evolve(AN_HOUR_LATER, now=SENT + timedelta(hours=24))


def missing(order: Order | None = None, readings: int = 2, perm_id: str = "", filled: bool = False) -> TrackedOrder:
    """Return an order that so many readings did not show."""
    tracked = TrackedOrder(order or Order.market(GOLD, 2), ids=BrokerIds(perm_id=perm_id), unseen=readings)
    if filled:
        tracked.put_fill(Fill("e.01", tracked.order.order_ref, GOLD, 1, Decimal(2000), SENT))
    return tracked


@pytest.mark.parametrize("evidence", [AN_HOUR_LATER, A_DAY_LATER])
def test_one_reading_and_an_order_that_another_session_may_be_sending_decide_nothing(evidence: Evidence) -> None:
    assert verdict_on(missing(readings=1), evidence) is None
    assert verdict_on(missing(), attrs.evolve(evidence, is_ours_alone=False)) is None


def test_an_order_of_today_without_a_trace_never_arrived_and_says_why_if_ib_did() -> None:
    verdict = verdict_on(missing(), AN_HOUR_LATER)
    assert verdict is not None
    assert (verdict.state, "never reached IB" in verdict.reason) == (OrderState.REJECTED, True)
    refused = missing()
    refused.refusal = OrderRejected("It was refused.", broker_message="Duplicate order id")
    verdict = verdict_on(refused, AN_HOUR_LATER)
    assert verdict is not None
    assert (verdict.state, verdict.reason) == (OrderState.REJECTED, "Duplicate order id")


@pytest.mark.parametrize("seen", [{"perm_id": "17"}, {"filled": True}], ids=["perm id", "fill"])
def test_an_order_that_ib_has_had_is_not_said_to_have_never_arrived(seen: dict[str, object]) -> None:
    verdict = verdict_on(missing(**seen), AN_HOUR_LATER)
    assert verdict is not None
    assert (verdict.state, "neither among open nor among completed" in verdict.reason) == (OrderState.UNKNOWN, True)


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Zurich", "Asia/Hong_Kong", "Australia/Sydney"])
def test_after_a_midnight_of_ib_s_the_lists_show_nothing_of_an_order_from_before(zone: str) -> None:
    midnight = datetime(2023, 11, 30, tzinfo=ZoneInfo(zone))
    across = Evidence(
        midnight - timedelta(minutes=1),
        midnight + timedelta(minutes=1),
        ZoneInfo("Australia/Sydney"),
        is_ours_alone=True,
        is_position_explained=False,
    )
    verdict = verdict_on(missing(), across)
    assert verdict is not None
    assert (verdict.state, "on an earlier day" in verdict.reason) == (OrderState.UNKNOWN, True)


@pytest.mark.parametrize(
    ("hours", "terms", "explained", "state"),
    [
        (24, {}, True, OrderState.EXPIRED),
        (24, {}, False, OrderState.UNKNOWN),
        (11, {}, True, OrderState.UNKNOWN),
        (12, {}, True, OrderState.EXPIRED),
        (24 * 30, {"time_in_force": TimeInForce.GTC}, True, OrderState.UNKNOWN),
        (47, {"time_in_force": TimeInForce.GTD, "good_till": SENT + timedelta(hours=48)}, True, OrderState.UNKNOWN),
        (48, {"time_in_force": TimeInForce.GTD, "good_till": SENT + timedelta(hours=48)}, True, OrderState.EXPIRED),
    ],
)
def test_an_order_has_expired_when_its_time_is_up_and_positions_show_no_fill(
    hours: int, terms: dict[str, object], explained: bool, state: OrderState
) -> None:
    evidence = attrs.evolve(AN_HOUR_LATER, now=SENT + timedelta(hours=hours), is_position_explained=explained)
    verdict = verdict_on(missing(Order.limit(GOLD, 2, 1900, **terms), perm_id="17"), evidence)
    assert verdict is not None
    assert verdict.state is state


def test_an_order_of_which_nobody_knows_when_it_was_sent_stays_unknown() -> None:
    verdict = verdict_on(missing(), attrs.evolve(A_DAY_LATER, sent=None))
    assert verdict is not None
    assert verdict.state is OrderState.UNKNOWN


@pytest.mark.parametrize(
    ("other", "hides"),
    [
        (Order.market(GOLD, -1), True),
        (Order.market(GOLD, 1), False),
        (Order.market(FuturesContract("GOLD", "202404"), -1), False),
        (Order.market(FuturesContract("GOLD", ["202402", "202404"]), [-1, 1]), True),
        (Order.market(FuturesContract("GOLD", ["202404", "202402"]), [-1, 1]), False),
    ],
)
def test_orders_on_either_side_of_a_contract_may_hide_each_other_s_fills(other: Order, hides: bool) -> None:
    assert may_hide(missing(other), missing(Order.market(GOLD, 1))) is hides
