"""The conformance suite's faults, caused by a Gateway and its exchange as IB's clients meet them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from brokerkit.plugins.sim.exchange.faults import fault as exchange_fault
from brokerkit.plugins.sim.feeds import FedExchange
from brokerkit.plugins.sim.gateway import Gateway
from brokerkit.plugins.sim.gateway.codec.responses.account import Execution
from brokerkit.plugins.sim.gateway.codes import Code
from brokerkit.plugins.sim.gateway.faults import (
    ClientIdInUse,
    CompetingSession,
    ConnectivityLost,
    CutFrame,
    FalseCancelError,
    LoseMessage,
    LoseRequest,
    StalePositions,
)
from brokerkit.plugins.sim.gateway.faults.fault import Fault
from brokerkit.plugins.sim.gateway.session import Session

_UNLIMITED = 1_000_000
_CORRECTION_DELAY = 0.1

_EXCHANGE_FAULTS: Mapping[str, Mapping[str, float]] = {
    "rejection": {},
    "late-acknowledgement": {},
    "fill-before-acknowledgement": {},
    "cancel-fill-race": {},
    "late-fill": {},
    "duplicate-fill": {},
    "reordered-fills": {"patience": 5.0},
    "late-commission": {},
}
"""Faults of the exchange behind the Gateway, with their options in seconds of its clock."""


class StallAtFill(Fault):
    """From the next execution on, open connections are silent; a new connection works."""

    def __init__(self) -> None:
        self._stalled: list[Session] = []

    def outgoing(self, session: Session, messages: list[Any]) -> list[Any]:
        """Hold every connection before an execution is sent."""
        if not self._stalled and any(isinstance(message, Execution) for message in messages):
            self._stalled = session.gateway.sessions()
            for each in self._stalled:
                each.connection.hold(held=True)
        return messages

    def end(self, gateway: Gateway) -> None:
        """Release all connections."""
        for session in self._stalled:
            session.connection.hold(held=False)


class StopClockAtFill(Fault):
    """The next execution stops the clock, so that a partial fill stays partial however slow the machine is.

    Args:
        stop: Stops the clock.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop

    def outgoing(self, session: Session, messages: list[Any]) -> list[Any]:
        """Stop the clock once an execution is sent."""
        if not self.spent and any(isinstance(message, Execution) for message in messages):
            self.spent = True
            asyncio.get_running_loop().call_soon(self._stop)  # after whatever is moving it now
        return messages


class CorrectNextExecution(Fault):
    """The next execution is corrected by a tick soon after it was sent."""

    def outgoing(self, session: Session, messages: list[Any]) -> list[Any]:
        """Schedule a correction after an execution."""
        if not self.spent and any(isinstance(message, Execution) for message in messages):
            self.spent = True
            fills = session.gateway.orders.fills
            asyncio.get_running_loop().call_later(_CORRECTION_DELAY, fills.correct_newest, None)
        return messages


class Notice(Fault):
    """A notice that is not an error: a market data farm is OK."""

    spent = True

    def begin(self, gateway: Gateway) -> None:
        """Send it."""
        gateway.notice(Code.MARKET_FARM_OK, "Market data farm connection is OK:usfarm")


_GATEWAY_FAULTS: Mapping[str, Callable[[], Sequence[Fault]]] = {
    "lost-order": lambda: [LoseRequest("placeOrder")],
    "lost-acknowledgement": lambda: [CutFrame("openOrder", keep=0)],
    "lost-cancel": lambda: [LoseRequest("cancelOrder")],
    "lost-modify": lambda: [LoseRequest("placeOrder")],
    "refused-cancel": lambda: [FalseCancelError()],
    "lost-statuses": lambda: [LoseMessage("openOrder", count=_UNLIMITED), LoseMessage("orderStatus", count=_UNLIMITED)],
    "execution-correction": lambda: [CorrectNextExecution()],
    "stale-positions": lambda: [StalePositions()],
    "failed-positions": lambda: [LoseRequest("reqPositions")],
    "silent-stall": lambda: [StallAtFill()],
    "notice": lambda: [Notice()],
    "competing-session": lambda: [CompetingSession(), ConnectivityLost()],
    "client-id-in-use": lambda: [ClientIdInUse()],
}
"""Faults of the Gateway and of the connection to it."""

NAMES = (*_EXCHANGE_FAULTS, *_GATEWAY_FAULTS)
"""Every fault available here."""


def cause(gateway: Gateway, name: str) -> None:
    """Arm a fault; called in the Gateway's thread."""
    if name in _EXCHANGE_FAULTS:
        _exchange(gateway).add_fault(exchange_fault(name, at=1, **_EXCHANGE_FAULTS[name]))
    else:
        for each in _GATEWAY_FAULTS[name]():
            gateway.faults.begin(each)


def end_all(gateway: Gateway) -> None:
    """Disarm every fault; called in the Gateway's thread."""
    gateway.faults.end_all()
    _exchange(gateway).clear_faults()


def _exchange(gateway: Gateway) -> FedExchange:
    exchange = gateway.exchange
    assert isinstance(exchange, FedExchange)
    return exchange
