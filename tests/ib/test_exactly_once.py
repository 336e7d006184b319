"""Orders are sent once, fills are counted once, whatever the line and the process do."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from brokerkit import Broker, ConnectionState, Fill, FuturesContract, Order, OrderState, Position
from brokerkit.errors import (
    ConnectionProblem,
    DuplicateOrder,
    OrderCannotBeModified,
    OutcomeUnknown,
    StoreLocked,
)
from brokerkit.plugins.sim.gateway import ManualClock, SimulatedGateway
from brokerkit.spec.broker_order import BrokerOrder
from brokerkit.store import open_store
from brokerkit.store.journal import StoredOrderJournal

OpenIB = Callable[..., Broker]
Listen = Callable[[Broker], Any]
GOLD = FuturesContract("GOLD", "202402")


def _asked_again_when_cut(ask: Callable[[], Any]) -> Any:
    """Return an answer, or nothing while the line is being restored."""
    with contextlib.suppress(ConnectionProblem):
        return ask()
    return None


def test_the_same_order_is_never_sent_twice(gateway: SimulatedGateway, broker: Broker, gold: FuturesContract) -> None:
    order = Order.market(gold, 1)
    broker.orders.put_order_on_stack(order).wait(30)
    with pytest.raises(DuplicateOrder):
        broker.orders.put_order_on_stack(order)
    assert len(broker.orders.get_list_of_fills()) == 1


def test_the_same_order_is_refused_after_a_restart_of_the_process(
    gateway: SimulatedGateway, open_ib: OpenIB, gold: FuturesContract
) -> None:
    order = Order.limit(gold, 1, 1900)
    first = open_ib(gateway)
    first.orders.put_order_on_stack(order)
    first.close()
    second = open_ib(gateway)
    with pytest.raises(DuplicateOrder):
        second.orders.put_order_on_stack(order)
    [listed] = second.orders.get_list_of_broker_orders()
    assert (listed.order_ref, listed.state, listed.order) == (order.order_ref, OrderState.WORKING, order)


def test_a_lost_acknowledgement_ends_in_the_truth(
    gateway: SimulatedGateway, open_ib: OpenIB, gold: FuturesContract, listen: Listen
) -> None:
    broker = open_ib(gateway, order_timeout=0.3)
    heard = listen(broker)
    order = Order.limit(gold, 1, 1900)
    with (
        gateway.fault("lose", message="openOrder", count=99),
        gateway.fault("lose", message="orderStatus", count=99),
        pytest.raises(OutcomeUnknown, match="Never send it again"),
    ):
        broker.orders.put_order_on_stack(order)
    heard.wait_for(lambda: [each for each in heard.of(BrokerOrder) if each.state is OrderState.WORKING])
    assert broker.orders.match_db_broker_order_to_order_from_brokers(order).state is OrderState.WORKING
    assert len(broker.orders.get_list_of_broker_orders()) == 1


@pytest.mark.parametrize("message", ["openOrder", "orderStatus", "execDetails", "commissionReport", "position"])
@pytest.mark.parametrize("skip", [0, 1])
def test_the_socket_cut_at_a_message_loses_and_doubles_nothing(
    gateway: SimulatedGateway, open_ib: OpenIB, gold: FuturesContract, listen: Listen, message: str, skip: int
) -> None:
    broker = open_ib(gateway, order_timeout=2.0)
    heard = listen(broker)
    order = Order.market(gold, 2)
    with gateway.fault("cut", message=message, skip=skip):
        with contextlib.suppress(OutcomeUnknown):
            broker.orders.put_order_on_stack(order)
        gateway.advance_bars(2)
        heard.wait_for(lambda: [e for e in heard.of(BrokerOrder) if e.state is OrderState.FILLED])
    heard.wait_for(lambda: broker.state is ConnectionState.CONNECTED)
    fills = heard.wait_for(lambda: _asked_again_when_cut(broker.orders.get_list_of_fills))
    assert [fill.quantity for fill in heard.of(Fill)] == [2]
    assert [fill.quantity for fill in fills] == [2]
    [position] = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    assert position.quantity == 2


def test_an_order_that_filled_before_midnight_unheard_is_not_said_to_have_never_arrived(
    run_gateway: Callable[..., SimulatedGateway], open_ib: OpenIB, listen: Listen
) -> None:
    """IB's lists begin anew each day: that they do not show an order of the day before says nothing."""
    gateway = run_gateway(clock=ManualClock(), days=3)
    broker = open_ib(gateway, order_timeout=0.5)
    heard = listen(broker)
    order = Order.market(GOLD, 1)
    with gateway.fault("cut", message="openOrder"), pytest.raises(OutcomeUnknown):
        broker.orders.put_order_on_stack(order)
    gateway.cut()
    gateway.advance_bars(3)
    gateway.advance(timedelta(hours=24))
    gateway.mend()
    [view] = heard.wait_for(lambda: [each for each in heard.of(BrokerOrder) if "earlier day" in each.reason])
    assert (view.state, view.fills) == (OrderState.UNKNOWN, ())
    [held] = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    assert (held.contract, held.quantity) == (GOLD, 1)


