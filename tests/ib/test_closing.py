"""Closing ends whatever is still waited for, at once and with a typed error: nobody waits for the time to be up."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from brokerkit import Broker, ConnectionChange, ConnectionState, FuturesContract, Order, OrderState
from brokerkit.errors import BrokerClosed, BrokerkitError, OutcomeUnknown, StoreLocked
from brokerkit.plugins.ib.loop_thread import LoopThread
from brokerkit.plugins.sim.gateway import SimulatedGateway
from brokerkit.plugins.sim.gateway.codec.requests.orders import AllOpenOrdersRequest
from brokerkit.store import open_store

_LONG = 600.0
_SOON = 30.0


class Waiting:
    """A call that is made in a thread of its own."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._call()
        except BaseException as error:  # noqa: BLE001 because the test looks at it
            self.error = error

    def ended_with(self) -> BaseException | None:
        """Return what the call raised, once it has ended."""
        self._thread.join(_SOON)
        assert not self._thread.is_alive(), "it still waits"
        return self.error


def _asked(gateway: SimulatedGateway, call: Callable[[], object]) -> Waiting:
    """Start a call, and return when its request has come to the Gateway."""
    before = gateway.call(lambda gate: gate.requests)
    waiting = Waiting(call)
    for _ in range(1000):
        if gateway.call(lambda gate: gate.requests) > before:
            return waiting
        threading.Event().wait(0.01)
    raise AssertionError("no request came")


def test_who_waits_for_an_order_is_told(broker: Broker, gold: FuturesContract) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, "100.0"))
    waiting = Waiting(lambda: control.wait(_LONG))
    broker.close()
    error = waiting.ended_with()
    assert isinstance(error, BrokerClosed)
    assert control.order_ref in str(error)
    assert control.current().state is OrderState.WORKING


def test_waiting_after_the_close_ends_at_once(broker: Broker, gold: FuturesContract) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, "100.0"))
    broker.close()
    assert isinstance(Waiting(lambda: control.wait(_LONG)).ended_with(), BrokerClosed)


def test_who_waits_for_a_quote_is_told(broker: Broker, gateway: SimulatedGateway, gold: FuturesContract) -> None:
    with gateway.fault("lose", message="tickPrice", count=1_000_000):
        ticker = broker.prices.get_ticker_object_for_contract(gold)
        waiting = Waiting(lambda: ticker.wait_for_quote(_LONG))
        broker.close()
        assert isinstance(waiting.ended_with(), BrokerClosed)


@pytest.mark.parametrize("hook", ["orders.get_list_of_broker_orders", "capital.get_account_value_across_currency"])
def test_who_waits_for_an_answer_is_told(broker: Broker, gateway: SimulatedGateway, hook: str) -> None:
    domain, name = hook.split(".")
    with gateway.fault("stall"):
        waiting = _asked(gateway, getattr(getattr(broker, domain), name))
        broker.close()
        assert isinstance(waiting.ended_with(), BrokerClosed)


def test_an_order_that_nobody_answered_is_unknown_at_once(
    broker: Broker, gateway: SimulatedGateway, gold: FuturesContract
) -> None:
    order = Order.limit(gold, 1, "100.0")
    with gateway.fault("stall"):
        waiting = _asked(gateway, lambda: broker.orders.put_order_on_stack(order))
        broker.close()
        assert isinstance(waiting.ended_with(), OutcomeUnknown)


def test_closing_while_the_line_breaks_is_quick(gateway: SimulatedGateway, open_ib: Callable[..., Broker]) -> None:
    for _ in range(5):
        broker = open_ib(gateway)
        gateway.cut()
        assert Waiting(broker.close).ended_with() is None
        assert broker.state is ConnectionState.CLOSED
        gateway.mend()


