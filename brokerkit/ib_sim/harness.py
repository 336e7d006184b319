"""Faults in the IB plugin's connection, Gateway and exchange, for the conformance suite's level `fault`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from brokerkit.errors import BrokerkitError, ConnectionProblem
from brokerkit.ib_sim import faults
from brokerkit.ib_sim.fixture import GatewayFixture
from brokerkit.spec.events import ConnectionState

if TYPE_CHECKING:
    from brokerkit import Broker
    from brokerkit.spec.order import Order

_ABILITIES = ("disconnect", "advance", "elsewhere", "restart", "partial-fill")
_LOTS_OF_A_PARTIAL_FILL = 3
_TIMEOUT = 60.0
_LACKS = {
    "pacing": "IB answers too many messages with error 100, under no request id, and disconnects: brokerkit "
    "stays below its limits, as tests/ib shows",
}


class GatewayHarness:
    """Faults and abilities of one broker on a simulated Gateway; see `brokerkit.conformance.Harness`."""

    def __init__(self, fixture: GatewayFixture, broker: Broker) -> None:
        self._fixture = fixture
        self._broker = broker

    @property
    def offers(self) -> tuple[str, ...]:
        """Its faults and abilities."""
        return (*faults.NAMES, *_ABILITIES)

    @property
    def lacks(self) -> Mapping[str, str]:
        """Why it does not offer the rest."""
        return _LACKS

    def cause(self, name: str) -> None:
        """Arm a fault, which takes effect at the next occasion."""
        fixture = self._fixture
        if name == "partial-fill":
            fixture.throttle.lots_a_bar = _LOTS_OF_A_PARTIAL_FILL
            fixture.gateway.call(lambda gateway: gateway.faults.begin(faults.StopClockAtFill(fixture.clock.pause)))
        else:
            fixture.gateway.call(lambda gateway: faults.cause(gateway, name))

    def heal(self) -> None:
        """Disarm every fault, let bars fill what their volume allows, and restore the connection.

        If the clock was advanced far, a new Gateway replaces this one, and the broker is closed.
        """
        fixture = self._fixture
        self._close_other_session()
        if fixture.needs_renewal:
            fixture.renew(self._broker.close)
            return
        fixture.throttle.lots_a_bar = None
        fixture.gateway.call(faults.end_all)
        fixture.gateway.call(lambda _: fixture.clock.resume())
        self.reconnect()

    def disconnect(self) -> None:
        """Break the connection until `reconnect`; return when the plugin has noticed."""
        self._fixture.is_cut = True
        self._fixture.gateway.cut()
        self._until(lambda: self._broker.state is not ConnectionState.CONNECTED, "notice the cut")

    def reconnect(self) -> None:
        """Restore the connection; return when the plugin is connected again."""
        if self._fixture.is_cut:
            self._fixture.gateway.mend()
            self._fixture.is_cut = False
        self._until(self._answers_or_is_closed, "connect again")

    def _answers_or_is_closed(self) -> bool:
        """Return whether the Gateway answers, or the broker is closed; a broken connection may not be noticed yet."""
        if self._broker.state is ConnectionState.CONNECTED:
            try:
                self._broker.native.connection.server_time()
            except ConnectionProblem:
                return False
            return self._broker.state is ConnectionState.CONNECTED
        return self._broker.state is ConnectionState.CLOSED

    def advance(self, seconds: float) -> None:
        """Advance the Gateway's clock by a number of seconds; return when the plugin has read what was sent."""
        self._fixture.advance(seconds)
        if self._broker.state is ConnectionState.CONNECTED:
            try:
                self._broker.native.connection.server_time()
            except ConnectionProblem:
                return

    def place_elsewhere(self, order: Order) -> str:
        """Place an order from another session of the same account, and return its reference."""
        self._other_session().orders.put_order_on_stack(order)
        return order.order_ref

    def cancel_elsewhere(self, order_ref: str) -> None:
        """Cancel an order from another session of the same account."""
        other = self._other_session()
        view = next(each for each in other.orders.get_list_of_broker_orders() if each.order_ref == order_ref)
        other.orders.cancel_order_on_stack(view)

    def die(self) -> None:
        """Kill the plugin: its socket breaks first, so that it neither receives nor sends anything more."""
        self._fixture.gateway.cut()
        self._broker.native.connection.close_connection()
        self._fixture.gateway.mend()

    def _other_session(self) -> Broker:
        from brokerkit import open_broker

        if self._fixture.other is None:
            store = self._fixture.folder / "other.db"
            self._fixture.other = open_broker("ib-elsewhere", **{**self._fixture.settings, "store_path": store})
        return self._fixture.other

    def _close_other_session(self) -> None:
        other, self._fixture.other = self._fixture.other, None
        if other is not None:
            other.close()

    @staticmethod
    def _until(happened: Callable[[], bool], what: str) -> None:
        end, pause = time.monotonic() + _TIMEOUT, threading.Event()
        while not happened():
            if time.monotonic() > end:
                raise BrokerkitError(f"The plugin did not {what} within {_TIMEOUT:g} s.")
            pause.wait(0.01)
