"""Many threads that ask for history at once are kept below the 50 messages a second that IB takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from brokerkit import Broker, Frequency, FuturesContract
from brokerkit.plugins.sim.gateway import GatewaySettings, SimulatedGateway
from brokerkit.plugins.sim.gateway.codec.responses.session import CurrentTime
from brokerkit.plugins.sim.gateway.faults.fault import Fault
from brokerkit.plugins.sim.gateway.session import Session

GOLD = FuturesContract("GOLD", "202402")
OpenIB = Callable[..., Broker]


def test_history_asked_for_by_many_threads_breaks_no_limit_of_the_gateway(
    run_gateway: Callable[..., SimulatedGateway], open_ib: OpenIB
) -> None:
    gateway = run_gateway(GatewaySettings(port=0))  # with IB's limits
    broker = open_ib(gateway)
    errors: list[int] = []
    broker.native.connection.listen(lambda message, given: errors.append(given[1]) if message == "error" else None)
    now = gateway.call(lambda inner: inner.now)
    frames: list[int] = []

    def ask() -> None:
        start = now - timedelta(days=2)
        frames.append(len(broker.prices.get_prices_for_contract_object(GOLD, Frequency.MINUTE, start, now)))

    threads = [threading.Thread(target=ask) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert frames == [2 * 24 * 60] * 40
    assert 100 not in errors


class DropTime(Fault):
    """The Gateway is sent too much at once: the first question for the time is dropped."""

    def outgoing(self, session: Session, messages: list[Any]) -> list[Any]:
        """Answer every question but the first."""
        kept = [message for message in messages if self.spent or not isinstance(message, CurrentTime)]
        self.spent = self.spent or len(kept) < len(messages)
        return kept


def test_a_dropped_question_for_the_time_is_asked_again(gateway: SimulatedGateway, open_ib: OpenIB) -> None:
    broker = open_ib(gateway, request_timeout=8.0)
    with gateway.fault(DropTime()):
        assert broker.native.server_time() == gateway.call(lambda inner: inner.now)


def test_many_who_ask_for_the_time_at_once_ask_one_question(gateway: SimulatedGateway, open_ib: OpenIB) -> None:
    connection = open_ib(gateway).native.connection
    before = gateway.call(lambda inner: inner.requests)
    with gateway.fault("stall"):
        threads = [threading.Thread(target=connection.server_time) for _ in range(20)]
        for thread in threads:
            thread.start()
        connection.call(lambda ib: None)
    for thread in threads:
        thread.join(30)
    assert gateway.call(lambda inner: inner.requests) - before < 5


class OncePerSecond(Fault):
    """A question for the time within a second of the last that was answered is dropped."""

    def __init__(self) -> None:
        self._answered = float("-inf")

    def outgoing(self, session: Session, messages: list[Any]) -> list[Any]:
        """Answer at most one question per second."""
        return [message for message in messages if not isinstance(message, CurrentTime) or self._is_due()]

    def _is_due(self) -> bool:
        is_due = time.monotonic() - self._answered >= 1.0
        self._answered = time.monotonic() if is_due else self._answered
        return is_due


def test_questions_for_the_time_in_a_row_do_not_each_wait_for_a_gateway_that_answers_one_a_second(
    gateway: SimulatedGateway, open_ib: OpenIB
) -> None:
    """Real ones do since 10.16, as reported in erdewit/ib_insync#479 and #604."""
    broker = open_ib(gateway)
    with gateway.fault(OncePerSecond()):
        began = time.monotonic()
        open_markets = [broker.contracts.is_contract_okay_to_trade(GOLD) for _ in range(20)]
        took = time.monotonic() - began
        ahead = broker.native.server_time() - gateway.call(lambda inner: inner.now)
    assert open_markets == [True] * 20
    assert took < 8  # they took two seconds each
    assert timedelta(0) <= ahead <= timedelta(seconds=2)
