"""A child process that inherits a broker sends nothing with it, and says so at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from brokerkit import Broker, FuturesContract, Order, OrderState
from brokerkit.plugins.sim.gateway import SimulatedGateway


def outcome_in_a_child(action: Callable[[], object]) -> str:
    """Return the name of the error that an action raises in a forked child, and a full stop."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # a child that hangs is killed, and has told nothing
        raised = ""
        try:
            action()
        except BaseException as error:  # noqa: BLE001 because the parent is told whatever it is
            raised = type(error).__name__
        os.write(write_end, f"{raised}.".encode())
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return told


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_is_refused_at_once_and_its_parent_goes_on(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract
) -> None:
    broker.orders.put_order_on_stack(Order.market(gold, 1)).wait(30)
    order = Order.market(gold, 1)
    assert outcome_in_a_child(lambda: broker.orders.put_order_on_stack(order)) == "BrokerClosed."
    assert outcome_in_a_child(broker.orders.get_list_of_fills) == "BrokerClosed."
    assert outcome_in_a_child(broker.close) == "."
    assert broker.orders.put_order_on_stack(order).wait(30).state is OrderState.FILLED
    assert len(broker.orders.get_list_of_fills()) == 2
