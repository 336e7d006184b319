"""Every fault, met by a real client."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import ib_insync as ibi
import pytest

from brokerkit.errors import InvalidArgument
from brokerkit.plugins.sim.gateway import (
    EagerClock,
    GatewaySettings,
    Recorder,
    SimulatedGateway,
    read_record,
    sample_market,
    simulated_gateway,
)
from brokerkit.plugins.sim.gateway.faults import FAULTS, fault_named

Wait = Callable[..., Any]


@pytest.fixture
def heard(ib: ibi.IB) -> list[int]:
    """Return the codes of the errors and notices that a client hears from now on."""
    codes: list[int] = []
    ib.errorEvent += lambda req_id, code, text, contract: codes.append(code)
    return codes


@pytest.fixture
def resting(ib: ibi.IB, es: ibi.Contract, until: Wait) -> ibi.Trade:
    """Return a limit order that rests."""
    trade = ib.placeOrder(es, ibi.LimitOrder("BUY", 1, 4000))
    until(ib, lambda: trade.orderStatus.status == "Submitted")
    return trade


# Messages


def test_a_lost_execution_is_found_by_asking(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, until: Wait
) -> None:
    with gateway.fault("lose", message="execDetails"):
        trade = ib.placeOrder(es, ibi.MarketOrder("BUY", 1))
        until(ib, trade.isDone)
    assert trade.fills == []
    ib.reqExecutions()
    assert [fill.execution.shares for fill in trade.fills] == [1]


def test_a_repeated_execution_has_the_same_id(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, filled: Wait
) -> None:
    seen: list[str] = []
    tell = ib.wrapper.execDetails

    def listen(req_id: int, contract: ibi.Contract, execution: ibi.Execution) -> None:
        seen.append(execution.execId)
        tell(req_id, contract, execution)

    ib.wrapper.execDetails = listen
    with gateway.fault("repeat", message="execDetails"):
        trade = filled(ib, ib.placeOrder(es, ibi.MarketOrder("BUY", 1)))
    assert len(seen) == 2
    assert seen[0] == seen[1]
    assert len(trade.fills) == 1


def test_order_messages_come_in_another_order_and_none_is_lost(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, filled: Wait
) -> None:
    with gateway.fault("reorder", seed=3):
        trade = filled(ib, ib.placeOrder(es, ibi.MarketOrder("BUY", 1)))
    assert trade.orderStatus.status == "Filled"
    assert trade.fills[0].commissionReport.commission == 2.1


def test_a_fast_fill_without_a_status_is_known_by_its_execution(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, until: Wait
) -> None:
    statuses: list[str] = []
    ib.wrapper.orderStatus = lambda order_id, status, *rest: statuses.append(status)
    with gateway.fault("no-status-on-fill"):
        trade = ib.placeOrder(es, ibi.MarketOrder("BUY", 1))
        until(ib, lambda: trade.fills and trade.fills[0].commissionReport.execId)
    assert "Filled" not in statuses


def test_a_commission_comes_late(connect: Wait, filled: Wait) -> None:
    record = io.StringIO()
    settings = GatewaySettings(port=0)
    with (
        simulated_gateway(sample_market(days=1), settings, clock=EagerClock(), recorder=Recorder(record)) as gateway,
        gateway.fault("late-commission", seconds=0.2),
    ):
        ib = connect(gateway)
        (es,) = ib.qualifyContracts(ibi.Future("ES", "202312", "CME"))
        trade = filled(ib, ib.placeOrder(es, ibi.MarketOrder("BUY", 1)))
        assert trade.fills[0].commissionReport.commission == 2.1
        ib.disconnect()
    sent = {frame.fields[0]: frame.time for frame in read_record(record.getvalue().splitlines())}
    assert sent["59"] - sent["11"] > 0.19


def test_a_commission_never_comes(gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, until: Wait) -> None:
    with gateway.fault("missing-commission"):
        trade = ib.placeOrder(es, ibi.MarketOrder("BUY", 1))
        until(ib, trade.isDone)
        ib.reqCurrentTime()
    assert trade.fills[0].commissionReport.execId == ""


def test_an_execution_is_corrected_under_the_next_revision_of_its_id(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, filled: Wait, until: Wait
) -> None:
    trade = filled(ib, ib.placeOrder(es, ibi.MarketOrder("BUY", 1)))
    (wrong,) = trade.fills
    with gateway.fault("correct-execution"):
        until(ib, lambda: len(trade.fills) == 2)
    right = trade.fills[1].execution
    assert right.execId[:-2] == wrong.execution.execId[:-2]
    assert (wrong.execution.execId[-2:], right.execId[-2:]) == ("01", "02")
    assert right.price == wrong.execution.price + 0.25


# The line


def test_the_line_breaks_in_the_middle_of_an_execution(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, until: Wait, connect: Wait
) -> None:
    with gateway.fault("cut", message="execDetails"):
        ib.placeOrder(es, ibi.MarketOrder("BUY", 1))
        until(ib, lambda: not ib.isConnected())
    again = connect(gateway, 1)
    assert [fill.execution.shares for fill in again.fills()] == [1]
    assert again.positions()[0].position == 1


def test_half_a_frame_and_then_silence(gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, connect: Wait) -> None:
    with gateway.fault("cut", message="currentTime", close=False):
        with pytest.raises(asyncio.TimeoutError):
            ib.run(asyncio.wait_for(ib.reqCurrentTimeAsync(), 0.3))
        assert connect(gateway, 2).isConnected()


def test_a_line_that_drips_gets_through(gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract) -> None:
    with gateway.fault("drip", bytes_at_a_time=64):
        assert len(ib.reqContractDetails(ibi.Future("ES", exchange="CME"))) == 3


def test_a_stalled_line_delivers_in_the_end(gateway: SimulatedGateway, ib: ibi.IB) -> None:
    with gateway.fault("stall"), pytest.raises(asyncio.TimeoutError):
        ib.run(asyncio.wait_for(ib.reqCurrentTimeAsync(), 0.3))
    assert ib.reqCurrentTime()


# Errors for what is alive


@pytest.mark.parametrize("code", [105, 110])
def test_a_change_is_refused_and_the_order_lives_on(
    gateway: SimulatedGateway,
    ib: ibi.IB,
    es: ibi.Contract,
    resting: ibi.Trade,
    heard: list[int],
    until: Wait,
    code: int,
) -> None:
    resting.order.lmtPrice = 4001
    with gateway.fault("modify-error", code=code):
        ib.placeOrder(es, resting.order)
        until(ib, lambda: code in heard)
    truth = gateway.call(lambda g: [one.terms.limit_price for one in g.orders.registry.open_orders()])
    assert truth == [4000.0]


@pytest.mark.parametrize("code", [10147, 10148])
def test_a_cancel_is_refused_and_the_order_lives_on(
    gateway: SimulatedGateway, ib: ibi.IB, resting: ibi.Trade, heard: list[int], until: Wait, code: int
) -> None:
    with gateway.fault("cancel-error", code=code):
        ib.cancelOrder(resting.order)
        until(ib, lambda: code in heard)
    assert gateway.call(lambda g: len(g.orders.registry.open_orders())) == 1


def test_a_preview_with_a_warning_that_a_client_takes_for_the_answer(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract
) -> None:
    assert float(ib.whatIfOrder(es, ibi.MarketOrder("BUY", 1)).initMarginAfter) > 0
    with gateway.fault("preview-warning"):
        state = ib.whatIfOrder(es, ibi.MarketOrder("BUY", 1))
    assert state.warningText
    assert float(state.initMarginAfter) > 1e300


def test_a_notice_that_clients_take_for_a_cancel(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, heard: list[int], until: Wait
) -> None:
    with gateway.fault("tif-notice"):
        ib.placeOrder(es, ibi.LimitOrder("BUY", 1, 4000))
        until(ib, lambda: 10349 in heard)
    assert gateway.call(lambda g: [one.status.value for one in g.orders.registry.open_orders()]) == ["Submitted"]


# The gateway as a whole


@pytest.mark.parametrize(("data_lost", "code"), [(True, 1101), (False, 1102)])
def test_the_link_to_ib_is_lost_and_restored(
    gateway: SimulatedGateway,
    ib: ibi.IB,
    es: ibi.Contract,
    heard: list[int],
    until: Wait,
    data_lost: bool,
    code: int,
) -> None:
    ticker = ib.reqMktData(es)
    until(ib, ticker.hasBidAsk)
    with gateway.fault("connectivity", data_lost=data_lost):
        until(ib, lambda: 1100 in heard)
        before = ticker.volume
        gateway.advance(timedelta(minutes=2))
        ib.reqCurrentTime()
        assert ticker.volume == before
    until(ib, lambda: code in heard)
    gateway.advance(timedelta(minutes=2))
    ib.reqCurrentTime()
    assert (ticker.volume == before) is data_lost


def test_a_farm_breaks_and_data_stop_without_a_word(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, heard: list[int], until: Wait
) -> None:
    ticker = ib.reqMktData(es)
    until(ib, ticker.hasBidAsk)
    with gateway.fault("farm"):
        until(ib, lambda: 2103 in heard)
        before = ticker.volume
        gateway.advance(timedelta(minutes=2))
        ib.reqCurrentTime()
        assert ticker.volume == before
    until(ib, lambda: 2104 in heard)
    gateway.advance(timedelta(minutes=2))
    until(ib, lambda: ticker.volume != before)


def test_two_faults_at_a_time_end_one_by_one(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, heard: list[int], until: Wait
) -> None:
    ticker = ib.reqMktData(es)
    until(ib, ticker.hasBidAsk)
    with gateway.fault("connectivity"):
        with gateway.fault("farm"):
            before = ticker.volume
        until(ib, lambda: 2104 in heard)
        gateway.advance(timedelta(minutes=2))
        ib.reqCurrentTime()
        assert ticker.volume == before
    gateway.advance(timedelta(minutes=2))
    until(ib, lambda: ticker.volume != before)


def test_a_fault_that_was_called_off_by_command_ends_once(
    gateway: SimulatedGateway, ib: ibi.IB, heard: list[int]
) -> None:
    with gateway.fault("connectivity"):
        gateway.call(lambda inner: inner.faults.end_all())
    ib.reqCurrentTime()
    assert heard == [1100, 1102]


def test_a_subscription_made_while_no_data_come_is_silent(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, until: Wait
) -> None:
    with gateway.fault("farm"):
        ticker = ib.reqMktData(es)
        ib.reqCurrentTime()
        assert not ticker.hasBidAsk()
    gateway.advance(timedelta(minutes=2))
    until(ib, ticker.hasBidAsk)


@pytest.mark.parametrize("data_lost", [True, False])
def test_bars_kept_up_to_date_stop_with_the_link_and_are_gone_with_its_data(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, heard: list[int], until: Wait, data_lost: bool
) -> None:
    bars = ib.reqHistoricalData(es, "", "3600 S", "1 min", "TRADES", True, 2, keepUpToDate=True)
    count = len(bars)
    with gateway.fault("connectivity", data_lost=data_lost):
        gateway.advance(timedelta(minutes=2))
        ib.reqCurrentTime()
        assert len(bars) == count
    gateway.advance(timedelta(minutes=2))
    until(ib, lambda: 1101 in heard or len(bars) > count)
    ib.reqCurrentTime()
    assert (len(bars) == count) is data_lost


def test_a_client_id_seems_taken_for_a_while(gateway: SimulatedGateway, connect: Wait, until: Wait) -> None:
    with gateway.fault("client-id-in-use", count=2):
        for _ in range(2):
            client = ibi.IB()
            codes: list[int] = []
            client.errorEvent += lambda req_id, code, *rest, into=codes: into.append(code)
            loop = ibi.util.getLoop()
            attempt = loop.create_task(client.connectAsync(gateway.host, gateway.port, clientId=5, timeout=60))
            until(client, lambda heard=codes: heard)
            attempt.cancel()  # it would wait in vain until its time is up
            loop.run_until_complete(asyncio.wait([attempt]))
            assert codes == [326]
        assert connect(gateway, 5).isConnected()


def test_the_next_valid_id_is_rolled_back(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, filled: Wait, connect: Wait, until: Wait
) -> None:
    trade = filled(ib, ib.placeOrder(es, ibi.MarketOrder("BUY", 1)))
    ib.disconnect()
    with gateway.fault("roll-back-ids", client_id=1, to=1):
        again = connect(gateway, 1)
        codes: list[int] = []
        again.errorEvent += lambda req_id, code, *rest: codes.append(code)
        again.client.placeOrder(1, es, ibi.MarketOrder("BUY", 1))
        until(again, lambda: 103 in codes)
    assert trade.order.orderId > 1


def test_contracts_seem_not_to_exist_in_maintenance(gateway: SimulatedGateway, ib: ibi.IB, heard: list[int]) -> None:
    with gateway.fault("maintenance"):
        assert ib.reqContractDetails(ibi.Future("ES", "202312")) == []
    assert heard == [200]
    assert len(ib.reqContractDetails(ibi.Future("ES", "202312"))) == 1


def test_another_session_takes_the_data_and_does_not_give_them_back(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, heard: list[int], until: Wait
) -> None:
    ticker = ib.reqMktData(es)
    until(ib, ticker.hasBidAsk)
    with gateway.fault("competing-session"):
        until(ib, lambda: 10197 in heard)
        told = ticker.volume
        gateway.advance(timedelta(minutes=2))
        ib.reqCurrentTime()
        assert ticker.volume == told
    gateway.advance(timedelta(minutes=2))
    ib.reqCurrentTime()
    assert ticker.volume == told
    ib.cancelMktData(es)
    again = ib.reqMktData(es)
    until(ib, lambda: again.volume > 0)
    assert gateway.call(lambda g: g.market_data_lines.used) == 1


def test_positions_are_stale(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, filled: Wait, until: Wait
) -> None:
    with gateway.fault("stale-positions"):
        filled(ib, ib.placeOrder(es, ibi.MarketOrder("BUY", 1)))
        ib.reqCurrentTime()
        assert ib.positions() == []
    ib.reqPositions()
    assert [position.position for position in ib.positions()] == [1]


def test_a_restart_closes_the_sockets_and_keeps_everything_else(
    gateway: SimulatedGateway,
    ib: ibi.IB,
    es: ibi.Contract,
    resting: ibi.Trade,
    filled: Wait,
    until: Wait,
    connect: Wait,
) -> None:
    filled(ib, ib.placeOrder(es, ibi.MarketOrder("BUY", 2)))
    with gateway.fault("restart"):
        until(ib, lambda: not ib.isConnected())
    again = connect(gateway, 1)
    assert [trade.order.lmtPrice for trade in again.openTrades()] == [4000.0]
    assert again.openTrades()[0].order.permId == resting.order.permId
    assert again.positions()[0].position == 2
    assert again.client.getReqId() > resting.order.orderId


def test_a_request_is_lost_with_its_line(gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, until: Wait) -> None:
    with gateway.fault("lose-request", message="placeOrder"):
        ib.placeOrder(es, ibi.LimitOrder("BUY", 1, 4000))
        until(ib, lambda: not ib.isConnected())
    assert gateway.call(lambda gate: gate.exchange.orders()) == []


def test_a_line_that_is_cut_stays_cut_until_it_is_mended(
    gateway: SimulatedGateway, ib: ibi.IB, until: Wait, connect: Wait
) -> None:
    port = gateway.port
    gateway.cut()
    until(ib, lambda: not ib.isConnected())
    with pytest.raises(OSError, match="Connect call failed"):
        ibi.IB().connect("127.0.0.1", port, clientId=2, timeout=10)
    gateway.mend()
    assert gateway.port == port
    assert connect(gateway, 1).isConnected()


# By name


def test_every_fault_is_named_and_tried_here() -> None:
    tried = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in FAULTS if f'fault("{name}"' not in tried] == []


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("loose", {}, "Did you mean 'lose'?"),
        ("lose", {"mesage": "x"}, "Did you mean 'message'?"),
        ("lose", {"count": "many"}, "must be of type int, not 'many'"),
        ("connectivity", {"data_lost": "perhaps"}, "must be of type bool, not 'perhaps'"),
        ("lose", {"message": "execDetail"}, "Did you mean 'execDetails'?"),
        ("cut", {"message": "placeOrder"}, "No message is called 'placeOrder'"),
        ("lose-request", {"message": "placeorder"}, "Did you mean 'placeOrder'?"),
        ("modify-error", {"code": "200"}, "Code 200 is not one of 105, 110."),
        ("cancel-error", {"code": "110"}, "Code 110 is not one of 10147, 10148."),
    ],
)
def test_a_fault_that_does_not_exist_is_explained(name: str, options: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidArgument, match=said.replace("?", r"\?")):
        fault_named(name, options)


def test_a_fault_that_ends_leaves_nothing_behind(gateway: SimulatedGateway, ib: ibi.IB, caplog: Any) -> None:
    for name in ("farm", "connectivity", "maintenance", "stall", "drip", "competing-session", "stale-positions"):
        with gateway.fault(name):
            pass
    assert ib.reqContractDetails(ibi.Future("ES", "202312"))
    assert [record for record in caplog.records if record.name == "brokerkit.gateway"] == []
