"""The line: what answers, what does not, what breaks, and what is done about it."""

from __future__ import annotations

import asyncio
import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from brokerkit import (
    Broker,
    ConnectionChange,
    ConnectionState,
    DataGap,
    FuturesContract,
    Order,
    OrderState,
)
from brokerkit.errors import (
    BrokerClosed,
    CannotConnect,
    ClientIdInUse,
    ConnectionLost,
    InvalidArgument,
    MissingAccount,
    ReadOnlyBroker,
    RequestTimedOut,
    StoreLocked,
)
from brokerkit.plugins.ib import connection
from brokerkit.plugins.sim.gateway import (
    EagerClock,
    GatewaySettings,
    Limits,
    SimulatedGateway,
    sample_market,
    simulated_gateway,
)
from brokerkit.plugins.sim.gateway.codec.requests.orders import AllOpenOrdersRequest
from brokerkit.plugins.sim.gateway.codec.responses.session import Error, NextValidId
from brokerkit.plugins.sim.gateway.faults.fault import Fault
from brokerkit.plugins.sim.gateway.session import Session
from brokerkit.store import open_store

OpenIB = Callable[..., Broker]


class Port:
    """Something with a port, for `open_ib`."""

    def __init__(self, port: int) -> None:
        self.port = port


@contextmanager
def silent_server() -> Iterator[Port]:
    """A port that takes connections and says nothing, as a Gateway does whose API is switched off."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Port(server.getsockname()[1])


# Opening


def test_no_gateway_is_told_at_once_with_the_usual_ports(open_ib: OpenIB) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(CannotConnect, match=r"Nothing answers at 127\.0\.0\.1:\d+.*4001 live and 4002"):
        open_ib(Port(port))


def test_a_gateway_with_its_api_switched_off_is_told_within_the_timeout(open_ib: OpenIB) -> None:
    began = time.monotonic()
    with silent_server() as server, pytest.raises(CannotConnect, match=r"did not answer within 0\.5 s"):
        open_ib(server, connect_timeout=0.5)
    assert time.monotonic() - began < 15


def test_something_else_on_the_port_is_told_by_its_own_words(open_ib: OpenIB) -> None:
    class Greeter(http.server.BaseHTTPRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")
            self.rfile.read(1)

    server = http.server.HTTPServer(("127.0.0.1", 0), Greeter)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(CannotConnect, match="no IB Gateway or TWS: it sent b'SSH"):
            open_ib(Port(server.server_port))
    finally:
        server.shutdown()
        server.server_close()


def test_a_long_list_of_accounts_is_no_other_protocol(
    run_gateway: Callable[..., SimulatedGateway], open_ib: OpenIB
) -> None:
    accounts = tuple(f"DU{number:07d}" for number in range(150))  # an advisor's
    assert open_ib(run_gateway(accounts=accounts)).native.connection.accounts == list(accounts)


def test_a_failed_opening_gives_its_client_id_back(open_ib: OpenIB) -> None:
    with silent_server() as server:
        with pytest.raises(CannotConnect):
            open_ib(server, connect_timeout=0.2)
        with open_store(broker="ib") as store:
            assert store.client_ids.leases() == ()


def test_a_fixed_client_id_in_use_is_told_at_once(gateway: SimulatedGateway, open_ib: OpenIB) -> None:
    began = time.monotonic()
    with gateway.fault("client-id-in-use", count=1), pytest.raises(ClientIdInUse, match="Client id 7 is in use"):
        open_ib(gateway, client_id=7, connect_timeout=60.0)
    assert time.monotonic() - began < 20  # not after the timeout


def test_326_twenty_times_and_the_next_leased_id_gets_in(gateway: SimulatedGateway, open_ib: OpenIB) -> None:
    began = time.monotonic()
    with gateway.fault("client-id-in-use", count=20):
        broker = open_ib(gateway, connect_timeout=60.0)
    assert broker.native.connection.client_id() == 120
    assert time.monotonic() - began < 40  # not a timeout for each
    with open_store(broker="ib") as store:
        assert [lease.client_id for lease in store.client_ids.leases()] == [120]


def test_a_store_that_fails_when_another_id_is_taken_does_not_keep_the_line_down_for_ever(
    gateway: SimulatedGateway, broker: Broker, listen: Callable[[Broker], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = listen(broker)
    failures = []

    def fail(_error: ClientIdInUse) -> None:
        failures.append(StoreLocked("The store is locked by another process"))
        raise failures[-1]

    monkeypatch.setattr(broker.native.connection._ids, "refused", fail)
    gateway.cut()
    heard.wait_for(lambda: broker.state is not ConnectionState.CONNECTED)
    with gateway.fault("client-id-in-use", count=6):
        gateway.mend()
        heard.wait_for(lambda: broker.state is ConnectionState.CONNECTED)
    assert failures
    assert broker.native.connection.client_id() == 100


def test_a_handler_is_called_also_when_the_program_starts_no_thread_any_more(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    heard = threading.Event()
    broker.native.ib.timeoutEvent += lambda _seconds: heard.set()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    broker.native.connection.call(lambda ib: ib.timeoutEvent.emit(1.0))
    assert heard.wait(30)


def test_two_brokers_get_two_client_ids(gateway: SimulatedGateway, open_ib: OpenIB) -> None:
    ids = [open_ib(gateway).native.connection.client_id() for _ in range(2)]
    assert ids == [100, 101]


def test_a_read_only_gateway_connects_answers_and_refuses_orders_with_the_reason(
    run_gateway: Callable[..., SimulatedGateway], open_ib: OpenIB
) -> None:
    gateway = run_gateway(GatewaySettings(port=0, read_only=True, limits=Limits.none()))
    began = time.monotonic()
    broker = open_ib(gateway, connect_timeout=60.0)
    assert time.monotonic() - began < 40  # not after the timeout
    gold = FuturesContract("GOLD", "202402")
    assert not broker.prices.get_prices_for_contract_object(gold).empty
    requests = gateway.call(lambda inner: inner.requests)
    for write in (lambda: broker.orders.put_order_on_stack(Order.market(gold, 1)), broker.orders.cancel_all_orders):
        with pytest.raises(ReadOnlyBroker, match="Gateway's API is read-only"):
            write()
    assert gateway.call(lambda inner: inner.requests) == requests  # known since it connected: nothing was sent


def test_a_gateway_that_is_read_only_no_more_takes_orders_after_a_reconnect(
    open_ib: OpenIB, listen: Callable[[Broker], Any]
) -> None:
    """A fresh Gateway is read-only until somebody unticks it and, for example, restarts it."""

    def run(port: int, *, read_only: bool) -> AbstractContextManager[SimulatedGateway]:
        settings = GatewaySettings(port=port, read_only=read_only, limits=Limits.none())
        return simulated_gateway(sample_market(days=1), settings, clock=EagerClock())

    gold = FuturesContract("GOLD", "202402")
    with run(0, read_only=True) as first:
        broker = open_ib(first, max_reconnect_wait=0.05)
        heard = listen(broker)
        with pytest.raises(ReadOnlyBroker):
            broker.orders.put_order_on_stack(Order.market(gold, 1))
    with run(first.port, read_only=False):
        heard.wait_for(lambda: broker.state is ConnectionState.CONNECTED and heard.of(ConnectionChange))
        assert broker.orders.put_order_on_stack(Order.market(gold, 1)).wait(30).filled == (1,)
        assert [each.filled for each in broker.orders.get_list_of_broker_orders()] == [(1,)]


# Threads and loops


def test_it_is_usable_inside_a_running_loop_and_patches_nothing(broker: Broker, gold: FuturesContract) -> None:
    run_before = asyncio.run

    async def strategy() -> OrderState:
        return broker.orders.put_order_on_stack(Order.market(gold, 1)).wait(30).state

    assert asyncio.run(strategy()) is OrderState.FILLED
    assert asyncio.run is run_before
    assert not hasattr(asyncio, "_nest_patched")


def test_many_threads_at_once(broker: Broker, gold: FuturesContract) -> None:
    results: list[Any] = []

    def work() -> None:
        results.append(broker.orders.put_order_on_stack(Order.market(gold, 1)).wait(30).state)
        results.append(len(broker.prices.get_prices_for_contract_object(gold)) > 0)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results.count(OrderState.FILLED) == 8
    assert results.count(True) == 8
    [position] = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    assert position.quantity == 8


def test_a_listener_may_place_orders(broker: Broker, gold: FuturesContract) -> None:
    closed = threading.Event()

    def on_fill(fill: Any) -> None:
        if fill.quantity > 0:
            broker.orders.put_order_on_stack(Order.market(gold, -fill.quantity)).wait(30)
            closed.set()

    broker.subscribe(on_fill=on_fill)
    broker.orders.put_order_on_stack(Order.market(gold, 1))
    assert closed.wait(30)
    assert broker.positions.get_all_current_positions_as_list_with_contract_objects() == []


def test_the_live_ib_object_is_safe_from_any_thread(broker: Broker, library: Any) -> None:
    ib = broker.native.ib
    heard = threading.Event()

    def on_status(trade: Any) -> None:
        assert broker.orders.get_list_of_broker_orders()  # a handler may call anything
        heard.set()

    ib.orderStatusEvent += on_status
    [details] = ib.reqContractDetails(library.Future("GC", "202402", "COMEX"))
    ib.placeOrder(details.contract, library.MarketOrder("BUY", 1, account="DU1000001"))
    assert heard.wait(30)
    assert ib.isConnected()
    assert ib.sleep(0)
    ib.orderStatusEvent -= on_status
    assert {position.contract.symbol for position in ib.reqPositions()} == {"GC"}


def test_a_call_in_the_client_s_own_thread_is_refused_instead_of_waiting_for_itself(broker: Broker) -> None:
    with pytest.raises(InvalidArgument, match="own thread"):
        broker.native.connection.call(lambda ib: broker.native.connection.server_time())


def test_calls_after_closing_are_refused_and_closing_twice_does_nothing(
    gateway: SimulatedGateway, open_ib: OpenIB
) -> None:
    broker = open_ib(gateway)
    before = threading.active_count()
    connection = broker.native.connection
    broker.close()
    broker.close()
    assert threading.active_count() < before
    with pytest.raises(BrokerClosed):
        broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")
    with pytest.raises(BrokerClosed):
        connection.server_time()
    with open_store(broker="ib") as store:
        assert store.client_ids.leases() == ()


def test_opening_and_closing_again_and_again_leaves_nothing_behind(gateway: SimulatedGateway, open_ib: OpenIB) -> None:
    open_ib(gateway).close()
    threads = threading.active_count()
    for _ in range(5):
        open_ib(gateway).close()
    assert threading.active_count() == threads


# What breaks


def test_a_request_that_is_never_answered_times_out(gateway: SimulatedGateway, open_ib: OpenIB) -> None:
    broker = open_ib(gateway, request_timeout=2.0)
    with gateway.fault("lose", message="contractDataEnd"):
        began = time.monotonic()
        with pytest.raises(RequestTimedOut, match=r"2 s"):
            broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")
        assert time.monotonic() - began < 20
    assert broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")


def test_a_restart_of_the_gateway_is_survived_and_told(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Callable[[Broker], Any]
) -> None:
    broker = open_ib(gateway)
    heard, before = listen(broker), datetime.now(timezone.utc)
    gateway.call(lambda inner: inner.restart())
    heard.wait_for(lambda: len(heard.of(ConnectionChange)) >= 2)
    states = [change.state for change in heard.of(ConnectionChange)]
    assert states == [ConnectionState.RECONNECTING, ConnectionState.CONNECTED]
    [gap] = heard.wait_for(lambda: heard.of(DataGap))
    assert before <= gap.start <= gap.end
    assert broker.state is ConnectionState.CONNECTED
    assert broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")


def test_while_the_line_is_down_writes_are_refused_and_nothing_is_sent(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Callable[[Broker], Any], gold: FuturesContract
) -> None:
    broker = open_ib(gateway)
    heard = listen(broker)
    with gateway.fault("client-id-in-use", count=10_000):
        gateway.call(lambda inner: inner.restart())
        heard.wait_for(lambda: heard.of(ConnectionChange))
        order = Order.market(gold, 1)
        with pytest.raises(ConnectionLost, match="Nothing was sent"):
            broker.orders.put_order_on_stack(order)
    heard.wait_for(lambda: broker.state is ConnectionState.CONNECTED)
    assert broker.orders.get_list_of_broker_orders() == []
    assert broker.orders.put_order_on_stack(order).wait(30).state is OrderState.FILLED


def test_there_is_one_reconnect_loop_however_often_the_line_breaks(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Callable[[Broker], Any]
) -> None:
    broker = open_ib(gateway)
    heard = listen(broker)
    for round_ in range(1, 6):
        gateway.call(lambda inner: inner.restart())
        wanted = 2 * round_
        heard.wait_for(lambda wanted=wanted: len(heard.of(ConnectionChange)) >= wanted)
        assert len(gateway.call(lambda inner: inner.sessions())) == 1
    heard.wait_for(lambda: broker.native.connection.call(lambda ib: len(asyncio.all_tasks())) <= 4)


def test_a_gateway_that_never_ends_its_list_of_executions_is_said_to_do_so(
    gateway: SimulatedGateway, open_ib: OpenIB
) -> None:
    """TWS 10.30 did: that it said nothing at all would send its user looking in the wrong place."""
    with (
        gateway.fault("lose", message="execDetailsEnd", count=9),
        pytest.raises(CannotConnect, match=r"list of the day's executions in 0\.5 s"),
    ):
        open_ib(gateway, connect_timeout=0.5)


def test_a_line_of_which_nobody_says_that_ib_is_back_is_made_anew(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Callable[[Broker], Any]
) -> None:
    broker = open_ib(gateway, probe_interval=0.1)
    heard = listen(broker)
    with gateway.fault("lose", message="error", skip=1), gateway.fault("connectivity"):
        heard.wait_for(lambda: heard.of(ConnectionChange))
    heard.wait_for(lambda: heard.of(ConnectionChange)[-1].state is ConnectionState.CONNECTED)
    assert heard.of(ConnectionChange)[-1].reason.startswith("connected to")


def test_a_silent_stall_is_found_by_a_probe(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Callable[[Broker], Any]
) -> None:
    broker = open_ib(gateway, probe_interval=0.4)
    heard = listen(broker)
    with gateway.fault("stall"):
        down = heard.wait_for(lambda: heard.of(ConnectionChange))
        assert down[0].state is ConnectionState.RECONNECTING
        assert "silent" in down[0].reason
    heard.wait_for(lambda: broker.state is ConnectionState.CONNECTED)


@pytest.mark.parametrize("data_lost", [True, False])
def test_1100_refuses_orders_until_1101_or_1102(
    gateway: SimulatedGateway,
    open_ib: OpenIB,
    listen: Callable[[Broker], Any],
    gold: FuturesContract,
    data_lost: bool,
) -> None:
    broker = open_ib(gateway)
    resting = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    ticker = broker.prices.get_ticker_object_for_contract(gold)
    ticker.wait_for_quote()
    heard = listen(broker)
    with gateway.fault("connectivity", data_lost=data_lost):
        heard.wait_for(lambda: heard.of(ConnectionChange))
        for write in (
            lambda: broker.orders.put_order_on_stack(Order.market(gold, 1)),
            lambda: broker.orders.modify_limit_price_given_control_object(resting, 1890),
            lambda: broker.orders.cancel_order_given_control_object(resting),
            broker.orders.cancel_all_orders,
        ):
            with pytest.raises(ConnectionLost, match="the Gateway lost its connection to IB"):
                write()
    heard.wait_for(lambda: broker.state is ConnectionState.CONNECTED)
    heard.wait_for(lambda: heard.of(DataGap))
    [left] = gateway.call(lambda inner: list(inner.orders.registry))
    assert (left.status.value, left.terms.limit_price) == ("Submitted", 1900)
    gateway.advance_bars(2)
    assert ticker.wait_for_quote().bid


def test_a_broken_data_farm_is_told_as_a_gap_and_quotes_are_asked_for_again(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Callable[[Broker], Any], gold: FuturesContract
) -> None:
    broker = open_ib(gateway)
    ticker = broker.prices.get_ticker_object_for_contract(gold)
    ticker.wait_for_quote()
    heard = listen(broker)
    with gateway.fault("farm"):
        pass
    [gap] = heard.wait_for(lambda: heard.of(DataGap))
    assert "farm" in gap.reason
    gateway.advance_bars(2)
    assert ticker.wait_for_quote().bid


def test_quotes_go_on_after_a_reconnect(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Callable[[Broker], Any], gold: FuturesContract
) -> None:
    broker = open_ib(gateway)
    ticker = broker.prices.get_ticker_object_for_contract(gold)
    first = ticker.wait_for_quote()
    heard = listen(broker)
    gateway.call(lambda inner: inner.restart())
    heard.wait_for(lambda: heard.of(DataGap))
    heard.wait_for(lambda: gateway.advance_bars(1) and ticker.quote().bid not in (None, first.bid))
    assert ticker.quote().status is first.status


def test_quotes_that_are_asked_for_again_hold_one_market_data_line(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Callable[[Broker], Any], gold: FuturesContract
) -> None:
    broker = open_ib(gateway)
    ticker = broker.prices.get_ticker_object_for_contract(gold)
    ticker.wait_for_quote()
    heard = listen(broker)
    for blips in range(1, 4):
        with gateway.fault("farm"):
            pass
        heard.wait_for(lambda blips=blips: len(heard.of(DataGap)) >= blips)
    heard.wait_for(lambda: gateway.advance_bars(1) and ticker.quote().bid is not None)
    assert gateway.call(lambda inner: len(list(inner._quotes.lines))) == 1
    broker.prices.cancel_market_data_for_contract(gold)
    broker.native.server_time()
    assert gateway.call(lambda inner: len(list(inner._quotes.lines))) == 0


def test_the_accounts_are_known_also_while_the_line_is_down(
    gateway: SimulatedGateway, open_ib: OpenIB, gold: FuturesContract, listen: Callable[[Broker], Any]
) -> None:
    broker = open_ib(gateway)
    broker.contracts.get_contract_object_with_broker_data(gold)
    heard = listen(broker)
    gateway.cut()
    heard.wait_for(lambda: heard.of(ConnectionChange))
    for ask in (broker.positions.get_all_current_positions_as_list_with_contract_objects, broker.fx.get_fx_balances):
        with pytest.raises(ConnectionLost):
            ask("DU1000001")
    assert broker.native.connection.accounts == ["DU1000001"]
    gateway.mend()


def test_a_line_that_cannot_be_read_again_after_1101_is_connected_anew(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Callable[[Broker], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = open_ib(gateway)
    heard = listen(broker)
    ib, refused = broker.native.connection.ib._ib, broker.native.connection.library.request_error()

    async def refuse() -> None:
        monkeypatch.undo()
        raise refused(5, 321, "Error validating request")

    monkeypatch.setattr(ib, "reqExecutionsAsync", refuse)
    with gateway.fault("connectivity", data_lost=True):
        heard.wait_for(lambda: heard.of(ConnectionChange))
    heard.wait_for(lambda: heard.of(ConnectionChange)[-1].state is ConnectionState.CONNECTED)
    assert heard.of(ConnectionChange)[-1].reason.startswith("connected to")  # and not only said to be back


def test_a_line_that_is_lost_again_while_it_is_read_is_not_said_to_be_up(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Callable[[Broker], Any], answer_as: Callable[..., None]
) -> None:
    """1100, 1102, 1100: what the second notice began ends after the third."""
    broker = open_ib(gateway)
    heard = listen(broker)
    held: list[Callable[[], None]] = []

    def hold_the_first(session: Session, request: Any, usual: Callable[..., None]) -> None:
        if held:
            usual(session, request)
        else:
            held.append(lambda: usual(session, request))

    with gateway.fault("connectivity"):
        heard.wait_for(lambda: broker.state is ConnectionState.RECONNECTING)
        answer_as(AllOpenOrdersRequest, hold_the_first)
    heard.wait_for(lambda: held)
    with gateway.fault("connectivity"):
        broker.native.server_time()  # the notice is in
        gateway.call(lambda _inner: held[0]())
        heard.wait_for(lambda: not broker.native.connection.call(lambda _ib: _reads_again()))
        with pytest.raises(ConnectionLost, match="the Gateway lost its connection to IB"):
            broker.orders.put_order_on_stack(Order.market(FuturesContract("GOLD", "202402"), 1))
        assert [change.state for change in heard.of(ConnectionChange)] == [ConnectionState.RECONNECTING]
    heard.wait_for(lambda: broker.state is ConnectionState.CONNECTED)


def test_a_line_that_breaks_while_what_was_read_is_taken_in_is_made_anew(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Callable[[Broker], Any]
) -> None:
    broker = open_ib(gateway)
    heard = listen(broker)
    breaks: list[asyncio.Future[None]] = []

    async def break_once(ib: Any) -> None:
        if not breaks:
            breaks.append(asyncio.get_running_loop().run_in_executor(None, gateway.call, lambda inner: inner.restart()))
            while ib.isConnected():
                await asyncio.sleep(0.001)

    broker.native.connection.when_up(break_once)
    gateway.call(lambda inner: inner.restart())
    heard.wait_for(lambda: breaks and broker.state is ConnectionState.CONNECTED)
    assert broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")
    placed = broker.orders.put_order_on_stack(Order.market(FuturesContract("GOLD", "202402"), 1))
    assert placed.wait(30).state is OrderState.FILLED


def _reads_again() -> bool:
    return any("refresh" in repr(task.get_coro()) for task in asyncio.all_tasks())


class CutOff(Fault):
    """The Gateway has no line to IB when a client connects, and says so."""

    def outgoing(self, session: Session, messages: list[Any]) -> list[Any]:
        """Add the notice to the greeting."""
        greets = any(isinstance(message, NextValidId) for message in messages)
        return [*messages, Error(-1, 2110, "Connectivity between TWS and server is broken.")] if greets else messages


def test_a_gateway_that_has_no_line_to_ib_when_it_is_connected_to_takes_no_orders(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Callable[[Broker], Any]
) -> None:
    with gateway.fault(CutOff()):
        broker = open_ib(gateway)
    heard = listen(broker)
    with pytest.raises(
        ConnectionLost, match="the Gateway lost its connection to IB: Connectivity between TWS and server is broken"
    ):
        broker.orders.put_order_on_stack(Order.market(FuturesContract("GOLD", "202402"), 1))
    assert len(gateway.call(lambda inner: inner.sessions())) == 1
    with gateway.fault("connectivity"):
        pass
    heard.wait_for(lambda: broker.state is ConnectionState.CONNECTED)


def test_a_silent_stall_is_found_also_when_this_machine_s_clock_was_set_back(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Callable[[Broker], Any]
) -> None:
    broker = open_ib(gateway, probe_interval=0.4)
    heard = listen(broker)
    later = datetime.now(timezone.utc) + timedelta(hours=1)
    with gateway.fault("stall"):
        broker.native.connection.call(lambda ib: setattr(ib.wrapper, "lastTime", later))
        heard.wait_for(lambda: heard.of(ConnectionChange))
        assert "silent" in heard.of(ConnectionChange)[0].reason
    heard.wait_for(lambda: broker.state is ConnectionState.CONNECTED)


def test_an_account_that_the_login_does_not_have_is_told_at_once(gateway: SimulatedGateway, open_ib: OpenIB) -> None:
    began = time.monotonic()
    with pytest.raises(MissingAccount, match="logged in to DU1000001, not to account 'DU1000002'"):
        open_ib(gateway, account="DU1000002", connect_timeout=60.0)
    assert time.monotonic() - began < 20  # not after the timeout


@pytest.mark.parametrize(("broken", "ok"), [(2103, 2104), (2105, 2106), (2157, 2158)])
def test_the_end_of_each_kind_of_farm_s_outage_is_a_gap(
    gateway: SimulatedGateway, broker: Broker, listen: Callable[[Broker], Any], broken: int, ok: int
) -> None:
    heard = listen(broker)
    gateway.call(lambda inner: inner.notice(broken, "A data farm connection is broken:usfarm"))
    gateway.call(lambda inner: inner.notice(ok, "A data farm connection is OK:usfarm"))
    [gap] = heard.wait_for(lambda: heard.of(DataGap))
    assert "usfarm" in gap.reason


class Pauses:
    """Takes the place of the module `random`: what pauses are made of, each of which ends at once."""

    def __init__(self) -> None:
        self.made: list[float] = []

    def uniform(self, least: float, most: float) -> Pauses:
        assert (least, most) == (0.5, 1.5)
        return self

    def __rmul__(self, pause: float) -> float:
        self.made.append(pause)
        return 0.0


def test_pauses_between_attempts_to_reconnect_are_random_and_grow_to_the_longest(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Callable[[Broker], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many programs that lost the same Gateway must not all come back at the same moments."""
    heard, pauses = listen(open_ib(gateway, max_reconnect_wait=0.5)), Pauses()
    monkeypatch.setattr(connection, "random", pauses)
    with gateway.fault("client-id-in-use", count=4):
        gateway.call(lambda inner: inner.restart())
        heard.wait_for(lambda: [e for e in heard.of(ConnectionChange) if e.state is ConnectionState.CONNECTED])
    assert pauses.made == [0.1, 0.2, 0.4, 0.5, 0.5]
