"""What is stopped before the wire: too many lots by a side door, words that would shift a message, Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from brokerkit import Broker, BrokerOrder, FuturesContract, Order, OrderChange, OrderState
from brokerkit.errors import BrokerkitError, InvalidOrder, InvalidQuantity, OutcomeUnknown, RiskLimitExceeded
from brokerkit.plugins.sim.gateway import SimulatedGateway

OpenIB = Callable[..., Broker]


def sent(gateway: SimulatedGateway) -> int:
    """Return how many orders reached the Gateway."""
    return gateway.call(lambda inner: len(list(inner.orders.registry)))


def test_no_change_and_no_child_goes_beyond_the_largest_order(
    gateway: SimulatedGateway, open_ib: OpenIB, gold: FuturesContract
) -> None:
    broker = open_ib(gateway, max_order_quantity=5)
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    with pytest.raises(InvalidQuantity, match="max_order_quantity = 5"):
        broker.orders.modify_order_given_control_object(control, OrderChange(quantity=6))
    assert control.current().order.quantity == (1,)
    with pytest.raises(InvalidQuantity, match="max_order_quantity = 5"):
        broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900, children=(Order.limit(gold, -6, 2500),)))
    assert sent(gateway) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"order_ref": "a\0b"},
        {"order_ref": "two\nlines"},
        {"order_ref": ""},
        {
            "order_ref": "größe-1"
        },  # ibapi refuses it too (579), as a Gateway on Windows has another encoding: ib_insync#180
        {"oco_group": "a\0b"},
        {"algo": "Twap", "algo_parameters": {"strategyType": "a\0b"}},
        {"algo": "Twap", "algo_parameters": {"a\0b": 1}},
        {"broker_parameters": {"modelCode": "a\0b"}},
        {"broker_parameters": {"lmtPrice": 2500.0}},
        {"broker_parameters": {"cashQty": 2500.0}},
    ],
)
def test_words_that_would_make_it_another_order_are_refused(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract, fields: dict[str, Any]
) -> None:
    with pytest.raises(InvalidOrder):
        broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900, **fields))
    assert (sent(gateway), broker.orders.get_list_of_orders_from_storage()) == (0, [])


def test_a_child_for_another_account_is_refused(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract
) -> None:
    order = Order.limit(gold, 1, 1900, children=(Order.limit(gold, -1, 2500, account="DU99"),))
    with pytest.raises(InvalidOrder, match="DU99"):
        broker.orders.put_order_on_stack(order)
    assert sent(gateway) == 0


def test_an_order_whose_caller_is_interrupted_before_it_leaves_is_never_sent(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.orders.what_if_order(Order.market(gold, 1))  # so that everything about the contract is known
    connection, over = broker.native.connection, threading.Event()
    ib = connection.ib._ib
    main, get_id = threading.main_thread().ident, ib.client.getReqId
    assert main is not None

    def interrupt() -> None:
        while not _waits_for_the_send(main):
            assert not over.wait(0.001)
        signal.pthread_kill(main, signal.SIGINT)
        over.wait(30)

    def get_id_and_block_the_client() -> int:
        monkeypatch.undo()
        connection.post(lambda _ib: _coroutine(interrupt))
        number: int = get_id()
        return number

    monkeypatch.setattr(ib.client, "getReqId", get_id_and_block_the_client)
    order = Order.limit(gold, 1, 1900)
    try:
        with pytest.raises(KeyboardInterrupt):
            broker.orders.put_order_on_stack(order)
    finally:
        over.set()
    assert broker.orders.get_list_of_broker_orders() == []
    assert (sent(gateway), broker.orders.get_list_of_orders_from_storage()) == (0, [])
    broker.orders.put_order_on_stack(order)  # so it may be placed again
    assert sent(gateway) == 1


@pytest.mark.parametrize("name", ["add", "parcel"])
def test_an_order_whose_caller_is_interrupted_after_the_intent_can_be_placed_again(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    desk, order = broker.native.orders._desk, Order.limit(gold, 1, 1900)
    broker.contracts.get_contract_object_with_broker_data(gold)

    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(desk.book if name == "add" else desk.client, name, interrupt)
        with pytest.raises(KeyboardInterrupt):
            broker.orders.put_order_on_stack(order)
    assert (sent(gateway), broker.orders.get_list_of_orders_from_storage()) == (0, [])
    broker.orders.put_order_on_stack(order)
    assert sent(gateway) == 1


def _waits_for_the_send(thread: int) -> bool:
    frame, names = sys._current_frames()[thread], []
    while frame is not None:
        names.append(frame.f_code.co_name)
        frame = frame.f_back  # type: ignore[assignment]  # because the last one has none before it
    return names[0] in {"wait", "result"} and "_send" in names


async def _coroutine(function: Callable[[], None]) -> None:
    function()


def test_a_position_limit_knows_a_contract_by_both_of_its_names(
    gateway: SimulatedGateway, open_ib: OpenIB, gold: FuturesContract
) -> None:
    broker = open_ib(gateway, middleware=["risk"], risk={"max_position": 2})
    expiry = broker.contracts.get_actual_expiry_date_for_single_contract(gold)
    broker.orders.put_order_on_stack(Order.market(gold, 2)).wait(30)
    with pytest.raises(RiskLimitExceeded, match="could reach 3 lots"):
        broker.orders.put_order_on_stack(Order.market(FuturesContract("GOLD", f"{expiry:%Y%m%d}"), 1))
    assert sent(gateway) == 1


def test_no_order_waits_for_the_preview_of_another(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract, monkeypatch: pytest.MonkeyPatch
) -> None:
    ib, asked = broker.native.connection.ib._ib, threading.Event()

    def never_answered(*_: object) -> Any:
        asked.set()
        return asyncio.get_running_loop().create_future()

    monkeypatch.setattr(ib, "whatIfOrderAsync", never_answered)
    preview = threading.Thread(target=_refused_at_the_end, args=(broker, Order.market(gold, 1)))
    preview.start()
    assert asked.wait(30)
    placed = broker.orders.put_order_on_stack(Order.market(gold, 1))
    assert placed.wait(30).state is OrderState.FILLED
    assert preview.is_alive()
    broker.close()
    preview.join(30)
    assert not preview.is_alive()


def _refused_at_the_end(broker: Broker, order: Order) -> None:
    with contextlib.suppress(BrokerkitError):
        broker.orders.what_if_order(order)


def test_an_order_that_never_arrived_counts_no_more_against_the_position_limit(
    gateway: SimulatedGateway,
    open_ib: OpenIB,
    gold: FuturesContract,
    listen: Callable[[Broker], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = open_ib(gateway, middleware=["risk"], risk={"max_position": 2})
    heard, ib = listen(broker), broker.native.connection.ib._ib
    lost = Order.limit(gold, 2, 1900)
    with monkeypatch.context() as patch:
        patch.setattr(ib, "placeOrder", lambda *_: ib.client.conn.transport.abort())
        with pytest.raises(OutcomeUnknown):
            broker.orders.put_order_on_stack(lost)
    heard.wait_for(lambda: [each for each in heard.of(BrokerOrder) if each.state is OrderState.REJECTED])
    assert broker.orders.put_order_on_stack(Order.market(gold, 2)).wait(30).state is OrderState.FILLED
    with pytest.raises(RiskLimitExceeded, match="could reach 3 lots"):
        broker.orders.put_order_on_stack(Order.market(gold, 1))
