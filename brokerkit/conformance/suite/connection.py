"""Group C: opening, closing, and what happens to those who wait meanwhile."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from brokerkit import Broker, ConnectionChange, ConnectionState, DataGap
from brokerkit.conformance.address import settings_for
from brokerkit.conformance.connection import OpenAnother
from brokerkit.conformance.facts import Facts
from brokerkit.conformance.harness import Harness
from brokerkit.conformance.levels import fault, read, static, trade
from brokerkit.conformance.recorder import Recorder
from brokerkit.conformance.trader import Trader
from brokerkit.errors import BrokerClosed, BrokerkitError, ConnectionLost, ConnectionProblem

_ROUNDS = 5
_SOON = 10.0


@static()
def test_021_is_connected_once_opened(broker: Broker) -> None:
    """Case 21: an opened broker is connected."""
    assert broker.state is ConnectionState.CONNECTED


@static()
def test_022_closes_and_opens_again(open_another: OpenAnother) -> None:
    """Case 22: a closed broker is closed, and opens again."""
    first = open_another()
    first.close()
    assert first.state is ConnectionState.CLOSED
    assert open_another().state is ConnectionState.CONNECTED


@static()
def test_023_opening_many_times_leaks_nothing(open_another: OpenAnother) -> None:
    """Case 23: opened and closed again and again, it leaves no thread behind."""
    open_another().close()
    before = threading.active_count()
    for _ in range(_ROUNDS):
        open_another().close()
    wait_until(lambda: threading.active_count() <= before)
    left = [thread.name for thread in threading.enumerate()]
    assert threading.active_count() <= before, f"{before} threads before, now {left}"


@static()
def test_024_refused_connection_is_an_error_and_leaves_it_clean(broker: Broker, open_another: OpenAnother) -> None:
    """Case 24: where nobody answers, opening fails with a connection error, and opens well afterwards."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConnectionProblem):
        open_another(**settings_for(broker, "127.0.0.1", port))
    assert open_another().state is ConnectionState.CONNECTED


@read("get_list_of_accounts", "get_list_of_broker_orders", "get_all_current_positions_as_list_with_contract_objects")
def test_025_everything_is_loaded_when_opened(open_another: OpenAnother, broker: Broker) -> None:
    """Case 25: accounts, orders and positions can be read at once after opening."""
    other = open_another()
    assert other.capital.get_list_of_accounts()
    other.orders.get_list_of_broker_orders()
    other.positions.get_all_current_positions_as_list_with_contract_objects()


@static()
def test_026_silence_on_the_line_ends_in_an_error(broker: Broker, open_another: OpenAnother, facts: Facts) -> None:
    """Case 26: where somebody listens and says nothing, opening ends with a connection error in time."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server, pytest.raises(ConnectionProblem):
        open_another(**settings_for(broker, "127.0.0.1", server.getsockname()[1]))


@trade()
def test_027_closing_ends_every_wait(open_another: OpenAnother, trader: Trader) -> None:
    """Case 27: whoever waits for an order when the broker is closed is told, and nobody waits for ever."""
    ended = threading.Event()
    other = open_another()
    ticker_wait = _waiting(other, trader, ended)
    other.close()
    assert ended.wait(_SOON), f"still waiting {_SOON:g} s after the broker was closed"
    ticker_wait.join(_SOON)


@static()
def test_028_closing_twice_does_nothing(open_another: OpenAnother) -> None:
    """Case 28: closing twice does nothing, and a call after it raises BrokerClosed."""
    other = open_another()
    other.close()
    other.close()
    with pytest.raises(BrokerClosed):
        other.instruments.get_list_of_instruments()


@static()
def test_029_closing_is_no_broken_line(open_another: OpenAnother) -> None:
    """Case 29: a close that was asked for is never reported as a broken line."""
    other, heard = open_another(), Recorder()
    with heard.listen_to(other):
        other.close()
    broken = {ConnectionState.DISCONNECTED, ConnectionState.RECONNECTING}
    assert not [change for change in heard.of(ConnectionChange) if change.state in broken]
    assert other.state is ConnectionState.CLOSED


@fault("disconnect", hooks=("get_list_of_broker_orders",))
def test_030_asking_while_disconnected_is_a_named_error(broker: Broker, harness: Harness) -> None:
    """Case 30: a request made while the line is down raises ConnectionLost, or is answered when it is up again."""
    with cut(harness), pytest.raises(ConnectionProblem):
        broker.orders.get_list_of_broker_orders()
    assert isinstance(broker.orders.get_list_of_broker_orders(), list)


@fault("competing-session", hooks=())
def test_031_competing_session_is_reported_once(broker: Broker, harness: Harness, events: Recorder) -> None:
    """Case 31: another login that takes the session over is reported, once."""
    harness.cause("competing-session")
    assert events.wait_for(lambda: bool(events.of(ConnectionChange)), _SOON), "nothing was reported"
    states = [change.state for change in events.of(ConnectionChange)]
    assert len(states) == len(set(states)), f"reported more than once: {states}"
    assert events.of(ConnectionChange)[0].reason, "reported without saying why"


@fault("silent-stall", "advance")
def test_032_a_silent_line_is_noticed(trader: Trader, harness: Harness) -> None:
    """Case 32: a line that is up and silent is noticed, and told as a change of the line or as a gap."""
    harness.cause("silent-stall")
    trader.place(trader.market_order(trader.quantity))
    harness.advance(600.0)
    trader.eventually(
        lambda: trader.events.of(ConnectionChange) or trader.events.of(DataGap), "the silence was noticed"
    )
    harness.heal()


@trade()
def test_033_one_listener_ends_and_the_others_go_on(broker: Broker, trader: Trader) -> None:
    """Case 33: a listener that stops listening does not disturb the others, and hears nothing more."""
    gone = Recorder()
    gone.listen_to(broker).close()
    control = trader.rests(trader.resting_order(trader.quantity))
    trader.eventually(lambda: bool(trader.events.views(control.order_ref)), "the listener heard", control)
    assert not gone.events


@contextmanager
def cut(harness: Harness) -> Iterator[None]:
    """Cut the line for the length of the block, and mend it however the block ends."""
    harness.disconnect()
    try:
        yield
    finally:
        harness.reconnect()


def _waiting(other: Broker, trader: Trader, ended: threading.Event) -> threading.Thread:
    """Return a thread that waits for a quote that may never come, or for an order that rests."""
    ready = threading.Event()

    def wait() -> None:
        try:
            control = trader.place(trader.resting_order(trader.quantity), at=other)
            ready.set()
            control.wait(trader.market.patience * 100)
        except (BrokerkitError, ConnectionLost):
            pass
        finally:
            ready.set()
            ended.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    ready.wait(_SOON)
    return thread


def wait_until(happened: object) -> None:
    """Wait, not for long, until something has happened; whether it has is the caller's to check."""
    pause = threading.Event()
    for _ in range(100):
        if callable(happened) and happened():
            return
        pause.wait(0.02)
