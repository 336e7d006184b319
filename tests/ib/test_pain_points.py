"""The pain points of users of IB's API, by their numbers in the list they were collected in."""

from __future__ import annotations

import asyncio
import random
import re
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from brokerkit import (
    Broker,
    ConnectionChange,
    ConnectionState,
    DataGap,
    Fill,
    Frequency,
    FuturesContract,
    Order,
    OrderState,
    QuoteStatus,
)
from brokerkit.errors import (
    CannotConnect,
    ClientIdInUse,
    ConnectionLost,
    DataPermissionDenied,
    MissingContract,
    MissingData,
    OutcomeUnknown,
    ReadOnlyBroker,
    RequestTimedOut,
)
from brokerkit.plugins.ib.downtime import expected_downtime
from brokerkit.plugins.ib.history_pacing import SmallBarRules
from brokerkit.plugins.sim.gateway import GatewaySettings, Limits, ManualClock, SimulatedGateway
from brokerkit.plugins.sim.gateway.pacing import HistoryPacing
from brokerkit.spec.broker_order import BrokerOrder, OrderOrigin
from brokerkit.spec.events import CommissionReport
from brokerkit.spec.money import Money
from brokerkit.store import open_store

OpenIB = Callable[..., Broker]
RunGateway = Callable[..., SimulatedGateway]
Listen = Callable[[Broker], Any]
GOLD = FuturesContract("GOLD", "202402")


def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From now on, brokers have another store: another program, or another machine."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))


def test_01_subscriptions_live_on_after_1101(gateway: SimulatedGateway, broker: Broker, listen: Listen) -> None:
    ticker = broker.prices.get_ticker_object_for_contract(GOLD)
    first = ticker.wait_for_quote()
    heard = listen(broker)
    with gateway.fault("connectivity", data_lost=True):
        pass
    heard.wait_for(lambda: heard.of(DataGap))
    heard.wait_for(lambda: gateway.advance_bars(1) and ticker.quote().bid not in (None, first.bid))
    later = ticker.quote()
    assert later.status is QuoteStatus.LIVE
    assert later.time is not None
    assert first.time is not None
    assert later.time > first.time


def test_02_a_farm_that_was_gone_brings_its_quotes_back(
    gateway: SimulatedGateway, broker: Broker, listen: Listen
) -> None:
    ticker = broker.prices.get_ticker_object_for_contract(GOLD)
    ticker.wait_for_quote()
    heard = listen(broker)
    with gateway.fault("farm"):
        before = ticker.quote()
        gateway.advance_bars(1)
        assert ticker.quote().bid == before.bid  # silence
    heard.wait_for(lambda: heard.of(DataGap))
    heard.wait_for(lambda: gateway.advance_bars(1) and ticker.quote().bid not in (None, before.bid))


def test_03_a_lost_line_is_told_and_orders_are_refused_while_it_is_down(
    gateway: SimulatedGateway, broker: Broker, listen: Listen
) -> None:
    broker.contracts.get_contract_object_with_broker_data(GOLD)
    heard = listen(broker)
    with gateway.fault("client-id-in-use", count=10_000):
        gateway.call(lambda inner: inner.restart())
        heard.wait_for(lambda: heard.of(ConnectionChange))
        with pytest.raises(ConnectionLost):
            broker.orders.put_order_on_stack(Order.market(GOLD, 1))
    heard.wait_for(lambda: broker.state is ConnectionState.CONNECTED)


def test_04_a_client_id_in_use_is_told_at_once(gateway: SimulatedGateway, open_ib: OpenIB) -> None:
    open_ib(gateway, client_id=9)
    began = time.monotonic()
    with pytest.raises(ClientIdInUse) as refused, gateway.fault("client-id-in-use"):
        open_ib(gateway, client_id=10, connect_timeout=60.0)
    assert time.monotonic() - began < 20  # not after the timeout
    assert refused.value.broker_code == 326


