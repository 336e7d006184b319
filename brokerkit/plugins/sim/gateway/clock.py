"""What moves the exchange's clock while a gateway runs."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from brokerkit.errors import InvalidArgument
from brokerkit.plugins.sim.gateway.gateway import Gateway
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder

TICK_SECONDS = 0.02
"""How often a clock in real time is moved."""

_NANOSECONDS = 1_000_000_000
_FILL_AT_ONCE = ("MKT", "MARKET")


class Clock(Protocol):
    """Moves the exchange's clock from when it is started until it is stopped."""

    def start(self, gateway: Gateway) -> None:
        """Begin to move the clock; called in the gateway's loop."""

    def stop(self) -> None:
        """Move it no longer."""


class ManualClock:
    """Stands still unless somebody moves it with `advance`."""

    def start(self, gateway: Gateway) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


def check_speed(speed: float) -> None:
    """Raise `InvalidArgument` unless a clock can run at a speed: more than 0, at most a million."""
    if not 0 < speed <= 1e6:
        raise InvalidArgument(f"speed {speed:g} is not a speed.", remedy="Give a number above 0, at most a million.")


class RealTimeClock:
    """Runs with the wall clock, faster or slower.

    Args:
        speed: Seconds of the exchange a second of the wall clock.

    Raises:
        InvalidArgument: The speed is not positive.
    """

    def __init__(self, speed: float = 1.0) -> None:
        check_speed(speed)
        self._speed = speed
        self._handle: asyncio.TimerHandle | None = None

    def start(self, gateway: Gateway) -> None:
        """Begin to move the clock."""
        self._gateway = gateway
        self._wall = time.monotonic()
        self._first = self._last = gateway.exchange.now_ns
        self._move()

    def _move(self) -> None:
        exchange = self._gateway.exchange
        self._first += exchange.now_ns - self._last  # somebody moved the clock on: it runs on from there
        target = self._first + int((time.monotonic() - self._wall) * self._speed * _NANOSECONDS)
        if target > exchange.now_ns:
            self._gateway.advance_to(target)
        self._last = exchange.now_ns
        self._handle = asyncio.get_running_loop().call_later(TICK_SECONDS, self._move)

    def stop(self) -> None:
        """Move it no longer."""
        if self._handle is not None:
            self._handle.cancel()


class EagerClock:
    """Moves to the end of the next bar after every round of order requests, so that orders fill at once.

    A market order that a bar did not fill, for lack of volume or because it came in the middle, gets further ones.
    For tests and load tests: the exchange's time runs as fast as orders come.
    """

    _MOST_BARS = 60

    def __init__(self) -> None:
        self._due = False
        self._new: list[GatewayOrder] = []

    def start(self, gateway: Gateway) -> None:
        """Begin to listen for orders."""
        self._gateway = gateway
        gateway.orders.entry.sent = self._new.append
        gateway.after_request = self._order_came

    def _order_came(self) -> None:
        if not self._due and self._new:
            self._due = True
            asyncio.get_running_loop().call_soon(self._move)

    def _move(self) -> None:
        new = self._new.copy()
        self._new.clear()
        self._due = False
        for _ in range(self._MOST_BARS):
            self._gateway.advance_bars()
            if all(order.done or order.terms.order_type not in _FILL_AT_ONCE for order in new):
                break

    def stop(self) -> None:
        """Listen no longer."""
        self._gateway.after_request = lambda: None
        self._gateway.orders.entry.sent = lambda order: None
