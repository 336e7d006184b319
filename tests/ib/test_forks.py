"""A child process that inherits a broker sends nothing with it, and says so at once."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from brokerkit import Broker, ConnectionState, FuturesContract, Order, OrderState
from brokerkit.plugins.sim.gateway import SimulatedGateway

OpenIB = Callable[..., Broker]
Outcome = Callable[[Callable[[], object]], str]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_is_refused_at_once_and_its_parent_goes_on(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract, outcome_in_a_child: Outcome
) -> None:
    broker.orders.put_order_on_stack(Order.market(gold, 1)).wait(30)
    order = Order.market(gold, 1)
    assert outcome_in_a_child(lambda: broker.orders.put_order_on_stack(order)) == "BrokerClosed."
    assert outcome_in_a_child(broker.orders.get_list_of_fills) == "BrokerClosed."
    assert outcome_in_a_child(broker.close) == "."
    assert broker.orders.put_order_on_stack(order).wait(30).state is OrderState.FILLED
    assert len(broker.orders.get_list_of_fills()) == 2


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_that_is_forked_while_another_thread_sends_is_refused_at_once(
    broker: Broker, gold: FuturesContract, outcome_in_a_child: Outcome
) -> None:
    """What that thread holds is held in the child for ever, where the thread is not."""
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    desk = broker.native.orders._desk
    writes: tuple[Callable[[], object], ...] = (
        lambda: broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900)),
        lambda: broker.orders.cancel_order_given_control_object(control),
        lambda: broker.orders.modify_limit_price_given_control_object(control, 1905),
        broker.orders.cancel_all_orders,
    )
    with ThreadPoolExecutor(1) as another:
        for lock in (desk.client.turn, desk.book.news):
            another.submit(lock.acquire).result()
        try:
            outcomes = [outcome_in_a_child(write) for write in writes]
        finally:
            for lock in (desk.client.turn, desk.book.news):
                another.submit(lock.release).result()
    assert outcomes == ["BrokerClosed."] * len(writes)
    assert broker.orders.cancel_order_on_stack(control).order_ref == control.order_ref


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_that_is_forked_while_another_thread_holds_the_orders_does_not_wait_for_them(
    broker: Broker, gold: FuturesContract, outcome_in_a_child: Outcome
) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    book = broker.native.orders._desk.book
    reads: tuple[Callable[[], object], ...] = (
        control.current,
        lambda: control.wait(5),
        broker.orders.get_list_of_orders_from_storage,
    )
    with ThreadPoolExecutor(1) as another:
        another.submit(book.news.acquire).result()
        try:
            outcomes = [outcome_in_a_child(read) for read in reads]
        finally:
            another.submit(book.news.release).result()
    assert outcomes == ["BrokerClosed."] * len(reads)
    assert control.current().state is OrderState.WORKING


_DIES_BEFORE_ITS_CHILD = """
import os, sys
from brokerkit import open_broker

broker = open_broker("ib", port=int(sys.argv[1]), client_id=7)
if os.fork() == 0:
    sys.stdin.read()  # until the test is over
    os._exit(0)
print("forked", flush=True)
sys.stdin.read()
"""


def test_a_child_that_outlives_its_parent_does_not_hold_the_session(gateway: SimulatedGateway, open_ib: OpenIB) -> None:
    command = [sys.executable, "-c", _DIES_BEFORE_ITS_CHILD, str(gateway.port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "forked\n"
        parent.kill()
        assert parent.wait(30) == -signal.SIGKILL
        assert open_ib(gateway, client_id=7).state is ConnectionState.CONNECTED
