"""Who is told what, and in which thread."""

from __future__ import annotations

import threading
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest

from brokerkit import ConnectionChange, ConnectionState, Fill, FuturesContract, Position
from brokerkit.plugins.ib.event_delivery import EventDelivery, PendingEvent

NOW = datetime(2024, 1, 2, tzinfo=timezone.utc)
GOLD = FuturesContract("GOLD", "202402")
FILL = Fill("1", "ref", GOLD, 1, Decimal(2000), NOW)
POSITION = Position("DU1", GOLD, 1, None, NOW)


class Listeners:
    """Hears the kinds of events that it is told to."""

    def __init__(self) -> None:
        self.kinds: set[type] = set()
        self.heard: list[Any] = []
        self.threads: set[str] = set()
        self.has_heard_two = threading.Event()

    def hear(self, event: Any) -> None:
        self.heard.append(event)
        self.threads.add(threading.current_thread().name)
        if len(self.heard) == 2:
            self.has_heard_two.set()

    def delivery(self) -> EventDelivery:
        return EventDelivery(self.hear, lambda kind: kind in self.kinds)


def test_what_nobody_hears_is_counted_as_told_without_a_thread_and_no_position_is_asked_for() -> None:
    listeners, told = Listeners(), list[Any]()
    delivery = listeners.delivery()
    delivery.when_delivered(told.append)
    delivery.opened()
    delivery.tell_all([PendingEvent.of(FILL), PendingEvent(Position, lambda: pytest.fail("it was asked for"))])
    assert told == [FILL]
    assert "brokerkit-ib-delivery" not in {thread.name for thread in threading.enumerate()}
    delivery.close()


def test_who_comes_to_listen_in_that_moment_is_never_called_by_the_one_who_tells() -> None:
    listeners = Listeners()
    looks: list[bool] = []

    def comes_at_the_second_look(_kind: type) -> bool:
        looks.append(len(looks) > 0)
        return looks[-1]

    delivery = EventDelivery(listeners.hear, comes_at_the_second_look)
    delivery.opened()
    for _ in range(2):
        delivery.tell(FILL)
    delivery.close()
    assert listeners.heard == [FILL]
    assert listeners.threads == {"brokerkit-ib-delivery"}


def test_what_came_while_opening_is_kept_for_the_first_who_listens_and_made_then() -> None:
    listeners = Listeners()
    delivery = listeners.delivery()
    made: list[Position] = []
    delivery.tell_all([PendingEvent(Position, lambda: (made.append(POSITION), POSITION)[1]), PendingEvent.of(FILL)])
    delivery.opened()
    assert made == []
    listeners.kinds = {Position, Fill}
    assert listeners.has_heard_two.wait(30)
    assert listeners.heard == [POSITION, FILL]
    assert listeners.threads == {"brokerkit-ib-delivery"}
    delivery.close()


def test_a_program_that_starts_no_thread_any_more_is_told_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    listeners = Listeners()
    delivery = listeners.delivery()
    delivery.opened()
    listeners.kinds = {ConnectionChange}
    monkeypatch.setattr(threading.Thread, "start", refuse)
    closed = ConnectionChange(ConnectionState.CLOSED, "closed by the user", NOW)
    delivery.tell(closed)
    delivery.close()
    assert listeners.heard == [closed]


def test_one_that_cannot_be_made_keeps_none_behind_it(caplog: pytest.LogCaptureFixture) -> None:
    listeners = Listeners()
    listeners.kinds = {Fill}
    delivery = listeners.delivery()

    def fail() -> Fill:
        raise ValueError("as it should")

    delivery.tell_all([PendingEvent(Fill, fail), PendingEvent(Fill, lambda: None), PendingEvent.of(FILL)])
    delivery.close()
    assert listeners.heard == [FILL]
    assert "could not be created" in caplog.text
