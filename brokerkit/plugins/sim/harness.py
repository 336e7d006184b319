"""Causing faults in a simulation: the harness that brokerkit's conformance suite requests from `broker.native`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from brokerkit.plugins.sim.exchange.faults import FAULTS, fault
from brokerkit.plugins.sim.feeds.fed_exchange import FedExchange
from brokerkit.plugins.sim.throttle import Throttle
from brokerkit.spec.broker_order import OrderOrigin
from brokerkit.spec.order import Order

_OTHER_CLIENT = 99
_LOTS_OF_A_PARTIAL_FILL = 3
_ABILITIES = ("disconnect", "advance", "elsewhere", "partial-fill", "competing-session")
_SETTINGS = {"reordered-fills": {"patience": 5.0}, "execution-correction": {"delay": 5.0}}
"""Delays shorter than the defaults, in seconds, so that the suite need not wait long."""
_LACKS = {
    "notice": "the simulated exchange sends no notices: all that it tells is an event of the contract",
    "client-id-in-use": "the simulated exchange lives in the strategy's process, and has no client ids to lease",
    "restart": "the simulation keeps nothing: open it with state = FILE",
}


class SimHarness:
    """Faults and abilities of a simulation; see `brokerkit.conformance.Harness`."""

    def __init__(self, exchange: FedExchange, throttle: Throttle, prepared: Callable[[Order], Order]) -> None:
        self._exchange = exchange
        self._throttle = throttle
        self._prepared = prepared

    @property
    def offers(self) -> tuple[str, ...]:
        """The faults that it can cause, and the abilities that it has."""
        return (*FAULTS, *_ABILITIES, *(("restart",) if self._exchange.keeps_state else ()))

    @property
    def lacks(self) -> Mapping[str, str]:
        """Why it does not offer the others."""
        return _LACKS

    def cause(self, name: str) -> None:
        """Arm a fault, which occurs once, on the next occasion."""
        if name == "partial-fill":
            self._throttle.lots_a_bar = _LOTS_OF_A_PARTIAL_FILL
        elif name == "competing-session":
            self._exchange.disconnect("another login took the session over")
        else:
            self._exchange.add_fault(fault(name, at=1, **_SETTINGS.get(name, {})))

    def heal(self) -> None:
        """Disarm every fault, restore the volume limit of every bar, and restore the connection."""
        self._throttle.lots_a_bar = None
        self._exchange.clear_faults()
        self._exchange.reconnect()

    def disconnect(self) -> None:
        """Break the connection until `reconnect`."""
        self._exchange.disconnect("cut on request")

    def reconnect(self) -> None:
        """Restore the connection."""
        self._exchange.reconnect()

    def advance(self, seconds: float) -> None:
        """Let simulated seconds pass."""
        self._exchange.advance_to(self._exchange.now + timedelta(seconds=seconds))

    def place_elsewhere(self, order: Order) -> str:
        """Place an order as another client would, and return its reference."""
        self._exchange.submit(self._prepared(order), client_id=_OTHER_CLIENT, origin=OrderOrigin.OTHER_CLIENT)
        return order.order_ref

    def cancel_elsewhere(self, order_ref: str) -> None:
        """Cancel an order as another client would."""
        self._exchange.cancel(order_ref)

    def die(self) -> None:
        """Close the state file without saving: everything that matters is in it already."""
        self._exchange.abandon()
