"""Clocks that move the exchange's time while a gateway runs."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from brokerkit.errors import InvalidArgument
from brokerkit.plugins.sim.gateway.gateway import Gateway
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder

TICK_SECONDS = 0.02
"""Seconds between updates of a real-time clock."""

_NANOSECONDS = 1_000_000_000
_MARKET_ORDER_TYPES = ("MKT", "MARKET")


class Clock(Protocol):
    """Moves the exchange's clock between `start` and `stop`."""

    def start(self, gateway: Gateway) -> None:
        """Start moving the clock; called in the gateway's event loop."""

    def stop(self) -> None:
        """Stop moving it."""


class ManualClock:
    """Stands still until it is moved with `advance`."""

    def start(self, gateway: Gateway) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


def check_speed(speed: float) -> None:
    """Raise `InvalidArgument` unless a speed is above 0 and at most a million."""
    if not 0 < speed <= 1e6:
        raise InvalidArgument(f"speed {speed:g} is not a speed.", remedy="Give a number above 0 and at most a million.")


class RealTimeClock:
    """Runs in proportion to real time.

    Args:
        speed: Simulated seconds per real second.

    Raises:
        InvalidArgument: The speed is not above 0 and at most a million.
    """

    def __init__(self, speed: float = 1.0) -> None:
        check_speed(speed)
        self._speed = speed
        self._handle: asyncio.TimerHandle | None = None

    def start(self, gateway: Gateway) -> None:
        """Start moving the clock."""
        self._gateway = gateway
        self._wall = time.monotonic()
        self._first = self._last = gateway.exchange.now_ns
        self._move()

    def _move(self) -> None:
        exchange = self._gateway.exchange
        self._first += exchange.now_ns - self._last  # the clock was moved by other means: continue from there
        target = self._first + int((time.monotonic() - self._wall) * self._speed * _NANOSECONDS)
        if target > exchange.now_ns:
            self._gateway.advance_to(target)
        self._last = exchange.now_ns
        self._handle = asyncio.get_running_loop().call_later(TICK_SECONDS, self._move)

    def stop(self) -> None:
        """Stop moving it."""
        if self._handle is not None:
            self._handle.cancel()


class EagerClock:
    """Moves to the end of the next bar after every batch of order requests, so that orders fill at once.

    If a bar does not fill a market order, because of its volume or an arrival in mid-bar, more bars follow.
    For tests and load tests: simulated time runs as fast as orders arrive.
    """

    _MAX_BARS = 60

    def __init__(self) -> None:
        self._due = False
        self._new: list[GatewayOrder] = []

    def start(self, gateway: Gateway) -> None:
        """Start watching for orders."""
        self._gateway = gateway
        gateway.orders.entry.sent = self._new.append
        gateway.after_request = self._request_handled

    def _request_handled(self) -> None:
        if not self._due and self._new:
            self._due = True
            asyncio.get_running_loop().call_soon(self._move)

    def _move(self) -> None:
        new = self._new.copy()
        self._new.clear()
        self._due = False
        for _ in range(self._MAX_BARS):
            self._gateway.advance_bars()
            if all(order.done or order.terms.order_type not in _MARKET_ORDER_TYPES for order in new):
                break

    def stop(self) -> None:
        """Stop watching."""
        self._gateway.after_request = lambda: None
        self._gateway.orders.entry.sent = lambda order: None