def test_an_order_that_filled_while_the_line_was_down_over_midnight_is_not_said_to_have_expired(
    run_gateway: Callable[..., SimulatedGateway], open_ib: OpenIB, listen: Listen
) -> None:
    """The positions that agreed at the start are from before it was sent."""
    gateway = run_gateway(clock=ManualClock(), days=3)
    open_ib(gateway).close()
    gateway.advance(timedelta(hours=1))
    broker = open_ib(gateway)
    heard = listen(broker)
    broker.orders.put_order_on_stack(Order.limit(GOLD, 1, 2300))
    gateway.cut()
    gateway.advance(timedelta(hours=30))
    gateway.mend()
    view, *_ = heard.wait_for(lambda: [each for each in heard.of(BrokerOrder) if each.state is not OrderState.WORKING])
    assert (view.state, view.fills) == (OrderState.UNKNOWN, ())
    [held] = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    assert held.quantity == 1


def test_an_order_of_yesterday_without_a_trace_stays_unknown_however_often_its_session_starts(
    run_gateway: Callable[..., SimulatedGateway], open_ib: OpenIB, state_folder: Path
) -> None:
    """It filled unheard: said to have never arrived, it would be sent a second time."""
    gateway = run_gateway(clock=ManualClock(), days=3)
    order = Order.market(GOLD, 1)
    with open_ib(gateway, order_timeout=0.5, reconnect=False) as first:
        first.contracts.get_contract_object_with_broker_data(GOLD)
        with gateway.fault("cut", message="openOrder", keep=0), pytest.raises(OutcomeUnknown):
            first.orders.put_order_on_stack(order)
    gateway.advance_bars(3)
    gateway.advance(timedelta(hours=30))
    let_a_day_pass(state_folder / "brokerkit" / "brokerkit.db")
    for _ in range(2):  # the first start writes down today what it concludes
        with open_ib(gateway) as again:
            for _ in range(3):
                again.orders.get_list_of_broker_orders()
            [known] = again.orders.get_list_of_orders_from_storage()
            assert (known.order_ref, known.state) == (order.order_ref, OrderState.UNKNOWN)


@pytest.mark.parametrize(
    ("limit", "state"), [(1900, OrderState.EXPIRED), (2300, OrderState.UNKNOWN)], ids=["not-filled", "filled"]
)
def test_an_order_of_yesterday_has_expired_where_the_positions_show_no_fill_of_it(
    run_gateway: Callable[..., SimulatedGateway],
    open_ib: OpenIB,
    listen: Listen,
    state_folder: Path,
    limit: int,
    state: OrderState,
) -> None:
    gateway = run_gateway(clock=ManualClock(), days=3)
    order = Order.limit(GOLD, 1, limit)
    with open_ib(gateway) as first:
        first.orders.put_order_on_stack(order)
    gateway.advance(timedelta(hours=30))
    let_a_day_pass(state_folder / "brokerkit" / "brokerkit.db")
    [ended] = decided(open_ib(gateway), listen)
    assert (ended.order_ref, ended.state, ended.fills) == (order.order_ref, state, ())


