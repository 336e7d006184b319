"""Whether a broker may be written to, and who decides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from brokerkit import Broker, FuturesContract, Order, errors
from brokerkit.spec.domains import CONTRACT, DOMAINS

Desk = Callable[..., Broker]
GOLD = FuturesContract("GOLD", "202312")


def test_a_broker_that_is_no_simulation_refuses_every_write_before_the_plugin_hears_of_it(
    desk: Desk,
) -> None:
    broker = desk(live=True)
    assert broker.read_only
    for name, facts in CONTRACT.items():
        if facts.writes and broker.supports(name):
            arguments = [None for parameter in facts.parameters]
            with pytest.raises(errors.ReadOnlyBroker, match=rf"Broker 'desk' \(live\) is read-only: {name}"):
                getattr(getattr(broker, facts.domain), name)(*arguments)
    assert broker.native.orders == {}


def test_read_only_false_lets_orders_through_and_true_guards_even_a_simulation(desk: Desk) -> None:
    order = Order.market(GOLD, 1)
    assert desk(live=True, read_only=False).orders.put_order_on_stack(order).order_ref == order.order_ref
    assert desk().orders.put_order_on_stack(order).order_ref == order.order_ref
    with pytest.raises(errors.ReadOnlyBroker):
        desk(read_only=True).orders.put_order_on_stack(order)


def test_hooks_that_read_are_not_wrapped(desk: Desk) -> None:
    guarded = desk(live=True)
    callers = guarded._machinery.callers
    for name, facts in CONTRACT.items():
        if guarded.supports(name):
            wrappers = [each for each in callers[name].get_hookimpls() if each.wrapper]
            assert len(wrappers) == facts.writes, name
    assert len(DOMAINS) == 7


def test_a_refusal_is_told_to_an_audit_that_stands_first(desk: Desk) -> None:
    broker = desk(live=True, middleware=["audit", "risk"])
    assert broker.read_only
    with pytest.raises(errors.ReadOnlyBroker):
        broker.orders.put_order_on_stack(Order.market(GOLD, 1))
    log = next(Path("state").rglob("audit.jsonl"))
    assert [line.split('"record": "')[1].split('"')[0] for line in log.read_text().splitlines()] == ["call", "refusal"]


def test_naming_read_only_among_the_middlewares_guards_as_well(desk: Desk) -> None:
    broker = desk(middleware=["read_only"], read_only=False)
    assert broker.read_only
    with pytest.raises(errors.ReadOnlyBroker):
        broker.orders.cancel_all_orders()
