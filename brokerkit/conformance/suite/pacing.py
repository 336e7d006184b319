"""Group V: limits, timeouts and bursts."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from brokerkit import Broker
from brokerkit.conformance.harness import Harness
from brokerkit.conformance.levels import fault, read, trade
from brokerkit.conformance.market import Market
from brokerkit.conformance.trader import Trader
from brokerkit.errors import BrokerkitError, InvalidArgument, PacingViolation, RequestTimedOut, WrongArgumentType

_BURST = 20
_PATIENCE = 60.0


@fault("pacing", hooks=("put_order_on_stack", "get_list_of_broker_orders"))
def test_271_too_many_requests_are_waited_out_or_named(broker: Broker, trader: Trader, harness: Harness) -> None:
    """Case 271: when the broker says that there were too many requests, the caller gets all data or a named error."""
    control = trader.rests(trader.resting_order(trader.quantity))
    harness.cause("pacing")
    try:
        listed = [view.order_ref for view in broker.orders.get_list_of_broker_orders()]
    except PacingViolation:
        listed = [view.order_ref for view in broker.orders.get_list_of_broker_orders()]
    assert control.order_ref in listed, "a refusal was taken for an empty answer"


@trade()
def test_272_waiting_ends_in_time(trader: Trader) -> None:
    """Case 272: waiting for an order that does not end raises RequestTimedOut; a wrong timeout is refused at once."""
    control = trader.rests(trader.resting_order(trader.quantity))
    with pytest.raises(RequestTimedOut):
        control.wait(0.2)
    assert not control.current().state.is_final
    wait: Any = control.wait
    for wrong, error in ((-1, InvalidArgument), (float("nan"), InvalidArgument), ("1", WrongArgumentType)):
        with pytest.raises(error):
            wait(wrong)


@trade()
def test_274_a_burst_loses_nothing(broker: Broker, trader: Trader) -> None:
    """Case 274: a burst of orders is kept in order, and none is lost."""
    orders = [trader.resting_order(trader.quantity, part=1 + place % 3) for place in range(_BURST)]
    for order in orders:
        trader.place(order)
    refs = [order.order_ref for order in orders]
    trader.eventually(lambda: set(refs) <= {view.order_ref for view in trader.open_orders()}, "all of them are open")
    assert [view.order_ref for view in trader.open_orders() if view.order_ref in refs] == refs


@read("get_prices_for_contract_object")
def test_275_identical_questions_at_once_have_one_answer(broker: Broker, market: Market) -> None:
    """Case 275: the same question asked by several threads at once is answered to each, and the answers are equal."""
    contract = market.contract
    answers: list[Any] = []
    failed: list[BrokerkitError] = []

    def ask() -> None:
        try:
            answers.append(broker.prices.get_prices_for_contract_object(contract))
        except BrokerkitError as error:
            failed.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_PATIENCE)
    assert not failed, f"{failed}"
    assert len(answers) == 4, "a question was never answered"
    assert all(answer.equals(answers[0]) for answer in answers)


@read("get_prices_for_contract_object")
def test_275_an_answer_belongs_to_who_asked(broker: Broker, market: Market) -> None:
    """Case 275: what one caller does to the frame it was given changes nothing for the next one."""
    first = broker.prices.get_prices_for_contract_object(market.contract)
    kept = first.copy()
    first.iloc[:, :] = 0.0
    assert broker.prices.get_prices_for_contract_object(market.contract).equals(kept)
