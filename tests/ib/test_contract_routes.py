"""Contracts that IB lists at several exchanges: ours is the one of the instrument table, however it is found."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest

from brokerkit import Broker, FuturesContract, Order
from brokerkit.errors import OffTickPrice
from brokerkit.plugins.sim.gateway import SimulatedGateway
from brokerkit.plugins.sim.gateway.codec.requests.contracts import ContractDetailsRequest, MarketRuleRequest
from brokerkit.plugins.sim.gateway.codec.requests.market_data import MarketDataRequest
from brokerkit.plugins.sim.gateway.codec.responses.contracts import ContractDetails, MarketRule, PriceIncrement

OpenIB = Callable[..., Broker]
AnswerAs = Callable[..., None]
GOLD = FuturesContract("GOLD", "202402")


class Twice:
    """A session that is told of each contract at a second exchange too, before or after the first."""

    def __init__(self, session: Any, *, second_first: bool) -> None:
        self._session = session
        self._second_first = second_first

    def send(self, message: Any) -> None:
        if not isinstance(message, ContractDetails):
            self._session.send(message)
            return
        rule = message.market_rule_ids
        here = attrs.evolve(
            message,
            valid_exchanges=f"{message.contract.exchange},QBALGO",
            market_rule_ids=f"{rule},{rule}",
        )
        there = attrs.evolve(here, contract=attrs.evolve(here.contract, exchange="QBALGO"))
        for each in (there, here) if self._second_first else (here, there):
            self._session.send(each)


class WithoutRule:
    """A session that is told no market rule of a contract, and a tick of its own."""

    def __init__(self, session: Any, tick: float) -> None:
        self._session = session
        self._tick = tick

    def send(self, message: Any) -> None:
        if isinstance(message, ContractDetails):
            message = attrs.evolve(message, market_rule_ids="", min_tick=self._tick)
        self._session.send(message)


def test_contracts_without_a_market_rule_keep_their_own_ticks(broker: Broker, answer_as: AnswerAs) -> None:
    ticks = {"GC": 0.1, "ZC": 0.25}

    def answer(session: Any, asked: Any, usual: Callable[..., None]) -> None:
        usual(WithoutRule(session, ticks[asked.contract.symbol]), asked)

    answer_as(ContractDetailsRequest, answer)
    tick_of = broker.contracts.get_min_tick_size_for_contract
    assert [tick_of(each) for each in (GOLD, FuturesContract("CORN", "202403"))] == [Decimal("0.1"), Decimal("0.25")]


@pytest.fixture(params=[False, True], ids=["own first", "own last"])
def at_two_exchanges(request: pytest.FixtureRequest, answer_as: AnswerAs) -> None:
    """Have the Gateway list a contract at two exchanges where it is asked for none."""

    def answer(session: Any, asked: Any, usual: Callable[..., None]) -> None:
        usual(session if asked.contract.exchange else Twice(session, second_first=request.param), asked)

    answer_as(ContractDetailsRequest, answer)


@pytest.mark.usefixtures("at_two_exchanges")
@pytest.mark.parametrize(("rule", "date"), [("", "202402"), ("third-wednesday", "20240216")])
def test_a_contract_found_by_its_id_keeps_the_exchange_of_the_table(
    gateway: SimulatedGateway, open_ib: OpenIB, answer_as: AnswerAs, tmp_path: Path, rule: str, date: str
) -> None:
    """It is named by its month, or by its day where it is not its month's own."""
    table = tmp_path / "mine.csv"
    header = "code,symbol,exchange,currency,multiplier,price_magnifier,contract_rule"
    table.write_text(f"{header}\nGOLD,GC,COMEX,USD,100,1,{rule}\n", encoding="utf-8")
    open_ib(gateway).orders.put_order_on_stack(Order.market(GOLD, 1)).wait(30)
    asked: list[str] = []

    def answer(session: Any, request: Any, usual: Callable[..., None]) -> None:
        asked.append(request.contract.exchange)
        usual(session, request)

    answer_as(MarketDataRequest, answer)
    broker = open_ib(gateway, store_path=tmp_path / "another.db", instruments=str(table))
    [held] = broker.positions.get_all_current_positions_as_list_with_contract_objects()  # known by its id alone
    assert held.contract == FuturesContract("GOLD", date)
    broker.prices.get_ticker_object_for_contract(held.contract).wait_for_quote()
    assert asked == ["COMEX"]


def test_a_market_rule_that_comes_late_holds_and_one_that_does_not_come_is_asked_for_again(
    gateway: SimulatedGateway, open_ib: OpenIB, answer_as: AnswerAs
) -> None:
    """The libraries give up after a second, and say nothing; a Gateway that has just started takes longer."""
    broker = open_ib(gateway, request_timeout=4.0)
    delays = iter([None, 1.2])

    def answer(session: Any, asked: MarketRuleRequest, usual: Callable[..., None]) -> None:
        rule = MarketRule(asked.rule_id, (PriceIncrement(0.0, 0.1), PriceIncrement(1000.0, 0.5)))
        delay = next(delays)
        if delay is not None:
            threading.Timer(delay, gateway.call, [lambda inner: session.send(rule)]).start()

    answer_as(MarketRuleRequest, answer)
    unanswered, late = GOLD, FuturesContract("GOLD", "202404")
    assert broker.contracts.get_min_tick_size_for_contract(unanswered) == Decimal("0.1")
    with pytest.raises(OffTickPrice) as refused:
        broker.orders.put_order_on_stack(Order.limit(late, 1, "1900.1"))
    assert refused.value.candidates == (Decimal("1900.0"), Decimal("1900.5"))
