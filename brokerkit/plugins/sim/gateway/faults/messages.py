"""Faults of single messages: lost, repeated, out of order, late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

import attrs

from brokerkit.plugins.sim.gateway.codec.responses.account import CommissionReport, Execution
from brokerkit.plugins.sim.gateway.codec.responses.orders import OpenOrder, OrderState, OrderStatus
from brokerkit.plugins.sim.gateway.faults.fault import Countdown, Fault

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway
    from brokerkit.plugins.sim.gateway.session import Session


class LoseMessage(Fault):
    """Messages never arrive.

    Args:
        message: The protocol's name for the message; blank for any.
        skip: How many pass first.
        count: How many are lost.
    """

    def __init__(self, message: str = "", skip: int = 0, count: int = 1) -> None:
        self._countdown = Countdown(message, skip, count)

    def outgoing(self, session: Session, messages: list[Any]) -> list[Any]:
        """Return the messages that are not lost."""
        kept = [message for message in messages if not self._countdown.due(message)]
        self.spent = self._countdown.spent
        return kept


class RepeatMessage(Fault):
    """Messages arrive twice.

    Args:
        message: The protocol's name for the message; blank for any.
        skip: How many pass first.
        count: How many are repeated.
    """

    def __init__(self, message: str = "", skip: int = 0, count: int = 1) -> None:
        self._countdown = Countdown(message, skip, count)

    def outgoing(self, session: Session, messages: list[Any]) -> list[Any]:
        """Return the messages, with the affected ones twice."""
        sent = []
        for message in messages:
            sent += [message] * (2 if self._countdown.due(message) else 1)
        self.spent = self._countdown.spent
        return sent


class PreviewWarning(Fault):
    """A what-if order is answered twice, first with a warning and no figures: a client that uses that one has none."""

    _TEXT = "Order is subject to a check of its price."

    def outgoing(self, session: Session, messages: list[Any]) -> list[Any]:
        """Return the messages, with a warning before each what-if answer."""
        sent: list[Any] = []
        for message in messages:
            if isinstance(message, OpenOrder) and message.order.what_if:
                state = OrderState(message.state.status, warning_text=self._TEXT)
                sent.append(attrs.evolve(message, state=state))
            sent.append(message)
        return sent


class Reorder(Fault):
    """Messages sent together (openOrder, orderStatus, execDetails, commissionReport) arrive shuffled.

    Args:
        seed: The seed of the shuffling.
    """

    _KINDS = (OpenOrder, OrderStatus, Execution, CommissionReport)

    def __init__(self, seed: int = 0) -> None:
        self._random = Random(f"reorder:{seed}")
        self._held: dict[Session, list[Any]] = {}

    def outgoing(self, session: Session, messages: list[Any]) -> list[Any]:
        """Hold back order messages until the current callback is done."""
        mine = [message for message in messages if isinstance(message, self._KINDS)]
        if mine:
            if session not in self._held:
                asyncio.get_running_loop().call_soon(self._release, session)
            self._held.setdefault(session, []).extend(mine)
        return [message for message in messages if not isinstance(message, self._KINDS)]

    def _release(self, session: Session) -> None:
        held = self._held.pop(session, [])
        self._random.shuffle(held)
        for message in held:
            session.deliver(message)


class NoStatusOnFill(Fault):
    """No orderStatus comes for orders that fill at once, as the official documentation warns."""

    def outgoing(self, session: Session, messages: list[Any]) -> list[Any]:
        """Return the messages without the statuses of filled orders."""
        return [
            message for message in messages if not (isinstance(message, OrderStatus) and message.status == "Filled")
        ]


class MissingCommission(Fault):
    """Commission reports never come."""

    def outgoing(self, session: Session, messages: list[Any]) -> list[Any]:
        """Return the messages without commission reports."""
        return [message for message in messages if not isinstance(message, CommissionReport)]


class LateCommission(Fault):
    """Commission reports come late.

    Args:
        seconds: By how much, of the wall clock.
    """

    def __init__(self, seconds: float = 1.0) -> None:
        self._seconds = seconds
        self._waiting: list[asyncio.TimerHandle] = []

    def outgoing(self, session: Session, messages: list[Any]) -> list[Any]:
        """Return the messages without commission reports; those follow later."""
        loop = asyncio.get_running_loop()
        for message in messages:
            if isinstance(message, CommissionReport):
                self._waiting.append(loop.call_later(self._seconds, _deliver(session, message)))
        self._waiting = [one for one in self._waiting if not one.cancelled() and one.when() > loop.time()]
        return [message for message in messages if not isinstance(message, CommissionReport)]

    def end(self, gateway: Gateway) -> None:
        """Let what is still on its way arrive when it was due."""


def _deliver(session: Session, message: Any) -> Callable[[], None]:
    def deliver() -> None:
        if session.connection.is_open:
            session.deliver(message)

    return deliver