def threads_of_ib() -> list[str]:
    """Return the names of the plugin's threads that run."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("brokerkit-ib")]


def test_a_locked_store_keeps_nothing_else_from_ending(
    gateway: SimulatedGateway, open_ib: Callable[..., Broker], state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brokerkit.store.open_store", partial(open_store, timeout=0.1))
    before, broker = threads_of_ib(), open_ib(gateway)
    control = broker.orders.put_order_on_stack(Order.limit(FuturesContract("GOLD", "202402"), 1, "100.0"))
    waiting = Waiting(lambda: control.wait(_LONG))
    with closing(sqlite3.connect(next(state_folder.rglob("brokerkit.db")), isolation_level=None)) as blocker:
        blocker.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreLocked):
            broker.close()
    assert isinstance(waiting.ended_with(), BrokerClosed)
    assert broker.native.connection.state is ConnectionState.CLOSED
    assert threads_of_ib() == before
    assert gateway.call(lambda inner: len(inner.sessions())) == 0


def test_closing_waits_for_a_locked_store_once_for_the_journal_and_once_for_the_client_id(
    gateway: SimulatedGateway, open_ib: Callable[..., Broker], state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brokerkit.store.open_store", partial(open_store, timeout=0.5))
    broker = open_ib(gateway)
    broker.orders.put_order_on_stack(Order.market(FuturesContract("GOLD", "202402"), 1)).wait(30)
    with closing(sqlite3.connect(next(state_folder.rglob("brokerkit.db")), isolation_level=None)) as blocker:
        blocker.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        with pytest.raises(StoreLocked):
            broker.close()
        assert time.monotonic() - began < 1.4


def test_an_interrupt_while_closing_leaves_no_thread_and_no_lease(
    gateway: SimulatedGateway, open_ib: Callable[..., Broker], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, call = threads_of_ib(), LoopThread.call
    broker = open_ib(gateway)

    def interrupt(*given: Any) -> None:
        call(*given)
        raise KeyboardInterrupt  # in the wait for it

    monkeypatch.setattr(LoopThread, "call", interrupt)
    with pytest.raises(KeyboardInterrupt):
        broker.close()
    assert threads_of_ib() == before
    assert broker.native.connection.state is ConnectionState.CLOSED
    with open_store(broker="ib") as store:
        assert store.client_ids.leases() == ()


def test_closing_on_a_gateway_that_has_gone_silent_is_quick(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract
) -> None:
    broker.orders.put_order_on_stack(Order.limit(gold, 1, "100.0"))
    with gateway.fault("stall"):
        broker.native.connection.clock.forget()  # as after some seconds
        began = time.monotonic()
        broker.close()
        assert time.monotonic() - began < 15  # and not a request's 30 s
    assert broker.state is ConnectionState.CLOSED


def test_closing_while_the_line_is_read_again_is_no_broken_line(
    gateway: SimulatedGateway,
    open_ib: Callable[..., Broker],
    listen: Callable[[Broker], Any],
    answer_as: Callable[..., None],
) -> None:
    broker, asked = open_ib(gateway), threading.Event()
    heard = listen(broker)
    answer_as(AllOpenOrdersRequest, lambda *_: asked.set())  # and nothing else
    with gateway.fault("connectivity"):
        heard.wait_for(lambda: heard.of(ConnectionChange))
    assert asked.wait(_SOON)
    broker.close()
    states = [change.state for change in heard.of(ConnectionChange)]
    assert states == [ConnectionState.RECONNECTING, ConnectionState.CLOSED]
    assert "the Gateway lost its connection to IB" in heard.of(ConnectionChange)[0].reason
    with pytest.raises(BrokerClosed):
        broker.native.connection.require_up("an order")


_CLOSES_AT_THE_VERY_END = """
import sys
from brokerkit import FuturesContract, Order, open_broker


class Strategy:
    def __init__(self):
        self.broker = open_broker("ib", port=int(sys.argv[1]), read_only=False)
        self.broker.subscribe(on_fill=[].append)
        self.broker.orders.put_order_on_stack(Order.market(FuturesContract("GOLD", "202402"), 1)).wait(30)

    def __del__(self):
        self.broker.close()
        print("closed", flush=True)


strategy = Strategy()
"""


def test_closing_in_a_destructor_as_the_interpreter_exits_does_not_wait_for_threads_that_no_longer_run(
    gateway: SimulatedGateway, start_python: Callable[..., subprocess.Popen[str]], open_ib: Callable[..., Broker]
) -> None:
    process = start_python("-c", _CLOSES_AT_THE_VERY_END, gateway.port)
    printed, _ = process.communicate(timeout=_SOON)  # 38 s, if each thread were waited for
    assert printed == "closed\n"
    [held] = open_ib(gateway).positions.get_all_current_positions_as_list_with_contract_objects()
    assert held.quantity == 1


@pytest.mark.parametrize("place", ["a call to the client", "an audit record", "a subscription"])
def test_a_signal_handler_may_close_the_broker_whatever_it_interrupts(
    gateway: SimulatedGateway, open_ib: Callable[..., Broker], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """A handler runs in the main thread, between two steps of what that is doing, in which it may hold a lock."""
    broker, closed = open_ib(gateway, middleware=["audit"]), threading.Event()
    broker.subscribe(on_fill=[].append)
    connection = broker.native.connection

    def interrupted(step: Callable[..., Any]) -> Callable[..., Any]:
        def do(*given: Any) -> Any:
            if threading.current_thread().name == "trader" and not closed.is_set():
                closed.set()
                broker.close()
            return step(*given)

        return do

    if place == "a call to the client":
        loop = connection._thread.loop
        monkeypatch.setattr(loop, "call_soon_threadsafe", interrupted(loop.call_soon_threadsafe))
    elif place == "an audit record":
        monkeypatch.setattr("brokerkit.middleware.audit_log.os.write", interrupted(os.write))
    else:
        manager = broker._machinery.events._manager
        monkeypatch.setattr(manager, "register", interrupted(manager.register))

    def trade() -> None:
        with contextlib.suppress(BrokerkitError):
            broker.subscribe(on_fill=print)
            broker.orders.put_order_on_stack(Order.market(FuturesContract("GOLD", "202402"), 1))

    trader = threading.Thread(target=trade, name="trader", daemon=True)
    trader.start()
    trader.join(_SOON)
    assert closed.is_set()
    assert not trader.is_alive(), "it waits for a lock that it has itself"
    assert broker.native.connection.state is ConnectionState.CLOSED
