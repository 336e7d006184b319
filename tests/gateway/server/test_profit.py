"""Profit and loss: the day's, what is realised and what is not, in an account and in one contract."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from brokerkit.plugins.sim.exchange import faults
from brokerkit.plugins.sim.gateway import ManualClock, SimulatedGateway
from brokerkit.plugins.sim.gateway.codec import requests
from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.parts import ComboLeg, Contract

ES = Contract(symbol="ES", sec_type="FUT", last_trade_date="202312", exchange="CME", currency="USD")
ACCOUNT = "DU1000001"
UNSET = 1.7976931348623157e308
PRICE = 20
"""Where an execution carries its price."""

LATE = faults.ExecutionCorrection(at=1, ticks=-1, delay=timedelta(minutes=10))

Connect = Callable[..., Any]


@pytest.fixture
def still(run_gateway: Connect) -> SimulatedGateway:
    """Return a gateway whose clock stands still."""
    return run_gateway(clock=ManualClock())


class Trader:
    """A client that trades, and reads what it is told."""

    def __init__(self, gateway: SimulatedGateway, client: Any) -> None:
        self.gateway = gateway
        self.client = client
        self.orders = 0
        details = client.answers(requests.contracts.ContractDetailsRequest(1, ES))
        self.con_id = int(details[0][12])

    def trade(self, lots: int, contract: Contract = ES, **terms: Any) -> list[list[str]]:
        """Trade some lots at the market, and return all that is told of it."""
        self.orders += 1
        side = "BUY" if lots > 0 else "SELL"
        order = OrderTerms(action=side, total_quantity=float(abs(lots)), order_type="MKT", **terms)
        self.client.send(requests.orders.PlaceOrder(self.orders, contract, order))
        frames = self.client.answers(requests.session.IdsRequest())
        self.gateway.advance(timedelta(minutes=2))
        return frames + self.client.answers(requests.session.IdsRequest())

    def ask(self, request: Any) -> list[float]:
        """Return the figures of a profit and loss request."""
        (frame,) = [
            one
            for one in self.client.answers(request)
            if one[:2] in (["94", str(request.req_id)], ["95", str(request.req_id)])
        ]
        return [float(figure) for figure in frame[2:]]

    def total(self) -> list[float]:
        self.orders += 1
        return self.ask(requests.account.PnlRequest(1000 + self.orders, ACCOUNT))

    def single(self) -> list[float]:
        self.orders += 1
        return self.ask(requests.account.PnlSingleRequest(1000 + self.orders, ACCOUNT, "", self.con_id))


@pytest.fixture
def trader(still: SimulatedGateway, raw: Connect) -> Trader:
    return Trader(still, raw(still))


def realised(frames: list[list[str]]) -> list[float]:
    """Return what every commission report says was realised, unset left out."""
    return [float(frame[5]) for frame in frames if frame[0] == "59" and not frame[5].endswith("E308")]


def test_the_day_is_counted_from_its_start_and_not_from_when_it_is_asked_for(trader: Trader) -> None:
    trader.trade(1)
    daily, unrealised, booked = trader.total()
    assert (daily, booked) == (pytest.approx(unrealised), 0.0)


def test_what_is_realised_is_the_days(trader: Trader, still: SimulatedGateway) -> None:
    trader.trade(2)
    (profit,) = realised(trader.trade(-1))
    assert profit != 0
    daily, unrealised, booked = trader.total()
    assert (booked, daily) == (profit, pytest.approx(profit + unrealised))
    lots, daily, unrealised, booked, _ = trader.single()
    assert (lots, booked, daily) == (1.0, profit, pytest.approx(profit + unrealised))
    before = unrealised
    still.advance(timedelta(days=1))
    _, unrealised, booked = trader.total()
    assert booked == 0.0
    lots, daily, unrealised, booked, _ = trader.single()
    assert (lots, booked) == (1.0, UNSET)
    assert unrealised != before


def test_a_position_that_is_closed_is_worth_nothing_and_has_its_profit(trader: Trader) -> None:
    trader.client.answers(requests.account.AccountUpdatesRequest(True, ACCOUNT))
    trader.trade(1)
    frames = trader.trade(-1)
    (profit,) = realised(frames)
    (row,) = [frame for frame in frames if frame[0] == "7"]
    position, _, value, cost, unrealised, booked = (float(figure) for figure in row[13:19])
    assert (position, value, cost, unrealised, booked) == (0, 0, 0, 0, profit)
    assert trader.single() == [0.0, profit, 0.0, profit, 0.0]


def test_legs_of_a_combination_are_held_and_realised_like_any_lots(trader: Trader) -> None:
    other = Contract(symbol="ES", sec_type="FUT", last_trade_date="202403", exchange="CME", currency="USD")
    far = int(trader.client.answers(requests.contracts.ContractDetailsRequest(2, other))[0][12])
    legs = (ComboLeg(trader.con_id, 1, "BUY", "CME"), ComboLeg(far, 1, "SELL", "CME"))
    bag = Contract(symbol="ES", sec_type="BAG", exchange="CME", currency="USD")
    bought = [frame for frame in trader.trade(1, bag, combo_legs=legs) if frame[0] == "11" and frame[5] == "FUT"]
    price = {frame[3]: float(frame[PRICE]) for frame in bought}[str(trader.con_id)]
    sold = trader.trade(-1)
    (execution,) = [frame for frame in sold if frame[0] == "11"]
    assert realised(sold) == [pytest.approx((float(execution[PRICE]) - price) * 50 - 2 * 2.10)]


def test_a_correction_changes_the_price_and_not_the_lots(trader: Trader, still: SimulatedGateway) -> None:
    still.call(lambda gateway: gateway.exchange.add_fault(faults.ExecutionCorrection(at=1)))
    trader.trade(1)
    still.advance(timedelta(minutes=5))
    trader.client.answers(requests.session.IdsRequest())
    told = [one for one in trader.client.answers(requests.account.ExecutionsRequest(9)) if one[0] == "11"]
    right = float(told[-1][PRICE])
    sold = trader.trade(-1)
    (execution,) = [frame for frame in sold if frame[0] == "11"]
    assert realised(sold) == [pytest.approx((float(execution[PRICE]) - right) * 50 - 2 * 2.10)]
    assert trader.single()[0] == 0.0
    assert trader.total()[2] == pytest.approx(trader.single()[3])


def test_a_correction_costs_nothing_more(trader: Trader, still: SimulatedGateway) -> None:
    still.call(lambda gateway: gateway.exchange.add_fault(LATE))
    trader.trade(2)
    still.advance(timedelta(minutes=10))
    told = trader.client.answers(requests.session.IdsRequest())
    (order,) = still.call(lambda gateway: list(gateway.orders.registry))
    assert order.commission == pytest.approx(2 * 2.10)
    reports = [frame for frame in told if frame[0] == "59"]
    assert [float(frame[3]) for frame in reports] == [4.2]
    answers = trader.client.answers(requests.account.ExecutionsRequest(9))
    assert [frame[0] for frame in answers if frame[0] in ("11", "59")] == ["11", "11", "59", "59"]


@pytest.mark.parametrize("lots", [1, 2])
def test_a_correction_of_what_closed_a_position_tells_its_profit_anew(
    trader: Trader, still: SimulatedGateway, lots: int
) -> None:
    trader.trade(1)
    still.call(lambda gateway: gateway.exchange.add_fault(LATE))
    first = trader.trade(-1)
    if lots > 1:
        trader.trade(-lots)
    still.advance(timedelta(minutes=10))
    told = trader.client.answers(requests.session.IdsRequest())
    (wrong,), (right,) = ([float(f[PRICE]) for f in frames if f[0] == "11"] for frames in (first, told))
    assert right != wrong
    assert realised(told) == [pytest.approx(realised(first)[0] + (right - wrong) * 50)]
    assert trader.total()[2] == pytest.approx(realised(told)[0])
