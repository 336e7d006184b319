"""Events: who hears them, from which thread, and what a listener that fails does to the others."""

from __future__ import annotations

import functools
import logging
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from brokerkit import ConnectionChange, ConnectionState, Fill, FuturesContract, errors, open_broker
from brokerkit.registry.dispatch import EVENT_TYPES
from brokerkit.spec.events import Event

Install = Callable[..., Path]

PLUGIN = """
from brokerkit import BrokerPlugin, Session, hookimpl, unsupported

class Heard:
    def __init__(self):
        self.fills = []

    @hookimpl
    def on_fill(self, fill):
        self.fills.append(fill)

def open_acme(settings, services):
    heard = Heard()
    return Session(domains=(heard,), others=unsupported("nothing"), native=(services, heard))

plugin = BrokerPlugin(open=open_acme)
"""

FILL = Fill(
    "1", "ref", FuturesContract("GOLD", "202312"), 1, Decimal("1900.1"), datetime(2023, 6, 1, tzinfo=timezone.utc)
)
LOST = ConnectionChange(ConnectionState.DISCONNECTED, "gone", FILL.time)


@pytest.fixture
def broker(install: Install) -> Any:
    install(PLUGIN)
    with open_broker("acme") as opened:
        yield opened


def test_each_listener_hears_its_own_events_in_order_until_it_is_closed(broker: Any) -> None:
    services, _ = broker.native
    heard: list[Any] = []
    with broker.subscribe(on_fill=heard.append) as first:
        second = broker.subscribe(on_fill=lambda fill: heard.append("second"), on_connection=heard.append)
        services.emit(FILL)
        services.emit(LOST)
    services.emit(FILL)
    assert heard == [FILL, "second", LOST, "second"]
    assert first.closed
    assert repr(first) == "<Subscription to on_fill, closed>"
    second.close()
    second.close()
    services.emit(LOST)
    assert len(heard) == 4


def test_the_plugins_own_objects_hear_events_through_the_same_hooks(broker: Any) -> None:
    services, heard = broker.native
    services.emit(FILL)
    assert heard.fills == [FILL]


def test_a_plugin_can_ask_whether_anybody_would_hear(broker: Any) -> None:
    services, _ = broker.native
    assert services.has_listener(Fill)  # the plugin's own object
    assert not services.has_listener(ConnectionChange)
    with broker.subscribe(on_connection=print):
        assert services.has_listener(ConnectionChange)
    assert not services.has_listener(ConnectionChange)


def test_a_listener_that_fails_is_logged_and_the_others_still_hear(
    broker: Any, caplog: pytest.LogCaptureFixture
) -> None:
    services, _ = broker.native
    heard: list[Fill] = []

    def fail(fill: Fill) -> None:
        raise ZeroDivisionError("in the strategy")

    with broker.subscribe(on_fill=fail), broker.subscribe(on_fill=heard.append), caplog.at_level(logging.ERROR):
        services.emit(FILL)
    assert heard == [FILL]
    assert "A listener of broker 'acme' failed on a Fill" in caplog.text
    assert "ZeroDivisionError: in the strategy" in caplog.text


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_program_in_a_listener_does_so_once_the_others_have_heard(
    broker: Any, end: type[BaseException]
) -> None:
    services, _ = broker.native
    heard: list[Fill] = []

    def stop(fill: Fill) -> None:
        raise end

    with broker.subscribe(on_fill=stop), broker.subscribe(on_fill=heard.append), pytest.raises(end):
        services.emit(FILL)
    assert heard == [FILL]


def test_a_listener_that_calls_exit_in_a_plugins_thread_is_logged_and_the_thread_goes_on(
    broker: Any, caplog: pytest.LogCaptureFixture
) -> None:
    services, _ = broker.native
    heard: list[Fill] = []

    def emit_twice() -> None:
        services.emit(FILL)
        services.emit(FILL)

    with broker.subscribe(on_fill=lambda _: sys.exit("the strategy is done")), broker.subscribe(on_fill=heard.append):
        thread = threading.Thread(target=emit_twice)
        thread.start()
        thread.join(30)
    assert heard == [FILL, FILL]
    assert "SystemExit: the strategy is done" in caplog.text


def test_a_listener_may_end_its_own_subscription_and_start_another(broker: Any) -> None:
    services, _ = broker.native
    heard: list[str] = []

    def once(fill: Fill) -> None:
        heard.append("once")
        subscription.close()
        broker.subscribe(on_fill=lambda fill: heard.append("again"))

    subscription = broker.subscribe(on_fill=once)
    services.emit(FILL)
    services.emit(FILL)
    assert heard == ["once", "again"]


def test_threads_that_emit_and_threads_that_subscribe_do_not_disturb_each_other(broker: Any) -> None:
    services, _ = broker.native
    heard: list[Fill] = []
    start = threading.Barrier(6, timeout=10)

    def emit() -> None:
        start.wait()
        for _ in range(500):
            services.emit(FILL)

    def come_and_go() -> None:
        start.wait()
        for _ in range(100):
            broker.subscribe(on_fill=lambda fill: None).close()

    with broker.subscribe(on_fill=heard.append):
        threads = [threading.Thread(target=target) for target in (emit, emit, emit, come_and_go, come_and_go)]
        for thread in threads:
            thread.start()
        start.wait()
        for thread in threads:
            thread.join()
    assert len(heard) == 1500
    assert not services.has_listener(ConnectionChange)


def test_after_close_nobody_hears_anything(install: Install) -> None:
    install(PLUGIN)
    broker = open_broker("acme")
    services, heard = broker.native
    said: list[Fill] = []
    subscription = broker.subscribe(on_fill=said.append)
    broker.close()
    services.emit(FILL)
    subscription.close()
    services.emit(FILL)
    assert said == heard.fills == []


@pytest.mark.parametrize("listeners", [{}, {"on_fill": 3}])
def test_a_subscription_that_cannot_work_is_refused(broker: Any, listeners: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidArgument):
        broker.subscribe(**listeners)


async def hear(word: str, fill: Fill) -> None:
    """Hear a fill in a coroutine."""


class Ear:
    """Hears a fill in a coroutine, called as an object or by its method."""

    async def __call__(self, fill: Fill) -> None:
        """Hear a fill."""

    async def hear(self, fill: Fill) -> None:
        """Hear a fill."""


@pytest.mark.parametrize("listener", [functools.partial(hear, "now"), functools.partial(Ear()), Ear(), Ear().hear])
def test_a_listener_that_is_async_is_refused_since_it_would_never_run(broker: Any, listener: Any) -> None:
    with pytest.raises(errors.InvalidArgument, match=r"is async.*call_soon_threadsafe"):
        broker.subscribe(on_fill=listener)
    assert not broker.native[0].has_listener(ConnectionChange)


def test_what_is_no_event_is_refused(broker: Any) -> None:
    services, _ = broker.native
    with pytest.raises(errors.PluginError, match="A str was emitted, which is not an event"):
        services.emit("filled")


def test_every_event_of_the_contract_has_a_hook() -> None:
    assert set(EVENT_TYPES.values()) == set(Event.__args__)


def test_a_subscription_that_two_threads_close_at_once_is_closed_once(broker: Any) -> None:
    services, _ = broker.native
    end: Any = broker.subscribe(on_connection=print)._end
    for _ in range(2):
        end()  # what both hold who have seen the subscription open
    assert not services.has_listener(ConnectionChange)
