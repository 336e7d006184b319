"""What a gateway allows, and how it turns clients away."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import ib_insync as ibi
import pytest

from brokerkit.plugins.sim.gateway import GatewaySettings, Limits, SimulatedGateway
from brokerkit.plugins.sim.gateway.codec import encode, requests
from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.parts import Contract
from brokerkit.plugins.sim.gateway.pacing import HistoryPacing, MessageRate

ES = Contract(symbol="ES", sec_type="FUT", last_trade_date="202312", exchange="CME")
MarketDataRequest = requests.market_data.MarketDataRequest
HistoricalDataRequest = requests.history.HistoricalDataRequest
IdsRequest = requests.session.IdsRequest

Connect = Callable[..., Any]


def errors(frames: list[list[str]]) -> list[tuple[str, str]]:
    return [(frame[2], frame[3]) for frame in frames if frame[0] == "4"]


@pytest.mark.parametrize(("offered", "agreed"), [("v157..176", "176"), ("v100..157", "157"), ("v157..178", "178")])
def test_the_highest_common_version_is_spoken(
    gateway: SimulatedGateway, raw: Connect, offered: str, agreed: str
) -> None:
    assert raw(gateway, None, offered).greeting[0] == agreed


def test_a_version_that_is_not_served_is_turned_away(gateway: SimulatedGateway, raw: Connect) -> None:
    with pytest.raises((EOFError, ConnectionError)):
        raw(gateway, None, "v200..225")


@pytest.mark.parametrize("opening", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00", b"API\0\xff\xff\xff\xff"])
def test_strangers_are_turned_away_at_once(gateway: SimulatedGateway, opening: bytes) -> None:
    with socket.create_connection((gateway.host, gateway.port), timeout=30) as stranger:
        stranger.sendall(opening)
        assert stranger.recv(100) == b""


def test_windows_zone_names_and_older_server(run_gateway: Connect, raw: Connect) -> None:
    settings = GatewaySettings(port=0, time_zone="Europe/London", windows_zone_names=True, server_version=173)
    client = raw(run_gateway(settings), None)
    assert client.greeting == ["173", "20231129 00:00:00 GMT Standard Time"]


@pytest.mark.parametrize(
    ("version", "bar", "traded"),
    [(173, "20231129  08:59:00", "20231129  09:00:00"), (174, "20231128 17:59:00", "20231128 18:00:00")],
)
def test_times_name_the_exchanges_zone_or_are_the_logins(
    run_gateway: Connect, raw: Connect, version: int, bar: str, traded: str
) -> None:
    settings = GatewaySettings(port=0, time_zone="Asia/Tokyo", server_version=version, limits=Limits.none())
    client = raw(run_gateway(settings))
    zone = " US/Central" if version >= 174 else ""
    (history,) = client.answers(bars(1, bar_size="1 min"))
    assert history[-8] == bar + zone
    client.send(requests.orders.PlaceOrder(1, ES, OrderTerms(action="BUY", total_quantity=1.0, order_type="MKT")))
    execution = client.until(lambda frame: frame[0] == "11")[-1]
    assert execution[15] == traded + zone
    (again,) = [one for one in client.answers(requests.account.ExecutionsRequest(7)) if one[:2] == ["11", "7"]]
    assert again[15] == traded + zone


def test_a_client_id_is_used_once(gateway: SimulatedGateway, ib: ibi.IB, raw: Connect) -> None:
    second = raw(gateway, None)
    second.send(requests.session.StartApi(1))
    assert errors([second.frame()]) == [("-1", "326")]
    with pytest.raises(EOFError):
        second.frame()
    assert ib.reqCurrentTime()


def test_an_id_is_free_again_when_its_client_has_left(gateway: SimulatedGateway, raw: Connect) -> None:
    def comes_in_again() -> bool:
        client = raw(gateway, None)
        client.send(requests.session.StartApi(9))
        return bool(client.frame()[0] == "15")

    raw(gateway, 9).close()
    assert any(comes_in_again() for _ in range(100))


def test_the_33rd_client_is_turned_away(run_gateway: Connect, raw: Connect) -> None:
    gateway = run_gateway(GatewaySettings(port=0))
    clients = [raw(gateway, number) for number in range(32)]
    with pytest.raises((EOFError, ConnectionError)):
        raw(gateway, 33)
    assert all(client.answers(IdsRequest()) for client in clients)


def test_too_many_messages_are_error_100_and_then_the_end(run_gateway: Connect, raw: Connect) -> None:
    gateway = run_gateway(GatewaySettings(port=0, limits=Limits(messages_per_second=5)))
    client = raw(gateway, None)
    client.send(requests.session.StartApi(1), *[IdsRequest()] * 10)
    frames = client.until(lambda frame: frame[0] == "4" and frame[3] == "100")
    assert sum(frame[0] == "9" for frame in frames) == 5
    assert frames[-1][4].startswith("Max rate of messages per second has been exceeded:max=5")
    gateway.call(lambda g: setattr(g.session_of(1).rate, "strikes", 2))
    gateway.call(lambda g: setattr(g.session_of(1).rate, "_struck_at", 0.0))
    client.send(*[IdsRequest()] * 10)
    with pytest.raises((EOFError, ConnectionError)):
        client.until(lambda frame: False)


def test_a_client_that_asks_to_be_paced_is_never_too_fast(run_gateway: Connect, raw: Connect) -> None:
    gateway = run_gateway(GatewaySettings(port=0, limits=Limits(messages_per_second=5)))
    client = raw(gateway, 1, "v100..225 +PACEAPI")
    client.send(*[IdsRequest()] * 50)
    assert [client.frame()[0] for _ in range(50)] == ["9"] * 50


def test_every_second_above_the_rate_is_one_strike() -> None:
    rate = MessageRate(2)
    assert [rate.admit(at) for at in (0.0, 0.1, 0.2, 0.3, 1.0, 1.15, 1.2, 2.3, 2.31, 2.32)] == [
        *(True, True, False, False, True, True, False, True, True, False),
    ]
    assert (rate.strikes, rate.out) == (3, True)


def test_market_data_lines(run_gateway: Connect, raw: Connect) -> None:
    client = raw(run_gateway(GatewaySettings(port=0, limits=Limits(market_data_lines=2))))
    for number in (1, 2):
        assert errors(client.answers(MarketDataRequest(number, ES))) == []
    assert errors(client.answers(MarketDataRequest(3, ES))) == [("3", "101")]
    assert errors(client.answers(MarketDataRequest(2, ES))) == [("2", "102")]
    assert errors(client.answers(requests.market_data.CancelMarketData(1))) == []
    assert errors(client.answers(requests.market_data.CancelMarketData(1))) == [("1", "300")]
    assert errors(client.answers(MarketDataRequest(3, ES))) == []


def test_market_data_lines_are_those_of_all_clients_and_of_all_kinds(run_gateway: Connect, raw: Connect) -> None:
    limits = Limits(market_data_lines=2, messages_per_second=None)
    gateway = run_gateway(GatewaySettings(port=0, limits=limits))
    first, second = raw(gateway, 1), raw(gateway, 2)
    assert errors(first.answers(MarketDataRequest(1, ES))) == []
    assert errors(first.answers(MarketDataRequest(2, ES, snapshot=True))) == []
    assert errors(second.answers(MarketDataRequest(1, ES))) == []
    five_seconds = requests.market_data.RealTimeBarsRequest(2, ES, what_to_show="TRADES")
    assert errors(second.answers(five_seconds)) == [("2", "101")]
    first.close()
    for _ in range(100):
        if errors(second.answers(five_seconds)) == []:
            break
    else:
        pytest.fail("the line never became free")


def test_three_instruments_are_watched_tick_by_tick_beside_the_market_data_lines(
    run_gateway: Connect, connect: Connect
) -> None:
    gateway = run_gateway(GatewaySettings(port=0, limits=Limits(market_data_lines=1)))
    told: list[tuple[int, str]] = []
    first, second = connect(gateway, 1), connect(gateway, 2)
    for client in (first, second):
        client.errorEvent += lambda _, code, text, __: told.append((code, text))
    months = [details.contract for details in first.reqContractDetails(ibi.Future("ES", exchange="CME"))]
    first.reqMktData(months[0])
    for client, month in ((first, months[0]), (first, months[1]), (second, months[2])):
        client.reqTickByTickData(month, "BidAsk")
    second.reqCurrentTime()
    assert told == []
    second.reqTickByTickData(months[0], "Last")
    second.reqCurrentTime()
    assert told == [(10190, "Max number of tick-by-tick requests has been reached.")]
    first.cancelTickByTickData(months[1], "BidAsk")
    first.reqCurrentTime()
    second.reqTickByTickData(months[1], "Last")
    second.reqCurrentTime()
    assert len(told) == 1


def bars(number: int, **changes: Any) -> HistoricalDataRequest:
    asked = {"bar_size": "30 secs", "duration": "60 S", "what_to_show": "TRADES", **changes}
    return HistoricalDataRequest(number, ES, **asked)


def test_the_same_small_bars_twice_is_a_pacing_violation(run_gateway: Connect, raw: Connect) -> None:
    client = raw(run_gateway(GatewaySettings(port=0)))
    client.answers(bars(1))
    (error,) = client.answers(bars(2))
    assert error[3] == "162"
    assert "pacing violation" in error[4]


def test_small_bars_are_counted_over_ten_minutes() -> None:
    pacing = HistoryPacing(Limits())
    admitted = [pacing.admit(9.5 * n, ("request", n), ("contract", n)) for n in range(61)]
    assert admitted == [True] * 60 + [False]
    assert pacing.admit(601.0, "new", "other")


def test_six_requests_for_one_contract_within_two_seconds() -> None:
    pacing = HistoryPacing(Limits())
    assert [pacing.admit(0.1 * n, n, "contract") for n in range(6)] == [True] * 5 + [False]
    assert pacing.admit(3.0, 7, "contract")


def test_nothing_is_counted_where_nothing_is_limited() -> None:
    pacing = HistoryPacing(Limits.none())
    assert all(pacing.admit(0.001 * n, n, "contract") for n in range(1000))
    assert (len(pacing._identical), len(pacing._recent)) == (0, 0)


def test_quotes_count_twice() -> None:
    pacing = HistoryPacing(Limits(small_bar_requests=10))
    assert [pacing.admit(5.0 * n, n, n, weight=2) for n in range(6)] == [True] * 5 + [False]


def test_new_lines_of_five_second_bars_count_as_requests_for_small_bars(run_gateway: Connect, connect: Connect) -> None:
    ib = connect(run_gateway(GatewaySettings(port=0, limits=Limits(small_bar_requests=3))))
    refused: list[str] = []
    ib.errorEvent += lambda _, code, text, __: refused.append(text) if code == 420 else None
    (future,) = ib.qualifyContracts(ibi.Future("ES", "202312", "CME"))
    ib.reqHistoricalData(future, "", "60 S", "30 secs", "TRADES", False)
    for _ in range(2):
        ib.cancelRealTimeBars(ib.reqRealTimeBars(future, 5, "TRADES", False))
    ib.reqCurrentTime()
    assert refused == []
    ib.reqRealTimeBars(future, 5, "TRADES", False)
    ib.reqCurrentTime()
    assert refused == ["Invalid Real-time Query:Historical data request pacing violation"]


def test_the_limit_on_five_second_bars_is_over_ten_minutes() -> None:
    pacing = HistoryPacing(Limits())
    assert [pacing.admit_bar_line(9.5 * n) for n in range(61)] == [True] * 60 + [False]
    assert pacing.admit_bar_line(601.0)
    unlimited = HistoryPacing(Limits.none())
    assert all(unlimited.admit_bar_line(0.0) for _ in range(100))


def test_open_history_requests(run_gateway: Connect, raw: Connect) -> None:
    limits = Limits(open_history_requests=2, messages_per_second=None)
    client = raw(run_gateway(GatewaySettings(port=0, limits=limits)))
    kept = {"bar_size": "1 min", "duration": "60 S", "what_to_show": "TRADES", "keep_up_to_date": True}
    for number in (1, 2):
        assert errors(client.answers(HistoricalDataRequest(number, ES, **kept))) == []
    (error,) = client.answers(HistoricalDataRequest(3, ES, **kept))
    assert (error[2], error[3]) == ("3", "322")
    assert "Only 2 simultaneous API historical data requests allowed" in error[4]


def test_a_read_only_gateway_takes_no_orders(run_gateway: Connect, raw: Connect) -> None:
    client = raw(run_gateway(GatewaySettings(port=0, read_only=True)))
    order = OrderTerms(action="BUY", total_quantity=1.0, order_type="MKT")
    (error,) = client.answers(requests.orders.PlaceOrder(1, ES, order))
    assert (error[2], error[3]) == ("1", "321")
    assert error[4].endswith("The API interface is currently in Read-Only mode.")


def test_a_read_only_gateway_tells_nothing_of_orders(run_gateway: Connect, raw: Connect) -> None:
    client = raw(run_gateway(GatewaySettings(port=0, read_only=True)), 0)
    orders = requests.orders
    for asked in (
        *(orders.GlobalCancel(), orders.OpenOrdersRequest(), orders.AllOpenOrdersRequest(), orders.AutoOpenOrders()),
        orders.CompletedOrdersRequest(),
    ):
        (error,) = client.answers(asked)
        assert (error[0], error[2], error[3]) == ("4", "-1", "321"), asked
    assert client.answers(requests.account.ExecutionsRequest(1)) == [["55", "1", "1"]]


def test_clients_connect_to_a_read_only_gateway_at_once_if_they_know_that_it_is_one(
    run_gateway: Connect, connect: Connect
) -> None:
    gateway = run_gateway(GatewaySettings(port=0, read_only=True))
    codes: list[int] = []
    ib = connect(gateway, 1, readonly=True)
    ib.errorEvent += lambda req_id, code, *rest: codes.append(code)
    assert ib.reqCurrentTime()
    assert codes == []


def test_data_permissions(run_gateway: Connect, raw: Connect) -> None:
    settings = GatewaySettings(port=0, live_data=frozenset({"GC"}), delayed_data=frozenset({"ES"}))
    client = raw(run_gateway(settings))
    gold, corn = (
        Contract(symbol="GC", sec_type="FUT", last_trade_date="202402", exchange="COMEX"),
        Contract(con_id=0, symbol="ZC", sec_type="FUT", last_trade_date="202403", exchange="CBOT"),
    )
    assert [f[0] for f in client.answers(MarketDataRequest(1, gold))][:2] == ["81", "58"]
    assert errors(client.answers(MarketDataRequest(2, ES))) == [("2", "354")]
    client.send(requests.market_data.MarketDataTypeRequest(3))
    frames = client.answers(MarketDataRequest(3, ES))
    assert errors(frames) == [("3", "10167")]
    assert [frame[3] for frame in frames if frame[0] == "58"] == ["3"]
    assert {frame[3] for frame in frames if frame[0] == "1"} <= {"66", "67", "68", "72", "73", "75", "76"}
    assert errors(client.answers(MarketDataRequest(4, corn))) == [("4", "354")]


@pytest.mark.parametrize(
    ("symbol", "month", "exchange", "asked", "text"),
    [
        ("ES", "202312", "CME", 1, "available.ES CME/TOP/ALL"),
        ("ZC", "202403", "CBOT", 1, "not available.ZC CBOT/TOP/ALL"),
        ("ZC", "202403", "CBOT", 3, "not available.ZC CBOT/TOP/ALL"),
    ],
)
def test_data_that_are_not_subscribed_are_said_to_come_delayed_only_if_they_do(
    run_gateway: Connect, connect: Connect, symbol: str, month: str, exchange: str, asked: int, text: str
) -> None:
    ib = connect(run_gateway(GatewaySettings(port=0, live_data=frozenset(), delayed_data=frozenset({"ES"}))))
    told: list[tuple[int, str]] = []
    ib.errorEvent += lambda _, code, text, __: told.append((code, text))
    ib.reqMarketDataType(asked)
    ib.reqMktData(ibi.Future(symbol, month, exchange))
    ib.reqCurrentTime()
    assert told == [(354, f"Requested market data is not subscribed.Delayed market data is {text}")]


def test_frozen_data_while_the_market_is_closed(run_gateway: Connect, raw: Connect) -> None:
    client = raw(run_gateway(hours=(8, 16)))
    client.send(requests.market_data.MarketDataTypeRequest(2))
    frames = client.answers(MarketDataRequest(1, ES))
    assert [frame[3] for frame in frames if frame[0] == "58"] == ["2"]


def test_summaries_and_accounts(run_gateway: Connect, raw: Connect) -> None:
    client = raw(run_gateway(accounts=("DU1000001", "DU1000002")))
    summary = requests.account.AccountSummaryRequest
    frames = client.answers(summary(1, "All", "NetLiquidation"))
    assert {frame[3] for frame in frames if frame[0] == "63"} == {"DU1000001", "DU1000002"}
    client.answers(summary(2, "All", "NetLiquidation"))
    assert errors(client.answers(summary(3, "All", "NetLiquidation"))) == [("3", "322")]
    order = OrderTerms(action="BUY", total_quantity=1.0, order_type="MKT")
    assert errors(client.answers(requests.orders.PlaceOrder(1, ES, order))) == [("1", "435")]


def test_open_orders_may_come_before_the_first_id(run_gateway: Connect, raw: Connect, connect: Connect) -> None:
    gateway = run_gateway(GatewaySettings(port=0, open_orders_first=True, limits=Limits.none()))
    client = raw(gateway, None)
    client.send(requests.session.StartApi(3))
    assert client.frame() == ["53", "1"]
    assert client.frame()[0] == "15"
    assert connect(gateway, 4).isConnected()


def test_a_new_day_forgets_executions_and_completed_orders(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, filled: Connect, connect: Connect
) -> None:
    filled(ib, ib.placeOrder(es, ibi.MarketOrder("BUY", 1)))
    gateway.advance(timedelta(days=1))
    again = connect(gateway, 2)
    assert again.fills() == []
    assert again.trades() == []
    assert again.positions()[0].position == 1


def test_the_exchange_lets_go_of_what_ended_the_day_before_and_keeps_what_works(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, filled: Connect
) -> None:
    filled(ib, ib.placeOrder(es, ibi.MarketOrder("BUY", 1)))
    resting = ib.placeOrder(es, ibi.LimitOrder("BUY", 1, 1000, tif="GTC"))
    ib.reqCurrentTime()
    ended = gateway.call(lambda g: [live.order_ref for live in g.exchange.orders() if live.is_final])
    for _ in range(3):
        gateway.advance(timedelta(days=1))
    left = gateway.call(lambda g: [live.order_ref for live in g.exchange.orders()])
    assert ended
    assert len(left) == 1
    ib.cancelOrder(resting.order)
    ib.reqCurrentTime()
    assert resting.orderStatus.status == "Cancelled"
    assert ib.positions()[0].position == 1


def test_manual_orders_are_bound_to_client_0(gateway: SimulatedGateway, connect: Connect) -> None:
    from brokerkit.spec.contract import FuturesContract
    from brokerkit.spec.order import Order

    contract = FuturesContract("SP500", "202312")
    gateway.call(lambda g: g.exchange.submit(Order.limit(contract, 1, "4000")))
    other, master = connect(gateway, 1), connect(gateway, 0)
    assert other.openTrades() == []
    (trade,) = master.openTrades()
    assert trade.order.orderId == -1
    master.cancelOrder(trade.order)
    master.reqCurrentTime()
    assert gateway.call(lambda g: g.orders.registry.open_orders()) == []


# Hostile input


@pytest.mark.parametrize(
    "payload",
    [
        b"\0",
        b"9999\0",
        b"x\0",
        b"3\x001\0",
        b"3\0",
        b"9\x008\x00abc\0",
        b"20\0" + b"\0" * 5,
        b"1\0" * 400_000,
        b"no end",
        b"3\x001\0" + b"9" * 5000 + b"\0",
        b"\xff\xfe\0",
        b"71\x002\x00-5\x00\0",
    ],
)
def test_a_bad_message_is_an_error_and_no_more(gateway: SimulatedGateway, raw: Connect, payload: bytes) -> None:
    client = raw(gateway)
    client.socket.sendall(struct.pack(">I", len(payload)) + payload)
    frames = client.answers(IdsRequest())
    assert frames[-1] == ["9", "1", "1"]
    assert all(frame[0] == "4" for frame in frames[:-1])


def test_a_frame_of_absurd_length_ends_only_its_own_connection(
    gateway: SimulatedGateway, raw: Connect, ib: ibi.IB
) -> None:
    hostile = raw(gateway, 66)
    hostile.socket.sendall(struct.pack(">I", 2**31))
    with pytest.raises((EOFError, ConnectionError)):
        hostile.frame()
    assert ib.reqCurrentTime()


def test_what_came_before_a_bad_frame_is_done_first(gateway: SimulatedGateway, raw: Connect) -> None:
    client = raw(gateway)
    order = OrderTerms(action="BUY", total_quantity=1.0, order_type="LMT", limit_price=4000.0)
    good = encode(requests.orders.PlaceOrder(1, ES, order), client.version)
    client.socket.sendall(good + struct.pack(">I", 0))
    with pytest.raises((EOFError, ConnectionError)):
        client.until(lambda frame: False)
    assert gateway.call(lambda g: [one.order_id for one in g.orders.registry.open_orders()]) == [1]


def test_nothing_is_served_before_the_api_is_started(gateway: SimulatedGateway, raw: Connect) -> None:
    client = raw(gateway, None)
    client.send(requests.account.PositionsRequest())
    assert errors([client.frame()]) == [("-1", "320")]


def test_a_client_that_does_not_read_is_disconnected(run_gateway: Connect, raw: Connect) -> None:
    gateway = run_gateway(GatewaySettings(port=0, limits=Limits(messages_per_second=None, unread_bytes=1 << 20)))
    deaf, other = raw(gateway, 1), raw(gateway, 2)
    deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    asked = {"bar_size": "1 min", "duration": "3 D", "what_to_show": "TRADES"}
    with suppress(ConnectionError):
        for number in range(400):
            deaf.send(HistoricalDataRequest(number, ES, **asked))
    for _ in range(400):
        assert other.answers(IdsRequest())
        if gateway.call(lambda g: g.session_of(1)) is None:
            break
    else:
        pytest.fail("the deaf client is still served")


def test_an_internal_error_reaches_its_client_and_nobody_else(
    gateway: SimulatedGateway, raw: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = raw(gateway)

    def fail(*args: object) -> None:
        raise RuntimeError("broken for this test")

    gateway.call(lambda g: g._handlers.update({IdsRequest: fail}))
    assert errors(client.answers(IdsRequest())) == [("-1", "322")]


def test_a_gateway_that_cannot_listen_says_so(gateway: SimulatedGateway, run_gateway: Connect) -> None:
    from brokerkit.errors import CannotConnect

    with pytest.raises(CannotConnect, match=f"Cannot listen on 127.0.0.1:{gateway.port}"):
        run_gateway(GatewaySettings(port=gateway.port))


def test_listening_beyond_this_machine_is_warned_of(run_gateway: Connect, caplog: pytest.LogCaptureFixture) -> None:
    run_gateway(GatewaySettings(host="0.0.0.0", port=0))
    assert "anyone who can reach it can trade on this simulation" in caplog.text


def test_timeout_of_326_in_ib_insync(gateway: SimulatedGateway, ib: ibi.IB) -> None:
    with pytest.raises((TimeoutError, asyncio.TimeoutError, ConnectionError)):
        ibi.IB().connect(gateway.host, gateway.port, clientId=1, timeout=0.3)