@pytest.mark.parametrize(
    ("limit", "state"), [(1900, OrderState.EXPIRED), (2300, OrderState.UNKNOWN)], ids=["not-filled", "filled"]
)
def test_an_order_of_yesterday_that_was_sent_after_positions_were_saved_last_is_judged_by_them_too(
    run_gateway: Callable[..., SimulatedGateway],
    open_ib: OpenIB,
    listen: Listen,
    state_folder: Path,
    limit: int,
    state: OrderState,
) -> None:
    gateway = run_gateway(clock=ManualClock(), days=3)
    open_ib(gateway).close()
    [positions] = state_folder.rglob("ib_positions_*.json")
    saved = positions.read_bytes()
    gateway.advance(timedelta(hours=2))
    order = Order.limit(GOLD, 1, limit)
    with open_ib(gateway) as killed:
        killed.orders.put_order_on_stack(order)
    positions.write_bytes(saved)  # killed, it would have saved none
    gateway.advance(timedelta(hours=30))
    let_a_day_pass(state_folder / "brokerkit" / "brokerkit.db")
    [ended] = decided(open_ib(gateway), listen)
    assert (ended.order_ref, ended.state, ended.fills) == (order.order_ref, state, ())


def test_orders_of_yesterday_that_may_both_have_filled_are_not_said_to_have_expired(
    run_gateway: Callable[..., SimulatedGateway], open_ib: OpenIB, listen: Listen, state_folder: Path
) -> None:
    """Bought and sold, the position is what it was: it does not show that neither filled."""
    gateway = run_gateway(clock=ManualClock(), days=3)
    orders = [Order.limit(GOLD, 1, 2300), Order.limit(GOLD, -1, 1900)]
    with open_ib(gateway) as first:
        for order in orders:
            first.orders.put_order_on_stack(order)
    gateway.advance(timedelta(hours=30))
    let_a_day_pass(state_folder / "brokerkit" / "brokerkit.db")
    ended = decided(open_ib(gateway), listen)
    assert [(each.order_ref, each.state) for each in ended] == [(each.order_ref, OrderState.UNKNOWN) for each in orders]


def test_positions_that_another_session_left_say_nothing_of_an_order_that_it_did_not_follow(
    run_gateway: Callable[..., SimulatedGateway], open_ib: OpenIB, listen: Listen, state_folder: Path
) -> None:
    gateway = run_gateway(clock=ManualClock(), days=3)
    another = open_ib(gateway)
    seen_there = listen(another)
    order = Order.limit(GOLD, 1, 2300)
    with open_ib(gateway) as first:
        first.orders.put_order_on_stack(order)
    gateway.advance_bars(5)
    seen_there.wait_for(lambda: [each for each in seen_there.of(Position) if each.quantity == 1])
    another.close()
    gateway.advance(timedelta(hours=30))
    let_a_day_pass(state_folder / "brokerkit" / "brokerkit.db")
    [ended] = decided(open_ib(gateway), listen)
    assert ended.state is OrderState.UNKNOWN


def decided(broker: Broker, listen: Listen) -> list[BrokerOrder]:
    """Return the stored orders once all are decided, which may be before anybody can listen."""

    def found() -> list[BrokerOrder]:
        stored = broker.orders.get_list_of_orders_from_storage()
        return [] if any(each.state is OrderState.WORKING for each in stored) else stored

    stored: list[BrokerOrder] = listen(broker).wait_for(found)
    return stored


def let_a_day_pass(store: Path) -> None:
    """Have the journal's orders be older by what a Gateway's clock was moved on, and an hour."""
    with closing(sqlite3.connect(store)) as connection, connection:
        for number, *times in connection.execute("SELECT number, submitted, updated FROM orders").fetchall():
            older = [(datetime.fromisoformat(each) - timedelta(hours=31)).isoformat() for each in times]
            connection.execute("UPDATE orders SET submitted = ?, updated = ? WHERE number = ?", (*older, number))


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("repeat", {"message": "execDetails", "count": 3}),
        ("repeat", {"message": "commissionReport", "count": 3}),
        ("repeat", {"message": "orderStatus", "count": 3}),
        ("reorder", {}),
        ("no-status-on-fill", {}),
        ("lose", {"message": "execDetails", "count": 1}),
        ("lose", {"message": "orderStatus", "count": 9}),
        ("late-commission", {"seconds": 0.1}),
    ],
)
def test_repeated_lost_and_reordered_messages_change_nothing(
    gateway: SimulatedGateway,
    open_ib: OpenIB,
    gold: FuturesContract,
    listen: Listen,
    fault: str,
    options: dict[str, Any],
) -> None:
    broker = open_ib(gateway)
    heard = listen(broker)
    with gateway.fault(fault, **options):
        control = broker.orders.put_order_on_stack(Order.market(gold, 2))
        assert control.wait(30).state is OrderState.FILLED
    heard.wait_for(lambda: heard.of(Fill) and control.current().commissions)
    assert [fill.quantity for fill in heard.of(Fill)] == [2]
    assert control.current().commissions[0].amount == Decimal("4.20")  # type: ignore[index]  # because it was just waited for
    [position] = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    assert position.quantity == 2


