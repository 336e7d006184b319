"""The exchange's own faults reach a client through the gateway."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import ib_insync as ibi
import pytest

from brokerkit.plugins.sim.exchange import faults
from brokerkit.plugins.sim.gateway import ManualClock, RealTimeClock, SimulatedGateway
from brokerkit.plugins.sim.gateway.codec import requests
from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.parts import Contract

ES = Contract(symbol="ES", sec_type="FUT", last_trade_date="202312", exchange="CME", currency="USD")

Wait = Callable[..., Any]


@pytest.fixture
def strike(gateway: SimulatedGateway) -> Callable[[faults.Fault], None]:
    """Return a function that orders a fault of the exchange."""
    return lambda fault: gateway.call(lambda g: g.exchange.add_fault(fault))


def executions_of(ib: ibi.IB) -> list[ibi.Execution]:
    """Collect every execution that comes from now on, those told twice included."""
    found: list[ibi.Execution] = []
    tell = ib.wrapper.execDetails

    def listen(req_id: int, contract: ibi.Contract, execution: ibi.Execution) -> None:
        found.append(execution)
        tell(req_id, contract, execution)

    ib.wrapper.execDetails = listen
    return found


def test_a_rejection(ib: ibi.IB, es: ibi.Contract, strike: Wait, until: Wait) -> None:
    codes: list[int] = []
    ib.errorEvent += lambda req_id, code, *rest: codes.append(code)
    strike(faults.Rejection(at=1, reason="no"))
    trade = ib.placeOrder(es, ibi.MarketOrder("BUY", 1))
    until(ib, lambda: trade.orderStatus.status == "Inactive")
    assert codes == [201]


def test_a_fill_told_twice_counts_once(ib: ibi.IB, es: ibi.Contract, strike: Wait, filled: Wait) -> None:
    found = executions_of(ib)
    strike(faults.DuplicateFill(at=1))
    trade = filled(ib, ib.placeOrder(es, ibi.MarketOrder("BUY", 1)))
    ib.reqCurrentTime()
    assert [one.execId for one in found] == [found[0].execId] * 2
    assert trade.orderStatus.filled == 1


def test_a_correction_has_the_next_revision(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, strike: Wait, filled: Wait, until: Wait
) -> None:
    found = executions_of(ib)
    strike(faults.ExecutionCorrection(at=1))
    filled(ib, ib.placeOrder(es, ibi.MarketOrder("BUY", 1)))
    gateway.advance(timedelta(minutes=5))
    until(ib, lambda: len(found) == 2)
    assert found[1].execId == f"{found[0].execId[:-2]}02"
    assert abs(found[1].price - found[0].price) == 0.25


def test_a_fill_after_the_cancel_is_not_lost(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, strike: Wait, until: Wait
) -> None:
    found = executions_of(ib)
    strike(faults.LateFill(at=1))
    trade = ib.placeOrder(es, ibi.LimitOrder("BUY", 2, 4000))
    until(ib, lambda: trade.orderStatus.status == "Submitted")
    ib.cancelOrder(trade.order)
    gateway.advance(timedelta(minutes=1))
    until(ib, lambda: found)
    assert found[0].shares == 1
    until(ib, lambda: trade.orderStatus.filled == 1)


def test_a_cancel_that_never_arrives(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, strike: Wait, until: Wait
) -> None:
    strike(faults.LostCancel(at=1))
    trade = ib.placeOrder(es, ibi.LimitOrder("BUY", 1, 4000))
    until(ib, lambda: trade.orderStatus.status == "Submitted")
    ib.cancelOrder(trade.order)
    ib.reqCurrentTime()
    gateway.advance(timedelta(minutes=1))
    assert not trade.isDone()


def test_a_line_that_breaks_behind_the_gateway(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, strike: Wait, until: Wait
) -> None:
    codes: list[int] = []
    ib.errorEvent += lambda req_id, code, *rest: codes.append(code)
    strike(faults.Disconnect(at=1, lasts=timedelta(minutes=2)))
    ib.placeOrder(es, ibi.MarketOrder("BUY", 1))
    until(ib, lambda: 1100 in codes)
    gateway.advance(timedelta(minutes=5))
    until(ib, lambda: 1102 in codes)
    until(ib, lambda: ib.positions())
    assert [position.position for position in ib.positions()] == [1]


def test_orders_placed_while_the_exchange_cannot_be_reached_are_sent_once_it_can(
    gateway: SimulatedGateway, ib: ibi.IB, es: ibi.Contract, until: Wait
) -> None:
    codes: list[int] = []
    ib.errorEvent += lambda req_id, code, *rest: codes.append(code)
    gateway.call(lambda g: g.exchange.disconnect("test", timedelta(minutes=10)))
    entry, *exits = (ib.placeOrder(es, order) for order in ib.bracketOrder("BUY", 1, 6000, 6100, 4000))
    withdrawn = ib.placeOrder(es, ibi.LimitOrder("BUY", 1, 4000))
    ib.reqCurrentTime()
    assert {trade.orderStatus.status for trade in (entry, *exits, withdrawn)} == {"PendingSubmit"}
    ib.cancelOrder(withdrawn.order)
    until(ib, withdrawn.isDone)
    gateway.advance(timedelta(minutes=5))
    ib.reqCurrentTime()
    assert gateway.call(lambda g: g.exchange.orders()) == []
    gateway.advance(timedelta(minutes=10))
    until(ib, entry.isDone)
    until(ib, lambda: [trade.orderStatus.status for trade in exits] == ["Submitted", "PreSubmitted"])
    assert codes == [1100, 202, 1102]


def test_the_clock_goes_on_while_the_exchange_cannot_be_asked(
    run_gateway: Wait, connect: Wait, until: Wait, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = run_gateway(clock=RealTimeClock(speed=600))
    ib = connect(gateway)
    (es,) = ib.qualifyContracts(ibi.Future("ES", "202312", "CME"))
    single = ib.reqPnLSingle("DU1000001", "", es.conId)
    codes: list[int] = []
    ib.errorEvent += lambda req_id, code, *rest: codes.append(code)
    lasting = faults.Disconnect(at=1, lasts=timedelta(minutes=10))
    gateway.call(lambda g: g.exchange.add_fault(lasting))
    ib.placeOrder(es, ibi.MarketOrder("BUY", 1))
    until(ib, lambda: 1102 in codes and single.position == 1)
    assert [record for record in caplog.records if record.name in ("asyncio", "brokerkit.gateway")] == []


def test_a_correction_after_midnight_corrects_and_makes_no_order(run_gateway: Wait, raw: Wait) -> None:
    gateway: SimulatedGateway = run_gateway(clock=ManualClock())
    client, master = raw(gateway), raw(gateway, client_id=0)
    master.answers(requests.orders.AutoOpenOrders(True))
    gateway.advance(timedelta(hours=23, minutes=50))
    fault = faults.ExecutionCorrection(at=1, delay=timedelta(minutes=20))
    gateway.call(lambda one: one.exchange.add_fault(fault))
    order = OrderTerms(action="BUY", total_quantity=2.0, order_type="MKT")
    client.answers(requests.orders.PlaceOrder(1, ES, order))
    for _ in range(8):
        gateway.advance(timedelta(minutes=5))
    told = client.answers(requests.session.IdsRequest())
    first, second = [frame for frame in told if frame[0] == "11"]
    assert (second[2], second[14]) == ("1", f"{first[14][:-2]}02")
    assert second[20] != first[20]
    (position, _) = client.answers(requests.account.PositionsRequest())
    assert float(position[15]) == pytest.approx(float(second[20]) * 50 + 2.10)
    assert [frame[0] for frame in master.answers(requests.orders.AllOpenOrdersRequest())] == ["53"]
