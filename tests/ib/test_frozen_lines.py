"""A line that freezes, as one through a tunnel does: what was sent on it may arrive long after a newer one is up."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from brokerkit import Broker, ConnectionState, Fill, FuturesContract, Order, OrderState
from brokerkit.errors import OutcomeUnknown
from brokerkit.plugins.sim.gateway import SimulatedGateway
from brokerkit.spec.broker_order import BrokerOrder

OpenIB = Callable[..., Broker]
Listen = Callable[[Broker], Any]
GOLD = FuturesContract("GOLD", "202402")


class Relay:
    """Passes bytes on both ways. What is sent on a frozen line arrives when it thaws, and its ends hear of nothing.

    Attributes:
        port: Where clients connect to.
    """

    def __init__(self, gateway_port: int) -> None:
        self._gateway = ("127.0.0.1", gateway_port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._sockets: list[socket.socket] = [self._server]
        self._passing = threading.Event()  # of the newest line
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Relay:
        """Return the relay."""
        return self

    def __exit__(self, *_: object) -> None:
        """Break every line."""
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def freeze(self) -> None:
        """Freeze the newest line; the next one passes."""
        self._passing.clear()
        self._frozen = self._passing

    def thaw(self) -> None:
        """Let what was sent on the frozen line arrive."""
        self._frozen.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                gateway = socket.create_connection(self._gateway)
                self._sockets += [client, gateway]
                self._passing = threading.Event()
                self._passing.set()
                for pair in ((client, gateway), (gateway, client)):
                    threading.Thread(target=_pass_on, args=(*pair, self._passing), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket, passing: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            passing.wait()
            target.sendall(data)
        passing.wait()
        target.shutdown(socket.SHUT_WR)


def test_an_order_that_a_dead_line_may_still_bring_is_not_called_rejected(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Listen
) -> None:
    with Relay(gateway.port) as relay:
        broker = open_ib(relay, order_timeout=1.0, probe_interval=0.5, connect_timeout=5.0, max_reconnect_wait=0.1)
        broker.contracts.get_contract_object_with_broker_data(GOLD)
        heard = listen(broker)
        order = Order.market(GOLD, 1)
        relay.freeze()
        with pytest.raises(OutcomeUnknown):
            broker.orders.put_order_on_stack(order)
        heard.wait_for(lambda: broker.native.connection.client_id() != 100)
        heard.wait_for(lambda: broker.state is ConnectionState.CONNECTED)
        for _ in range(3):  # the Gateway takes the old line for alive, and no list of its has the order
            assert broker.orders.match_db_broker_order_to_order_from_brokers(order).state is OrderState.UNKNOWN
        relay.thaw()
        gateway.advance_bars(2)
        heard.wait_for(lambda: heard.of(Fill))
        find = broker.orders.match_db_broker_order_to_order_from_brokers
        heard.wait_for(lambda: find(order).state is OrderState.FILLED)
    assert OrderState.REJECTED not in {event.state for event in heard.of(BrokerOrder)}