def test_an_order_that_ib_never_describes_is_followed_by_its_statuses(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract
) -> None:
    with gateway.fault("lose", message="openOrder", count=1000):
        control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
        working = control.current()
        assert (working.state, working.ids.perm_id != "") == (OrderState.WORKING, True)
        broker.orders.cancel_order_given_control_object(control)
        assert control.wait(30).state is OrderState.CANCELLED


def test_what_happened_while_away_is_delivered_once(
    gateway: SimulatedGateway, open_ib: OpenIB, gold: FuturesContract, listen: Listen
) -> None:
    first = open_ib(gateway)
    filled = first.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    cancelled = first.orders.put_order_on_stack(Order.limit(gold, 1, 1901))
    first.close()

    helper = open_ib(gateway, client_id=first.native.connection.client_id())
    helper.orders.cancel_order_on_stack(cancelled)
    helper.orders.modify_limit_price_given_control_object(
        helper.orders.match_db_broker_order_to_control_order_from_brokers(filled), 2200
    )
    helper.close()
    gateway.advance_bars(3)

    second = open_ib(gateway)
    heard = listen(second)
    [fill] = heard.wait_for(lambda: heard.of(Fill))
    assert fill.order_ref == filled.order_ref
    states = {e.order_ref: e.state for e in second.orders.get_list_of_broker_orders()}
    assert states[filled.order_ref] is OrderState.FILLED
    assert states[cancelled.order_ref] is OrderState.CANCELLED
    assert {each.order_ref for each in second.native.reconciliation.report.fills} == {filled.order_ref}
    second.close()

    third = open_ib(gateway)
    heard = listen(third)
    third.orders.get_list_of_fills()
    assert heard.of(Fill) == []


def test_ids_given_again_by_a_restarted_gateway_are_not_another_order_s(
    gateway: SimulatedGateway, open_ib: OpenIB, gold: FuturesContract
) -> None:
    first = open_ib(gateway, client_id=9)
    resting = first.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    first.close()
    with gateway.fault("roll-back-ids", client_id=9, to=1):
        second = open_ib(gateway, client_id=9)
    fresh = second.orders.put_order_on_stack(Order.market(gold, 2)).wait(30)
    assert fresh.state is OrderState.FILLED
    old = second.orders.match_db_broker_order_to_order_from_brokers(resting)
    assert (old.state, old.fills) == (OrderState.WORKING, ())
    assert int(fresh.ids.order_id) > int(old.ids.order_id)


def test_a_correction_replaces_the_execution(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract, listen: Listen
) -> None:
    heard = listen(broker)
    control = broker.orders.put_order_on_stack(Order.market(gold, 2))
    first = control.wait(30).fills[0]
    with gateway.fault("correct-execution", price=2000.5):
        heard.wait_for(lambda: len(heard.of(Fill)) == 2)
    corrected = heard.of(Fill)[1]
    assert (corrected.price, corrected.corrects) == (Decimal("2000.5"), first.execution_id)
    assert [fill.price for fill in control.current().fills] == [Decimal("2000.5")]
    assert [fill.price for fill in broker.orders.get_list_of_fills()] == [Decimal("2000.5")]
    with open_store(broker="ib") as store:
        assert [fill.price for fill in store.journal.fills()] == [Decimal("2000.5")]


def test_a_stale_position_does_not_undo_a_fill(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract
) -> None:
    broker.orders.put_order_on_stack(Order.market(gold, 1)).wait(30)
    broker.positions.get_all_current_positions_as_list_with_contract_objects()
    with gateway.fault("stale-positions"):
        broker.orders.put_order_on_stack(Order.market(gold, 2)).wait(30)
        [position] = broker.positions.get_all_current_positions_as_list_with_contract_objects()
        assert position.quantity == 3