@pytest.mark.parametrize("works_on", [True, False], ids=["of a working order", "of a cancelled order"])
def test_05_ids_given_again_are_not_mixed_up(gateway: SimulatedGateway, open_ib: OpenIB, works_on: bool) -> None:
    first = open_ib(gateway, client_id=9)
    control = first.orders.put_order_on_stack(Order.limit(GOLD, 1, 1900))
    if not works_on:  # IB gives no id of an order that has ended
        first.orders.cancel_order_given_control_object(control)
        control.wait(30)
    old = control.current()
    first.close()
    with gateway.fault("roll-back-ids", client_id=9, to=1):
        second = open_ib(gateway, client_id=9)
    new = second.orders.put_order_on_stack(Order.limit(GOLD, 1, 1901)).current()
    assert int(new.ids.order_id) > int(old.ids.order_id)


def test_06_no_duplicate_order_id_from_many_threads(broker: Broker) -> None:
    states: list[OrderState] = []

    def place() -> None:
        states.append(broker.orders.put_order_on_stack(Order.limit(GOLD, 1, 1900)).current().state)

    threads = [threading.Thread(target=place) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert states == [OrderState.WORKING] * 12


def test_07_an_unknown_outcome_is_never_sent_again(gateway: SimulatedGateway, open_ib: OpenIB, listen: Listen) -> None:
    broker = open_ib(gateway)
    broker.contracts.get_contract_object_with_broker_data(GOLD)
    heard = listen(broker)
    with gateway.fault("cut", message="openOrder", keep=0), pytest.raises(OutcomeUnknown):
        broker.orders.put_order_on_stack(Order.limit(GOLD, 1, 1900))
    heard.wait_for(lambda: [e for e in heard.of(BrokerOrder) if e.state is OrderState.WORKING])
    heard.wait_for(lambda: broker.state is ConnectionState.CONNECTED)
    assert len(broker.orders.get_list_of_broker_orders()) == 1


def test_08_orders_of_an_earlier_session_can_be_managed(gateway: SimulatedGateway, open_ib: OpenIB) -> None:
    first = open_ib(gateway, client_id=9)
    order = Order.limit(GOLD, 1, 1900)
    first.orders.put_order_on_stack(order)
    first.close()
    second = open_ib(gateway, client_id=9)
    control = second.orders.match_db_broker_order_to_control_order_from_brokers(order)
    second.orders.modify_limit_price_given_control_object(control, 1905)
    assert control.current().order.limit_price == 1905
    second.orders.cancel_order_given_control_object(control)
    assert control.wait(30).state is OrderState.CANCELLED


def test_09_fills_missed_while_the_line_was_down_come_once(
    gateway: SimulatedGateway, broker: Broker, listen: Listen
) -> None:
    heard = listen(broker)
    control = broker.orders.put_order_on_stack(Order.limit(GOLD, 1, 1900))
    broker.orders.modify_limit_price_given_control_object(control, 2200)
    with gateway.fault("client-id-in-use", count=3):
        gateway.call(lambda inner: inner.restart())
        gateway.advance_bars(3)
    assert control.wait(30).state is OrderState.FILLED
    heard.wait_for(lambda: heard.of(Fill))
    heard.wait_for(lambda: broker.state is ConnectionState.CONNECTED and heard.of(DataGap))
    broker.orders.get_list_of_fills()
    assert len(heard.of(Fill)) == 1


def test_10_a_fill_without_any_status_fills_the_order(gateway: SimulatedGateway, broker: Broker) -> None:
    with gateway.fault("no-status-on-fill"):
        assert broker.orders.put_order_on_stack(Order.market(GOLD, 1)).wait(30).state is OrderState.FILLED


@pytest.mark.parametrize("order", [Order.limit(GOLD, 1, 1900), Order.stop(GOLD, 1, 2900)], ids=["limit", "stop"])
def test_11_notices_and_failed_changes_cancel_nothing(
    gateway: SimulatedGateway, broker: Broker, listen: Listen, order: Order
) -> None:
    heard = listen(broker)
    with gateway.fault("tif-notice"):
        control = broker.orders.put_order_on_stack(order)
        heard.wait_for(lambda: "TIF" in control.current().reason)  # it may follow the status that answers the call
    [listed] = broker.orders.get_list_of_broker_orders()  # reads every status again: none of them wipes the notice
    assert listed.state is OrderState.WORKING
    assert "TIF" in listed.reason
    assert broker.native.ib.openTrades()[0].orderStatus.status in {"Submitted", "PreSubmitted"}


def test_12_a_rejection_ends_the_order_with_its_reason(broker: Broker) -> None:
    from brokerkit.errors import OrderRejected

    order = Order.market(GOLD, 1_000_000)
    with pytest.raises(OrderRejected) as refused:
        broker.orders.put_order_on_stack(order)
    assert refused.value.broker_code == 201
    view = broker.orders.match_db_broker_order_to_order_from_brokers(order)
    assert view.state is OrderState.REJECTED
    assert view.reason


@pytest.mark.parametrize("code", [10147, 10148])
def test_13_a_cancel_that_loses_the_race_ends_in_the_truth(
    gateway: SimulatedGateway, broker: Broker, code: int
) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(GOLD, 1, 1900))
    with gateway.fault("cancel-error", code=code):
        broker.orders.cancel_order_given_control_object(control)
        broker.orders.get_list_of_broker_orders()
    assert control.current().state is OrderState.WORKING  # the Gateway of this test says that it is over, and it is not
    broker.orders.cancel_order_given_control_object(control)
    assert control.wait(30).state is OrderState.CANCELLED