def test_a_locked_store_refuses_the_order_before_it_is_sent(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract, state_folder: Path
) -> None:
    import sqlite3

    broker.contracts.get_contract_object_with_broker_data(gold)
    store = next(state_folder.rglob("brokerkit.db"))
    order = Order.market(gold, 1)
    blocker = sqlite3.connect(store, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(StoreLocked):
            broker.orders.put_order_on_stack(order)
    finally:
        blocker.execute("ROLLBACK")
        blocker.close()
    assert broker.orders.get_list_of_broker_orders() == []
    assert broker.orders.put_order_on_stack(order).wait(30).state is OrderState.FILLED


def test_a_change_that_is_lost_is_unknown_and_then_the_truth(
    gateway: SimulatedGateway, open_ib: OpenIB, gold: FuturesContract
) -> None:
    broker = open_ib(gateway, order_timeout=2.0)
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    with (
        gateway.fault("lose", message="openOrder", count=1),
        gateway.fault("lose", message="orderStatus", count=1),
        pytest.raises(OutcomeUnknown, match="old or its new terms"),
    ):
        broker.orders.modify_limit_price_given_control_object(control, 1905)
    assert broker.orders.get_list_of_broker_orders()[0].order.limit_price == 1905
    assert len(broker.orders.get_list_of_broker_orders()) == 1


@pytest.mark.parametrize("code", [105, 135])
def test_a_refused_change_leaves_the_order_as_it_was(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract, code: int
) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    with gateway.fault("modify-error", code=code), pytest.raises(OrderCannotBeModified) as refused:
        broker.orders.modify_limit_price_given_control_object(control, 1905)
    assert refused.value.broker_code == code
    assert control.current().state is OrderState.WORKING
    broker.orders.cancel_order_given_control_object(control)
    assert control.wait(30).state is OrderState.CANCELLED


@pytest.mark.parametrize("code", [10147, 10148])
def test_a_refused_cancel_fetches_the_truth(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract, code: int
) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    with gateway.fault("cancel-error", code=code):
        broker.orders.cancel_order_given_control_object(control)
    view = broker.orders.match_db_broker_order_to_order_from_brokers(control)
    assert view.state is not OrderState.REJECTED


def test_after_a_power_cut_that_took_all_but_the_intent_the_order_is_found_and_its_fill_is_told(
    gateway: SimulatedGateway,
    open_ib: OpenIB,
    gold: FuturesContract,
    listen: Listen,
    state_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on_disk, intend = tmp_path / "on disk", StoredOrderJournal.intend

    def intend_and_lose_what_follows(journal: StoredOrderJournal, *given: Any) -> None:
        intend(journal, *given)
        shutil.copytree(state_folder, on_disk)  # the intent is synced, and nothing that comes after it

    monkeypatch.setattr(StoredOrderJournal, "intend", intend_and_lose_what_follows)
    before = open_ib(gateway)
    order = Order.market(gold, 2)
    before.orders.put_order_on_stack(order).wait(30)
    before.close()
    monkeypatch.setattr(StoredOrderJournal, "intend", intend)
    monkeypatch.setenv("XDG_STATE_HOME", str(on_disk))

    with open_store(broker="ib") as store:
        [known] = store.journal.unresolved_orders()
    assert (known.order_ref, known.submitted, known.ids.perm_id) == (order.order_ref, None, "")
    after = open_ib(gateway)
    heard = listen(after)
    [fill] = heard.wait_for(lambda: heard.of(Fill))
    assert (fill.order_ref, fill.quantity) == (order.order_ref, 2)
    assert after.orders.match_db_broker_order_to_order_from_brokers(order).state is OrderState.FILLED
    with pytest.raises(DuplicateOrder):
        after.orders.put_order_on_stack(order)
    after.close()
    with open_store(broker="ib") as store:
        assert store.journal.order(order.order_ref).filled == (2,)
    assert gateway.call(lambda inner: [fill.quantity for fill in inner.exchange.fills()]) == [2]


def test_nobody_is_woken_or_told_before_the_journal_says_so(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract
) -> None:
    journalled: list[tuple[Decimal, ...]] = []

    def look(event: Any) -> None:
        with open_store(broker="ib") as store:
            journalled.append(tuple(fill.price for fill in store.journal.fills()))

    broker.subscribe(on_fill=look)
    for number in range(1, 6):
        control = broker.orders.put_order_on_stack(Order.market(gold, 1))
        price = control.wait(30).average_price()
        with open_store(broker="ib") as store:
            assert store.journal.order(control.order_ref).state is OrderState.FILLED
            assert len(store.journal.fills()) == number
            assert store.journal.fills()[-1].price == price
    broker.close()  # tells what is left to tell
    assert [len(prices) for prices in journalled] == sorted(len(prices) for prices in journalled)
    assert all(len(prices) >= number for number, prices in enumerate(journalled, 1))
    assert len(journalled) == 5


CRASH_POINTS = {
    "before the intent": "brokerkit.plugins.ib.order_placing.OrderPlacing._tracked",
    "after the intent": "brokerkit.plugins.ib.order_placing.OrderPlacing._send",
    "in the send": "brokerkit.plugins.ib.clients.orders.OrdersClient.send",
    "after the send": "brokerkit.plugins.ib.order_placing.OrderPlacing._await_response",
    "at the first answer": "brokerkit.plugins.ib.order_news.OrderNews.open_order",
    "at the status": "brokerkit.plugins.ib.order_news.OrderNews.order_status",
    "at the fill, before the journal": "brokerkit.plugins.ib.order_news.OrderNews._take_fill",
    "at the fill, before its transaction": "brokerkit.plugins.ib.order_news.OrderNews._tell_fill",
    "at the fill, journalled and not told": "brokerkit.plugins.ib.order_news.OrderNews._if_new",
    "at the commission": "brokerkit.plugins.ib.order_news.OrderNews.commission",
}

SCRIPT = """
import os, signal, sys, pkgutil
port, point, ref = int(sys.argv[1]), sys.argv[2], sys.argv[3]
from brokerkit import open_broker, Order, FuturesContract
broker = open_broker("ib", port=port, read_only=False)
gold = FuturesContract("GOLD", "202402")
broker.contracts.get_contract_object_with_broker_data(gold)
owner, _, name = point.rpartition(".")
kind = pkgutil.resolve_name(owner.rpartition(".")[0] + ":" + owner.rpartition(".")[2])
original = getattr(kind, name)
def die(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(kind, name, die)
broker.orders.put_order_on_stack(Order.market(gold, 2, order_ref=ref)).wait(30)
signal.pause()
"""


@pytest.mark.parametrize("point", CRASH_POINTS.values(), ids=CRASH_POINTS)
def test_killed_at_a_point_around_the_send_the_order_is_there_once_or_never(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Listen, tmp_path: Path, point: str
) -> None:
    script = tmp_path / "trade.py"
    script.write_text(textwrap.dedent(SCRIPT), encoding="utf-8")
    ref = "crash-1"
    killed = subprocess.run(
        [sys.executable, str(script), str(gateway.port), point, ref],
        env=os.environ.copy(),
        timeout=120,
        check=False,
        capture_output=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    gateway.advance_bars(2)
    broker = open_ib(gateway)
    heard = listen(broker)
    fills = [fill for fill in broker.orders.get_list_of_fills() if fill.order_ref == ref]
    arrived = sum(fill.quantity for fill in fills)
    assert arrived in (0, 2)
    assert sum(
        each.quantity for each in broker.positions.get_all_current_positions_as_list_with_contract_objects()
    ) == (arrived)
    order = Order.market(FuturesContract("GOLD", "202402"), 2, order_ref=ref)
    with open_store(broker="ib") as store:
        was_meant = any(each.order_ref == ref for each in store.journal.orders())
    if was_meant:
        heard.wait_for(lambda: broker.orders.match_db_broker_order_to_order_from_brokers(order).state.is_final)
        state = broker.orders.match_db_broker_order_to_order_from_brokers(order).state
        assert state is (OrderState.FILLED if arrived else OrderState.REJECTED)
        with pytest.raises(DuplicateOrder):
            broker.orders.put_order_on_stack(order)
    else:
        assert arrived == 0
    heard.wait_for(lambda: [fill.quantity for fill in heard.of(Fill)] == [fill.quantity for fill in fills])
    broker.close()
    with open_store(broker="ib") as store:
        assert [fill.quantity for fill in store.journal.fills()] == [fill.quantity for fill in fills]
        assert (store.journal.untold_fills(), store.journal.untold_orders()) == ((), ())
    heard = listen(open_ib(gateway))
    assert heard.of(Fill) == []


CHANGE_POINTS = {
    "before the change": "brokerkit.plugins.ib.clients.orders.OrdersClient.send_change",
    "after the change": "brokerkit.plugins.ib.order_changing.OrderChanging._await_change",
    "at the answer to the change": "brokerkit.plugins.ib.journal_writer.JournalWriter.amended",
    "before the cancel": "brokerkit.plugins.ib.clients.orders.OrdersClient.cancel",
    "after the cancel": "brokerkit.plugins.ib.order_changing.OrderChanging._cancel_sent",
}
CHANGE = (
    SCRIPT.partition("broker.contracts")[0]
    + "control = broker.orders.put_order_on_stack(Order.limit(gold, 2, 1900, order_ref=ref))\n"
    + SCRIPT[SCRIPT.index("owner, _, name") : SCRIPT.index("broker.orders.put_order")]
    + """
if "cancel" in point.lower():
    broker.orders.cancel_order_on_stack(control)
else:
    broker.orders.modify_limit_price_given_control_object(control, 1905)
signal.pause()
"""
)


@pytest.mark.parametrize("point", CHANGE_POINTS.values(), ids=CHANGE_POINTS)
def test_killed_at_a_point_around_a_change_or_a_cancel_the_order_is_there_once_as_ib_has_it(
    gateway: SimulatedGateway, open_ib: OpenIB, tmp_path: Path, point: str
) -> None:
    script = tmp_path / "change.py"
    script.write_text(CHANGE, encoding="utf-8")
    killed = subprocess.run(
        [sys.executable, str(script), str(gateway.port), point, "crash-2"],
        env=os.environ.copy(),
        timeout=120,
        check=False,
        capture_output=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    [(limit, status)] = gateway.call(
        lambda inner: [(each.terms.limit_price, each.status.value) for each in inner.orders.registry]
    )
    broker = open_ib(gateway)
    [view] = broker.orders.get_list_of_broker_orders()
    assert (view.order_ref, view.order.limit_price) == ("crash-2", limit)
    assert view.state is (OrderState.CANCELLED if status == "Cancelled" else OrderState.WORKING)
    if view.state is OrderState.WORKING:
        control = broker.orders.match_db_broker_order_to_control_order_from_brokers(view)
        broker.orders.cancel_order_given_control_object(control)
        assert control.wait(30).state is OrderState.CANCELLED


@pytest.mark.parametrize("what", ["change", "cancel"])
@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("lose-request", {"message": "placeOrder"}),
        ("lose-request", {"message": "cancelOrder"}),
        ("cut", {"message": "openOrder", "keep": 0}),
        ("cut", {"message": "openOrder"}),
        ("cut", {"message": "orderStatus", "keep": 0}),
        ("cut", {"message": "orderStatus"}),
    ],
)
def test_the_socket_cut_around_a_change_or_a_cancel_ends_in_what_ib_has(
    gateway: SimulatedGateway,
    open_ib: OpenIB,
    gold: FuturesContract,
    listen: Listen,
    what: str,
    fault: str,
    options: dict[str, Any],
) -> None:
    broker = open_ib(gateway, order_timeout=2.0)
    heard = listen(broker)
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    with gateway.fault(fault, **options), contextlib.suppress(OutcomeUnknown):
        if what == "cancel":
            broker.orders.cancel_order_given_control_object(control)
        else:
            broker.orders.modify_limit_price_given_control_object(control, 1905)
    heard.wait_for(lambda: broker.state is ConnectionState.CONNECTED)
    find = broker.orders.match_db_broker_order_to_order_from_brokers
    [(limit, status)] = gateway.call(
        lambda inner: [(each.terms.limit_price, each.status.value) for each in inner.orders.registry]
    )
    state = OrderState.CANCELLED if status == "Cancelled" else OrderState.WORKING
    heard.wait_for(lambda: (view := _asked_again_when_cut(lambda: find(control))) and view.state is state)
    assert control.current().order.limit_price == limit