def test_14_orders_of_others_are_seen_and_said_to_be_theirs(
    gateway: SimulatedGateway, open_ib: OpenIB, broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.orders.put_order_on_stack(Order.limit(GOLD, 1, 1900))
    elsewhere(monkeypatch, tmp_path)
    other = open_ib(gateway, client_id=77)
    [seen] = other.orders.get_list_of_broker_orders()
    assert (seen.origin, seen.order.limit_price) == (OrderOrigin.OTHER_CLIENT, 1900)
    assert [each.order_ref for each in other.native.reconciliation.report.foreign_orders] == [seen.order_ref]


def test_15_a_late_commission_is_none_and_then_exact(gateway: SimulatedGateway, broker: Broker, listen: Listen) -> None:
    heard = listen(broker)
    with gateway.fault("late-commission", seconds=0.3):
        control = broker.orders.put_order_on_stack(Order.market(GOLD, 1))
        assert control.wait(30).commissions is None
        heard.wait_for(lambda: control.current().commissions)
    assert control.current().commissions[0].amount == Decimal("2.1")  # type: ignore[index]  # because it was just waited for


@pytest.mark.parametrize("pending", [-1.0, 1.7976931348623157e308])
def test_15_a_commission_that_is_pending_is_none(
    gateway: SimulatedGateway, broker: Broker, listen: Listen, pending: float
) -> None:
    """IB reports -1 for one that it does not know yet: nautechsystems/nautilus_trader#4230 and #4281."""
    heard = listen(broker)
    with gateway.fault("missing-commission"):
        control = broker.orders.put_order_on_stack(Order.market(GOLD, 1))
        (fill,) = control.wait(30).fills
    connection = broker.native.connection

    def report(commission: float) -> None:
        told = connection.library.new(
            "CommissionReport", execId=fill.execution_id, commission=commission, currency="USD"
        )
        connection.call(lambda _ib: connection.hear("commissionReport", (told,)))
        connection.server_time()

    report(pending)
    report(2.1)
    heard.wait_for(lambda: heard.of(CommissionReport))
    assert [each.commission for each in heard.of(CommissionReport)] == [Money("USD", "2.1")]
    assert control.current().commissions == (Money("USD", "2.1"),)


def test_16_a_corrected_execution_is_not_counted_twice(
    gateway: SimulatedGateway, broker: Broker, listen: Listen
) -> None:
    heard = listen(broker)
    control = broker.orders.put_order_on_stack(Order.market(GOLD, 1))
    control.wait(30)
    with gateway.fault("correct-execution", price=2001.5):
        heard.wait_for(lambda: len(heard.of(Fill)) == 2)
    assert control.current().filled == (1,)
    assert control.current().average_price() == Decimal("2001.5")


@pytest.mark.parametrize("weight", [1, 2])
def test_17_pacing_rules_are_kept_by_waiting(weight: int) -> None:
    ours, gateway_s = SmallBarRules(), HistoryPacing(Limits())
    now, sent = 1000.0, 0
    chances = random.Random(7)
    while sent < 150:
        request, stream = chances.randrange(20), chances.randrange(3)
        now += ours.wait(now, request, stream, weight)
        assert gateway_s.admit(now, request, stream, weight), f"request {sent} at {now} breaks a rule"
        ours.count(now, request, stream, weight)
        sent += 1
    assert now - 1000 < 600 * weight * 150 / 60  # and no longer than the rules ask for


def test_18_history_that_does_not_come_is_a_timeout_and_none_is_none(
    gateway: SimulatedGateway, open_ib: OpenIB
) -> None:
    broker = open_ib(gateway, request_timeout=2.0)
    broker.contracts.get_contract_object_with_broker_data(GOLD)
    with gateway.fault("lose", message="historicalData", count=9), pytest.raises(RequestTimedOut):
        broker.prices.get_prices_for_contract_object(GOLD)
    with pytest.raises(MissingData):
        broker.prices.get_prices_for_contract_object(GOLD, end=datetime(2001, 1, 1, tzinfo=timezone.utc))


def test_19_expired_contracts_have_their_history(gateway: SimulatedGateway, broker: Broker) -> None:
    gateway.advance(timedelta(days=60))
    assert not broker.prices.get_prices_for_contract_object(FuturesContract("GOLD", "202312")).empty


def test_20_an_unknown_contract_is_an_error_and_a_false_denial_is_forgotten(
    gateway: SimulatedGateway, broker: Broker
) -> None:
    with gateway.fault("maintenance"), pytest.raises(MissingContract):
        broker.contracts.get_min_tick_size_for_contract(GOLD)
    assert broker.contracts.get_min_tick_size_for_contract(GOLD) == Decimal("0.1")


def test_21_times_are_utc_whatever_the_login_s_zone_is_called(run_gateway: RunGateway, open_ib: OpenIB) -> None:
    zone = GatewaySettings(port=0, time_zone="America/Chicago", windows_zone_names=True, limits=Limits.none())
    gateway = run_gateway(zone)
    broker = open_ib(gateway)
    fill = broker.orders.put_order_on_stack(Order.market(GOLD, 1)).wait(30).fills[0]
    [at_venue] = gateway.call(lambda inner: inner.exchange.fills())
    assert fill.time == at_venue.time
    assert fill.time.tzinfo is timezone.utc
    [listed] = broker.orders.get_list_of_fills()
    assert listed.time == fill.time


def test_22_quotes_say_what_they_are_worth(run_gateway: RunGateway, open_ib: OpenIB) -> None:
    delayed = GatewaySettings(port=0, live_data=frozenset({"ZC"}), limits=Limits.none())
    broker = open_ib(run_gateway(delayed))
    assert broker.prices.get_ticker_object_for_contract(GOLD).wait_for_quote().status is QuoteStatus.DELAYED
    corn = broker.prices.get_ticker_object_for_contract(FuturesContract("CORN", "202403"))
    assert corn.wait_for_quote().status is QuoteStatus.LIVE


def test_22_no_permission_is_a_typed_error_and_a_status(run_gateway: RunGateway, open_ib: OpenIB) -> None:
    none = GatewaySettings(port=0, live_data=frozenset(), delayed_data=frozenset(), limits=Limits.none())
    broker = open_ib(run_gateway(none))
    ticker = broker.prices.get_ticker_object_for_contract(GOLD)
    with pytest.raises(DataPermissionDenied):
        ticker.wait_for_quote(30)
    assert (ticker.quote().status, ticker.quote().bid) == (QuoteStatus.NONE, None)
    assert ticker.quote().reason


def test_23_a_competing_session_is_said(gateway: SimulatedGateway, broker: Broker, listen: Listen) -> None:
    from brokerkit.errors import CompetingSession

    ticker = broker.prices.get_ticker_object_for_contract(GOLD)
    ticker.wait_for_quote()
    heard = listen(broker)
    with gateway.fault("competing-session"):
        heard.wait_for(lambda: ticker.quote().status is QuoteStatus.NONE)
        with pytest.raises(CompetingSession):
            ticker.wait_for_quote()


def test_24_a_position_is_right_when_its_fill_is_told(gateway: SimulatedGateway, broker: Broker) -> None:
    held: list[int] = []
    told = threading.Event()

    def on_fill(fill: Fill) -> None:
        positions = broker.positions.get_all_current_positions_as_list_with_contract_objects()
        held.append(sum(each.quantity for each in positions))
        told.set()

    broker.subscribe(on_fill=on_fill)
    with gateway.fault("stale-positions"):
        broker.orders.put_order_on_stack(Order.market(GOLD, 2)).wait(30)
        assert told.wait(30)
    assert held == [2]


def test_25_a_read_only_gateway_says_so(run_gateway: RunGateway, open_ib: OpenIB) -> None:
    broker = open_ib(run_gateway(GatewaySettings(port=0, read_only=True, limits=Limits.none())))
    with pytest.raises(ReadOnlyBroker, match="Untick 'Read-Only API'"):
        broker.orders.put_order_on_stack(Order.market(GOLD, 1))


def test_26_a_running_loop_is_no_hindrance(broker: Broker) -> None:
    async def inside() -> float:
        return float(broker.prices.get_prices_for_contract_object(GOLD)["close"].iloc[-1])

    assert asyncio.run(inside()) > 0


def test_27_the_daily_reset_and_the_weekend_are_expected() -> None:
    assert expected_downtime(datetime(2026, 1, 13, 5, 10, tzinfo=timezone.utc)) == "IB's daily reset"
    assert expected_downtime(datetime(2026, 1, 10, 5, 10, tzinfo=timezone.utc)) == "IB's weekend maintenance"
    assert expected_downtime(datetime(2026, 1, 10, 9, 10, tzinfo=timezone.utc)) == ""


def test_28_bars_are_whole_after_a_break(gateway: SimulatedGateway, broker: Broker, listen: Listen) -> None:
    heard = listen(broker)
    before = broker.prices.get_prices_for_contract_object(GOLD, Frequency.HOUR)
    gateway.call(lambda inner: inner.restart())
    gateway.advance(timedelta(hours=2))
    heard.wait_for(lambda: heard.of(DataGap))
    after = broker.prices.get_prices_for_contract_object(GOLD, Frequency.HOUR)
    assert len(after) == len(before) + 2
    assert after.index.is_unique


def test_no_gateway_at_all_is_said_with_the_ports(open_ib: OpenIB) -> None:
    class Nowhere:
        port = 1

    with pytest.raises(CannotConnect):
        open_ib(Nowhere())
    with open_store(broker="ib") as store:
        assert store.client_ids.leases() == ()


def test_an_order_that_nobody_fills_can_wait_for_ever_but_not_we(run_gateway: RunGateway, open_ib: OpenIB) -> None:
    broker = open_ib(run_gateway(clock=ManualClock()))
    control = broker.orders.put_order_on_stack(Order.limit(GOLD, 1, 1900))
    with pytest.raises(RequestTimedOut, match="It is unchanged"):
        control.wait(0.1)


def test_each_has_its_row_in_the_manual_and_its_test_here() -> None:
    manual = (Path(__file__).resolve().parents[2] / "docs" / "ib.md").read_text(encoding="utf-8")
    rows = [int(number) for number in re.findall(r"^\| (\d+) \|", manual, re.MULTILINE)]
    tests = {int(found[1]) for name in globals() if (found := re.match(r"test_(\d\d)_", name))}
    assert rows == sorted(tests) == list(range(1, 29))
